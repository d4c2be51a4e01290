#!/bin/sh
# The DFT chain with the commands of PBS and LSF: programs in the place of qsub and bsub take the options as these systems do,
# run a job at once if what it depends on allows it, and drop it otherwise.
set -u
. "$top_srcdir/tests/dft/chain.sh"
mkdir "$work/in" "$work/bin" "$work/jobs"
for element in Al Ni; do
  structure $element "$work/in/$element.vasp"
done
export PATH="$work/bin:$PATH" FAKE_JOBS="$work/jobs"

# run_job OK ENDED SCRIPT: numbers that must have succeeded, that must have ended; says the number of the job
cat >"$work/bin/run_job" <<'END'
#!/bin/sh
number=$(($(ls "$FAKE_JOBS" | wc -l) + 1))
code=0
for before in $1; do
  [ "$(cat "$FAKE_JOBS/$before")" -eq 0 ] || code=271
done
for before in $2; do
  [ -e "$FAKE_JOBS/$before" ] || exit 9
done
[ $code -ne 0 ] || sh "$3" >/dev/null 2>&1 || code=1
echo $code >"$FAKE_JOBS/$number"
echo $number
END
cat >"$work/bin/qsub" <<'END'
#!/bin/sh
ok= ended=
if [ "$1" = -W ]; then
  for part in $(echo "${2#depend=}" | tr , ' '); do
    case $part in
    afterok:*) ok=$(echo "${part#*:}" | tr : ' ') ;;
    afterany:*) ended=$(echo "${part#*:}" | tr : ' ') ;;
    *) echo "qsub: illegal -W value" >&2; exit 1 ;;
    esac
  done
  shift 2
fi
[ $# -eq 1 ] && grep -q '^#PBS -N' "$1" || exit 1
number=$(run_job "$(echo "$ok" | sed 's/\.server//g')" "$(echo "$ended" | sed 's/\.server//g')" "$1") || exit 1
echo "$number.server"
END
cat >"$work/bin/bsub" <<'END'
#!/bin/sh
ok= ended=
if [ "${1-}" = -ti ]; then
  [ "$2" = -w ] || exit 1
  ok=$(echo "$3" | grep -o 'done([0-9]*)' | tr -cd '0-9\n' | tr '\n' ' ')
  ended=$(echo "$3" | grep -o 'ended([0-9]*)' | tr -cd '0-9\n' | tr '\n' ' ')
fi
cat >"$FAKE_JOBS.script"
grep -q '^#BSUB -J' "$FAKE_JOBS.script" || exit 1
cp "$FAKE_JOBS.script" "$FAKE_JOBS.$$"
number=$(run_job "$ok" "$ended" "$FAKE_JOBS.$$") || exit 1
echo "Job <$number> is submitted to default queue <normal>."
END
printf '#!/bin/sh\n' >"$work/bin/qselect"
printf '#!/bin/sh\necho "No unfinished job found" >&2\nexit 255\n' >"$work/bin/bjobs"
chmod +x "$work"/bin/*

for system in pbs lsf; do
  rm -f "$work/jobs"/*
  printf 'Ni/static\n' >"$work/fail"
  expect 0 toy_run "$work/$system" --structures "$work/in" --scheduler $system -o toy.fail="$work/fail" \
    -o 'batch.options=-q short'
  says "Ni elastic: job 6"
  [ "$(cat "$work/jobs"/[1-6] | tr '\n' ' ')" = "0 0 0 0 1 271 " ] || fail "$(tail -n 1 "$work/jobs"/*)"
  expect 0 chain status "$work/$system"
  says "2 materials: 1 labelled, 1 failed"
  rm "$work/fail"
  expect 0 chain run "$work/$system"
  silent "Al"
  expect 0 chain status "$work/$system"
  says "2 materials: 2 labelled"
done
grep -q '^#PBS -q short$' "$work/pbs/jobs/Al-relax.sh" && grep -q '^#BSUB -q short$' "$work/lsf/jobs/Al-relax.sh" ||
  fail "options of the jobs"

# A batch system that refuses, or is not there.
printf '#!/bin/sh\necho "qsub: Unknown queue" >&2\nexit 170\n' >"$work/bin/qsub"
structure Cu "$work/in/Cu.vasp"
expect 1 toy_run "$work/pbs" --structures "$work/in"
says "exit code 170, no job: qsub: Unknown queue"
rm "$work/bin/qselect"
expect 1 chain run "$work/pbs"
says "qselect"
says "not known which jobs still run"
