#!/bin/bash
# The whole study: prepares the bundled charge densities, then makes tables 2 and 3 and figures 4, 5 and 6 of
# the article, each by its deck in input/ as a job of its own, and at last one report of all, with figure 1:
#   jobs/study.sh slurm|pbs|lsf|local [--dataset FILE] [--external FILE] [--runs DIR] [-o KEY=VALUE]...
#   --dataset FILE    your own dataset in the place of the bundled crystals; figure 6 stays with those, unless
#   --external FILE   figure 6: the models train on the dataset and predict this one
#   --runs DIR        where all output folders go (runs)
#   -o KEY=VALUE      over all decks; -o bench.scale=full: the full study (else bench.scale: quick)
# SUBMIT, ECDNET, ECDNET_JOBS: as in submit.sh. local: without a batch system, one after the other, on RANKS
# (2) ranks. Call it from the folder that holds input/.
# The report waits until all else has ended, well or not, and shows what is there: DIR/study.html. Called
# again with the same options, the study goes on with what is missing.
# Prints a line for each job. Exit code: 0, 1 a job was refused (those before it stay) or, local, has failed,
# 2 usage or deck, 75 stopped (local).
usage() {
  sed -n '2,/^# 2 usage/s/^# \{0,1\}//p' "$0"
  exit "$1"
}
wrong() { echo "study: $*" >&2 && exit 2; }
[ "${1-}" != --help ] || usage 0
[ $# -ge 1 ] || usage 2 >&2
. "$(dirname "$0")/queue.sh" || exit 1
queue_open "$1" end
shift
runs=runs dataset='' external='' options=()
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || wrong "expected --dataset FILE, --external FILE, --runs DIR or -o KEY=VALUE, found '$1'"
  case $2 in '' | *[[:space:]]*) wrong "$1: expected a value without spaces, found '$2'" ;; esac
  case $1 in
  --dataset) dataset=$2 ;;
  --external) external=$2 ;;
  --runs) runs=${2%/} ;;
  -o)
    case $2 in
    output=* | data.file=* | bench.external=*) wrong "-o $2: use --runs, --dataset, --external" ;;
    esac
    options+=(-o "$2")
    ;;
  *) wrong "expected --dataset FILE, --external FILE, --runs DIR or -o KEY=VALUE, found '$1'" ;;
  esac
  shift 2
done
[ -f input/table2.yaml ] || wrong "no input/table2.yaml here: call it from the folder that holds input/"
for file in $dataset $external; do [ -f "$file" ] || wrong "no file '$file'"; done

# step LABEL COMMAND "JOB..." DECK OPTION...: a job after others, or a look whether its deck is fine.
step() {
  local label=$1 command=$2 after=$3
  set -- "input/$4" "${@:5}" "${options[@]}"
  if [ $pass = check ]; then
    "${ECDNET:-ecdnet}" deck "$@" >/dev/null || exit 2
  else
    queue_job "$label" "$command" ok "$after" "$@"
  fi
}

study() {
  local data=${dataset:-$runs/quickstart/dataset.h5} prepared='' all
  if [ -z "$dataset" ]; then
    step prep prep '' quickstart.yaml -o output="$runs/quickstart" -o data.file="$data"
    prepared=$job
  fi
  step table2 bench "$prepared" table2.yaml -o output="$runs/table2" -o data.file="$data"
  all=$job
  step table3 bench "$prepared" table3.yaml -o output="$runs/table3" -o data.file="$data"
  all+=" $job"
  step fig4 embed "$prepared" fig4.yaml -o output="$runs/fig4" -o data.file="$data"
  all+=" $job"
  step fig5 train "$prepared" fig5.yaml -o output="$runs/fig5" -o data.file="$data"
  step fig5maps maps "$job" fig5.yaml -o output="$runs/fig5" -o data.file="$data"
  all+=" $job"
  if [ -n "$external" ]; then
    step fig6 bench "$prepared" fig6.yaml -o output="$runs/fig6" -o data.file="$data" \
      -o bench.external="$external"
  else # both write into runs/fig6
    step fig6prep prep '' fig6.yaml -o output="$runs/fig6" -o data.file="$runs/fig6/dataset.h5"
    step fig6ext prep "$job" fig6.yaml -o output="$runs/fig6" -o data.file="$runs/fig6/external.h5" \
      -o prep.labels=input/fig6_external.csv
    step fig6 bench "$job" fig6.yaml -o output="$runs/fig6" -o data.file="$runs/fig6/dataset.h5" \
      -o bench.external="$runs/fig6/external.h5"
  fi
  all+=" $job"
  [ $pass = check ] || queue_job report report any "$all" \
    --partial "$data" "$runs"/table{2,3} "$runs"/fig{4,5,6} -o "$runs/study.html"
}

job=
for pass in check submit; do study; done
queue_close
