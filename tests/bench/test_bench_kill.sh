#!/bin/sh
# A benchmark that is killed at random moments, or stopped by a signal, ends with the tables of one that was left alone.
. "$top_srcdir/tests/train/common.sh"
. "$top_srcdir/tests/mpi.sh"
"$make_dataset" d.h5 31 20 formulas=salts || fail "no dataset"
cat >bench.yaml <<END
output: whole
data: {file: d.h5}
bench:
  models: [rf, magpie_cnn.yaml, cnn2d.yaml, fusion.yaml]
  targets: [bulk]
  folds: 3
  ranks_per_run: 1
  epochs_scale: 8
END
random() { od -An -N2 -tu2 /dev/urandom | tr -d ' '; }
done_pieces() { find "$1/pieces" -name piece.json 2>/dev/null | wc -l; }

# start FOLDER ARGUMENT...: in the background on 2 ranks, each of which leaves its process id as a file's name.
start() {
  folder=$1
  shift
  rm -rf pids
  mkdir pids
  $MPIEXEC -n 2 sh -c 'touch pids/$$; exec "$@"' sh "$ECDNET" bench bench.yaml -o output="$folder" "$@" >log 2>&1 &
  job=$!
}

# goes_on RANKS FOLDER WHAT ARGUMENT...: to the end, where pieces are left; a random moment may come after the last.
goes_on() {
  number=$1 folder=$2 what=$3
  shift 3
  last="[12/12]"
  [ "$(done_pieces "$folder")" -lt 12 ] || last="farm: 0 of 12 pieces to do"
  ranks "$number" bench bench.yaml -o output="$folder" "$@"
  expect 0 "$what" "$last" "of 12 pieces to do" "tables: $folder/tables/bench.md"
}

# in_the_middle FOLDER LEAST: until so many pieces are done, and a random moment more.
in_the_middle() {
  tries=0
  until [ "$(done_pieces "$1")" -ge "$2" ]; do
    tries=$((tries + 1))
    [ $tries -lt 3000 ] || { fail "$1: not $2 pieces after 30 s"; cat log; return; }
    sleep 0.01
  done
  sleep "0.$(printf %03d $(($(random) % 400)))"
}

to_ranks() { for pid in pids/*; do kill "-$1" "${pid#pids/}" 2>/dev/null; done; }

ranks 2 bench bench.yaml
expect 0 "left alone" "[12/12]"

before=0
for kill in 1 2 3; do
  start killed
  in_the_middle killed $((before + 1))
  to_ranks KILL
  reap $job
  [ $code -ne 0 ] || echo "kill $kill came too late"
  now=$(done_pieces killed)
  [ "$now" -ge $((before + 1)) ] || fail "pieces were lost: $now, $before before"
  before=$now
  [ "$before" -lt 9 ] || break
done
goes_on 2 killed "going on after SIGKILL"
for file in bench.md bench.tex bench.csv; do
  cmp whole/tables/$file killed/tables/$file || fail "after SIGKILL: another $file"
done
[ "$(find killed -name 'model.h5' -o -name 'checkpoint*' | wc -l)" -eq 0 ] || fail "models or checkpoints are left"

# One rank gets the signal: the other stops too. Two ranks a training: the other rank of the group.
for size in 1 2; do
  for try in 1 2 3; do
    rm -rf "stopped$size"
    start "stopped$size" -o bench.ranks_per_run=$size
    in_the_middle "stopped$size" 1
    kill -TERM "$(ls pids | tail -n 1)" 2>/dev/null
    reap $job
    [ "$(done_pieces "stopped$size")" -eq 12 ] || [ "$locked_up" = yes ] || break
    echo "try $try: the signal came too late, or mpirun locked up"
  done
  expect 75 "SIGTERM to a rank, $size a training" "stopped by a signal: " "run the same again to go on"
  once "stopped by a signal: "
done
start stopped1
in_the_middle stopped1 $(($(done_pieces stopped1) + 1))
kill -USR1 $job
reap $job
[ $code -eq 75 ] || [ "$(done_pieces stopped1)" -eq 12 ] || { fail "SIGUSR1 to mpirun: exit code $code"; cat log; }
goes_on 3 stopped1 "going on after signals"
cmp whole/tables/bench.csv stopped1/tables/bench.csv || fail "after signals: other tables"
goes_on 2 stopped2 "going on with two ranks a training" -o bench.ranks_per_run=2
[ "$failed" -eq 0 ]
