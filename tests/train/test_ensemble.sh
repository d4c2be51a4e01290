#!/bin/sh
# Ensembles: model.h5 holds all members, their mean and spread predict; resumes in a member; of every kind of network.
. "$top_srcdir/tests/train/common.sh"
. "$top_srcdir/tests/train/stop.sh"
compare() { "$PYTHON" "$top_srcdir/tests/train/compare.py" "$@" || fail "compare $*"; }
"$make_dataset" d.h5 41 20 unknown=7 formulas=salts || fail "no dataset"

ranks 2 train cnn3d.yaml -o output=run -o train.ensemble=3 -o data.validation_fraction=0.2
expect 0 "an ensemble" "network 1 of 3, in run/members/1" "network 3 of 3, in run/members/3" "the mean of 3 networks:" \
  "held out: 8 samples"
once "the mean of 3 networks:"
# A member is a repeat.
ranks 2 train cnn3d.yaml -o output=second -o train.repeat=1 -o data.validation_fraction=0.2
compare same second run/members/2

ranks 2 train fusion.yaml -o output=fusion -o train.ensemble=2 -o train.repeat=1 -o train.epochs=2
expect 0 "an ensemble of fusions" "training the parent cnn2d in fusion/members/2/parents/cnn2d" "the mean of 2 networks:"
ranks 2 train cgcnn.yaml -o output=cgcnn -o train.ensemble=2
expect 0 "an ensemble of cgcnns" "the mean of 2 networks:"
for run in run fusion cgcnn; do
  ranks 3 predict -o output=$run d.h5
  expect 0 "predicting with $run" "41 predictions"
  cmp $run/predictions.csv $run/predict/predictions.csv || fail "$run: predict differs from the training"
done
ranks 1 predict -o output=run d.h5
cmp run/predictions.csv run/predict/predictions.csv || fail "predict on 1 rank differs from the training"
"$PYTHON" - <<'PY' || fail "mean, spread, members or metrics"
import csv, h5py, json, numpy
def rows(folder):
    return list(csv.DictReader(open(folder + "/predictions.csv")))
def column(folder, name):
    return numpy.array([float(r[name] or "nan") for r in rows(folder)])
for run, members in (("run", 3), ("fusion", 2), ("cgcnn", 2)):
    each = [f"{run}/members/{k + 1}" for k in range(members)]
    values = numpy.array([column(folder, "predicted") for folder in each])
    assert values.shape == (members, 41) and numpy.isfinite(values).all()
    assert (values[0] != values[1]).all()
    assert numpy.allclose(column(run, "predicted"), values.mean(0), rtol=1e-8, atol=1e-6)
    assert numpy.allclose(column(run, "uncertainty"), values.std(0, ddof=1), rtol=1e-6, atol=1e-6)
    assert all([r["split"] for r in rows(folder)] == [r["split"] for r in rows(run)] for folder in each)
    with h5py.File(run + "/model.h5") as m:
        assert m.attrs["members"] == members
        every = numpy.split(m["/parameter"][...], members)
        deck = m.attrs["deck"]
        assert f"ensemble: {members}" in (deck if isinstance(deck, str) else deck.decode())
        for folder, its in zip(each, every):
            with h5py.File(folder + "/model.h5") as one:
                assert (its == one["/parameter"][...]).all()
                for name in ("target_mean", "target_deviation", "input_mean", "input_deviation"):
                    assert m.attrs[name] == one.attrs[name], name
    target, split = column(run, "target"), numpy.array([r["split"] for r in rows(run)])
    metrics = json.load(open(run + "/metrics.json"))
    for part in ("train", "validation", "test"):
        d = (column(run, "predicted") - target)[split == part]
        assert metrics[part]["n"] == len(d)
        if len(d) > 0:
            assert abs(metrics[part]["mae"] - abs(d).mean()) < 1e-5
# The fusion's own parents are repeats too.
def parent(k):
    with h5py.File(f"fusion/members/{k}/parents/magpie_cnn/model.h5") as m:
        return m["/parameter"][...]
assert (parent(1) != parent(2)).mean() > 0.5
PY
ranks 1 info run/model.h5
expect 0 "info" "model of cnn3d" "ensemble  of 3 networks" "26 for training, 6 for validation, 8 held out"

# Charge files.
mkdir files
open=$top_srcdir/input/fcc-open
head -n 1 "$open/labels.csv" >labels.csv
for id in mp-1000 mp-10020 mp-1002165; do
  cp "$open/$id.CHGCAR.gz" files/ || fail "no charge file $id"
  grep "^$id," "$open/labels.csv" >>labels.csv
done
ranks 2 prep -o prep.files='files/{id}.CHGCAR.gz' -o prep.labels=labels.csv -o prep.grid=20 -o prep.code=gpaw \
  -o data.file=open.h5 -o output=prep
ranks 1 train cnn3d.yaml -o output=open -o data.file=open.h5 -o train.ensemble=2 -o train.epochs=2
ranks 2 predict -o output=open files
expect 0 "charge files" "3 predictions"
cut -d, -f1-3,5,6 open/predictions.csv >wanted
cut -d, -f1-3,5,6 open/predict/predictions.csv | cmp - wanted || fail "charge files: other predictions"

# Stopped in the second, by SIGKILL and by a signal; members that are complete stay.
set -- cnn2d.yaml -o train.ensemble=2 -o train.epochs=30 -o train.batch=4
ranks 2 train "$@" -o output=whole
expect 0 "the run that is left alone" "held out: 8 samples"
part=members/2
for how in "KILL ranks" "USR1 mpirun"; do
  # shellcheck disable=SC2086
  stop $how stopped 2 train "$@"
  [ "${how#USR1}" = "$how" ] || expect 75 "SIGUSR1" "stopped by a signal in epoch"
  [ -f stopped/members/1/model.h5 ] && [ ! -e stopped/members/2/model.h5 ] || fail "not stopped in the second member"
  ranks 2 train "$@" -o output=stopped --resume
  expect 0 "going on after $how" "resumed stopped/members/1/checkpoint-last.h5: epoch 31" \
    "resumed stopped/members/2/checkpoint-last.h5"
  for member in 1 2; do compare same whole/members/$member stopped/members/$member; done
  cmp whole/predictions.csv stopped/predictions.csv || fail "other predictions after $how"
done
# One more member than before; a member of another run.
ranks 2 train "$@" -o output=stopped -o train.ensemble=3 --resume
expect 0 "a third member" "resumed stopped/members/2/checkpoint-last.h5: epoch 31" "no checkpoint in stopped/members/3" \
  "the mean of 3 networks:"
ranks 2 train "$@" -o output=stopped -o train.dropout=0.5 --resume
expect 2 "members of another run" "stopped/members/1/checkpoint-last.h5: the checkpoint of another run: train.dropout differs"
once "another run"
# A new run keeps what was there.
ranks 2 train "$@" -o output=stopped -o train.ensemble=2 -o train.epochs=1
expect 0 "an ensemble where one was" "stopped/model.h5 is from an earlier run" "stopped/members/2/model.h5 is from an earlier run"

ranks 2 train -o model.kind=rf -o data.file=d.h5 -o output=x -o train.ensemble=2
expect 2 "an ensemble of forests" "train.ensemble: expected 1, as a random forest is an ensemble already"
once "train.ensemble"
ranks 1 train "$@" -o output=x -o train.repeat=500000
expect 2 "repeats beyond the limit" "train.repeat: an ensemble of 2 has the repeats 1000000 to 1000001; expected at most 1000000"
[ "$failed" -eq 0 ]
