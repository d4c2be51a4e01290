#!/bin/sh
# cgcnn: the same on 1 to 3 ranks, resumes with its running statistics, predicts what its training did from datasets and
# charge files; crystals without a graph.
. "$top_srcdir/tests/train/common.sh"
. "$top_srcdir/tests/train/stop.sh"
compare() { "$PYTHON" "$top_srcdir/tests/train/compare.py" "$@" || fail "compare $*"; }
# dataset NAME OPTION...: warnings about features of formulas do not matter.
dataset() {
  "$make_dataset" "$1" 41 8 crystals=several "$2" "${3:-first=0}" 2>/dev/null || fail "no dataset $1"
}
dataset d.h5 unknown=7 nan=12

# The volume with NaN does not matter: volumes are not read. With 32 to train on, a batch of 31 leaves one: ranks without.
for run in 9-1 9-2 9-3 31-1 31-3; do
  batch=${run%-*} n=${run#*-}
  ranks "$n" train cgcnn.yaml -o output=run$run -o train.batch="$batch"
  expect 0 "batches of $batch on $n ranks" "training on 32 of 41 samples" "epoch 5/5  RMSE (GPa): train" "held out: 8 samples"
  once "2 samples, first 's-0012', have atoms with fewer than 8 neighbours within 6 A"
  [ "$n" -eq 1 ] || compare near "run$batch-1" "run$run"
done
ranks 3 train cgcnn.yaml -o output=again -o data.memory=private
compare same run9-3 again
"$PYTHON" - <<'PY' || fail "running statistics, scaling, metrics"
import csv, h5py, json, numpy
with h5py.File("run9-2/model.h5") as m:
    names = [n.decode() if isinstance(n, bytes) else n for n in m["/tensor/name"][...]]
    slab = dict(zip(names, numpy.split(m["/parameter"][...], m["/tensor/offset"][1:])))
    assert "convs.1.bn2.running_var" in names and names[-1].startswith("convs.1.")
    assert all((slab[n] != 0).any() and (slab[n] != 1).any() for n in names if ".running_" in n)
    rows = list(csv.DictReader(open("run9-2/predictions.csv")))
    train = [float(r["target"]) for r in rows if r["split"] == "train"]
    assert abs(m.attrs["target_mean"] - numpy.mean(train)) < 1e-6
    assert abs(m.attrs["target_deviation"] - numpy.std(train)) < 1e-6
    with h5py.File("run9-2/checkpoint-last.h5") as c:
        moments, state = len(c["/moment1"]), len(c["/parameter"])
        assert moments == state - sum(len(slab[n]) for n in names if ".running_" in n)
last = [json.loads(line) for line in open("run9-2/train.jsonl")][-1]
assert last["error"] == "rmse" and last["validation_loss"] is None
assert abs(last["test_loss"] - json.load(open("run9-2/metrics.json"))["test"]["rmse"]) < 1e-9
assert abs(last["train_loss"] - numpy.sqrt(last["train_loss_scaled"]) * numpy.std(train)) < 1e-5
PY

# Stopped and going on.
epochs=150
set -- cgcnn.yaml -o train.epochs=$epochs -o train.batch=3
ranks 2 train "$@" -o output=whole
expect 0 "the run that is left alone" "held out: 8 samples"
for how in "KILL ranks" "USR1 mpirun"; do
  # shellcheck disable=SC2086 # two words
  stop $how stopped 2 train "$@"
  [ "${how#USR1}" = "$how" ] || expect 75 "SIGUSR1" "stopped by a signal in epoch" "go on with --resume"
  ranks 2 train "$@" -o output=stopped --resume
  expect 0 "going on after $how" "resumed stopped/checkpoint-last.h5" "epoch $epochs/$epochs"
  compare same whole stopped
done
ranks 1 train "$@" -o output=stopped -o model.cgcnn.radius=7 --resume
expect 2 "resuming with another radius" "the network (model.*) differs"

# Predictions: datasets, charge files.
for n in 1 2 3; do
  ranks $n predict -o output=run9-2 d.h5
  expect 0 "predicting on $n ranks" "41 predictions"
  cmp run9-2/predictions.csv run9-2/predict/predictions.csv || fail "predict on $n ranks differs from the training"
done
ranks 2 predict -o output=formula -o predict.model=run9-2/model.h5 NaCl
expect 2 "a formula" "run9-2/model.h5 is a cgcnn, which takes crystals, not formulas" "found 'NaCl'"
once "takes crystals"
open=$top_srcdir/input/fcc-open
mkdir files
head -n 1 "$open/labels.csv" >labels.csv
for id in mp-1000 mp-10020 mp-1002165 mp-1002206 mp-10051 mp-10054; do
  cp "$open/$id.CHGCAR.gz" files/ || fail "no charge file $id"
  grep "^$id," "$open/labels.csv" >>labels.csv
done
ranks 2 prep -o prep.files='files/{id}.CHGCAR.gz' -o prep.labels=labels.csv -o prep.grid=8 -o data.file=open.h5 -o output=prep
ranks 2 train cgcnn.yaml -o output=open -o data.file=open.h5 -o train.batch=2
expect 0 "training on prepared files" "epoch 5/5"
cut -d, -f1-3,5 open/predictions.csv >wanted
ranks 3 predict -o output=open files
expect 0 "charge files" "bulk modulus (GPa)" "6 predictions"
cut -d, -f1-3,5 open/predict/predictions.csv | cmp - wanted || fail "charge files: other predictions"
ranks 1 predict -o output=two -o predict.model=open/model.h5 files/mp-10051.CHGCAR.gz files/mp-1000.CHGCAR.gz
for id in mp-1000 mp-10051; do
  [ "$(cut -d, -f1-3,5 two/predict/predictions.csv | grep "^$id,")" = "$(grep "^$id," wanted)" ] || fail "$id differs"
done

# Too few neighbours everywhere; then crystals without a graph, which only unused samples may have.
ranks 3 train cgcnn.yaml -o output=few -o model.cgcnn.radius=1
expect 0 "a small radius" "41 samples, first 's-0000', have atoms with fewer than 8 neighbours within 1 A" "epoch 5/5"
once "fewer than 8 neighbours"
ranks 3 predict -o output=few d.h5
expect 0 "predicting with a small radius" "41 samples have atoms with fewer than 8 neighbours within 1 A"
once "fewer than 8 neighbours"
dataset md.h5 mendelevium=9
dataset twins.h5 twins=10
ranks 3 train cgcnn.yaml -o output=x -o data.file=md.h5
expect 3 "an element without a vector" "md.h5: 1 samples lack a graph" "s-0009: no atom vector of element Md"
once "s-0009"
ranks 3 train cgcnn.yaml -o output=x -o data.file=twins.h5
expect 3 "two sites in one place" "twins.h5: sample 's-0010': sites 1 and 2 are in one place"
once "in one place"
dataset unused-md.h5 mendelevium=9 unknown=9
dataset unused-twins.h5 twins=9 unknown=9
for kind in md twins; do
  ranks 2 train cgcnn.yaml -o output=$kind -o data.file=unused-$kind.h5
  expect 0 "an unused sample without a graph ($kind)" "epoch 5/5"
  grep -q '^s-0009,.*,none,,$' $kind/predictions.csv || fail "$kind: the sample without a graph is predicted"
done
ranks 2 predict -o output=x -o predict.model=twins/model.h5 -o prep.on_error=skip md.h5
expect 0 "an element without a vector left out" "left out: sample 's-0009'" "no atom vector of element Md" "40 predictions"
once "left out"
ranks 2 predict -o output=x -o predict.model=twins/model.h5 twins.h5
expect 3 "predicting what has no graph" "sample 's-0010': sites 1 and 2"
once "s-0010"
ranks 1 train cgcnn.yaml -o output=x -o model.cgcnn.step=0.001
expect 2 "too many Gaussians" "cgcnn: expected a radius above 0 A and a step above"

ranks 3 train cgcnn.yaml -o output=diverge -o train.lr=1e3 -o train.epochs=30
expect 1 "a training that diverges" "is not finite in epoch" "the last good checkpoint is kept"
once "samples of the step:"

ranks 1 info run9-1/model.h5 run9-1/checkpoint-last.h5
expect 0 "info" "model of cgcnn for the bulk modulus" "running statistics" "8 neighbours within 6 A" \
  "32 for training, 8 held out" "checkpoint of cgcnn"
ranks 2 time cgcnn -o train.batch=5 -o time.steps=2 -o time.warmup=1 -o time.atoms=3
expect 0 "time" '"model":' 'cgcnn' 'samples_per_s'
[ "$failed" -eq 0 ]
