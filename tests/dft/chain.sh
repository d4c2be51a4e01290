# shellcheck shell=sh disable=SC2034 # what it sets is read by the scripts that source it
# What the tests of the DFT chain share. Sourced; wants ECDNET, PYTHON, MPIEXEC, top_srcdir.
for python in "${PYTHON:-python3}" python3 /usr/bin/python3; do
  "$python" -c 'import ase, numpy, spglib' >/dev/null 2>&1 && export ECDNET_PYTHON="$python" && break
done
[ -n "${ECDNET_PYTHON-}" ] || { echo "skipped: no Python with ase, numpy and spglib (install_deps.sh --dft)"; exit 77; }
"$ECDNET" help elastic >/dev/null 2>&1 || { echo "skipped: this ecdnet has no command elastic"; exit 77; }
[ "${MPIEXEC:-no}" != no ] || { echo "skipped: no mpirun was found by configure"; exit 77; }
export PYTHONDONTWRITEBYTECODE=1 OMPI_MCA_rmaps_base_oversubscribe=1
work=$(mktemp -d "${TMPDIR:-/tmp}/ecdnet-chain.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
toy=$top_srcdir/tests/dft/toy_engine.py

# chain COMMAND ARGUMENT...: output in $work/log
chain() {
  sh "$top_srcdir/jobs/dft/chain.sh" "$@" >"$work/log" 2>&1
}
# toy_run WORK ARGUMENT...: chain run with the engine for tests and small volumes
toy_run() {
  chain run "$@" --engine "$toy" -o elastic.amplitude=0.005 -o "prep.launcher=$MPIEXEC -n 1" -o 'prep.options=-o prep.grid=12'
}
. "$top_srcdir/tests/says.sh"
# structure ELEMENT FILE: its fcc or hcp cell, by ASE
structure() {
  "$ECDNET_PYTHON" -c 'import sys; from ase.build import bulk; bulk(sys.argv[1]).write(sys.argv[2])' "$1" "$2" || exit 1
}
# files FOLDER: every file in it with its checksum and time of change
files() {
  (cd "$1" && find . -type f -name '*' -exec sh -c 'for f; do stat -c "%n %y" "$f"; sha256sum <"$f"; done' sh {} + | sort)
}
