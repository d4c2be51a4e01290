#!/bin/sh
# rf: the same forest and files on any number of ranks and threads, predicts what its training did; what is refused.
. "$top_srcdir/tests/train/common.sh"
"$make_dataset" d.h5 60 8 unknown=7 nan=12 formulas=salts || fail "no dataset"
cat >rf.yaml <<END
data: {file: d.h5}
model: {kind: rf}
END
files="predictions.csv metrics.json importances.csv"

# The volume with NaN does not matter: volumes are not read.
for run in 1x1 2x1 3x1 1x3 2x2; do
  ranks ${run%x*} train rf.yaml -o output=run-$run -o threads=${run#*x}
  expect 0 "training, $run" "random forest of 50 trees" "on 47 of 60 samples, 132 features" \
    "on ${run%x*} ranks x ${run#*x} threads" "held out: 12 samples"
  once "random forest of"
  for file in $files; do
    cmp run-1x1/$file run-$run/$file || fail "$run: another $file"
  done
  [ -f run-$run/deck.yaml ] || fail "$run: no deck"
  [ ! -e run-$run/train.jsonl ] || fail "$run: a log of epochs"
done
"$PYTHON" - <<'PY' || fail "the files of a forest"
import csv, h5py, json, numpy
models = [h5py.File(f"run-{r}/model.h5") for r in ("1x1", "2x1", "3x1", "1x3", "2x2")]
first = models[0]
for name in ("offset", "feature", "left", "right", "threshold", "value", "importance"):
    for m in models[1:]:
        assert first["/forest/" + name][...].tobytes() == m["/forest/" + name][...].tobytes(), name
text = lambda v: v.decode() if isinstance(v, bytes) else v
assert first.attrs["network"] in ("rf", b"rf") and "/parameter" not in first
assert len(first["/forest/offset"]) == 51 and len(first["/feature/name"]) == 132
assert first.attrs["grid"] == 8
rows = list(csv.DictReader(open("run-1x1/predictions.csv")))
split = dict(zip((text(i) for i in first["/sample/id"][...]), first["/sample/split"][...]))
assert len(rows) == 60 and all({"train": 0, "test": 1, "none": -1}[r["split"]] == split[r["id"]] for r in rows)
# Every tree by hand, for one sample: the mean is the prediction, the deviation its uncertainty.
with h5py.File("d.h5") as d:
    x = d["/feature/magpie"][...][5]
    assert text(d["/id"][...][5]) == rows[5]["id"]
f = {k: first["/forest/" + k][...] for k in first["/forest"]}
values = []
for root in f["offset"][:-1]:
    at = root
    while f["feature"][at] >= 0:
        at = root + (f["left"] if x[f["feature"][at]] <= f["threshold"][at] else f["right"])[at]
    values.append(f["value"][at])
assert abs(numpy.mean(values) - float(rows[5]["predicted"])) < 1e-6
assert abs(numpy.std(values) - float(rows[5]["uncertainty"])) < 1e-6
assert all(float(r["uncertainty"]) >= 0 for r in rows)
importance = list(csv.DictReader(open("run-1x1/importances.csv")))
number = [float(r["importance"]) for r in importance]
assert len(number) == 132 and number == sorted(number, reverse=True) and abs(sum(number) - 1) < 1e-6
names = [text(n) for n in first["/feature/name"][...]]
assert abs(f["importance"][names.index(importance[0]["feature"])] - number[0]) < 1e-8
metrics = json.load(open("run-1x1/metrics.json"))
assert metrics["train"]["r2"] > 0.5 and metrics["test"]["n"] == 12
PY

# The keys of the deck; another seed; a training over an old one.
ranks 2 train rf.yaml -o output=small -o model.rf.trees=7 -o model.rf.max_depth=2 -o model.rf.min_leaf=3 \
  -o model.rf.min_split=8 -o model.rf.features_per_split=11 -o data.features=magpie145 -o data.target=shear
expect 0 "a small forest" "random forest of 7 trees" "145 features"
"$PYTHON" - <<'PY' || fail "a small forest"
import h5py
with h5py.File("small/model.h5") as m:
    offset, left = m["/forest/offset"][...], m["/forest/left"][...]
    assert len(offset) == 8 and len(m["/forest/importance"]) == 145 and max(offset[1:] - offset[:-1]) <= 7
    assert (left >= 0).any()
PY
ranks 1 train rf.yaml -o output=run-3x1 -o seed=2
expect 0 "another seed" "run-3x1/model.h5 is from an earlier run: kept as run-3x1/model.h5.old"
cmp -s run-1x1/predictions.csv run-3x1/predictions.csv && fail "the seed does not matter"

# --resume: the same forest again, never in the place of another one.
"$make_dataset" others.h5 60 8 unknown=7 nan=12 formulas=salts first=1
cp -r run-1x1 again
ranks 2 train rf.yaml -o output=again -o threads=2 --resume
expect 0 "resuming a finished forest" "random forest of 50 trees"
for file in $files; do cmp run-1x1/$file again/$file || fail "resumed: another $file"; done
[ ! -e again/model.h5.old ] || fail "resumed: its own model is set aside"
cp again/model.h5 before.h5
for change in seed=7 train.repeat=1 model.rf.trees=3 model.rf.min_leaf=2 data.target=shear data.features=magpie145 \
  data.test_fraction=0.5 data.file=others.h5; do
  ranks 2 train rf.yaml -o output=again -o $change --resume
  expect 2 "resuming with $change" "again/model.h5: the model of another run: " " differs"
  once differs
  cmp before.h5 again/model.h5 || fail "$change: another model"
done
ranks 2 train rf.yaml -o output=fresh -o model.rf.trees=3 --resume
expect 0 "resuming nothing" "random forest of 3 trees"

for n in 1 2 3; do
  ranks $n predict -o output=run-1x1 d.h5
  expect 0 "predicting on $n ranks" "60 predictions"
  cmp run-1x1/predictions.csv run-1x1/predict/predictions.csv || fail "predict on $n ranks differs from the training"
  cmp run-1x1/metrics.json run-1x1/predict/metrics.json || fail "predict on $n ranks: other metrics"
done
ranks 2 predict -o output=small d.h5
expect 0 "predicting with the small forest" "predictions of the shear modulus"
cmp small/predictions.csv small/predict/predictions.csv || fail "the small forest predicts otherwise"
grep -q 'features: magpie145' small/predict/deck.yaml || fail "the deck beside the predictions is not the model's"
# Volumes prepared otherwise do not matter; charge files and formulas.
"$make_dataset" other.h5 60 12 code=gpaw formulas=salts
ranks 1 predict -o output=other -o predict.model=run-1x1/model.h5 -o predict.split=test other.h5
expect 0 "a dataset of another grid" "12 predictions"
grep ,test, run-1x1/predictions.csv | cut -d, -f1,5,6 >wanted
tail -n +2 other/predict/predictions.csv | cut -d, -f1,5,6 | cmp - wanted || fail "another grid: other predictions"
cp "$top_srcdir/input/fcc-open/mp-1000.CHGCAR.gz" . || fail "no charge file"
ranks 2 predict -o output=file -o predict.model=run-1x1/model.h5 mp-1000.CHGCAR.gz
expect 0 "a charge file" "mp-1000" "BaTe"
ranks 3 predict -o output=formulas -o predict.model=run-1x1/model.h5 BaTe NaO
expect 0 "formulas" "BaTe" "2 predictions"
[ "$(grep BaTe file/predict/predictions.csv | cut -d, -f5-)" = "$(grep BaTe formulas/predict/predictions.csv | cut -d, -f5-)" ] ||
  fail "the charge file and its formula: two predictions"
ranks 2 info run-1x1/model.h5
expect 0 "info" "run-1x1/model.h5: model of rf for the bulk modulus, 50 trees" "132 Magpie columns" "decided   by" \
  "47 for training, 12 held out"

# Refused.
"$make_dataset" pure.h5 20 8
ranks 3 train rf.yaml -o output=pure -o data.file=pure.h5
expect 3 "features without a value" "pure.h5: " "s-0001: formula 'He'" "MeltingT"
once "s-0001"
ranks 2 predict -o output=pure -o predict.model=run-1x1/model.h5 pure.h5
expect 3 "predicting without a value" "sample 's-0001' lacks features that the model needs" "MeltingT"
once "s-0001"
{ echo id,split; for i in 2 3 4 5 6; do echo "s-000$i,train"; done; } >split.csv
ranks 2 train rf.yaml -o output=left -o data.file=pure.h5 -o data.split=file -o data.split_file=split.csv
expect 0 "samples without features left out"
grep -q '^s-0001,He,none,[0-9.]*,,$' left/predictions.csv || fail "helium is predicted"
ranks 2 train rf.yaml -o output=wide -o model.rf.features_per_split=140
expect 2 "more features than there are" "model.rf.features_per_split: expected at most 132" "found 140"
once "features_per_split"
ranks 1 train rf.yaml -o model.rf.min_split=1
expect 2 "a split of one" "model.rf.min_split"
ranks 2 train rf.yaml -o output=none -o data.file=nowhere.h5
expect 3 "no dataset" "data.file: nowhere.h5"
ranks 1 time rf
expect 2 "no steps to time" "time: expected a network, found 'rf'"
[ "$failed" -eq 0 ]
