# shellcheck shell=sh disable=SC2034 # what it sets is read by the scripts that source it
# A Slurm of one's own for a test: munged, slurmctld and slurmd of Debian's packages in a folder that is removed again,
# with own key, ports and settings; nothing in system folders, nothing left running. As root or as a plain user.
#
#   . "$top_srcdir/tests/jobs/slurm.sh"
#   trap 'slurm_stop; rm -rf "$work"' EXIT
#   trap 'exit 143' TERM INT HUP               # a shell that a signal ends does not come by the EXIT trap
#   slurm_start || exit $?                     # 77, and the reason on standard output, where Slurm cannot start
#   slurm_submit --ntasks=2 job.sh deck.yaml   # sbatch; the job's number in $slurm_job
#   slurm_wait "$slurm_job" 60 || fail "..."   # how it ended in $slurm_state
#
# Between start and stop SLURM_CONF is set: sbatch, srun, squeue, scontrol, scancel are those of this Slurm, and jobs
# get the environment of the caller. Several may run side by side.

slurm_folder='' slurm_pids='' slurm_up=no

# slurm_start [NODES [CPUS]]: starts a cluster of NODES nodes (1), named n1, n2, ..., all of them this machine, with CPUS
# processors each (2; need not be there). Partition main. Returns 0 when all nodes are idle; else 77, the reason printed.
slurm_start() {
  slurm_nodes=${1:-1}
  slurm_cpus=${2:-2}
  for program in munged slurmctld slurmd sbatch srun scontrol; do
    if ! PATH=$PATH:/usr/sbin command -v $program >/dev/null 2>&1; then
      echo "skipped: no $program here (Debian packages: slurmctld slurmd slurm-client munge)"
      return 77
    fi
  done
  # Sockets lie in it, whose paths may have 107 characters. Munge wants it to be open to all.
  slurm_folder=$(mktemp -d /tmp/ecdslurm.XXXXXX) || return 77
  chmod 711 "$slurm_folder"
  export SLURM_CONF="$slurm_folder/slurm.conf"
  for slurm_try in 1 2 3; do
    # Below the ports that the kernel hands out; a port that is taken makes a daemon leave.
    slurm_configure $((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000)) && slurm_daemons && return 0
    slurm_end
    case $slurm_reason in *"ddress already in use"*) ;; *) break ;; esac
  done
  echo "skipped: Slurm does not start here: $slurm_reason"
  slurm_stop
  return 77
}

# slurm_stop: cancels what runs and takes all down. May be called at any time, and twice.
slurm_stop() {
  [ -n "$slurm_folder" ] || return 0
  slurm_end
  rm -rf "$slurm_folder"
  slurm_folder=''
  unset SLURM_CONF
}

# slurm_submit ARGUMENT...: sbatch; the number of the job in $slurm_job, 1 if it was refused.
slurm_submit() {
  slurm_job=$(sbatch --parsable "$@") || return 1
}

# slurm_show JOB KEY: the value of a key of `scontrol show job` (JobState, Restarts, ExitCode, Reason, ...), a line for
# each task of an array.
slurm_show() {
  scontrol show job -o "$1" 2>/dev/null | sed -n "s/^\(.* \)\{0,1\}$2=\([^ ]*\).*/\2/p"
}

# slurm_wait JOB [SECONDS]: waits until the job has ended for good (a requeued one has not), an array until all of its
# tasks have. $slurm_state is COMPLETED, FAILED, CANCELLED, TIMEOUT, ... (of the first that did not complete), or NEVER
# if what it depends on has failed. Returns 0 if completed, 1 if it ended otherwise, 2 after SECONDS (120): then what
# Slurm knows of it is printed.
slurm_wait() {
  slurm_tries=$((${2:-120} * 5))
  while :; do
    slurm_state=COMPLETED slurm_open=no
    for state in $(slurm_show "$1" JobState); do
      case $state in
      PENDING | RUNNING | COMPLETING | CONFIGURING | SUSPENDED | REQUEUED | RESIZING | STOPPED) slurm_open=yes ;;
      COMPLETED) ;;
      *) [ $slurm_state != COMPLETED ] || slurm_state=$state ;;
      esac
    done
    [ -n "${state-}" ] || slurm_state=UNKNOWN
    case $(slurm_show "$1" Reason) in *DependencyNeverSatisfied*) slurm_state=NEVER slurm_open=no ;; esac
    [ $slurm_open = yes ] || break
    slurm_tries=$((slurm_tries - 1))
    if [ $slurm_tries -lt 0 ]; then
      slurm_state=OPEN
      scontrol show job "$1"
      tail -n 20 "$slurm_folder/slurmctld.log"
      return 2
    fi
    sleep 0.2
  done
  [ $slurm_state = COMPLETED ]
}

# slurm_running JOB [SECONDS]: waits until the job runs (30 s at most).
slurm_running() {
  slurm_tries=$((${2:-30} * 5))
  until [ "$(slurm_show "$1" JobState)" = RUNNING ]; do
    slurm_tries=$((slurm_tries - 1))
    [ $slurm_tries -gt 0 ] || return 1
    sleep 0.2
  done
}

# What follows serves the above.

