#!/bin/sh
# Training: the same on 1 to 4 ranks, repeatable, its outputs, and what goes wrong.
. "$top_srcdir/tests/train/common.sh"
compare() { "$PYTHON" "$top_srcdir/tests/train/compare.py" "$@" || fail "compare $*"; }
"$make_dataset" d.h5 41 20 unknown=7 || fail "no dataset"

# 32 of 40 train, in batches of 9, 9, 9 and 5: ranks get unequal parts. (Odd ones: where the signs of the loss cancel in a
# small batch, the gradient of a bias is rounding alone, and Adam makes a step of it that depends on the ranks.)
for net in cnn2d cnn3d; do
  for n in 1 2 3 4; do
    ranks $n train $net.yaml -o output=$net-$n
    expect 0 "$net on $n ranks" "training on 32 of 41 samples" "epoch 5/5" "held out: 8 samples"
    [ $n -eq 1 ] || compare near $net-1 $net-$n
  done
  ranks 3 train $net.yaml -o output=$net-again
  compare same $net-3 $net-again
done

# A batch smaller than the number of ranks.
for n in 1 4; do
  ranks $n train cnn3d.yaml -o output=tiny-$n -o train.batch=3 -o data.test_fraction=0.18 -o train.epochs=2
  expect 0 "a batch of 3 on $n ranks" "training on 33 of 41"
done
compare near tiny-1 tiny-4
ranks 1 train cnn2d.yaml -o output=sgd -o train.optimizer=sgd -o train.momentum=0.9 -o train.lr=0.01 \
  -o train.lr_factor=0.5 -o train.lr_every=2 -o data.memory=private -o data.standardize_target=false
expect 0 "SGD with momentum"

# metrics.json is what numpy makes of predictions.csv; the deck beside it is whole.
"$PYTHON" - cnn2d-2 sgd <<'END' || fail "metrics, train.jsonl or deck"
import csv, json, sys
import numpy
for folder in sys.argv[1:]:
    rows = list(csv.DictReader(open(folder + "/predictions.csv")))
    assert list(rows[0]) == ["id", "formula", "split", "target", "predicted"] and len(rows) == 41, rows[0]
    assert [r["id"] for r in rows if r["split"] == "none"] == ["s-0007"] and rows[7]["target"] == ""
    metrics = json.load(open(folder + "/metrics.json"))
    for part in ("train", "test", "all"):
        some = [r for r in rows if r["target"] and part in (r["split"], "all")]
        t, p = (numpy.array([float(r[k]) for r in some]) for k in ("target", "predicted"))
        want = {"n": len(t), "rmse": numpy.sqrt(numpy.mean((p - t) ** 2)), "mae": numpy.mean(abs(p - t)),
                "r2": 1 - numpy.sum((p - t) ** 2) / numpy.sum((t - t.mean()) ** 2)}
        for key, value in want.items():
            assert abs(metrics[part][key] - value) <= 1e-6 * abs(value), (part, key, metrics[part][key], value)
    lines = [json.loads(line) for line in open(folder + "/train.jsonl")]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5]
    assert abs(lines[-1]["test_loss"] - metrics["test"]["mae"]) < 1e-9
    for line in lines:
        assert line["samples_per_s"] > 0 and line["train_loss"] > 0
        assert set(line["seconds"]) == {"forward", "backward", "exchange", "update", "test", "checkpoint"}
rates = [line["lr"] for line in lines]
assert rates == [0.01, 0.01, 0.005, 0.005, 0.0025], rates
END
ranks 1 deck --check cnn2d-2/deck.yaml
expect 0 "the effective deck" "fine"

# Held-out samples by fold and by file.
ranks 1 train cnn3d.yaml -o output=fold -o data.split=fold -o data.folds=4 -o data.fold=3 -o train.epochs=1
expect 0 "a fold" "training on 30 of 41 samples"
{ echo id,split; for i in 0 1 2 3 4 5; do echo "s-000$i,train"; done; echo s-0030,test; } >split.csv
ranks 1 train cnn3d.yaml -o output=file -o data.split=file -o data.split_file=split.csv -o train.epochs=1
expect 0 "a split file" "training on 6 of 41 samples" "held out: 1 samples"
echo nobody,train >>split.csv
ranks 3 train cnn3d.yaml -o output=file -o data.split=file -o data.split_file=split.csv
expect 3 "a split file with an unknown id" "split.csv:9: nobody: not in the dataset"
once nobody
ranks 1 train cnn3d.yaml -o output=file -o data.split=file
expect 2 "no split file" "data.split_file"

# Not a number: step and sample are named, the checkpoint is left as it was.
"$make_dataset" nan.h5 41 20 nan=12
ranks 3 train cnn2d.yaml -o output=nan -o data.file=nan.h5 -o data.test_fraction=0
expect 1 "a volume with NaN" "is not finite in epoch 1, step" "prediction is not finite: s-0012" "samples of the step:"
once "samples of the step:"
ranks 1 train cnn2d.yaml -o output=diverge -o train.optimizer=sgd -o train.lr=1e3 -o train.batch=100 -o train.epochs=9 -o data.standardize_target=false
expect 1 "a run that diverges" "is not finite in epoch" "the last good checkpoint is kept"
ranks 1 info diverge/checkpoint-last.h5
expect 0 "its checkpoint" "checkpoint of cnn2d"
grep -q '"epoch":1' diverge/train.jsonl || fail "the epochs before are not in train.jsonl"

# What cannot work is said once, before any work.
ranks 3 train cnn2d.yaml -o data.file=missing.h5 -o output=x
expect 3 "a missing dataset" "data.file: missing.h5: cannot open: No such file"
once missing.h5
ranks 3 train cnn2d.yaml -o output=/proc/none/x
expect 1 "an output that cannot be made" "cannot make folder /proc/none"
once "cannot make"
echo something >afile
ranks 1 train cnn2d.yaml -o output=afile
expect 1 "an output that is a file" "cannot make folder afile"
ranks 3 train cnn2d.yaml -o output=x -o model.cnn2d.conv1_kernel=21
expect 2 "a kernel larger than the grid" "conv1_kernel"
once conv1_kernel
ranks 1 train cnn2d.yaml -o data.file=cnn2d-2/model.h5
expect 3 "a model for a dataset" "expected an HDF5 file of schema ecdnet-dataset, found ecdnet-model"

# A run in a folder that holds one keeps the old model.
ranks 1 train cnn2d.yaml -o output=cnn2d-4 -o train.epochs=1
expect 0 "a second run in a folder" "cnn2d-4/model.h5 is from an earlier run: kept as cnn2d-4/model.h5.old"
[ -f cnn2d-4/model.h5.old ] || fail "the old model is gone"
# Two trainings in one folder: the second is told so, the first ends well.
"$ECDNET" train cnn2d.yaml -o output=both -o train.epochs=400 >first.log 2>&1 &
first=$!
for _ in $(seq 100); do
  [ -s both/train.jsonl ] && break
  sleep 0.1
done
ranks 2 train cnn2d.yaml -o output=both
expect 1 "a second training in the folder" "output: another run is working in both"
kill -USR1 $first
code=0
wait $first || code=$?
[ "$code" -eq 75 ] || { fail "the first training: exit code $code"; cat first.log; }
[ ! -e both/lock ] || fail "the lock stays"
[ "$failed" -eq 0 ]
