#!/bin/sh
# The command line as a user meets it: help, version, decks, what is refused and with which exit code.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
fail() {
  echo "FAILED: $*"
  failed=$((failed + 1))
}

# run CODE TEXT ARGUMENT...: the exit code, and what standard output and error together must hold.
run() {
  wanted=$1 text=$2
  shift 2
  code=0
  "$ECDNET" "$@" >log 2>&1 || code=$?
  [ "$code" -eq "$wanted" ] || { fail "ecdnet $*: exit code $code, expected $wanted"; cat log; }
  grep -qF -- "$text" log || { fail "ecdnet $*: the output lacks '$text'"; cat log; }
}

run 2 "expected a command"
run 0 "usage: [mpirun -n RANKS] ecdnet COMMAND" --help
run 0 "75 stopped by a signal" help
run 0 "ref, blas" --version
for command in prep merge train bench predict maps embed elastic info magpie deck time; do
  "$ECDNET" help | grep -q "^  $command " || fail "help does not list $command"
  run 0 "usage: ecdnet $command" help $command
  run 0 "usage: ecdnet $command" $command --help
done
run 2 "unknown command 'trian'; did you mean 'train'?" trian
run 2 "unknown command 'hlep'; did you mean 'help'?" hlep
run 2 "unknown command 'predcit'; did you mean 'predict'?" help predcit
run 2 "unknown option '--resum'" train --resum
run 2 "-o: expected key=value after it" train -o
run 2 "-o nonsense: expected key=value" train -o nonsense
run 2 "unknown key 'train.epoch'; did you mean 'train.epochs'?" train -o train.epoch=3
run 2 "train.epochs: expected an integer from 1 to 1000000000, found 'many'" train -o train.epochs=many
run 2 "data.fold: expected 0 to data.folds - 1 = 4, found 5" train -o data.split=fold -o data.fold=5
run 2 "train: expected a deck (.yaml) and -o options, found 'dataset.h5'" train dataset.h5
run 2 "nowhere.yaml: cannot open: No such file" train nowhere.yaml
run 2 "--check belongs to 'deck'" train --check
run 3 "data.file: runs/ecdnet/dataset.h5: cannot open" train
run 3 "predict.model: runs/ecdnet/model.h5: cannot open" predict
run 2 "info: expected a dataset or model file" info
run 3 "nowhere.h5: cannot open: No such file" info nowhere.h5
run 2 "merge: expected OUT.h5 IN.h5" merge one.h5
run 2 "found 'cnn4d'" time cnn4d

# Decks.
cat >bad.yaml <<END
title: a deck with three problems
train:
  epochs: 3
  bacth: 4
model: {kind: cnn4d}
data:
  test_fraction: 2
END
run 2 "bad.yaml:4:3: unknown key 'train.bacth'; did you mean 'train.batch'?" deck --check bad.yaml
run 2 "bad.yaml:5:15: model.kind: expected one of cnn2d, cnn3d, magpie_cnn, fusion, rf, cgcnn, found 'cnn4d'" deck --check bad.yaml
run 2 "bad.yaml:7:18: data.test_fraction: expected a number from 0 to 0.9, found '2'" train bad.yaml
run 2 "deck --check: expected a deck" deck --check
run 2 "deck: expected nothing, or a deck (.yaml), found 'words'" deck words
printf 'data: {split: fold, fold: 7}\n' >fold.yaml
run 2 "fold.yaml: data.fold: expected 0 to data.folds - 1 = 4, found 7" deck --check fold.yaml
printf 'train: {epochs: 7}\n' >good.yaml
run 0 "good.yaml: fine" deck --check good.yaml
run 0 "epochs: 7" deck good.yaml
"$ECDNET" deck good.yaml -o train.batch=5 >effective.yaml || fail "the effective deck"
grep -q '^  batch: 5\b' effective.yaml || fail "-o is not in the effective deck"
"$ECDNET" deck effective.yaml >again.yaml && cmp effective.yaml again.yaml || fail "the effective deck is not stable"
"$ECDNET" deck >keys.yaml || fail "deck"
run 0 "keys.yaml: fine" deck --check keys.yaml
for deck in "$top_srcdir"/input/*.yaml; do run 0 "fine" deck --check "$deck"; done

# Output that does not arrive is no success.
if [ -w /dev/full ]; then
  code=0
  "$ECDNET" deck >/dev/full 2>log || code=$?
  [ $code -eq 1 ] && grep -q "cannot write to standard output: No space" log || { fail "a full disk: $code"; cat log; }
fi

# A rank's error is printed once.
if [ "$MPIEXEC" != no ]; then
  export OMPI_MCA_rmaps_base_oversubscribe=1
  code=0
  $MPIEXEC -n 3 "$ECDNET" train -o train.epoch=3 >log 2>&1 || code=$?
  [ $code -eq 2 ] && [ "$(grep -c "unknown key" log)" -eq 1 ] || { fail "an error on 3 ranks"; cat log; }
fi

# time prints JSON.
"$ECDNET" time cnn2d -o prep.grid=20 -o train.batch=3 -o time.steps=2 -o time.warmup=1 -o model.cnn2d.squeeze=6 \
  -o model.cnn2d.conv1_kernel=2 -o model.cnn2d.dense='[8]' >time.json || fail "time"
case $PYTHON in
no | '') echo "no Python: the JSON of time is not parsed" ;;
*) "$PYTHON" - <<'END' || fail "the JSON of time" ;;
import json
timing = json.load(open("time.json"))
assert timing["model"] == "cnn2d" and timing["batch"] == 3 and timing["parameters"] > 0
assert timing["train"]["samples_per_s"] > 0 and timing["train"]["gflops_executed"] > 0
assert set(timing["train"]["seconds"]) == {"forward", "backward", "reduce", "update"}
assert timing["infer"]["samples_per_s"] > 0
END
esac

# info on a dataset and a model.
make_dataset=$top_builddir/tests/train/make_dataset
case $make_dataset in /*) ;; *) make_dataset=$OLDPWD/$make_dataset ;; esac
"$make_dataset" d.h5 9 8 unknown=2 || fail "make_dataset"
run 0 "d.h5: dataset of 9 samples" info d.h5
grep -q "features  145 Magpie columns, not complete for 1 of the samples, first s-0001" log || { fail "features"; cat log; }
grep -q "bulk *8 known" log || { fail "known targets"; cat log; }
run 0 "held out: 2 samples" train -o data.file=d.h5 -o output=run -o train.epochs=1 -o model.kind=cnn3d \
  -o model.cnn3d.conv1_filters=2 -o model.cnn3d.conv1_kernel=2 -o model.cnn3d.conv2_filters=2 \
  -o model.cnn3d.conv2_kernel=2 -o model.cnn3d.dense='[4]'
run 0 "run/model.h5: model of cnn3d for the bulk modulus" info d.h5 run/model.h5
run 0 "samples   6 for training, 2 held out" info run/model.h5
run 0 "state     epoch 1, 0 steps into it, 1 steps in all" info run/checkpoint-last.h5
run 3 "not an HDF5 file" info run/predictions.csv
[ "$failed" -eq 0 ]
