#!/bin/sh
# The batch scripts of PBS Pro and LSF, which are not to be had here, run with the environment that these systems give
# a job. qsub, qstat, qalter, bsub, mpirun and ecdnet are stand-ins, which note what they are told.
command -v bash >/dev/null 2>&1 || { echo "skipped: no bash here"; exit 77; }
top=$(cd "$top_srcdir" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
fail() {
  echo "FAILED: $*"
  cat log 2>/dev/null
  failed=$((failed + 1))
}
says() { grep -qF -- "$2" "$1" || fail "$1 lacks '$2': $(cat "$1")"; }
unset ECDNET COMMAND DECK OPTIONS RUNS VARY OUTPUT INDEX ECDNET_JOBS ecdnet launcher LAUNCHER RANKS SUBMIT
ln -s "$top/jobs" jobs
ln -s "$top/input" input
mkdir bin home
export PATH="$work/bin:$PATH" FAKE="$work"
mode() { echo "$1" >mode; }
stand_in() { cat >"bin/$1" && chmod +x "bin/$1"; }

for script in "$top"/jobs/*.sh "$top"/jobs/*/*.sh; do
  bash -n "$script" || fail "$script does not parse"
done

# What it does is in the file mode. It watches for SIGUSR1, or is deaf to it.
stand_in ecdnet <<'END'
#!/bin/sh
echo "$* threads=$OMP_NUM_THREADS" >>"$FAKE/calls"
case $(cat "$FAKE/mode") in
works) exit 0 ;;
bad) exit 3 ;;
stop) exit 75 ;;
wait) trap 'sleep 0.3; touch "$FAKE/saved"; exit 75' USR1 && touch "$FAKE/ready" && while :; do sleep 0.05; done ;;
deaf) trap '' USR1 && touch "$FAKE/ready" && exec sleep 30 ;;
esac
END
stand_in mpirun <<'END'
#!/bin/sh
[ "$1" != --version ] || { echo "mpirun (Open MPI) 4.1.4"; exit; }
echo "$*" >"$FAKE/mpirun.log"
while [ "$1" != ecdnet ]; do shift; done
exec "$@"
END
# Variables of -v without a value come from the environment. The job's description: variables, options, the script.
stand_in qsub <<'END'
#!/bin/sh
number=$(($(cat "$FAKE/number" 2>/dev/null || echo 0) + 1))
mkdir "$FAKE/job$number"
cd "$FAKE/job$number" && : >variables && echo "$*" >options
while [ $# -gt 1 ]; do
  case $1 in
  -v) echo "$2" | tr ',' '\n' | while IFS= read -r word; do
      case $word in *=*) echo "$word" ;; *) printenv "$word" >value || exit 1; echo "$word=$(cat value)" ;; esac
    done >variables || { echo "qsub: cannot send environment with the job" >&2; exit 1; } ;;
  -N | -q | -l | -W | -A | -P | -J) ;;
  *) echo "qsub: invalid option $1" >&2 && exit 1 ;;
  esac
  shift 2
done
cp "$FAKE/$1" script 2>/dev/null || cp "$1" script || exit 1
echo $number >"$FAKE/number"
echo "$number.server"
END
# Long values go on in the next line, after a tab. Two jobs wait for the job's success, one for its end.
stand_in qstat <<'END'
#!/bin/sh
printf 'Job Id: %s\n    Job_Name = ecdnet-train\n    Resource_List.place = scatter\n    Resource_List.sel' "$2"
printf 'ect = 2:ncpus=8:\n\tmpiprocs=2:ompthreads=4\n    Resource_List.walltime = %s\n' "$(cat "$FAKE/walltime")"
printf '    project = _pbs_project_default\n    Account_Name = steel\n    depend = '
cat "$FAKE/depend-$2" 2>/dev/null || printf 'beforeok:8.server@server:\n\t9.server@server,beforeany:10.server@server\n'
END
stand_in qalter <<'END'
#!/bin/sh
echo "$*" >>"$FAKE/qalter.log"
END

