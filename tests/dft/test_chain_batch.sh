#!/bin/sh
# The DFT chain with the commands of PBS and LSF: programs in the place of qsub and bsub take the options as these systems do,
# run a job at once if what it depends on allows it, and drop it otherwise.
set -u
. "$top_srcdir/tests/dft/chain.sh"
. "$top_srcdir/tests/dft/fake_batch.sh"
mkdir "$work/in"
for element in Al Ni; do
  structure $element "$work/in/$element.vasp"
done

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

# What waiting jobs compute does not change; their other settings may.
cp "$work/pbs/chain.ini" "$work/before.ini"
: >"$work/jobs.last"
printf '[{"job": "%s.server", "name": ["Al", "static"]}]\n' "$(find "$work/jobs" -type f | wc -l)" >"$work/pbs/jobs/submitted.json"
for options in -otoy.fmax=0.05 '-otoy.fmax=0.05 --dry-run' '-oelastic.steps=2 --redo'; do
  # shellcheck disable=SC2086 # words
  expect 2 chain run "$work/pbs" $options
  says "1 jobs still wait or run, and these settings change"
  cmp -s "$work/pbs/chain.ini" "$work/before.ini" || fail "$options has changed chain.ini"
done
expect 2 chain retry "$work/pbs" Al
says "Al static runs or waits"
expect 0 chain run "$work/pbs" -o batch.options=
says "nothing to submit"
rm "$work/jobs.last"

# A batch system that refuses, or is not there.
printf '#!/bin/sh\necho "qsub: Unknown queue" >&2\nexit 170\n' >"$work/bin/qsub"
structure Cu "$work/in/Cu.vasp"
expect 1 toy_run "$work/pbs" --structures "$work/in"
says "exit code 170, no job: qsub: Unknown queue"
rm "$work/bin/qselect"
expect 1 chain run "$work/pbs"
says "qselect"
says "not known which jobs still run"
