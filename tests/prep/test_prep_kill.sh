#!/bin/sh
# SIGKILL at any moment costs no finished volume and leaves no unreadable file; the next calls finish the work.
set -u
. "$top_srcdir/tests/prep/lib.sh"
. "$top_srcdir/tests/mpi.sh"
files "$work/in" 24 20 24 || exit 1
expect 0 prep 1 "$work/whole" -o prep.grid=40
seed=${ECD_TEST_SEED:-$$}
kills=0 round=0 kept=0
while :; do
  round=$((round + 1))
  seed=$(((seed * 1103515245 + 12345) % 2147483648))
  wait_ms=$((400 + seed / 65536 % 600))
  ranks=$((1 + round % 2))
  $MPIEXEC -n $ranks "$ECDNET" prep -o prep.files="$work/in/{id}.CHGCAR" -o prep.code=test -o prep.grid=40 \
    -o prep.labels="$work/in/labels.csv" -o output="$work/killed" >"$work/log" 2>&1 &
  mpi=$!
  sleep "$(printf '0.%03d' $wait_ms)"
  ours=$(ps -e -o pid= -o args= | awk -v out="output=$work/killed" '$0 ~ "ecdnet" && index($0, out) && !/mpirun|mpiexec|awk/ {print $1}')
  [ -z "$ours" ] || kill -9 $ours 2>/dev/null
  reap $mpi
  if [ -e "$work/killed/dataset.h5" ]; then
    "$ECDNET" info "$work/killed/dataset.h5" >"$work/info" || fail "an unreadable dataset after SIGKILL"
  fi
  parts=$(find "$work/killed/dataset.parts" -name '*.part' 2>/dev/null | wc -l)
  [ -e "$work/killed/dataset.h5" ] || [ "$parts" -ge "$kept" ] || fail "finished volumes were lost"
  kept=$parts
  [ $code -eq 0 ] && break
  kills=$((kills + 1))
  if [ $round -ge 8 ]; then
    expect 0 prep 2 "$work/killed" -o prep.grid=40
    break
  fi
done
expect 0 prep 2 "$work/killed" -o prep.grid=40
says "nothing to do"
same "$work/whole/dataset.h5" "$work/killed/dataset.h5"
[ ! -e "$work/killed/dataset.parts" ] || fail "parts are left"

# What changed since is done again, the rest is not; a damaged part is done again.
sed -i '20s/.*/1 2 nan 4 5/' "$work/in/m001.CHGCAR"
expect 3 prep 2 "$work/again" -o prep.grid=40
part=$(ls "$work/again/dataset.parts" | head -n 1)
printf 'damage' | dd of="$work/again/dataset.parts/$part" bs=1 seek=5000 conv=notrunc 2>/dev/null
files "$work/new" 2 20 24
cp "$work/new/m001.CHGCAR" "$work/in/m001.CHGCAR"
expect 0 prep 1 "$work/again" -o prep.grid=40
says "22 volumes are there from an earlier call"
says "2 volumes of 40^3"
same "$work/whole/dataset.h5" "$work/again/dataset.h5"
# Two calls at once for one output: the second is refused.
mkdir -p "$work/busy/dataset.parts"
holding() {
  "$PYTHON" - "$work/busy/dataset.parts/lock" "$@" <<'PY'
import fcntl, subprocess, sys
with open(sys.argv[1], "w") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    sys.exit(subprocess.call(sys.argv[2:], stdout=open(sys.argv[1] + ".log", "w"), stderr=subprocess.STDOUT))
PY
}
expect 1 holding "$ECDNET" prep -o prep.files="$work/in" -o prep.unlabelled=true -o output="$work/busy"
cp "$work/busy/dataset.parts/lock.log" "$work/log"
says "another ecdnet prep is working in $work/busy/dataset.parts"
expect 0 prep 1 "$work/busy" -o prep.grid=40
echo "killed $kills times in $round rounds"