# pbs NUMBER [NAME=VALUE]...: runs the job as PBS does, in the background; in the home folder, with little environment.
pbs() {
  number=$1
  shift
  rm -f ready saved
  printf 'n1\nn1\nn2\nn2\n' >nodes
  (
    while IFS= read -r word; do set -- "$@" "$word"; done <"job$number/variables"
    cd home || exit 1
    exec env -i PATH="$PATH" HOME="$work/home" FAKE="$work" PBS_O_WORKDIR="$work" PBS_O_QUEUE=long OMP_NUM_THREADS=4 \
      PBS_JOBNAME=ecdnet-train PBS_NODEFILE="$work/nodes" PBS_JOBID="$number.server" "$@" bash "../job$number/script"
  ) >log 2>&1 &
  job=$!
}
# lsf SCRIPT [NAME=VALUE]...: the same of LSF, which has the environment of bsub and its folder.
lsf() {
  script=$1
  shift
  rm -f ready saved
  printf 'n1\nn1\n' >nodes
  env "$@" LSB_DJOB_HOSTFILE="$work/nodes" LSB_JOBID=77 LS_SUBCWD="$work" bash "jobs/lsf/$script" >log 2>&1 &
  job=$!
}
# ended CODE WHAT: how the job ends.
ended() {
  code=0
  wait $job || code=$?
  [ $code -eq "$1" ] || fail "$2: exit code $code, expected $1"
}
saved() { [ -e saved ] || fail "$1: the job ended before the program had written its checkpoint"; }
ready() {
  tries=0
  until [ -f ready ]; do
    tries=$((tries + 1))
    [ $tries -lt 500 ] || { fail "the program does not start"; return; }
    sleep 0.02
  done
}

# PBS. The clock of the script gives the warning: 180 s before the walltime. It goes on as another job, which has its
# resources, and what depended on the first one now depends on that.
echo 00:03:01 >walltime
echo afterok:1.server@server >depend-8.server@server
echo afterok:1.server@server,beforeany:10.server@server >depend-9.server@server
echo afterany:11.server@server:1.server@server >depend-10.server@server
mode wait
qsub -v "DECK=mine.yaml,OPTIONS=-o seed=2" jobs/pbs/train.sh >/dev/null
pbs 1
ended 75 "PBS, warned"
saved "PBS, warned"
says log "4 ranks x 4 threads on n1 n2"
says log "warned: the walltime is near"
says log "goes on as 2.server"
says calls "train mine.yaml -o seed=2 --resume threads=4"
says mpirun.log "-n 4 --map-by slot:PE=4 --bind-to core -x OMP_NUM_THREADS --hostfile $work/nodes ecdnet train"
says job2/options "-q long -l select=2:ncpus=8:mpiprocs=2:ompthreads=4 -l place=scatter -l walltime=00:03:01 -A steel"
says job2/options "-N ecdnet-train"
says qalter.log "-W depend=afterok:2.server 8.server@server"
says qalter.log "-W depend=afterok:2.server,beforeany:10.server@server 9.server@server"
says qalter.log "-W depend=afterany:11.server@server:2.server 10.server@server"
[ "$(grep . job2/variables | sort | tr '\n' '|')" = 'DECK=mine.yaml|ECDNET_REQUEUES=1|OPTIONS=-o seed=2|' ] ||
  fail "variables of the second job: $(cat job2/variables)"
echo 10:00:00 >walltime
mode works
pbs 2
ended 0 "PBS, gone on"
says log "requeued 1 times"
[ "$(cat number)" -eq 2 ] || fail "a finished job is submitted again"

