#!/bin/sh
# Files per second of `ecdnet prep` (plain CHGCAR, trilinear, as_given, 60^3, writing included) on 1 and 2 ranks, against
# pymatgen + scipy on the same files. Whole commands are timed, start of MPI and writing included; the peer's imports
# are not counted.
#   tests/bench/prep.sh [COPIES [REPETITIONS [EDGE]]]
# COPIES (default 100) of the bundled files in turn; EDGE adds as many grids of EDGE^3 points, e.g. 96.
# Environment: ECDNET (./ecdnet), PYTHON (/usr/bin/python3), MPIEXEC (mpirun), TMPDIR.
set -eu
copies=${1:-100} repetitions=${2:-5} edge=${3:-0}
top=$(cd "$(dirname "$0")/../.." && pwd)
ecdnet=${ECDNET:-./ecdnet} python=${PYTHON:-/usr/bin/python3} mpiexec=${MPIEXEC:-mpirun}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
"$python" -c 'import h5py, scipy, pymatgen.io.vasp.outputs' 2>/dev/null || {
  echo "prep.sh: $python lacks pymatgen, scipy or h5py (Debian: python3-pymatgen python3-scipy python3-h5py)" >&2
  exit 1
}
work=$(mktemp -d "${TMPDIR:-/tmp}/ecdnet-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$python" "$top/tests/bench/prep_files.py" "$work/in" "$copies" "$edge" "$top"/input/fcc-open/*.CHGCAR.gz
files=$(ls "$work/in" | wc -l)
echo "$files files, $(du -sh "$work/in" | cut -f 1), $repetitions repetitions"
now() { date +%s.%N; }
ours() {
  start=$(now)
  $mpiexec -n "$1" "$ecdnet" prep -o prep.files="$work/in/{id}.CHGCAR" -o prep.unlabelled=true -o prep.cell=as_given \
    -o prep.method=trilinear -o output="$work/out" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  echo "$files $(now) $start" | awk '{printf "%.2f\n", $1 / ($2 - $3)}' >>"$work/rate$1"
  sed -n 's/.*samples; \([0-9.e+-]*\) s to read and resample, \([0-9.e+-]*\) s to write/\1 \2/p' "$work/log" |
    awk -v n="$files" '{printf "%.2f\n", n / ($1 + $2)}' >>"$work/inner$1"
  rm -rf "$work/out"
}
# In turns, so that a busy moment of the machine hits all alike.
i=0
while [ $i -lt "$repetitions" ]; do
  ours 1
  ours 2
  "$python" "$top/tests/bench/peer_prep.py" "$work/peer.h5" 60 "$work/in"/*.CHGCAR >>"$work/peer"
  i=$((i + 1))
done
median() { sort -g "$1" | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
peer=$(median "$work/peer")
report() {
  echo "$2 $peer $(median "$1")" | awk '{printf "%-44s %8.1f files/s  %5.1f x\n", "ecdnet, " $1, $3, $3 / $2}' | tr _ ' '
}
printf '%-44s %8.1f files/s\n' "pymatgen + scipy + h5py" "$peer"
report "$work/rate1" 1_rank,_whole_command
report "$work/inner1" 1_rank,_without_the_start_of_MPI
report "$work/rate2" 2_ranks,_whole_command
report "$work/inner2" 2_ranks,_without_the_start_of_MPI
