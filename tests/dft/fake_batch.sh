# shellcheck shell=sh
# Programs in the place of qsub, bsub, qselect and bjobs. They take the options as PBS and LSF do, run a job at once if what it
# depends on allows it, and drop it otherwise. Sourced; wants $work. With a file $FAKE_JOBS.last the last job is said to run yet.
mkdir "$work/bin" "$work/jobs"
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
printf '#!/bin/sh\n[ ! -e "$FAKE_JOBS.last" ] || echo "$(ls "$FAKE_JOBS" | wc -l).server"\n' >"$work/bin/qselect"
printf '#!/bin/sh\necho "No unfinished job found" >&2\nexit 255\n' >"$work/bin/bjobs"
chmod +x "$work"/bin/*
