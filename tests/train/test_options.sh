#!/bin/sh
# What a deck may add to a training: validation samples and early stopping, loss, weight decay, dropout, schedules,
# augmentation, repeats. Each trains, the same on 1 to 3 ranks, resumes, and is refused where it does not fit.
. "$top_srcdir/tests/train/common.sh"
. "$top_srcdir/tests/train/stop.sh"
compare() { "$PYTHON" "$top_srcdir/tests/train/compare.py" "$@" || fail "compare $*"; }
"$make_dataset" d.h5 41 20 unknown=7 formulas=salts || fail "no dataset"

# Together, on 1 to 3 ranks; parents of one run, so that only the fusion's own sums depend on the ranks.
ranks 2 train fusion.yaml -o output=parents -o train.epochs=1 -o data.validation_fraction=0.2 -o train.dropout=0.2 \
  -o train.augment=shift
expect 0 "a fusion with parents that are moved and drop values" "training on 26 of 41 samples"
cosine="-o train.schedule=cosine -o train.lr_warmup=2 -o train.lr_end=1e-5"
all() {
  case $1 in
  cnn2d) echo "$cosine -o train.augment=both -o train.dropout=0.3 -o train.weight_decay=0.01 -o train.loss=mse" ;;
  cnn3d) echo "-o train.optimizer=sgd -o train.momentum=0.9 -o train.lr=0.02 -o train.augment=cube -o train.weight_decay=0.001" \
    "-o train.dropout=0.1" ;;
  magpie_cnn) echo "-o train.dropout=0.5 -o train.weight_decay=0.1 -o train.loss=mse" ;;
  fusion) echo "-o model.fusion.finetune=true -o train.augment=shift -o train.dropout=0.2" \
    "-o model.fusion.magpie=parents/parents/magpie_cnn/model.h5 -o model.fusion.volume=parents/parents/cnn2d/model.h5" ;;
  cgcnn) echo "$cosine -o train.optimizer=adam -o train.weight_decay=0.1 -o train.dropout=0.2 -o train.loss=mae" ;;
  esac
}
for net in cnn2d cnn3d magpie_cnn fusion cgcnn; do
  for n in 1 2 3; do
    [ $net = cnn2d ] || [ $n -ne 2 ] || continue
    # shellcheck disable=SC2046 # words
    ranks $n train $net.yaml $(all $net) -o data.validation_fraction=0.2 -o output=$net-$n
    expect 0 "$net on $n ranks" "training on 26 of 41 samples" "epoch 5/5" "validation" "held out: 8 samples"
    [ $n -eq 1 ] || compare near $net-1 $net-$n
  done
  # shellcheck disable=SC2046
  ranks 3 train $net.yaml $(all $net) -o data.validation_fraction=0.2 -o output=$net-again -o data.memory=private
  compare same $net-3 $net-again
done

# Each alone is not the plain training, and cannot come in on resuming.
ranks 1 train cnn2d.yaml -o output=plain -o train.epochs=2 -o train.lr_factor=0.5
[ ! -e plain/model.h5.old ] || fail "the first run found an old one"
for option in loss=mse weight_decay=0.1 dropout=0.3 schedule=cosine lr_warmup=1 augment=shift augment=cube augment=both \
  repeat=1; do
  ranks 1 train cnn2d.yaml -o output=plain -o train.epochs=2 -o train.lr_factor=0.5 -o train.$option --resume
  expect 2 "resuming with $option" "the checkpoint of another run" "differs"
  ranks 1 train cnn2d.yaml -o output="$option" -o train.epochs=2 -o train.lr_factor=0.5 -o train.$option
  expect 0 "$option" "epoch 2/2"
done
ranks 1 train cnn2d.yaml -o output=plain -o train.epochs=2 -o train.lr_factor=0.5 -o data.validation_fraction=0.2 --resume
expect 2 "resuming with validation samples" "the split into training and held-out samples differs"
ranks 1 train cnn2d.yaml -o output=schedule=cosine -o train.epochs=3 -o train.lr_factor=0.5 -o train.schedule=cosine --resume
expect 2 "resuming with another end of the cosine" "train.epochs, by which schedule: cosine goes"
ranks 1 train cnn2d.yaml -o output=plain -o train.epochs=2 -o train.lr_factor=0.5 -o train.patience=3 --resume
expect 2 "resuming with a patience" "train.patience"
"$PYTHON" - plain *=* <<'PY' || fail "options that change nothing, or change too much"
import csv, h5py, json, numpy, sys
def parameters(folder):
    with h5py.File(folder + "/model.h5") as m:
        return m["/parameter"][...]