# Deaf to the warning: killed after the grace, and gone on. A failure is not gone on with; nor is what qdel ends, nor
# what was in the queue too often.
mode deaf
pbs 2 grace=1
ready
kill -USR1 $job
ended 75 "PBS, deaf"
says log "goes on as 3.server"
says job3/variables "ECDNET_REQUEUES=2"
mode bad
pbs 3
ended 3 "PBS, failed"
says log "failed with exit code 3"
mode wait
pbs 3
ready
kill -TERM $job
ended 143 "PBS, qdel"
saved "PBS, qdel"
says log "to go on, submit it again"
mode stop
pbs 3 max_requeues=2
ended 1 "PBS, in the queue too often"
says log "not put into the queue again: max_requeues=2"
[ "$(cat number)" -eq 3 ] || fail "submitted again"
: >job1/variables
pbs 1
ended 1 "PBS, no deck"
says log "DECK: the deck"
rm walltime
mode works
pbs 2
ended 0 "PBS, no walltime"
says log "qstat tells no walltime"
echo 10:00:00 >walltime

# A task of an array goes on alone, with its number.
mode stop
qsub -J 0-4 -v DECK=mine.yaml,VARY=fold,OUTPUT=runs/mine jobs/pbs/train_array.sh >/dev/null
pbs 4 PBS_ARRAY_INDEX=3
ended 75 "PBS, array"
says calls "train mine.yaml -o data.split=fold -o data.fold=3 -o output=runs/mine/fold-3 --resume"
says job5/variables "INDEX=3"
if grep -q -- -J job5/options; then fail "the whole array is submitted again"; fi
mode works
: >calls
pbs 5
ended 0 "PBS, array, gone on"
says calls "-o data.fold=3 -o output=runs/mine/fold-3"

# Each script goes on from a folder without jobs/, too.
mkdir elsewhere
mode stop
for name in prep train train_nodes train_array bench run; do
  qsub -v "DECK=mine.yaml,COMMAND=embed,VARY=fold,OUTPUT=runs/mine,ECDNET_JOBS=$top/jobs" "$top/jobs/pbs/$name.sh" \
    >/dev/null
  number=$(cat number)
  pbs "$number" PBS_O_WORKDIR="$work/elsewhere" PBS_ARRAY_INDEX=1
  ended 75 "PBS, $name from elsewhere"
  says log "goes on as $((number + 1)).server"
  cmp "job$((number + 1))/script" "$top/jobs/pbs/$name.sh" || fail "PBS, $name: another script goes on"
  says "job$((number + 1))/variables" "ECDNET_JOBS=$top/jobs"
done
says "job$((number + 1))/variables" "COMMAND=embed"
says calls "embed mine.yaml threads=4"

# LSF sends the warning to all processes of the job; -Q lets it start the job again.
for name in prep train train_nodes train_array bench run; do
  for line in "-wa USR1" "-wt 3" "-Q 75"; do says "jobs/lsf/$name.sh" "#BSUB $line"; done
done
mode wait
lsf train.sh DECK=mine.yaml
ready
kill -USR1 $job
ended 75 "LSF, warned"
saved "LSF, warned"
says log "2 ranks x 4 threads on n1"
[ "$(cat .ecdnet-requeues-77-0)" = 1 ] || fail "LSF: not counted"
lsf train.sh DECK=mine.yaml
ready
kill -USR1 $job
ended 75 "LSF, warned again"
says log "requeued 1 times"
[ "$(cat .ecdnet-requeues-77-0)" = 2 ] || fail "LSF: not counted twice"
mode stop
lsf train.sh DECK=mine.yaml max_requeues=2
ended 1 "LSF, in the queue too often"
[ ! -e .ecdnet-requeues-77-0 ] || fail "LSF: the count stays"
mode wait
lsf bench.sh DECK=table2.yaml
ready
kill -TERM $job
ended 143 "LSF, bkill"
mode works
lsf train_array.sh LSB_JOBINDEX=1 DECK=mine.yaml VARY=seed OUTPUT=runs/mine OPTIONS='-o data.file=d.h5'
ended 0 "LSF, array"
says calls "train mine.yaml -o data.file=d.h5 -o seed=0 -o output=runs/mine/seed-0 --resume"
lsf train_array.sh LSB_JOBINDEX=1 DECK=mine.yaml VARY=folds OUTPUT=runs/mine
ended 2 "LSF, neither fold nor seed"
says log "expected fold or seed, found 'folds'"
lsf prep.sh DECK=mine.yaml
ended 0 "LSF, prep"
says calls "prep mine.yaml threads=1"
says mpirun.log "-n 2 --map-by slot:PE=1"
lsf run.sh COMMAND=maps DECK=mine.yaml OPTIONS='-o seed=3'
ended 0 "LSF, run"
says calls "maps mine.yaml -o seed=3 threads=4"

