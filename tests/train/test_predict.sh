#!/bin/sh
# A model applied to datasets: the predictions of the training, on any number of ranks; what is refused.
. "$top_srcdir/tests/train/common.sh"
"$make_dataset" d.h5 41 20 || fail "no dataset"
for net in cnn2d cnn3d; do
  ranks 2 train $net.yaml -o output=$net
  expect 0 "training"
  cp $net/metrics.json metrics.json
  for n in 1 2 3; do
    ranks $n predict -o output=$net d.h5
    expect 0 "predicting on $n ranks" "41 predictions of the bulk modulus in $net/predict/predictions.csv"
    cmp $net/predictions.csv $net/predict/predictions.csv || fail "$net on $n ranks: other predictions"
    cmp $net/metrics.json $net/predict/metrics.json || fail "$net on $n ranks: other metrics"
    cmp $net/metrics.json metrics.json || fail "predict overwrote the training's metrics"
  done
done
grep -q 'conv1_filters: 8' cnn2d/predict/deck.yaml || fail "the deck beside the predictions is not the model's"
grep -q 'file: "d.h5"' cnn2d/predict/deck.yaml || fail "the deck beside the predictions does not name the dataset"
ranks 1 deck --check cnn2d/predict/deck.yaml
expect 0 "the deck beside the predictions" fine

# Samples by their part in the training; those that were not in it.
for part in train test; do
  ranks 1 predict -o predict.model=cnn3d/model.h5 -o output=part -o data.file=d.h5 -o predict.split=$part
  expect 0 "predict.split $part"
  grep ",$part," cnn3d/predictions.csv >wanted
  tail -n +2 part/predict/predictions.csv | cut -d, -f1-4 >found
  cut -d, -f1-4 wanted | cmp - found || fail "predict.split $part: other samples"
done
"$make_dataset" new.h5 20 20 first=30 unknown=15
ranks 3 predict -o predict.model=cnn3d/model.h5 -o output=new new.h5 -o predict.split=none
expect 0 "samples that were not in the training" "none  8 samples" "9 predictions"
[ "$(grep -c ',none,' new/predict/predictions.csv)" -eq 9 ] || fail "new samples are not marked"
ranks 1 predict -o output=cnn3d -o predict.split=none d.h5
expect 3 "no sample chosen" "predict.split is none"

# Samples by name.
printf 'id,formula\ns-0033,\ns-0004,\nelsewhere,\n' >ids.csv
ranks 2 predict -o predict.model=cnn3d/model.h5 -o output=ids d.h5 -o predict.ids=ids.csv
expect 0 "predict.ids" "2 predictions"
grep -E '^s-00(04|33),' cnn3d/predictions.csv >wanted
tail -n +2 ids/predict/predictions.csv | cmp - wanted || fail "predict.ids: other samples or predictions"
printf 'id\nelsewhere\n' >ids.csv
ranks 3 predict -o predict.model=cnn3d/model.h5 -o output=ids d.h5 -o predict.ids=ids.csv
expect 3 "ids that are not there" "d.h5: of the 1 materials in ids.csv none is there"
once "in ids.csv"
printf 'name\ns-0004\n' >ids.csv
ranks 1 predict -o predict.model=cnn3d/model.h5 -o output=ids d.h5 -o predict.ids=ids.csv
expect 3 "a file without ids" "ids.csv:1: expected a column id"
ranks 2 predict -o predict.model=cnn3d/model.h5 -o output=ids d.h5 -o predict.ids=nowhere.csv
expect 3 "no file of ids" "predict.ids: nowhere.csv"

# Volumes prepared otherwise.
for what in code=gpaw cell=as_given field=elf method=tricubic; do
  "$make_dataset" other.h5 5 20 $what
  ranks 3 predict -o output=cnn2d other.h5
  expect 3 "$what" "prepared differently" "${what#*=} in other.h5" "in cnn2d/model.h5"
  once "prepared differently"
done
"$make_dataset" other.h5 5 24
ranks 1 predict -o output=cnn2d other.h5
expect 3 "another grid" "grid: 24 in other.h5, 20 in cnn2d/model.h5"
"$make_dataset" nan.h5 20 20 nan=18
ranks 1 predict -o output=cnn2d nan.h5
expect 3 "a volume with NaN" "'s-0018' holds values that are not finite"
once s-0018

# Files that are not what they should be.
ranks 1 predict -o predict.model=nowhere.h5 d.h5
expect 3 "a missing model" "predict.model: nowhere.h5: cannot open"
ranks 1 predict -o output=cnn2d nowhere.h5
expect 3 "a missing dataset" "nowhere.h5: cannot open"
ranks 1 predict -o predict.model=d.h5 d.h5
expect 3 "a dataset for a model" "expected an HDF5 file of schema ecdnet-model, found ecdnet-dataset"
ranks 1 predict -o output=cnn2d cnn2d/model.h5
expect 3 "a model for a dataset" "expected an HDF5 file of schema ecdnet-dataset, found ecdnet-model"
ranks 1 predict -o output=/proc/none -o predict.model=cnn2d/model.h5 d.h5
expect 1 "an output that cannot be made" "cannot make folder /proc/none"
ranks 1 predict -o predict.split=some d.h5
expect 2 "an unknown part" "predict.split" "all, train, test, none"
[ "$failed" -eq 0 ]
