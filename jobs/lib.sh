# shellcheck shell=bash
# What the batch scripts of jobs/slurm, jobs/pbs and jobs/lsf share: the launch line, the warning before the walltime,
# and the way back into the queue. Sourced; doc/batch.md explains it to users.
#
# A job ends in one of these ways:
#   the command is done (0) or has failed (1, 2, 3)   the job ends with the same code
#   SIGUSR1 to the script: the walltime is near       SIGUSR1 to the command, which writes a checkpoint and leaves with
#                                                     75; the job goes back into the queue
#   SIGTERM: somebody cancels the job                 the same checkpoint, if there is time; not back into the queue
#
# Variables that a script may set before it sources this file:
#   ecdnet         the program (ecdnet)
#   launcher       srun, mpirun, or a whole command (mpiexec -n 8); srun under Slurm, else mpirun
#   mpi            srun's plugin for the MPI library (pmix)
#   threads        threads and cores of a rank; what the batch system says, else OMP_NUM_THREADS, else 1
#   max_requeues   so often a job goes back into the queue (50)
#   grace          seconds that the command has for its checkpoint after the warning (90), less than the warning
#                  leaves; then it is killed, and the job goes on with the checkpoint before
#   python, report the report's Python (python3) and program, if it is neither beside jobs/ nor installed with ecdnet
#   warn           PBS: seconds before the walltime that the warning comes (180), as PBS itself gives none
#   script         PBS: this script, seen from the folder of qsub; it is submitted again
#   variables      PBS: the names of variables that the script takes from qsub -v

: "${ecdnet:=ecdnet}" "${python:=python3}" "${mpi:=pmix}" "${max_requeues:=50}" "${grace:=90}" "${warn:=180}"
job_id='?' job_pid='' job_warned=no job_cancelled=no job_alarms=()

job_say() { echo "job $job_id: $*"; }

# job_run ARGUMENT...: ecdnet ARGUMENT... on all ranks of the job. Does not return.
job_run() {
  job_begin
  job_launcher
  job_say "$(date '+%F %T'), $job_ranks ranks x $threads threads on $job_hosts, requeued $job_requeues times"
  job_execute "${job_launch[@]}" "$ecdnet" "$@"
}

# job_report [--partial] ARGUMENT...: postproc/report.py of the source folder, or of the installation. With
# --partial a RUN that it refuses is left out of the page, and the job ends with 3. Does not return.
job_report() {
  local file
  job_begin
  for file in "${ECDNET_JOBS:-jobs}/.." "$(dirname "$(command -v "$ecdnet")")/../share/ecdnet"; do
    [ -n "${report-}" ] || [ ! -f "$file/postproc/report.py" ] || report=$file/postproc/report.py
  done
  job_say "$(date '+%F %T'), on $(hostname)"
  [ -f "${report-}" ] || { job_say "no report.py near lib.sh or $ecdnet: set report=.../postproc/report.py" && exit 1; }
  [ "${1-}" != --partial ] || job_partial "${@:2}"
  job_execute "$python" "$report" "$@"
}

# job_partial RUN... -o FILE [OPTION]...: the report of all, else of those RUNs of which each alone makes one.
job_partial() {
  local code=0 folder=
  local -a runs=()
  "$python" "$report" "$@" || code=$?
  [ $code -eq 3 ] || job_finish $code
  folder=$(mktemp -d) || job_finish 1
  while [ $# -gt 0 ] && [[ $1 != -* ]]; do
    if "$python" "$report" "$1" -o "$folder/one.html" >/dev/null; then
      runs+=("$1")
    else
      job_say "left out: $1"
    fi
    shift
  done
  rm -r "$folder"
  [ ${#runs[@]} -eq 0 ] || "$python" "$report" "${runs[@]}" "$@" || code=$?
  job_finish $code
}

# job_vary fold|seed NUMBER OUTPUT: options of ecdnet train for one task of an array, in job_options: the seed, or the
# fold (from 0) of data.folds that is held out; the output folder is OUTPUT/seed-NUMBER or OUTPUT/fold-NUMBER.
job_vary() {
  case $1 in
  seed) job_options=(-o "seed=$2") ;;
  fold) job_options=(-o data.split=fold -o "data.fold=$2") ;;
  *) echo "train_array: expected fold or seed, found '$1'" >&2 && exit 2 ;;
  esac
  case $2 in '' | *[!0-9]*) echo "train_array: no array job: the task's number is '$2'" >&2 && exit 2 ;; esac
  job_options+=(-o "output=$3/$1-$2")
}