# The report: beside jobs/, or installed with ecdnet.
stand_in python <<'END'
#!/bin/sh
echo "$*" >>"$FAKE/calls"
case $* in *bad*) exit 3 ;; esac
END
mode works
lsf report.sh RUNS='runs/mine -o mine.html' PYTHON=python
ended 0 "LSF, report"
says calls "jobs/../postproc/report.py runs/mine -o mine.html"
lsf report.sh RUNS='--partial runs/mine runs/bad runs/two -o mine.html' PYTHON=python
ended 3 "LSF, report of what is there"
says log "left out: runs/bad"
says calls "postproc/report.py runs/mine runs/two -o mine.html"
lsf report.sh RUNS='--partial runs/mine runs/two -o mine.html' PYTHON=python
ended 0 "LSF, report, all there"
mkdir -p copy share/ecdnet/postproc
cp -r "$top/jobs/." copy
lsf report.sh ECDNET_JOBS=copy RUNS=runs/mine PYTHON=python
ended 1 "LSF, no report.py"
says log "no report.py near lib.sh or ecdnet"
: >share/ecdnet/postproc/report.py
lsf report.sh ECDNET_JOBS=copy RUNS=runs/mine PYTHON=python
ended 0 "LSF, report of the installation"
says calls "$work/bin/../share/ecdnet/postproc/report.py runs/mine"

# Outside of any batch system.
mode stop
code=0
RANKS=3 LAUNCHER=mpirun bash jobs/slurm/bench.sh table2.yaml >log 2>&1 || code=$?
[ $code -eq 75 ] || fail "no batch system: exit code $code"
says log "to go on, run it again"
says mpirun.log "-n 3"
RANKS=3 LAUNCHER="mpirun -np 7" bash jobs/slurm/bench.sh table2.yaml >log 2>&1
says mpirun.log "-np 7 ecdnet bench table2.yaml"

# Chains.
stand_in ecdnet <<'END'
#!/bin/sh
case "$*" in
*bad=*) exit 2 ;;
"deck mine.yaml"* | "deck input/"*) echo 'output: "runs/mine"' ;;
deck*) exit 2 ;;
*) echo "$*" >>"$FAKE/calls" ;;
esac
[ "$1" != "$(cat "$FAKE/fails" 2>/dev/null)" ] || exit "$(cat "$FAKE/code")"
END
stand_in bsub <<'END'
#!/bin/sh
grep -q '^job_r' || exit 1
echo "$* COMMAND=$COMMAND DECK=$DECK OPTIONS=$OPTIONS RUNS=$RUNS" >>"$FAKE/bsub.log"
echo "Job <$(wc -l <"$FAKE/bsub.log")> is submitted to queue <normal>."
END
stand_in sbatch <<'END'
#!/bin/sh
[ "$1" = --parsable ] || exit 1
shift
echo "$*" >>"$FAKE/sbatch.log"
wc -l <"$FAKE/sbatch.log"
END
SUBMIT='-q short' jobs/submit.sh lsf mine.yaml prep train report >log 2>&1 || fail "submit.sh lsf"
says log "train: job 2 after 1"
says bsub.log "-w done(1) -q short COMMAND=train DECK=mine.yaml"
says bsub.log "-w done(2) -q short COMMAND=report"
says bsub.log "RUNS=runs/mine -o runs/mine/report.html"
OPTIONS='-o seed=2' jobs/submit.sh lsf mine.yaml maps 'predict -o predict.split=test' >log 2>&1 || fail "submit.sh lsf"
says bsub.log "-J ecdnet-maps -o ecdnet-maps-%J.log COMMAND=maps DECK=mine.yaml OPTIONS=-o seed=2 RUNS"
says bsub.log "-w done(4) -J ecdnet-predict"
says bsub.log "COMMAND=predict DECK=mine.yaml OPTIONS=-o seed=2 -o predict.split=test RUNS"
echo 20 >number
OPTIONS='-o seed=3' jobs/submit.sh pbs mine.yaml train report >log 2>&1 || fail "submit.sh pbs"
says log "report: job 22.server after 21.server"
says job21/variables "OPTIONS=-o seed=3"
says job22/options "-W depend=afterok:21.server"
says job22/variables "RUNS=runs/mine -o runs/mine/report.html"
jobs/submit.sh pbs mine.yaml embed report >log 2>&1 || fail "submit.sh pbs, embed"
says job23/options "-N ecdnet-embed"
[ "$(sort job23/variables | tr '\n' '|')" = 'COMMAND=embed|DECK=mine.yaml|ECDNET_JOBS=jobs|' ] ||
  fail "variables of embed: $(cat job23/variables)"
