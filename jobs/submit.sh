#!/bin/bash
# Submits a chain of jobs, each of which starts when the one before it has ended well:
#   jobs/submit.sh slurm|pbs|lsf DECK STAGE...         e.g. jobs/submit.sh slurm mine.yaml prep train report
# A STAGE is a script of jobs/slurm, jobs/pbs or jobs/lsf: prep, train, train_nodes, bench or report. Change those for
# account, nodes and walltime, or name options of the batch system for all of them in SUBMIT. Call it from the folder
# that the deck's paths start from.
#   OPTIONS='-o seed=2 -o output=runs/two' SUBMIT='--account=PROJECT' jobs/submit.sh slurm mine.yaml train report
#   ECDNET=...     the program here (ecdnet), which is asked for the deck's output folder
# Prints a line for each job. Exit code: 0, 1 a job was refused (those before it stay), 2 usage or deck.
usage() {
  sed -n '2,/^# Prints/s/^# \{0,1\}//p' "$0"
  exit "$1"
}
[ "${1-}" != --help ] || usage 0
[ $# -ge 3 ] || usage 2 >&2
system=$1 deck=$2
shift 2
folder=$(dirname "$0")
export ECDNET_JOBS=${ECDNET_JOBS:-$folder}
case $system in slurm | pbs | lsf) ;; *) echo "submit: expected slurm, pbs or lsf, found '$system'" >&2 && exit 2 ;; esac
read -ra options <<<"${OPTIONS-}"
read -ra submit <<<"${SUBMIT-}"
for stage in "$@"; do
  case $stage in
  prep | train | train_nodes | bench | report) ;;
  *) echo "submit: expected prep, train, train_nodes, bench or report, found '$stage'" >&2 && exit 2 ;;
  esac
done
effective=$("${ECDNET:-ecdnet}" deck "$deck" "${options[@]}") || exit 2
output=$(sed -n 's/^output: "\(.*\)"$/\1/p' <<<"$effective")

# submit_one STAGE [AFTER]: its number in $job.
submit_one() {
  local script="$folder/$system/$1.sh" words="$deck ${OPTIONS-}"
  [ "$1" != report ] || words="$output -o $output/report.html"
  case $system in
  slurm)
    # shellcheck disable=SC2086 # a list of words
    job=$(sbatch --parsable ${2:+--dependency=afterok:$2} "${submit[@]}" "$script" $words)
    job=${job%%;*} # of a federation: NUMBER;CLUSTER
    ;;
  pbs)
    export DECK=$deck OPTIONS RUNS=$words
    job=$(qsub ${2:+-W "depend=afterok:$2"} -v "ECDNET_JOBS,RUNS,DECK${OPTIONS:+,OPTIONS}" "${submit[@]}" "$script")
    ;;
  lsf) # Job <12> is submitted to queue <normal>.
    job=$(DECK=$deck RUNS=$words bsub ${2:+-w "done($2)"} "${submit[@]}" <"$script" | sed -n 's/^Job <\([0-9]*\)>.*/\1/p')
    ;;
  esac
  [ -n "$job" ] || { echo "submit: $1 was refused" >&2 && exit 1; }
  echo "$1: job $job${2:+ after $2}"
}

job=
for stage in "$@"; do submit_one "$stage" "$job"; done
