# shellcheck shell=bash
# What submit.sh and study.sh share: jobs of all stages for all batch systems, or one after the other here.
# Sourced.
#   queue_open SYSTEM [end]   slurm, pbs, lsf or local; end: what waits for a failed job leaves the queue
#   queue_check STAGE         whether there is such a stage
#   queue_job LABEL STAGE ok|any "JOB..." WORD...
#                             a job that waits until the JOBs have ended well, or ended; its number in $job.
#                             The words: DECK [-o KEY=VALUE]..., of the stage report those of report.sh
#   queue_close               says what failed here, if anything
# They may end the script: 1 a job was refused or failed, 2 usage, 75 stopped. SUBMIT: options of the batch
# system.

export ECDNET_JOBS=${ECDNET_JOBS:-$(dirname "$0")}
queue_me=$(basename "$0" .sh) queue_failed=' '
read -ra submit <<<"${SUBMIT-}"

queue_open() {
  queue_system=$1 queue_orphans=${2:-stay}
  case $queue_system in
  slurm | pbs | lsf) ;;
  local) queue_here ;;
  *)
    echo "$queue_me: expected slurm, pbs, lsf or local, found '$queue_system'" >&2
    exit 2
    ;;
  esac
}

queue_check() {
  case $1 in
  prep | train | train_nodes | bench | embed | maps | predict | report) ;;
  *)
    echo "$queue_me: expected prep, train, train_nodes, bench, embed, maps, predict or report, found '$1'" >&2
    exit 2
    ;;
  esac
}

queue_job() {
  local label=$1 stage=$2 how=$3 after=$4 script=$2 name='' values
  shift 4
  case $stage in embed | maps | predict) script=run ;; esac
  [ "$label" = "$script" ] || name=ecdnet-$label
  # PBS and LSF: the words as variables.
  export COMMAND=$stage DECK=$1 OPTIONS=${*:2} RUNS=$*
  case $script in report) values=RUNS ;; run) values=COMMAND,DECK,OPTIONS ;; *) values=DECK,OPTIONS ;; esac
  [ -n "$OPTIONS" ] || values=${values%,OPTIONS}
  [ $script != run ] || set -- "$stage" "$@"
  case $queue_system in
  slurm)
    name=${name:+--job-name=$name}
    [ $queue_orphans = stay ] || name="--kill-on-invalid-dep=yes $name"
    # shellcheck disable=SC2086 # a list of words
    job=$(sbatch --parsable ${after:+--dependency=after$how:${after// /:}} $name "${submit[@]}" \
      "$ECDNET_JOBS/slurm/$script.sh" "$@")
    job=${job%%;*} # of a federation: NUMBER;CLUSTER
    ;;
  pbs)
    # OpenPBS deletes what waits, even by afterany, for a job that it deletes unstarted: let it start and fail.
    [ $queue_orphans = stay ] || how=any
    job=$(qsub ${after:+-W "depend=after$how:${after// /:}"} ${name:+-N "$name"} -v "ECDNET_JOBS,$values" \
      "${submit[@]}" "$ECDNET_JOBS/pbs/$script.sh")
    ;;
  lsf) queue_lsf ;;
  local) queue_run "$@" && return ;;
  esac
  [ -n "$job" ] || { echo "$queue_me: $label was refused" >&2 && exit 1; }
  echo "$label: job $job${after:+ after $after}"
}

# Job <12> is submitted to queue <normal>.
queue_lsf() {
  local number condition=''
  local -a options=()
  for number in $after; do
    [ "$how" = ok ] && number="done($number)" || number="ended($number)"
    condition+=${condition:+ && }$number
  done
  [ -z "$condition" ] || options=(-w "$condition")
  [ -z "$condition" ] || [ $queue_orphans = stay ] || options=(-ti "${options[@]}")
  [ -z "$name" ] || options+=(-J "$name" -o "$name-%J.log")
  job=$(bsub "${options[@]}" "${submit[@]}" <"$ECDNET_JOBS/lsf/$script.sh" |
    sed -n 's/^Job <\([0-9]*\)>.*/\1/p')
}

# On this machine: RANKS processes, whose threads fill the cores.
queue_here() {
  local cores
  cores=$(nproc)
  : "${RANKS:=2}"
  case $RANKS in
  0* | *[!0-9]*)
    echo "$queue_me: RANKS: expected a whole number from 1, found '$RANKS'" >&2
    exit 2
    ;;
  esac
  : "${OMP_NUM_THREADS:=$((cores > RANKS ? cores / RANKS : 1))}" "${ecdnet:=${ECDNET:-ecdnet}}"
  if [ -z "${LAUNCHER-}" ]; then
    LAUNCHER="mpirun -n $RANKS"
    # Open MPI would bind each rank to one core, and count real cores only.
    case $(mpirun --version 2>&1) in
    *"Open MPI"* | *OpenRTE*) LAUNCHER+=" --oversubscribe --bind-to none" ;;
    esac
  fi
  export RANKS OMP_NUM_THREADS LAUNCHER ecdnet OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  [ ! -f /.dockerenv ] || export OMPI_MCA_btl_vader_single_copy_mechanism=none # containers forbid it
}

# The job at once, by the script of Slurm, which takes words; its number is its label.
queue_run() {
  local before code child stopped=no
  job=$label
  for before in $after; do
    if [ "$how" = ok ] && [[ $queue_failed == *" $before "* ]]; then
      echo "== $label: not started, as $before failed"
      queue_failed+="$label "
      return 0
    fi
  done
  [ $script = run ] && echo "== $label: $*" || echo "== $label: $stage $*"
  bash "$ECDNET_JOBS/slurm/$script.sh" "$@" &
  child=$!
  trap 'stopped=yes; kill -TERM "$child" 2>/dev/null' INT TERM USR1
  while :; do # a signal ends `wait`, not the job
    code=0
    wait "$child" || code=$?
    kill -0 "$child" 2>/dev/null || break
  done
  trap - INT TERM USR1
  if [ $stopped = yes ] || [ $code -eq 75 ] || [ $code -gt 128 ]; then
    echo "$queue_me: stopped in $label; to go on, call it again" && exit 75
  fi
  [ $code -eq 0 ] || queue_failed+="$label "
}

queue_close() {
  [ "$queue_failed" = ' ' ] || { echo "$queue_me: failed:${queue_failed% }" >&2 && exit 1; }
}
