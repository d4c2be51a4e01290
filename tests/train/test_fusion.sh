#!/bin/sh
# fusion: trains its parents or takes them, frozen or fine-tuned; the same on 1 to 3 ranks, resumes, predicts what its
# training did; parents that are refused.
. "$top_srcdir/tests/train/common.sh"
compare() { "$PYTHON" "$top_srcdir/tests/train/compare.py" "$@" || fail "compare $*"; }
"$make_dataset" d.h5 41 20 formulas=salts || fail "no dataset"

# With one pair of parents, so that only the fusion's own sums depend on the ranks.
ranks 2 train fusion.yaml -o output=first
expect 0 "parents and fusion" "training the parent magpie_cnn in first/parents/magpie_cnn" "epoch 4/4" \
  "training the parent cnn2d in first/parents/cnn2d" "epoch 3/3" "epoch 5/5" "held out: 8 samples"
parents="-o model.fusion.magpie=first/parents/magpie_cnn/model.h5 -o model.fusion.volume=first/parents/cnn2d/model.h5"
for how in false true; do
  set -- fusion.yaml -o model.fusion.finetune=$how $parents
  for n in 1 2 3; do
    ranks $n train "$@" -o output=$how-$n
    expect 0 "finetune $how on $n ranks" "epoch 5/5"
    [ $n -eq 1 ] || compare near $how-1 $how-$n
  done
  ranks 2 train "$@" -o output=$how-cut -o train.epochs=2
  ranks 2 train "$@" -o output=$how-cut --resume
  expect 0 "finetune $how: going on" "resumed $how-cut/checkpoint-last.h5"
  compare same $how-2 $how-cut
  for n in 1 3; do
    ranks $n predict -o output=$how-2 d.h5
    expect 0 "finetune $how: predicting on $n ranks" "41 predictions"
    cmp $how-2/predictions.csv $how-2/predict/predictions.csv || fail "finetune $how: predict on $n ranks differs"
  done
done
compare same first false-2
ranks 2 train fusion.yaml -o output=first --resume
expect 0 "resuming a finished run" "resumed first/parents/cnn2d/checkpoint-last.h5" "resumed first/checkpoint-last.h5"
compare same first false-2
ranks 1 info true-1/model.h5
expect 0 "info" "model of fusion" "fine-tuned" "132 Magpie columns" "20^3"

# One file holds the three: the parents as they were, or trained on, but for their output layers.
"$PYTHON" - <<'PY' || fail "the parents in model.h5"
import h5py, numpy
def slab(path):
    with h5py.File(path) as m:
        names = [n.decode() if isinstance(n, bytes) else n for n in m["/tensor/name"][...]]
        return dict(zip(names, numpy.split(m["/parameter"][...], m["/tensor/offset"][1:])))
frozen, tuned = slab("false-1/model.h5"), slab("true-1/model.h5")
for part, path in (("magpie", "magpie_cnn"), ("volume", "cnn2d")):
    for name, value in slab(f"first/parents/{path}/model.h5").items():
        assert (frozen[f"{part}.{name}"] == value).all(), name
        same = (tuned[f"{part}.{name}"] == value).all()
        assert same == name.startswith("fc.4"), (name, same)
with h5py.File("false-1/checkpoint-last.h5") as c:
    assert len(c["/moment1"]) < len(c["/parameter"])
PY

# Stopped while a parent trains: it goes on there.
set -- fusion.yaml -o model.fusion.volume_epochs=60 -o train.epochs=2
ranks 2 train "$@" -o output=whole
$MPIEXEC -n 2 "$ECDNET" train "$@" -o output=stopped >log 2>&1 &
job=$!
tries=0
until [ "$(cat stopped/parents/cnn2d/train.jsonl 2>/dev/null | wc -l)" -ge 3 ] || [ $tries -gt 2000 ]; do
  tries=$((tries + 1))
  sleep 0.01
done
kill -USR1 $job
code=0
wait $job || code=$?
expect 75 "a signal while a parent trains" "stopped by a signal in epoch" "go on with --resume"
[ -f stopped/model.h5 ] && fail "the fusion was trained after the signal"
ranks 2 train "$@" -o output=stopped --resume
expect 0 "going on in the parent" "resumed stopped/parents/cnn2d/checkpoint-last.h5" "no checkpoint in stopped:"
compare same whole stopped

# Samples without labels, by their charge files and formulas.
"$make_dataset" new.h5 9 20 first=100 formulas=salts
ranks 2 predict -o output=new -o predict.model=false-1/model.h5 new.h5
expect 0 "new samples" "9 predictions"
ranks 1 predict -o output=new -o predict.model=false-1/model.h5 -o predict.split=all first/parents/cnn2d/model.h5
expect 3 "a model for a dataset" "expected an HDF5 file of schema ecdnet-dataset"

# Parents that do not fit.
set -- fusion.yaml -o output=x $parents
ranks 3 train "$@" -o seed=2
expect 3 "a parent that has seen held-out samples" "model.fusion.magpie: first/parents/magpie_cnn/model.h5: was trained on" \
  "of the 8 samples that are held out here, first 's-"
