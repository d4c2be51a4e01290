#!/bin/sh
# The DFT chain on a Slurm of its own: a job for each stage, dependent on the one before; a failure ends the jobs that depend
# on it and no others; the last job collects after all have ended.
set -u
. "$top_srcdir/tests/dft/chain.sh"
[ -e "$top_srcdir/tests/jobs/slurm.sh" ] || { echo "skipped: no tests/jobs/slurm.sh"; exit 77; }
. "$top_srcdir/tests/jobs/slurm.sh"
trap 'slurm_stop; rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP
slurm_start 1 4 || exit $?

mkdir "$work/in"
for element in Al Cu Ni; do
  structure $element "$work/in/$element.vasp"
done
printf 'Ni/static\n' >"$work/fail"
# job NAME: the number of the job that chain run has said it submitted
job() { sed -n "s/.*$1: job \([0-9]*\).*/\1/p" "$work/log"; }
wait_all() {
  slurm_wait "$1" 180 >"$work/waited" || { cat "$work/waited"; fail "the last job is $slurm_state"; }
}

expect 0 toy_run "$work/w" --structures "$work/in" --scheduler slurm -o toy.fail="$work/fail" -o toy.sleep=0.5 \
  -o 'batch.options=--time=5' -o 'batch.static=--comment=charge; --nice=0' -o 'batch.setup=SET_UP=yes; export SET_UP'
relax=$(job "Ni relax") static=$(job "Ni static") elastic=$(job "Ni elastic") last=$(job "collect and prep")
[ -n "$relax" ] && [ -n "$static" ] && [ -n "$elastic" ] && [ -n "$last" ] || fail "no numbers of jobs"
says "Ni static: job $static after $relax"
slurm_show "$static" Dependency | grep -q "afterok:$relax" || [ "$(slurm_show "$relax" JobState)" = COMPLETED ] ||
  fail "job $static does not depend on $relax: $(slurm_show "$static" Dependency)"
grep -q '^#SBATCH --nice=0$' "$work/w/jobs/Ni-static.sh" && grep -qx 'export SET_UP' "$work/w/jobs/Ni-static.sh" ||
  fail "options of the jobs"
expect 0 chain status "$work/w"
grep -qE '(queued|running)' "$work/log" || fail "nothing is queued"
says "job $last"
# What waits or runs is not submitted twice.
expect 0 chain run "$work/w"
says "nothing to submit"
wait_all "$last"
case $(slurm_show "$elastic" JobState) in CANCELLED*) ;; *) fail "the job after the failure: $(slurm_show "$elastic" JobState)" ;; esac
[ "$(slurm_show "$static" JobState)" = FAILED ] || fail "the job that failed: $(slurm_show "$static" JobState)"
expect 0 chain status "$work/w"
grep -qE '^Ni +Ni +done +failed +- .*told to fail$' "$work/log" || fail "the row of Ni"
says "3 materials: 2 labelled, 1 failed"
says "density/dataset.h5"

# Only what failed is submitted; the dataset grows.
rm "$work/fail"
expect 0 chain run "$work/w"
silent "Al"
says "Ni static: job"
wait_all "$(job "collect and prep")"
expect 0 chain status "$work/w"
says "3 materials: 3 labelled"
expect 0 chain run "$work/w"
says "up to date, 3 materials"

# A job that is cancelled: its material is interrupted, and goes on when run again.
structure Ag "$work/in/Ag.vasp"
expect 0 toy_run "$work/w" --structures "$work/in" -o toy.sleep=20
relax=$(job "Ag relax") last=$(job "collect and prep")
slurm_running "$relax" || fail "the job does not start"
tries=100
until [ -e "$work/w/materials/Ag/relax/01" ] || [ $tries -eq 0 ]; do
  sleep 0.1
  tries=$((tries - 1))
done
scancel "$relax"
wait_all "$last"
expect 0 chain status "$work/w"
grep -qE '^Ag +Ag +interrupted' "$work/log" || fail "the row of Ag"
expect 0 chain run "$work/w" -o toy.sleep=0
wait_all "$(job "collect and prep")"
expect 0 chain status "$work/w"
says "4 materials: 4 labelled"
[ -e "$work/w/materials/Ag/relax/02/result.json" ] || fail "no second attempt"