def epochs(folder):
    return [json.loads(line) for line in open(folder + "/train.jsonl")]
def splits(folder):
    return [row["split"] for row in csv.DictReader(open(folder + "/predictions.csv"))]
plain = parameters(sys.argv[1])
assert len(sys.argv) == 11
for folder in sys.argv[2:]:
    assert (parameters(folder) != plain).mean() > 0.5, folder
    assert splits(folder) == splits("plain"), folder
assert [e["lr"] for e in epochs("schedule=cosine")] == [0.0005, 0]
assert [e["lr"] for e in epochs("lr_warmup=1")] == [0.00025, 0.0005]
# In GPa: the root of the mean square.
for folder, error in (("loss=mse", "rmse"), ("plain", "mae")):
    with h5py.File(folder + "/model.h5") as m:
        deviation = m.attrs["target_deviation"]
    metrics = json.load(open(folder + "/metrics.json"))
    for e in epochs(folder):
        scaled = numpy.sqrt(e["train_loss_scaled"]) if error == "rmse" else e["train_loss_scaled"]
        assert e["error"] == error and abs(e["train_loss"] - scaled * deviation) < 1e-9
        assert e["validation_loss"] is None and metrics["validation"]["n"] == 0
    assert abs(e["test_loss"] - metrics["test"][error]) < 1e-9
rates = [e["lr"] for e in epochs("cnn2d-1")]
assert numpy.allclose(rates[:3], [0.0005 / 3, 0.001 / 3, 0.0005]) and abs(rates[4] - 1e-5) < 1e-12, rates
PY

# The best epoch by validation is the result, patience ends the training; a run that is killed and goes on is the same.
epochs=300
set -- cnn2d.yaml -o data.validation_fraction=0.25 -o train.patience=12 -o train.epochs=$epochs -o train.batch=4 -o train.lr=0.002 \
  -o train.dropout=0.2 -o train.augment=both
ranks 2 train "$@" -o output=whole
expect 0 "early stopping" "stopped early: model.h5 is that of epoch" "validation MAE"
once "stopped early"
for how in "KILL ranks" "USR1 mpirun"; do
  # shellcheck disable=SC2086
  stop $how stopped 2 train "$@"
  ranks 2 train "$@" -o output=stopped --resume
  expect 0 "going on after $how" "resumed stopped/checkpoint-last.h5" "stopped early: model.h5 is that of epoch"
  compare same whole stopped
done
ranks 2 train "$@" -o output=stopped --resume
expect 0 "resuming a run that stopped early" "stopped early"
compare same whole stopped
ranks 1 info whole/model.h5
expect 0 "info" "24 for training, 8 for validation, 8 held out"
ranks 2 predict -o output=whole d.h5
expect 0 "predicting" "validation 8 samples" "41 predictions"
cmp whole/predictions.csv whole/predict/predictions.csv || fail "predict differs from the training"
ranks 1 predict -o output=whole -o predict.split=validation d.h5
expect 0 "predicting the validation samples" "8 predictions"

# Held-out targets are for looking at: others, and nothing but the test losses changes.
"$PYTHON" - <<'PY' || fail "no dataset with other targets"
import csv, h5py, shutil
shutil.copy("d.h5", "other.h5")
test = [row["split"] == "test" for row in csv.DictReader(open("whole/predictions.csv"))]
with h5py.File("other.h5", "r+") as f:
    for name in ("bulk", "shear"):
        values = f["/target/" + name][...]
        values[test] = 3000 - 7 * values[test]
        f["/target/" + name][...] = values
PY
ranks 2 train "$@" -o output=blind -o data.file=other.h5
expect 0 "other targets of held-out samples" "stopped early"
"$PYTHON" - <<'PY' || fail "early stopping, or what held-out samples decide"
import csv, h5py, json
def read(name):
    with h5py.File(name) as m:
        return m["/parameter"][...].tobytes()
def epochs(folder):
    return [json.loads(line) for line in open(folder + "/train.jsonl")]
