#!/bin/sh
# magpie_cnn: the same on 1 to 3 ranks, resumes, predicts what its training did, reads no volume; what is refused.
. "$top_srcdir/tests/train/common.sh"
compare() { "$PYTHON" "$top_srcdir/tests/train/compare.py" "$@" || fail "compare $*"; }
"$make_dataset" d.h5 41 20 unknown=7 nan=12 formulas=salts || fail "no dataset"

# The volume with NaN does not matter: volumes are not read.
for n in 1 2 3; do
  ranks $n train magpie_cnn.yaml -o output=run-$n
  expect 0 "training on $n ranks" "training on 32 of 41 samples" "epoch 5/5" "held out: 8 samples"
  [ $n -eq 1 ] || compare near run-1 run-$n
done
ranks 2 train magpie_cnn.yaml -o output=cut -o train.epochs=2
ranks 2 train magpie_cnn.yaml -o output=cut --resume
expect 0 "going on" "resumed cut/checkpoint-last.h5"
compare same run-2 cut

# Scaling by the training samples alone, constant columns left alone; stored with the model.
"$PYTHON" - <<'PY' || fail "the scaling in model.h5"
import csv, h5py, numpy
split = {r["id"]: r["split"] for r in csv.DictReader(open("run-1/predictions.csv"))}
with h5py.File("d.h5") as d, h5py.File("run-1/model.h5") as m:
    ids = [i.decode() if isinstance(i, bytes) else i for i in d["/id"][...]]
    rows = d["/feature/magpie"][...][[split[i] == "train" for i in ids], :132]
    mean, deviation = rows.mean(0), rows.std(0)
    constant = numpy.ptp(rows, axis=0) == 0
    assert constant.any() and len(m["/feature/name"]) == 132
    assert numpy.allclose(m["/feature/mean"][...], mean, rtol=1e-12, atol=1e-12)
    found = m["/feature/deviation"][...]
    assert (found[constant] == 1).all() and numpy.allclose(found[~constant], deviation[~constant], rtol=1e-12)
PY

for n in 1 2 3; do
  ranks $n predict -o output=run-2 d.h5
  expect 0 "predicting on $n ranks" "41 predictions"
  cmp run-2/predictions.csv run-2/predict/predictions.csv || fail "predict on $n ranks differs from the training"
done
# Volumes prepared otherwise do not matter either.
"$make_dataset" other.h5 41 8 code=gpaw formulas=salts
ranks 1 predict -o output=other -o predict.model=run-2/model.h5 other.h5
expect 0 "a dataset of another grid"
cut -d, -f1,5 run-2/predictions.csv >wanted
cut -d, -f1,5 other/predict/predictions.csv | cmp - wanted || fail "another grid: other predictions"
cp "$top_srcdir/input/fcc-open/mp-1000.CHGCAR.gz" . || fail "no charge file"
ranks 2 predict -o output=file -o predict.model=run-1/model.h5 mp-1000.CHGCAR.gz
expect 0 "a charge file" "mp-1000" "BaTe"
# Formulas alone.
ranks 3 predict -o output=formulas -o predict.model=run-2/model.h5 NaO 'Ca3(PO4)2' KO
expect 0 "formulas" "Ca3(PO4)2" "3 predictions"
for formula in NaO KO; do
  wanted=$(grep ",$formula," run-2/predictions.csv | head -n 1 | cut -d, -f5)
  [ "$(grep "^$formula,$formula,none,," formulas/predict/predictions.csv | cut -d, -f5)" = "$wanted" ] ||
    fail "$formula: another prediction than for the dataset's"
done
ranks 2 predict -o output=formulas -o predict.model=run-2/model.h5 NaO Xy2
expect 3 "a bad formula" "predict: 'Xy2' is no file, and as a formula" "Xy"
once "is no file"
ranks 2 predict -o output=formulas -o predict.model=run-2/model.h5 HeO
expect 3 "a formula without features" "HeO" "MeltingT"
ranks 1 info run-1/model.h5 run-1/checkpoint-last.h5
expect 0 "info" "model of magpie_cnn" "132 Magpie columns" "checkpoint of magpie_cnn"

# Refused: what element and property; the columns that do not fit; other features on resuming.
"$make_dataset" pure.h5 20 20
ranks 3 train magpie_cnn.yaml -o output=pure -o data.file=pure.h5
expect 3 "features without a value" "pure.h5: " "s-0001: formula 'He'" "MeltingT"
once "s-0001"
ranks 2 predict -o output=pure -o predict.model=run-1/model.h5 pure.h5
expect 3 "predicting without a value" "sample 's-0001' lacks features that the model needs" "MeltingT"
once "s-0001"
# Left out where the deck says so, of a dataset, files and formulas; and where none is left.
ranks 2 predict -o output=most -o predict.model=run-1/model.h5 -o prep.on_error=skip pure.h5
expect 0 "samples without features left out" "left out: sample 's-0001' lacks features" "MeltingT"
grep -q '^s-0000,' most/predict/predictions.csv || fail "others are not predicted"
grep -q '^s-0001,' most/predict/predictions.csv && fail "helium is predicted"
mkdir mixed && cp mp-1000.CHGCAR.gz mixed/z.CHGCAR.gz && gzip -dc mp-1000.CHGCAR.gz | sed 's/Ba  *Te/He Te/' >mixed/a.CHGCAR
ranks 2 predict -o output=mixed -o predict.model=run-1/model.h5 mixed
expect 3 "a charge file without features" "sample 'a' lacks features" "prep.on_error: skip leaves it out"
ranks 2 predict -o output=mixed -o predict.model=run-1/model.h5 -o prep.on_error=skip mixed
expect 0 "a charge file left out" "left out: sample 'a' lacks features" "1 predictions"
[ "$(tail -n +2 mixed/predict/predictions.csv | cut -d, -f2-)" = "$(tail -n +2 file/predict/predictions.csv | cut -d, -f2-)" ] ||
  fail "the file after one that is left out: another prediction"
ranks 1 predict -o output=mixed -o predict.model=run-1/model.h5 -o prep.on_error=skip mixed/a.CHGCAR
expect 3 "files without features alone" "all 1 files are bad or lack features"
ranks 3 predict -o output=formulas -o predict.model=run-2/model.h5 -o prep.on_error=skip HeO NaO
expect 0 "a formula left out" "left out: sample 'HeO'" "1 predictions"
# Left out by a split file, they are not predicted.
{ echo id,split; for i in 2 3 4 5 6; do echo "s-000$i,train"; done; } >split.csv
ranks 2 train magpie_cnn.yaml -o output=left -o data.file=pure.h5 -o data.split=file -o data.split_file=split.csv
expect 0 "samples without features left out"
grep -q '^s-0001,He,none,.*,$' left/predictions.csv || fail "helium is predicted"
ranks 1 train magpie_cnn.yaml -o data.features=magpie145
expect 2 "145 columns" "data.features" "expected magpie132"
cp cut/checkpoint-last.h5 run-3/checkpoint-last.h5
"$make_dataset" d.h5 41 20 unknown=7
ranks 1 train magpie_cnn.yaml -o output=run-3 -o data.split=file -o data.split_file=split.csv --resume
expect 2 "resuming with other samples" "differs"
[ "$failed" -eq 0 ]
