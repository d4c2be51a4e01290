#!/bin/bash
# Submits a chain of jobs, each of which starts when the one before it has ended well:
#   jobs/submit.sh slurm|pbs|lsf|local DECK STAGE...   e.g. jobs/submit.sh slurm mine.yaml prep train report
# A STAGE is prep, train, train_nodes, bench, embed, maps, predict or report: a script of jobs/slurm, jobs/pbs
# or jobs/lsf (run.sh for embed, maps and predict). Change those for account, nodes and walltime, or name
# options of the batch system for all of them in SUBMIT. Options of all stages: OPTIONS; of one, in quotes:
# 'prep -o data.file=more.h5'. local: without a batch system, one after the other, on RANKS (2) ranks. Call it
# from the folder that the deck's paths start from.
#   OPTIONS='-o seed=2 -o output=runs/two' SUBMIT='-A PROJECT' jobs/submit.sh slurm mine.yaml train report
#   ECDNET=...        the program here (ecdnet), which is asked for the deck's output folder
#   ECDNET_JOBS=...   the folder of the scripts (that of submit.sh)
# Prints a line for each job. Exit code: 0, 1 a job was refused (those before it stay) or, local, has failed,
# 2 usage or deck, 75 stopped (local).
usage() {
  sed -n '2,/^# 2 usage/s/^# \{0,1\}//p' "$0"
  exit "$1"
}
[ "${1-}" != --help ] || usage 0
[ $# -ge 3 ] || usage 2 >&2
. "$(dirname "$0")/queue.sh" || exit 1
system=$1 deck=$2
shift 2
queue_open "$system"
read -ra options <<<"${OPTIONS-}"
for stage in "$@"; do
  read -ra words <<<"$stage"
  queue_check "${words[0]-}"
  [ "${words[0]}" = report ] || [ ${#words[@]} -eq 1 ] ||
    "${ECDNET:-ecdnet}" deck "$deck" "${options[@]}" "${words[@]:1}" >/dev/null || exit 2
done
effective=$("${ECDNET:-ecdnet}" deck "$deck" "${options[@]}") || exit 2
output=$(sed -n 's/^output: "\(.*\)"$/\1/p' <<<"$effective")

job=
for stage in "$@"; do
  read -ra words <<<"$stage"
  case ${words[0]} in
  report) queue_job report report ok "$job" "$output" -o "$output/report.html" "${words[@]:1}" ;;
  *) queue_job "${words[0]}" "${words[0]}" ok "$job" "$deck" "${options[@]}" "${words[@]:1}" ;;
  esac
done
queue_close