losses = [e["validation_loss"] for e in epochs("whole")]
best = losses.index(min(losses)) + 1
assert len(losses) == best + 12 < 300, (best, len(losses))
assert read("whole/model.h5") == read("whole/checkpoint-best.h5") != read("whole/checkpoint-last.h5")
metrics = json.load(open("whole/metrics.json"))
assert abs(metrics["validation"]["mae"] - min(losses)) < 1e-9 and metrics["validation"]["n"] == 8
assert abs(metrics["test"]["mae"] - epochs("whole")[best - 1]["test_loss"]) < 1e-9
for folder in ("stopped", "blind"):
    assert read(folder + "/model.h5") == read("whole/model.h5"), folder
    assert [e["validation_loss"] for e in epochs(folder)] == losses
    assert [e["train_loss"] for e in epochs(folder)] == [e["train_loss"] for e in epochs("whole")]
assert all(a["test_loss"] != b["test_loss"] for a, b in zip(epochs("whole"), epochs("blind")))
rows = [list(csv.DictReader(open(f + "/predictions.csv"))) for f in ("whole", "blind")]
assert all(a["predicted"] == b["predicted"] and a["split"] == b["split"] for a, b in zip(*rows))
assert any(a["target"] != b["target"] for a, b in zip(*rows))
chosen = [r["id"] for r in csv.DictReader(open("whole/predict/predictions.csv"))]
assert chosen == [r["id"] for r in rows[0] if r["split"] == "validation"] and len(chosen) == 8
PY

# Validation samples of a split file; a forest leaves them out too.
{ echo id,split; for i in 0 1 2 3 4 5 8 9; do echo "s-000$i,train"; done; echo s-0030,test; echo s-0031,validation; } >split.csv
set -- -o data.split=file -o data.split_file=split.csv
ranks 1 train cnn2d.yaml "$@" -o output=file -o train.patience=1 -o train.epochs=40
expect 0 "validation samples of a file" "training on 8 of 41 samples" "stopped early"
grep -q "^s-0031,.*,validation," file/predictions.csv || fail "the file's validation sample is not one"
ranks 2 train -o model.kind=rf -o data.file=d.h5 "$@" -o output=forest
expect 0 "a forest" "8 of 41 samples"
grep -q "^s-0031,.*,validation," forest/predictions.csv || fail "the forest's validation sample is not one"
sed -i /validation/d split.csv
ranks 3 train cnn2d.yaml "$@" -o output=x -o train.patience=1
expect 3 "a patience with nothing to wait for" "train.patience: expected validation samples with it, found none"
once "train.patience"

# What does not fit.
refused() {
  what=$1
  shift
  ranks 1 train -o output=x -o data.file=d.h5 "$@"
  expect 2 "$*" "$what"
}
refused "train.patience: expected data.validation_fraction above 0" -o train.patience=3
for kind in rf magpie_cnn cgcnn; do
  refused "train.augment: expected none, as $kind takes no volume to move" -o model.kind=$kind -o train.augment=shift
done
refused "train.augment: expected none, or model.fusion.finetune: true" -o model.kind=fusion -o train.augment=cube \
  -o model.fusion.volume=parents/parents/cnn2d/model.h5
refused "train.dropout" -o train.dropout=1
refused "train.augment" -o train.augment=mirror
refused "data.validation_fraction" -o data.validation_fraction=1
# A validation sample that says nothing.
"$make_dataset" nan.h5 41 20 nan=31 formulas=salts
echo s-0031,validation >>split.csv
ranks 3 train cnn2d.yaml -o output=x "$@" -o data.file=nan.h5
expect 3 "a validation volume with NaN" "nan.h5: the volumes of 1 samples that are held out, first 's-0031', hold values that"
once "s-0031"
ranks 2 train cnn3d.yaml -o output=x "$@" -o data.file=nan.h5 -o train.augment=cube
expect 3 "a validation volume with NaN that is moved" "first 's-0031'"
sed -i '/s-0031/d' split.csv
for augment in none shift; do
  ranks 2 train cnn3d.yaml -o output=unused-$augment "$@" -o data.file=nan.h5 -o train.augment=$augment
  expect 0 "an unused volume with NaN" "epoch 5/5"
  grep -q '^s-0031,.*,none,[0-9.]*,$' unused-$augment/predictions.csv || fail "an unused volume with NaN is predicted"
  "$PYTHON" -c 'import json, sys
m = json.load(open(sys.argv[1]))
assert m["none"]["n"] == 31 and m["all"]["n"] == 40 and m["all"]["mae"] > 0' unused-$augment/metrics.json || fail "metrics"
done
ranks 1 train cnn2d.yaml -o output=x -o data.test_fraction=0.9 -o data.validation_fraction=0.9
expect 3 "nothing left to train on" "no sample is left to train on"
[ ! -e x/model.h5 ] || fail "a refused training left a model"
[ "$failed" -eq 0 ]
