#!/bin/sh
# A run that is killed, or stopped by a signal, and goes on ends bitwise as one that was left alone.
. "$top_srcdir/tests/train/common.sh"
. "$top_srcdir/tests/mpi.sh"
compare() { "$PYTHON" "$top_srcdir/tests/train/compare.py" "$@" || fail "compare $*"; }
"$make_dataset" d.h5 41 20 || fail "no dataset"
epochs=40
random() { od -An -N2 -tu2 /dev/urandom | tr -d ' '; }

# Waits until the run in folder $1 has written some epochs, and a random moment more.
in_the_middle() {
  least=$((3 + $(random) % 12))
  tries=0
  until [ "$(cat "$1/train.jsonl" 2>/dev/null | wc -l)" -ge "$least" ]; do
    tries=$((tries + 1))
    [ $tries -lt 2000 ] || { fail "$1: no epoch after 20 s"; cat log; return; }
    sleep 0.01
  done
  sleep "0.00$(($(random) % 10))"
}

# stop SIGNAL TO FOLDER RANKS ARGUMENT...: a run, in the middle of which the ranks or mpirun get the signal; its exit
# code in $code. Each rank leaves its process id as a file's name. A run that was faster than the signal is tried again,
# and one whose mpirun locked up, as its exit code is lost.
stop() {
  signal=$1 to=$2 folder=$3 number=$4
  shift 4
  for try in 1 2 3 4 5; do
    rm -rf "$folder" pids
    mkdir pids
    $MPIEXEC -n "$number" sh -c 'touch pids/$$; exec "$@"' sh "$ECDNET" "$@" -o output="$folder" >log 2>&1 &
    job=$!
    in_the_middle "$folder"
    if [ "$to" = ranks ]; then
      for pid in pids/*; do kill "-$signal" "${pid#pids/}" 2>/dev/null; done
    else
      kill "-$signal" $job
    fi
    reap $job
    if [ ! -f "$folder/model.h5" ] && { [ "$locked_up" = no ] || [ "$signal" = KILL ]; }; then return; fi
  done
  fail "$folder: the run ended before the signal, or its mpirun locked up, $try times"
}

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