slurm_configure() {
  slurm_port=$1
  mkdir -p "$slurm_folder/state" "$slurm_folder/tmp"
  head -c 128 /dev/urandom >"$slurm_folder/munge.key"
  chmod 400 "$slurm_folder/munge.key"
  # cred_expire: also how long a requeued job waits (seconds; 120 by default). TmpFS: PMIx has its sockets there.
  cat >"$SLURM_CONF" <<END
ClusterName=ecdnet
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$slurm_port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$slurm_folder/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$slurm_folder/state
SlurmctldLogFile=$slurm_folder/slurmctld.log
SlurmctldPidFile=$slurm_folder/slurmctld.pid
SlurmdLogFile=$slurm_folder/slurmd-%n.log
SlurmdPidFile=$slurm_folder/slurmd-%n.pid
SlurmdSpoolDir=$slurm_folder/spool-%n
TmpFS=$slurm_folder/tmp/%n
PlugStackConfig=/dev/null
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
KillWait=5
MinJobAge=86400
ReturnToService=2
PartitionName=main Nodes=ALL Default=YES State=UP MaxTime=UNLIMITED DefaultTime=10
END
  slurm_node=1
  while [ $slurm_node -le "$slurm_nodes" ]; do
    mkdir -p "$slurm_folder/tmp/n$slurm_node"
    echo "NodeName=n$slurm_node NodeHostname=localhost NodeAddr=127.0.0.1 Port=$((slurm_port + slurm_node))" \
      "CPUs=$slurm_cpus" >>"$SLURM_CONF"
    slurm_node=$((slurm_node + 1))
  done
}

# slurm_daemon NAME COMMAND...: in the background, its output in a file.
slurm_daemon() {
  slurm_name=$1
  shift
  PATH=$PATH:/usr/sbin "$@" >"$slurm_folder/$slurm_name.out" 2>&1 </dev/null &
  slurm_pids="$! $slurm_pids"
}

# All daemons; 0 when all nodes are idle, 1 with the reason in $slurm_reason if one left or nothing came in 20 s.
slurm_daemons() {
  slurm_daemon munged munged -F --key-file="$slurm_folder/munge.key" --socket="$slurm_folder/munge.socket" \
    --pid-file="$slurm_folder/munged.pid" --log-file="$slurm_folder/munged.log" \
    --seed-file="$slurm_folder/munged.seed" --num-threads=4
  slurm_tries=100
  until [ -S "$slurm_folder/munge.socket" ] && [ $slurm_tries -lt 100 ]; do
    slurm_alive || return 1
    slurm_tries=$((slurm_tries - 1))
    [ $slurm_tries -gt 0 ] || return 1
    sleep 0.1
  done
  slurm_daemon slurmctld slurmctld -D -i
  slurm_node=1
  while [ $slurm_node -le "$slurm_nodes" ]; do
    slurm_daemon "slurmd-n$slurm_node" slurmd -D -N "n$slurm_node"
    slurm_node=$((slurm_node + 1))
  done
  slurm_tries=100
  sleep 0.5
  slurm_alive || return 1
  until [ "$(timeout 5 sinfo -h -N -t idle -o %N 2>/dev/null | wc -l)" -eq "$slurm_nodes" ]; do
    slurm_alive || return 1
    slurm_tries=$((slurm_tries - 1))
    if [ $slurm_tries -lt 0 ]; then
      slurm_reason="after 20 s the nodes are $(timeout 5 sinfo -h -o '%T (%E)' 2>&1 | head -n 1)"
      return 1
    fi
    sleep 0.2
  done
  slurm_up=yes
}

# 1, with the reason in $slurm_reason, if one of the daemons has left.
slurm_alive() {
  for pid in $slurm_pids; do
    kill -0 "$pid" 2>/dev/null && continue
    for word in 'already in use' fatal: error:; do
      slurm_reason=$(cat "$slurm_folder"/*.out | grep -iF "$word" | tail -n 1)
      [ -z "$slurm_reason" ] || break
    done
    return 1
  done
  slurm_reason="munged makes no socket"
}

# Ends the jobs, the daemons, then what is left of a job: processes that were started with this SLURM_CONF.
slurm_end() {
  if [ $slurm_up = yes ] && timeout 5 scancel --user="$(id -un)" 2>/dev/null; then
    slurm_tries=50
    while [ $slurm_tries -gt 0 ] && [ -n "$(timeout 5 squeue -h 2>/dev/null)" ]; do
      slurm_tries=$((slurm_tries - 1))
      sleep 0.2
    done
  fi
  slurm_up=no
  for pid in $slurm_pids; do # munged, which the others need, is the last
    kill -TERM "$pid" 2>/dev/null || true
    slurm_tries=50
    while kill -0 "$pid" 2>/dev/null && [ $slurm_tries -gt 0 ]; do
      slurm_tries=$((slurm_tries - 1))
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  slurm_pids=''
  for environment in /proc/[0-9]*/environ; do
    pid=${environment#/proc/} pid=${pid%/environ}
    if [ "$pid" -ne $$ ] && [ "$pid" -ne "$PPID" ] &&
      tr '\0' '\n' 2>/dev/null <"$environment" | grep -qxF "SLURM_CONF=$SLURM_CONF"; then
      kill -KILL "$pid" 2>/dev/null || true
    fi
  done 2>/dev/null
}
