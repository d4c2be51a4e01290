#!/bin/sh
# A run that is killed, or stopped by a signal, and goes on ends bitwise as one that was left alone.
. "$top_srcdir/tests/train/common.sh"
. "$top_srcdir/tests/train/stop.sh"
compare() { "$PYTHON" "$top_srcdir/tests/train/compare.py" "$@" || fail "compare $*"; }
"$make_dataset" d.h5 41 20 || fail "no dataset"
epochs=40
# finish FOLDER RANKS ARGUMENT...: goes on with --resume; must be like the run in $reference.
finish() {
  folder=$1 number=$2
  shift 2
  ranks "$number" train "$@" -o output="$folder" --resume
  expect 0 "resuming $folder" "resumed $folder/checkpoint-last.h5" "epoch $epochs/$epochs"
  compare same "$reference" "$folder"
}

# SIGKILL to the ranks of a cnn3d, SIGTERM to those of a cnn2d.
for net in cnn2d cnn3d; do
  reference=$net-whole
  set -- $net.yaml -o train.epochs=$epochs -o train.batch=4
  ranks 2 train "$@" -o output=$reference
  expect 0 "$net, left alone"
  if [ $net = cnn3d ]; then
    stop KILL ranks stopped 2 train "$@"
    [ $code -ne 0 ] || fail "$net: killed, yet exit code 0"
  else
    stop TERM ranks stopped 2 train "$@"
    expect 75 "$net: SIGTERM to the ranks" "stopped by a signal in epoch" "go on with --resume"
  fi
  finish stopped 2 "$@"
done

# SIGUSR1 to mpirun, in a run with few checkpoints of its own.
reference=cnn2d-three
set -- cnn2d.yaml -o train.epochs=$epochs -o train.batch=4 -o train.checkpoint_share=0
ranks 3 train "$@" -o output=$reference
stop USR1 mpirun usr1 3 train "$@"
expect 75 "SIGUSR1 to mpirun" "stopped by a signal in epoch"
cp -r usr1 other
finish usr1 3 "$@"

# Resuming with another deck, dataset or file is refused, and changes nothing.
cp other/checkpoint-last.h5 before.h5
for change in train.lr=0.1 train.batch=5 seed=2 model.cnn2d.squeeze=7 data.target=shear train.optimizer=sgd; do
  ranks 1 train "$@" -o output=other -o $change --resume
  expect 2 "resuming with $change" "the checkpoint of another run" "differs"
done
"$make_dataset" d2.h5 41 20 first=1
ranks 1 train "$@" -o output=other -o data.file=d2.h5 --resume
expect 2 "resuming with another dataset" "the samples of the dataset differs"
"$make_dataset" d3.h5 41 20 method=tricubic
ranks 2 train "$@" -o output=other -o data.file=d3.h5 --resume
expect 2 "resuming with volumes prepared otherwise" "how the volumes were prepared"
once differs
cp usr1/model.h5 other/checkpoint-last.h5
ranks 1 train "$@" -o output=other --resume
expect 3 "resuming from a model" "a model without training state"
head -c 10000 before.h5 >other/checkpoint-last.h5
ranks 3 train "$@" -o output=other --resume
expect 3 "resuming from a truncated checkpoint" "other/checkpoint-last.h5"
once checkpoint-last.h5

# A finished run resumed has nothing to do; with more epochs it goes on.
ranks 3 train "$@" -o output=usr1 --resume
expect 0 "resuming a finished run" "held out:"
compare same $reference usr1
ranks 3 train "$@" -o output=usr1 -o train.epochs=$((epochs + 2)) --resume
expect 0 "more epochs" "epoch $((epochs + 2))/$((epochs + 2))"
[ "$(wc -l <usr1/train.jsonl)" -eq $((epochs + 2)) ] || fail "train.jsonl does not have a line for each epoch"
ranks 1 train cnn2d.yaml -o output=new --resume
expect 0 "--resume without a checkpoint" "no checkpoint in new: starting from the beginning"
[ "$failed" -eq 0 ]
