#!/bin/sh
# The batch scripts of jobs/slurm under a Slurm of our own: launch by srun and mpirun, on one node and on two, chains,
# arrays, the study, the warning before the walltime, requeue and continuation, cancelling. The nodes are this machine.
. "$top_srcdir/tests/train/common.sh"
. "$top_srcdir/tests/jobs/slurm.sh"
trap 'slurm_stop; rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP
compare() { "$PYTHON" "$top_srcdir/tests/train/compare.py" same "$@" || fail "compare $*"; }
unset launcher threads max_requeues grace OPTIONS SUBMIT LAUNCHER REPORT
ECDNET_JOBS=$(cd "$top_srcdir" && pwd)/jobs ecdnet=$ECDNET
templates=$ECDNET_JOBS/slurm
# The ranks share processors with those of other jobs here, and both nodes the shared memory of one machine.
OMPI_MCA_mpi_yield_when_idle=1
export ECDNET_JOBS ecdnet OMPI_MCA_mpi_yield_when_idle
mkdir bin
ln -s "$(command -v "${MPIEXEC%% *}")" bin/mpirun
PATH=$work/bin:$PATH
slurm_start 2 3 || exit $?
# wait_for JOB WHAT SECONDS: it must complete.
wait_for() {
  slurm_wait "$1" "$3" && return
  fail "$2: job $1: $slurm_state"
  cat ./*-"$1".log 2>/dev/null
  exit 1
}
log_says() { grep -qF -- "$2" "$1" || { fail "$1 lacks '$2'"; cat "$1"; }; }
epochs() { cat "$1/train.jsonl" 2>/dev/null | wc -l; }

"$make_dataset" d.h5 41 20 >/dev/null 2>&1 || fail "no dataset"
set -- cnn2d.yaml -o train.epochs=80 -o train.batch=4

# What the walltime ends: a training without end, whose warning comes from Slurm itself (it looks every 30 s or so).
cat >idle <<END
#!/bin/sh
exec nice -n 19 "$ECDNET" "\$@"
END
chmod +x idle
ecdnet=$work/idle slurm_submit --ntasks=1 --cpus-per-task=1 --time=1 --signal=B:USR1@30 "$templates/train.sh" cnn2d.yaml \
  -o train.epochs=1000000 -o output=endless || fail "not submitted"
endless=$slurm_job

# A program that is never done goes back max_requeues times.
printf '#!/bin/sh\nexit 75\n' >never
chmod +x never
max_requeues=1 ecdnet=$work/never slurm_submit --nodes=1 --ntasks-per-node=1 --cpus-per-task=1 \
  "$templates/bench.sh" || fail "not submitted"
never=$slurm_job

# The study, by a program that only notes what it is to do: a training fails, a benchmark goes back into the queue.
mkdir study
ln -s "$(cd "$top_srcdir" && pwd)/input" study/input
cat >study/noting <<'END'
#!/bin/sh
echo "$*" >>calls
case $* in train*) exit 1 ;; *table2.yaml*) [ -e back ] || { : >back && exit 75; } ;; esac
END
printf '#!/bin/sh\necho "$*" >>calls\n' >study/python
chmod +x study/noting study/python
(cd study && ecdnet=$work/study/noting PYTHON=$work/study/python ECDNET=$ECDNET \
  SUBMIT='--nodes=1 --ntasks=1 --ntasks-per-node=1 --cpus-per-task=1' "$ECDNET_JOBS/study.sh" slurm >log 2>&1) ||
  { fail "study.sh"; cat study/log; }

# Uninterrupted, launched by mpirun (more ranks than cores cannot be bound).
mpirun=mpirun
[ "$(nproc)" -ge 2 ] || mpirun='mpirun -n 2 --oversubscribe'
LAUNCHER=$mpirun slurm_submit --ntasks=2 --cpus-per-task=1 "$templates/train.sh" "$@" -o output=whole || fail "not submitted"
wait_for "$slurm_job" "mpirun" 60
log_says "ecdnet-train-$slurm_job.log" "2 ranks x 1 threads"

# Stopped in the middle, requeued, gone on; the report of it waits until it is done.
for try in 1 2 3; do
  rm -rf stopped
  slurm_submit --ntasks=2 --cpus-per-task=1 "$templates/train.sh" "$@" -o output=stopped || fail "not submitted"
  job=$slurm_job
  slurm_submit --dependency="afterok:$job" "$templates/report.sh" stopped -o report.html
  report=$slurm_job
  slurm_running "$job" || fail "stopped: does not run"
  until [ "$(epochs stopped)" -ge 3 ] || [ "$(slurm_show "$job" JobState)" != RUNNING ]; do sleep 0.02; done
  scancel --batch --signal=USR1 "$job" || fail "scancel"
  wait_for "$job" "srun, requeued" 90
  [ "$(slurm_show "$job" Restarts)" -eq 0 ] || break
  [ $try -lt 3 ] || fail "the training ended before the signal, three times"
done
log_says "ecdnet-train-$job.log" "go on with --resume"
log_says "ecdnet-train-$job.log" "resumed stopped/checkpoint-last.h5"
log_says "ecdnet-train-$job.log" "requeued 1 times"
compare whole stopped
echo "requeued and gone on: job $job"
wait_for "$report" "the report, afterok" 60
grep -q stopped report.html || fail "no report of the run"

# A chain, an array (each task another seed, on one rank), and two nodes with both launchers.
OPTIONS='-o output=chain -o train.epochs=3' SUBMIT='--ntasks=1 --cpus-per-task=1' ECDNET=$ECDNET \
  "$ECDNET_JOBS/submit.sh" slurm cnn2d.yaml train report >chain.log 2>&1 || { fail "submit.sh"; cat chain.log; }
chain=$(sed -n 's/^report: job \([0-9]*\) after [0-9]*$/\1/p' chain.log)
slurm_submit --array=0-1 --ntasks=1 --cpus-per-task=1 "$templates/train_array.sh" seed cnn2d.yaml array -o data.file=d.h5 \
  -o train.epochs=3 || fail "not submitted"
array=$slurm_job
export OMPI_MCA_btl=self,tcp # two nodes, but one machine's shared memory: not to be used between them
"$PYTHON" "$top_srcdir/tests/prep/make_files.py" in 6
slurm_submit --nodes=2 --ntasks-per-node=1 --ntasks=2 "$templates/prep.sh" -o prep.files='in/{id}.CHGCAR' \
  -o prep.labels=in/labels.csv -o prep.code=test -o prep.grid=16 -o output=prepared || fail "not submitted"
wait_for "$slurm_job" "prep on two nodes" 60
log_says "ecdnet-prep-$slurm_job.log" "prepared/dataset.h5: 6 samples"
for launcher in srun "$mpirun"; do
  LAUNCHER=$launcher slurm_submit --nodes=2 --ntasks-per-node=1 --cpus-per-task=1 "$templates/train_nodes.sh" "$@" \
    -o output="nodes-${launcher%% *}" || fail "not submitted"
  wait_for "$slurm_job" "two nodes, $launcher" 90
  log_says "ecdnet-train-$slurm_job.log" "2 ranks x 1 threads on n[1-2]"
  compare whole "nodes-${launcher%% *}"
done
unset OMPI_MCA_btl
wait_for "$array" "array" 60
for seed in 0 1; do
  grep -q "^seed: $seed" array/seed-$seed/deck.yaml || fail "array: no seed $seed"
  [ "$(epochs array/seed-$seed)" -eq 3 ] || fail "array: seed $seed is not trained"
done
wait_for "${chain:-0}" "chain" 60
[ -s chain/report.html ] || fail "chain: no report"

# The report of the study waits for what goes back into the queue, and not for what follows a failure.
study=$(sed -n 's/^report: job \([0-9]*\) after.*/\1/p' study/log)
if ! slurm_wait "${study:-0}" 60; then
  fail "study: the report: $slurm_state"
  cat study/*.log
fi
state=$(slurm_show "$(sed -n 's/^fig5maps: job \([0-9]*\) .*/\1/p' study/log)" JobState)
[ "$state" = CANCELLED ] || fail "study: fig5maps: $state"
[ "$(grep -c table2.yaml study/calls) $(wc -l <study/calls)" = "2 10" ] || { fail "study"; cat study/calls; }
case $(tail -n 1 study/calls) in *"report.py runs/quickstart/dataset.h5 runs/table2 "*) ;; *) fail "study: no report" ;; esac

if slurm_wait "$never" 60; then fail "a program that is never done completes"; fi
[ "$slurm_state $(slurm_show "$never" Restarts)" = "FAILED 1" ] || fail "never done: $slurm_state"
log_says "ecdnet-bench-$never.log" "not put into the queue again: max_requeues=1"

# The training without end has been warned by Slurm, and goes on; cancelled, it stays away.
tries=0
until grep -q "resumed endless/" "ecdnet-train-$endless.log" || [ $tries -gt 300 ]; do
  tries=$((tries + 1))
  sleep 0.2
done
log_says "ecdnet-train-$endless.log" "warned: the walltime is near"
log_says "ecdnet-train-$endless.log" "resumed endless/"
scancel "$endless"
if slurm_wait "$endless" 60; then fail "cancelled, but completed"; fi
[ "$slurm_state" = CANCELLED ] || fail "cancelled, but $slurm_state"
[ "$failed" -eq 0 ]