once "was trained on"
ranks 1 train "$@" -o model.fusion.magpie=first/parents/cnn2d/model.h5
expect 3 "the wrong network" "model.fusion.magpie: first/parents/cnn2d/model.h5: expected a magpie_cnn, found a cnn2d"
ranks 1 train "$@" -o data.target=shear
expect 3 "another target" "expected data.target: shear, found bulk"
ranks 1 train "$@" -o model.fusion.volume=first/parents/cnn2d/checkpoint-last.h5
expect 3 "a checkpoint" "model.fusion.volume" "expected a trained model, found a checkpoint"
"$make_dataset" other.h5 41 20 code=gpaw formulas=salts
ranks 2 train "$@" -o data.file=other.h5
expect 3 "another preparation" "model.fusion.volume: volumes were prepared differently" "gpaw in other.h5"
ranks 2 train "$@" -o model.fusion.volume=nowhere.h5
expect 3 "a missing parent" "model.fusion.volume: nowhere.h5: cannot open"
ranks 3 train fusion.yaml -o output=x -o model.cnn2d.conv1_kernel=30
expect 2 "a parent that does not fit the volumes" "model.cnn2d: a grid of 20 with conv1_kernel 30"
once "ecdnet: error:"
grep -q 'training the parent' log && fail "a parent was trained before the other was found not to fit"
[ -d x/parents ] && fail "a parent was trained before the other was looked at"
ranks 1 train fusion.yaml -o output=parent -o seed=1 -o train.epochs=1 -o model.fusion.magpie_epochs=5
ranks 1 train "$@" -o output=false-1 -o model.fusion.magpie=parent/parents/magpie_cnn/model.h5 --resume
expect 2 "resuming with another parent" "a parent (model.fusion.magpie, model.fusion.volume) differs"
# What parents have seen counts: by charge file where ids differ, for validation, and in what model.h5 says of samples.
"$PYTHON" - <<'PY' || fail "datasets with checksums"
import hashlib, shutil
import h5py
for name, prefix in (("marked.h5", ""), ("renamed.h5", "x")):
    shutil.copy("d.h5", name)
    with h5py.File(name, "r+") as f:
        ids = list(f["id"].asstr()[...])
        for path, texts in (("id", [prefix + i for i in ids]), ("source/sha256", [hashlib.sha256(i.encode()).hexdigest() for i in ids])):
            attributes = dict(f[path].attrs)
            del f[path]
            f.create_dataset(path, data=texts, dtype=h5py.string_dtype("utf-8", max(map(len, texts))))
            f[path].attrs.update(attributes)
with open("some.csv", "w") as some, open("parents.csv", "w") as parents:
    print("id,split", file=some)
    print("id,split", file=parents)
    for k, i in enumerate(ids):
        print(f"{i},{'test' if k < 8 else 'none' if k < 20 else 'validation' if k < 26 else 'train'}", file=some)
        print(f"{i},{'test' if k < 8 or 20 <= k < 26 else 'train'}", file=parents)
PY
ranks 1 train magpie_cnn.yaml -o output=other -o data.file=renamed.h5 -o data.test_fraction=0
expect 0 "a parent of the same files with other ids"
ranks 2 train fusion.yaml -o output=x -o data.file=marked.h5 -o model.fusion.magpie=other/model.h5
expect 3 "the same files" "other/model.h5: was trained on 8 of the 8 samples that are held out here"
once "was trained on"
for kind in magpie_cnn cnn2d; do
  ranks 1 train $kind.yaml -o output=seen-$kind -o data.file=marked.h5 -o data.split=file -o data.split_file=parents.csv
  expect 0 "a parent of more samples, $kind"
done
set -- fusion.yaml -o data.file=marked.h5 -o data.split=file -o data.split_file=some.csv
ranks 2 train "$@" -o output=more -o model.fusion.magpie=seen-magpie_cnn/model.h5 -o model.fusion.volume=seen-cnn2d/model.h5
expect 0 "parents of more samples"
ranks 1 predict -o output=more marked.h5 -o predict.split=none
expect 3 "samples that only parents have seen" "no sample had that part in more/model.h5"
sed 's/,validation$/,train/' some.csv >all.csv
ranks 1 train magpie_cnn.yaml -o output=all -o data.file=marked.h5 -o data.split=file -o data.split_file=all.csv
ranks 2 train "$@" -o output=x -o model.fusion.magpie=all/model.h5
expect 3 "a parent that validates" "all/model.h5: was trained on 6 of the 6 samples that validate here"

# One network each; the same parents on going on.
ranks 1 train magpie_cnn.yaml -o output=several -o train.ensemble=2
ranks 2 train fusion.yaml -o output=x -o model.fusion.magpie=several/model.h5
expect 3 "an ensemble" "several/model.h5: expected one network, found an ensemble of 2"
ranks 1 train magpie_cnn.yaml -o output=again -o train.epochs=2
for how in false true; do
  # shellcheck disable=SC2086 # words
  ranks 2 train fusion.yaml -o output=$how-2 -o model.fusion.finetune=$how $parents -o model.fusion.magpie=again/model.h5 --resume
  expect 2 "another parent, finetune $how" "the checkpoint of another run: a parent"
done
[ "$failed" -eq 0 ]