cmp job23/script jobs/pbs/run.sh || fail "submit.sh pbs: embed by another script"
says job24/options "-W depend=afterok:23.server"
OPTIONS='-o seed=3' jobs/submit.sh slurm mine.yaml prep 'prep -o data.file=x.h5' embed report >log 2>&1 ||
  fail "submit.sh slurm"
cat >expected <<'END'
jobs/slurm/prep.sh mine.yaml -o seed=3
--dependency=afterok:1 jobs/slurm/prep.sh mine.yaml -o seed=3 -o data.file=x.h5
--dependency=afterok:2 --job-name=ecdnet-embed jobs/slurm/run.sh embed mine.yaml -o seed=3
--dependency=afterok:3 jobs/slurm/report.sh runs/mine -o runs/mine/report.html
END
diff expected sbatch.log || fail "submit.sh slurm"
ECDNET_JOBS=copy jobs/submit.sh slurm mine.yaml train >log 2>&1
says sbatch.log "copy/slurm/train.sh"
code=0
jobs/submit.sh slurm mine.yaml prep 'prep -o bad=1' >log 2>&1 || code=$?
[ $code -eq 2 ] || fail "submit.sh, a bad option of one stage: exit code $code"
for words in "" "pbs mine.yaml" "torque mine.yaml train" "pbs mine.yaml train cook" "pbs none.yaml train"; do
  code=0
  # shellcheck disable=SC2086 # a list of words
  jobs/submit.sh $words >log 2>&1 || code=$?
  [ $code -eq 2 ] || fail "submit.sh $words: exit code $code"
done

# The whole study: what waits for what, and the report for all.
rm sbatch.log bsub.log
for words in "" cook "slurm -o" "slurm -o bad=1" "slurm -o output=x" "slurm --dataset none.h5" "slurm --runs"; do
  code=0
  # shellcheck disable=SC2086 # a list of words
  jobs/study.sh $words >log 2>&1 || code=$?
  [ $code -eq 2 ] || fail "study.sh $words: exit code $code"
done
[ ! -e sbatch.log ] || fail "study.sh: submitted before all was looked at"
SUBMIT='-A steel' jobs/study.sh slurm -o bench.scale=full >log 2>&1 || fail "study.sh slurm"
[ "$(grep -c -- '-A steel' sbatch.log) $(grep -c -- '-o bench.scale=full' sbatch.log)" = "10 9" ] ||
  fail "study.sh slurm: options"
[ "$(grep -c '^--dependency=.* --kill-on-invalid-dep=yes ' sbatch.log)" -eq 8 ] || fail "study.sh slurm: orphans"
sed -e 's/ -o bench.scale=full//' -e 's/--kill-on-invalid-dep=yes //' -e 's/-A steel //' -e 's/--dependency=//' \
  -e 's/--job-name=ecdnet-//' -e 's,jobs/slurm/,,' -e 's/-o //g' -e 's,runs/,,g' sbatch.log >short
