# shellcheck shell=sh # sourced, after common.sh, by the scripts that stop a training
. "$top_srcdir/tests/mpi.sh"

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

# stop SIGNAL TO FOLDER RANKS ARGUMENT...: a run, in the middle of which (or of its part in FOLDER/$part) the ranks or
# mpirun get the signal; its exit
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
    in_the_middle "$folder${part:+/$part}"
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
