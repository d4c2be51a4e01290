# shellcheck shell=sh disable=SC2034 # what it sets is read by the scripts that source it
# Sourced by the shell tests that stop MPI runs.

# reap PID: waits for the mpirun of a run that a signal ended; its exit code in $code. The mpirun of Open MPI 4 can lock
# up inside PMIx when its ranks die at a bad moment: after 20 s it is killed, and $locked_up says yes.
reap() {
  (
    trap - EXIT # not this process's to clean up
    i=0
    while kill -0 "$1" 2>/dev/null; do
      i=$((i + 1))
      [ $i -lt 200 ] || { kill -9 "$1"; exit 3; }
      sleep 0.1
    done
    exit 0
  ) &
  watchdog=$!
  code=0
  wait "$1" || code=$?
  locked_up=no
  wait "$watchdog" || locked_up=yes
}
