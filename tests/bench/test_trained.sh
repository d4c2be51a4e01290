#!/bin/sh
# Trained models in an external benchmark: they predict as `ecdnet predict` does, nothing of them is trained, and what
# does not fit is refused before any work.
. "$top_srcdir/tests/train/common.sh"
"$make_dataset" d.h5 31 20 formulas=salts || fail "no dataset"
"$make_dataset" e.h5 20 20 formulas=salts first=25
cat >rf.yaml <<END
data: {file: d.h5}
model: {kind: rf, rf: {trees: 20}}
END
cat >bench.yaml <<END
output: one
data: {file: d.h5}
bench:
  protocol: external
  external: e.h5
  models: [forest/model.h5, mine.h5, several/model.h5, fused.h5, cnn2d.yaml, fusion.yaml]
  targets: [bulk]
  repeats: 2
  ranks_per_run: 1
  epochs_scale: 0.6
END
ranks 1 train rf.yaml -o output=forest
expect 0 "a forest"
ranks 1 train cnn2d.yaml -o output=net -o data.validation_fraction=0.2
expect 0 "a network"
cp net/model.h5 mine.h5
ranks 1 train magpie_cnn.yaml -o output=several -o train.ensemble=2
expect 0 "an ensemble"
ranks 1 train fusion.yaml -o output=fusion
expect 0 "a fusion"
cp fusion/model.h5 fused.h5

