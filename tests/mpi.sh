# shellcheck shell=sh disable=SC2034 # what it sets is read by the scripts that source it
# Sourced by the shell tests that stop MPI runs.

# reap PID: waits for the mpirun of a run that a signal ended; its exit code in $code. The mpirun of Open MPI 4 can lock
# up inside PMIx when its ranks die at a bad moment: after 20 s it is killed, and $locked_up says yes.
reap() {
  (
    i=0
    while [ $i -lt 200 ]; do
      sleep 0.1
      kill -0 "$1" 2>/dev/null || exit 0
      i=$((i + 1))
    done
    kill -9 "$1"
  ) &
  watchdog=$!
  code=0
  wait "$1" || code=$?
  locked_up=yes
  if kill "$watchdog" 2>/dev/null; then locked_up=no; fi
  wait "$watchdog" 2>/dev/null || true
}
