#!/bin/sh
# A model applied to charge files: what a dataset of the same files gives; what is refused.
. "$top_srcdir/tests/train/common.sh"
open=$top_srcdir/input/fcc-open
mkdir files
head -n 1 "$open/labels.csv" >labels.csv
for id in mp-1000 mp-10020 mp-1002165 mp-1002206 mp-10051 mp-10054; do
  cp "$open/$id.CHGCAR.gz" files/ || fail "no charge file $id"
  grep "^$id," "$open/labels.csv" >>labels.csv
done
cp "$open/mp-1000.ELFCAR.gz" .
ranks 2 prep -o prep.files='files/{id}.CHGCAR.gz' -o prep.labels=labels.csv -o prep.grid=20 -o prep.code=gpaw \
  -o data.file=d.h5 -o output=prep
expect 0 "prep"
ranks 2 train cnn3d.yaml -o output=run -o train.batch=2
expect 0 "training"
cut -d, -f1-3,5 run/predictions.csv >wanted

# A folder, a path with {id}, names one by one; on 1 to 3 ranks.
ranks 1 predict -o output=run files
grep -q 'files: "files"' run/predict/deck.yaml || fail "the deck beside the predictions does not name the files"
expect 0 "a folder" "taken to come from 'gpaw'" "bulk modulus (GPa)" "mp-10020" "6 predictions"
cut -d, -f1-3,5 run/predict/predictions.csv | cmp - wanted || fail "a folder: other predictions"
ranks 2 predict -o output=two -o predict.model=run/model.h5 -o predict.files='files/{id}.CHGCAR.gz' -o prep.code=gpaw
expect 0 "predict.files" "6 predictions"
cut -d, -f1-3,5 two/predict/predictions.csv | cmp - wanted || fail "predict.files: other predictions"
ranks 3 predict -o output=three -o predict.model=run/model.h5 files/mp-10051.CHGCAR.gz files/mp-1000.CHGCAR.gz
expect 0 "two files" "2 predictions"
for id in mp-1000 mp-10051; do
  [ "$(cut -d, -f1-3,5 three/predict/predictions.csv | grep "^$id,")" = "$(grep "^$id," wanted)" ] || fail "$id differs"
done
"$PYTHON" -c 'import json; m = json.load(open("three/predict/metrics.json")); assert m["all"]["n"] == 0 and m["all"]["r2"] is None' ||
  fail "metrics without targets"

# More files than are in memory at a time.
mkdir many
for i in $(seq 70); do cp files/mp-1000.CHGCAR.gz many/m$i.CHGCAR.gz; done
ranks 2 predict -o output=many -o predict.model=run/model.h5 many files/mp-10051.CHGCAR.gz
expect 0 "many files" "71 predictions"
[ "$(cut -d, -f5 many/predict/predictions.csv | sort -u | wc -l)" -eq 3 ] || fail "many files: predictions differ"
grep -q "^mp-10051,.*,$(sed -n 's/^mp-10051,.*,//p' wanted)$" many/predict/predictions.csv || fail "many files: the last one"

# Files of one name: their paths tell them apart.
for i in a b; do mkdir $i && gzip -dc files/mp-1000.CHGCAR.gz >$i/CHGCAR; done
ranks 2 predict -o output=same -o predict.model=run/model.h5 a/CHGCAR b/CHGCAR
expect 0 "two files of one name" "a/CHGCAR" "b/CHGCAR"
[ "$(grep -c ',none,' same/predict/predictions.csv)" -eq 2 ] || fail "files of one name"

# Refused.
ranks 1 predict -o output=run mp-1000.ELFCAR.gz
expect 3 "another field" "mp-1000.ELFCAR.gz: expected a file with the field 'density'" "found 'elf'"
once ELFCAR
ranks 1 predict -o output=run -o prep.code=vasp files
expect 3 "another code" "DFT code (prep.code): vasp in the deck, gpaw in run/model.h5"
gzip -dc files/mp-1000.CHGCAR.gz | head -n 100 >short.CHGCAR
head -n 90 short.CHGCAR >shorter.CHGCAR
ranks 3 predict -o output=run shorter.CHGCAR files/mp-1000.CHGCAR.gz short.CHGCAR
expect 3 "truncated files" "2 of 3 files are bad" "short.CHGCAR:101" "shorter.CHGCAR:91"
once "error:"
# Left out where the deck says so: in every share of many files, and where none is left.
for i in a b c; do cp short.CHGCAR many/0$i.CHGCAR && cp short.CHGCAR many/m4$i.CHGCAR; done
for n in 1 3; do
  ranks $n predict -o output=skip -o predict.model=run/model.h5 -o prep.on_error=skip many files/mp-10051.CHGCAR.gz short.CHGCAR
  expect 0 "bad files left out" "left out: many/0a.CHGCAR:101" "left out: short.CHGCAR:101" "71 predictions"
  cmp skip/predict/predictions.csv many/predict/predictions.csv || fail "others are left out: other predictions on $n ranks"
done
ranks 2 predict -o output=run -o prep.on_error=skip short.CHGCAR shorter.CHGCAR
expect 3 "bad files alone" "all 2 files are bad"
once "error:"
ranks 1 predict -o output=run files/mp-1000.CHGCAR.gz d.h5
expect 2 "a dataset among files" "expected one dataset, or charge files; found 'd.h5' among 2 names"
ranks 3 predict -o output=run nowhere.CHGCAR
expect 3 "a missing file" "nowhere.CHGCAR"
once "error:"
[ "$failed" -eq 0 ]