# Their pieces predict, beside those that train; the fusion that is trained takes the new cnn2d, not the trained one.
ranks 2 bench bench.yaml --dry-run
expect 0 "--dry-run" "mine-bulk-all-r0                              20      14" "fused-bulk-all-r1" "12 pieces: "
[ -e one ] && fail "--dry-run wrote something"
ranks 1 bench bench.yaml
expect 0 "on one rank" "[12/12]" "fused-bulk-all-r1: 14 held out" "tables: one/tables/bench.md"
[ "$(find one -name 'train.jsonl' | grep -vc 'parents/')" -eq 4 ] || fail "not only the others were trained"
find one -name train.jsonl | grep -E 'forest|mine|several|fused' && fail "a trained model was trained"
[ "$(cat one/pieces/mine-bulk-all-r0/settings.txt)" = "sha256 of the model: $(sha256sum <mine.h5 | cut -d' ' -f1)
$(grep '^external dataset: ' one/pieces/cnn2d-bulk-all-r0/settings.txt)
backend: auto" ] || fail "settings.txt of a trained model"
grep '^parent: ' one/pieces/fusion-bulk-all-r0/settings.txt | grep -qx 'parent: cnn2d-bulk-all-r0' || fail "the fusion's parents"
for pair in forest:forest/model.h5 mine:mine.h5 several:several/model.h5 fused:fused.h5; do
  ranks 1 predict e.h5 -o output=alone -o predict.model="${pair#*:}" -o predict.ids=one/external.csv
  expect 0 "predicting with ${pair#*:}" "14 predictions"
  for r in 0 1; do
    cmp alone/predict/predictions.csv "one/pieces/${pair%%:*}-bulk-all-r$r/predict/predictions.csv" ||
      fail "${pair%%:*}: other predictions than those of ecdnet predict"
  done
done
# A fusion's given parent decides its result.
cp several/model.h5 parent.h5
ranks 1 bench bench.yaml -o output=child -o bench.models=fusion.yaml -o model.fusion.volume=mine.h5 -o model.fusion.magpie_epochs=2
expect 0 "a fusion with a given parent" "[2/2]"
ranks 1 bench bench.yaml -o output=child -o bench.models=fusion.yaml -o model.fusion.magpie_epochs=2
expect 2 "without the parent" "other settings"
ranks 1 train cnn2d.yaml -o output=second -o seed=2
ranks 1 bench bench.yaml -o output=child -o bench.models=fusion.yaml -o model.fusion.volume=second/model.h5 -o model.fusion.magpie_epochs=2
expect 2 "another parent" "other settings: expected 'sha256 of the given parent: "
ranks 2 bench bench.yaml -o output=child -o bench.models=fusion.yaml -o model.fusion.volume=nowhere.h5
expect 3 "no parent" "fusion: model.fusion.volume: nowhere.h5"
once "error:"
for n in 2 3; do
  ranks $n bench bench.yaml -o output=on$n
  expect 0 "on $n ranks" "[12/12]"
  for file in bench.md bench.tex bench.csv; do
    cmp one/tables/$file on$n/tables/$file || fail "other tables on $n ranks"
  done
done
ranks 3 bench bench.yaml -o output=together -o bench.ranks_per_run=3 -o bench.models=forest/model.h5,mine.h5,several/model.h5
expect 0 "three ranks together" "[6/6]"
cmp one/pieces/mine-bulk-all-r0/predict/predictions.csv together/pieces/mine-bulk-all-r0/predict/predictions.csv ||
  fail "other predictions by three ranks together"
grep -q "^mine was trained before, on 20 materials: mine.h5 (cnn2d, sha256 $(sha256sum <mine.h5 | cut -c1-12)...), as it is.$" \
  one/tables/bench.md || fail "the table does not say which model was trained before"
grep -q '^| R2 / RMSE (GPa) | n | forest | mine | several | fused | cnn2d | fusion |$' one/tables/bench.md || fail "the models' names"
grep -q 'model: "mine.h5"' one/results/mine-bulk/deck.yaml && grep -q 'epochs: 5' one/results/mine-bulk/deck.yaml ||
  fail "the deck of the results does not say how the model was trained"
cut -d, -f1,7,8 one/pieces.csv | grep -qx 'mine-bulk-all-r1,20,14' || fail "pieces.csv"
ranks 2 bench bench.yaml
expect 0 "a second time" "farm: 0 of 12 pieces to do"
ranks 2 bench bench.yaml --status
expect 0 "--status" "fused-bulk-all-r1                        done: R2" "12 done, 0 failed, 0 to do"

# A model beside the deck; another one in its place.
mkdir decks
cp bench.yaml decks
mv mine.h5 decks
ranks 1 bench decks/bench.yaml -o output=beside -o bench.models=mine.h5 -o bench.repeats=1 -o train.batch=3
expect 0 "beside the deck" "[1/1]"
cmp one/pieces/mine-bulk-all-r0/predict/predictions.csv beside/pieces/mine-bulk-all-r0/predict/predictions.csv ||
  fail "other predictions of the file beside the deck"
old=$(sha256sum <decks/mine.h5 | cut -d' ' -f1)
ranks 1 train cnn2d.yaml -o output=net2 -o seed=3
cp net2/model.h5 mine.h5
ranks 2 bench bench.yaml
expect 2 "another model" "was made with other settings: expected 'sha256 of the model: $(sha256sum <mine.h5 | cut -d' ' -f1)', found 'sha256 of the model: $old'"
once "other settings"

# What is refused, before anything is written.
for try in "bench.protocol=kfold:2:mine.h5: a trained model can take part only with bench.protocol: external" \
  "bench.targets=[bulk, shear]:2:mine.h5 predicts the bulk modulus; expected bench.targets: [bulk], found shear" \
  "bench.models=[nowhere/model.h5]:3:bench.models: nowhere/model.h5: cannot open" \
  "bench.models=[d.h5]:3:bench.models: d.h5: expected an HDF5 file of schema ecdnet-model" \
  "bench.models=[net/checkpoint-last.h5]:3:net/checkpoint-last.h5: expected a trained model, found a checkpoint" \
  "bench.models=[forest/model.h5, forest.h5]:2:bench.models: two models have the name 'forest'"; do
  cp forest/model.h5 forest.h5
  rest=${try#*:}
  ranks 1 bench bench.yaml -o output=x -o "bench.models=[mine.h5, rf]" -o "${try%%:*}"
  expect "${rest%%:*}" "${try%%:*}" "${rest#*:}"
done
"$make_dataset" few.h5 25 20 formulas=salts
ranks 3 bench bench.yaml -o output=x -o data.file=few.h5
expect 3 "another data.file" "bench.models: forest/model.h5: " "of the 25 materials that it was trained on, first 's-00" \
  "are not in data.file, few.h5; expected the dataset that it was trained on"
once "ecdnet: error:"
# Samples of the model's training under another formula: their ids tell.
"$PYTHON" - <<'PY'
import h5py, shutil
shutil.copy('e.h5', 'renamed.h5')
with h5py.File('forest/model.h5') as model:
    trained = [n for n, s in zip(model['/sample/id'][...], model['/sample/split'][...]) if s == 0]
with h5py.File('renamed.h5', 'a') as f:
    f['/id'][-1] = trained[0]
PY
ranks 2 bench bench.yaml -o output=x -o bench.external=renamed.h5
expect 3 "a sample that was trained on" "was trained on 1 of the 14 materials of renamed.h5 that it would predict, first 's-00"
"$make_dataset" gpaw.h5 20 20 formulas=salts first=25 code=gpaw
ranks 1 bench bench.yaml -o output=x -o bench.external=gpaw.h5 -o bench.models=forest/model.h5,mine.h5,rf
expect 3 "another preparation" "bench.models: volumes were prepared differently" "gpaw in gpaw.h5" "mine.h5"
[ -e x ] && fail "what was refused left something"
ranks 1 bench bench.yaml -o output=forests -o bench.external=gpaw.h5 -o bench.models=forest/model.h5,several/model.h5
expect 0 "models of the formula" "[4/4]"
[ "$failed" -eq 0 ]