cat >expected <<'END'
prep.sh input/quickstart.yaml output=quickstart data.file=quickstart/dataset.h5
afterok:1 table2 bench.sh input/table2.yaml output=table2 data.file=quickstart/dataset.h5
afterok:1 table3 bench.sh input/table3.yaml output=table3 data.file=quickstart/dataset.h5
afterok:1 fig4 run.sh embed input/fig4.yaml output=fig4 data.file=quickstart/dataset.h5
afterok:1 fig5 train.sh input/fig5.yaml output=fig5 data.file=quickstart/dataset.h5
afterok:5 fig5maps run.sh maps input/fig5.yaml output=fig5 data.file=quickstart/dataset.h5
fig6prep prep.sh input/fig6.yaml output=fig6 data.file=fig6/dataset.h5
afterok:7 fig6ext prep.sh input/fig6.yaml output=fig6 data.file=fig6/external.h5 prep.labels=input/fig6_external.csv
afterok:8 fig6 bench.sh input/fig6.yaml output=fig6 data.file=fig6/dataset.h5 bench.external=fig6/external.h5
afterany:2:3:4:6:9 report.sh --partial quickstart/dataset.h5 table2 table3 fig4 fig5 fig6 study.html
END
diff expected short || fail "study.sh slurm"
says log "report: job 10 after 2 3 4 6 9"
: >own.h5
: >other.h5
rm sbatch.log
jobs/study.sh slurm --dataset own.h5 --external other.h5 --runs two >log 2>&1 || fail "study.sh slurm, own datasets"
[ "$(wc -l <sbatch.log)" -eq 7 ] || fail "study.sh slurm, own datasets: $(cat sbatch.log)"
says sbatch.log "fig6.yaml -o output=two/fig6 -o data.file=own.h5 -o bench.external=other.h5"
says sbatch.log "--partial own.h5 two/table2 two/table3 two/fig4 two/fig5 two/fig6 -o two/study.html"
jobs/study.sh lsf >log 2>&1 || fail "study.sh lsf"
says bsub.log "-ti -w done(5) -J ecdnet-fig5maps -o ecdnet-fig5maps-%J.log COMMAND=maps DECK=input/fig5.yaml"
says bsub.log "-ti -w ended(2) && ended(3) && ended(4) && ended(6) && ended(9) COMMAND=report"
echo 40 >number
jobs/study.sh pbs >log 2>&1 || fail "study.sh pbs"
says job46/options "-W depend=afterany:45.server -N ecdnet-fig5maps"
says job50/options "-W depend=afterany:42.server:43.server:44.server:46.server:49.server"
says job50/variables "RUNS=--partial runs/quickstart/dataset.h5 runs/table2"

# study_ends CODE WHAT: study.sh here, its calls in calls.
study_ends() {
  : >calls
  code=0
  jobs/study.sh local >log 2>&1 || code=$?
  [ $code -eq "$1" ] || fail "study.sh local, $2: exit code $code"
}

# Without a batch system: one after the other; what waits for one that failed is not started, but the report is made.
export PYTHON=python
study_ends 0 "all done"
[ "$(wc -l <calls)" -eq 10 ] || fail "study.sh local: $(cat calls)"
says mpirun.log "-n 2 --oversubscribe --bind-to none ecdnet bench input/fig6.yaml"
echo train >fails
echo 1 >code
study_ends 1 "one fails"
says log "fig5maps: not started, as fig5 failed"
says log "study: failed: fig5 fig5maps"
says calls "bench input/fig6.yaml"
says calls "report.py runs/quickstart/dataset.h5 runs/table2"
echo 75 >code
study_ends 75 "stopped"
says log "stopped in fig5; to go on, call it again"
if grep -q fig6 calls; then fail "study.sh local goes on after a stop"; fi
echo maps >fails
echo 3 >code
code=0
jobs/submit.sh local mine.yaml train maps report >log 2>&1 || code=$?
[ $code -eq 1 ] || fail "submit.sh local: exit code $code"
says log "report: not started, as maps failed"
[ "$failed" -eq 0 ]