# Which system this is, the job's number, how often it was in the queue before.
job_begin() {
  if [ -n "${SLURM_JOB_ID-}" ]; then
    job_system=slurm job_id=$SLURM_JOB_ID job_requeues=${SLURM_RESTART_COUNT:-0}
    job_ranks=${SLURM_NTASKS:-$((${SLURM_NTASKS_PER_NODE:-1} * ${SLURM_JOB_NUM_NODES:-1}))} job_hosts=${SLURM_JOB_NODELIST-}
    : "${threads:=${SLURM_CPUS_PER_TASK:-${OMP_NUM_THREADS:-1}}}"
  elif [ -n "${PBS_JOBID-}" ]; then
    job_system=pbs job_id=$PBS_JOBID job_requeues=${ECDNET_REQUEUES:-0} job_machines=${PBS_NODEFILE-}
    job_attributes=$(job_describe "$PBS_JOBID")
    job_limit
  elif [ -n "${LSB_JOBID-}" ]; then
    job_system=lsf job_id=$LSB_JOBID job_machines=${LSB_DJOB_HOSTFILE-}
    # LSF does not count.
    job_count=.ecdnet-requeues-$LSB_JOBID-${LSB_JOBINDEX:-0}
    job_requeues=$(cat "$job_count" 2>/dev/null || echo 0)
  else
    job_system=none job_id=$$ job_requeues=0 job_ranks=${RANKS:-1} job_hosts=$(hostname)
  fi
  : "${threads:=${OMP_NUM_THREADS:-1}}"
  if [ -n "${job_machines-}" ]; then # a line for each rank
    job_ranks=$(wc -l <"$job_machines")
    job_hosts=$(sort -u "$job_machines" | tr '\n' ' ')
  fi
  : "${job_ranks:=1}"
  export OMP_NUM_THREADS=$threads
  # Debian's Open MPI switches off all that one-sided communication between nodes can use but InfiniBand.
  if grep -qs '^osc *= *^ucx,pt2pt' /etc/openmpi/openmpi-mca-params.conf; then
    export OMPI_MCA_osc=${OMPI_MCA_osc:-^ucx}
  fi
}

# The launch line: job_ranks ranks, each bound to as many cores as it has threads.
job_launcher() {
  if [ "$job_system" = slurm ]; then : "${launcher:=srun}"; else : "${launcher:=mpirun}"; fi
  case $launcher in
  srun) job_launch=(srun "--mpi=$mpi" "--ntasks=$job_ranks" "--cpus-per-task=$threads" --cpu-bind=cores) ;;
  mpirun) # Open MPI
    job_launch=(mpirun -n "$job_ranks" --map-by "slot:PE=$threads" --bind-to core -x OMP_NUM_THREADS)
    [ -z "${job_machines-}" ] || job_launch+=(--hostfile "$job_machines")
    ;;
  *) read -ra job_launch <<<"$launcher" ;;
  esac
}

# Runs the command so that signals reach the script meanwhile, then ends the job.
job_execute() {
  local code=75
  if [ $job_warned = no ] && [ $job_cancelled = no ]; then
    "$@" &
    job_pid=$!
    [ $job_warned$job_cancelled = nono ] || kill -USR1 "$job_pid"
    # A signal ends `wait`, not the command.
    while :; do
      code=0
      wait "$job_pid" || code=$?
      kill -0 "$job_pid" 2>/dev/null || break
    done
  fi
  job_finish "$code"
}

job_finish() {
  trap '' USR1
  [ ${#job_alarms[@]} -eq 0 ] || kill "${job_alarms[@]}" 2>/dev/null || :
  job_end "$1"
}

job_warn() {
  job_say "$(date '+%T'), warned: the walltime is near"
  job_warned=yes
  [ -n "$job_pid" ] || return 0
  kill -USR1 "$job_pid" 2>/dev/null
  # mpirun may hang when its ranks leave, and a step may take longer than the warning.
  job_alarm "$grace" KILL "$job_pid"
}

job_cancel() {
  job_say "$(date '+%T'), told to end"
  job_cancelled=yes
  [ -z "$job_pid" ] || kill -USR1 "$job_pid" 2>/dev/null
}

# job_alarm SECONDS SIGNAL PID: sends the signal later, unless killed before.
job_alarm() {
  (
    trap 'kill "$nap"; exit' TERM
    sleep "$1" &
    nap=$!
    wait "$nap"
    kill "-$2" "$3"
  ) >/dev/null 2>&1 </dev/null &
  job_alarms+=($!)
}

# Ends the job with the command's exit code, or puts it into the queue again. 75: stopped after a checkpoint. More than
# 128 after a signal: it ended the command before that watched for one, or the alarm did.
job_end() {
  local code=$1 stopped=no
  if [ "$code" -eq 75 ] || { [ "$code" -gt 128 ] && [ "$job_warned$job_cancelled" != nono ]; }; then stopped=yes; fi
  if [ $stopped = no ]; then
    [ "$code" -eq 0 ] || job_say "failed with exit code $code"
  elif [ $job_cancelled = yes ] && job_over; then
    job_say "ended; to go on, submit it again"
    code=143
  elif [ "$job_system" = none ]; then
    job_say "stopped; to go on, run it again"
    code=75
  elif [ "$job_requeues" -ge "$max_requeues" ]; then
    job_say "stopped, and not put into the queue again: max_requeues=$max_requeues"
    code=1
  elif "job_requeue_$job_system"; then
    exit 75
  else
    job_say "stopped, and cannot be put into the queue again: submit it"
    code=1
  fi
  [ -z "${job_count-}" ] || rm -f "$job_count"
  exit "$code"
}

# Whether a job that got SIGTERM is to end for good. Slurm says so of one that is to make room for another: it runs on.
job_over() {
  [ "$job_system" != slurm ] || [ "$(squeue -h -j "$SLURM_JOB_ID" -o %T 2>/dev/null)" != RUNNING ]
}

# The same job, with its number and what depends on it.
job_requeue_slurm() {
  job_say "stopped; goes on from the queue"
  scontrol requeue "$SLURM_JOB_ID"
}

# #BSUB -Q 75 lets LSF do it.
job_requeue_lsf() {
  echo $((job_requeues + 1)) >"$job_count" && job_say "stopped; goes on from the queue"
}

# Another job with the same script and resources; what depended on this one is made to depend on that one.
job_requeue_pbs() {
  local new key value names=ECDNET_REQUEUES=$((job_requeues + 1))
  [ -f "${script-}" ] || { job_say "no file '${script-}' (the variable script)" && return 1; }
  for key in ${variables-}; do # qsub takes the values from the environment
    [ -z "${!key-}" ] || { export "${key?}" && names+=,$key; }
  done
  local -a again=(-N "$PBS_JOBNAME" -v "$names")
  [ -z "${PBS_O_QUEUE-}" ] || again+=(-q "$PBS_O_QUEUE")
  for key in select place walltime; do
    value=$(job_attribute Resource_List.$key)
    [ -z "$value" ] || again+=(-l "$key=$value")
  done
  value=$(job_attribute Account_Name) && [ -n "$value" ] && again+=(-A "$value")
  value=$(job_attribute project) && [ -n "$value" ] && [ "$value" != _pbs_project_default ] && again+=(-P "$value")
  new=$(qsub "${again[@]}" "$script") || return 1
  # What waits for this one may have come later. depend = beforeok:12.server@server:13.server@server,...
  value=$(job_describe "$PBS_JOBID") && [ -n "$value" ] && job_attributes=$value
  while IFS=: read -r key value; do
    case $key in beforeok | beforeany) job_relink "$new" "after${key#before}" "$value" ;; esac
  done < <(job_attribute depend | tr ',' '\n')
  job_say "stopped; goes on as $new"
}

# job_relink NEW afterok|afterany JOB:...: PBS jobs that wait for this one wait for the new one, and for all else
# as before: qalter sets the whole list anew.
job_relink() {
  local job depend number=${PBS_JOBID%%.*}
  for job in ${3//:/ }; do
    depend=$(job_attributes=$(job_describe "$job") && job_attribute depend)
    case ":$depend" in
    *":$number."*) depend=$(sed -E "s/:$number\.[^:,]*/:$1/g" <<<"$depend") ;;
    *) depend+=${depend:+,}$2:$1 ;;
    esac
    qalter -W "depend=$depend" "$job" || job_say "$job does not depend on $1: see to it yourself"
  done
}

# job_describe JOB: qstat -f, in which long values go on in the next line, after a tab, with each on one line.
job_describe() { qstat -f "$1" 2>/dev/null | sed -e ':a' -e '$!N' -e 's/\n\t//' -e 'ta' -e 'P' -e 'D'; }

# job_attribute NAME: of this PBS job, from qstat -f.
job_attribute() { sed -n "s/^ *$1 = //p" <<<"$job_attributes"; }

# PBS has no warning signal: a clock of our own gives it.
job_limit() {
  local limit
  limit=$(job_attribute Resource_List.walltime)
  if ! [[ $limit =~ ^([0-9]+):([0-9]+):([0-9]+)$ ]]; then
    job_say "qstat tells no walltime: no warning before it"
    return
  fi
  limit=$((10#${BASH_REMATCH[1]} * 3600 + 10#${BASH_REMATCH[2]} * 60 + 10#${BASH_REMATCH[3]} - warn))
  job_alarm $((limit > 0 ? limit : 0)) USR1 $$
}

trap job_warn USR1
trap job_cancel TERM INT
