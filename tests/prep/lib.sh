# shellcheck shell=sh disable=SC2034 # what it sets is read by the scripts that source it
# What the shell tests of prep share. Sourced; wants ECDNET, PYTHON, MPIEXEC, top_srcdir.
[ "${MPIEXEC:-no}" != no ] || { echo "skipped: no mpirun was found by configure"; exit 77; }
"${PYTHON:-python3}" -c 'import h5py, numpy' 2>/dev/null || { echo "skipped: $PYTHON lacks h5py"; exit 77; }
export OMPI_MCA_rmaps_base_oversubscribe=1
work=$(mktemp -d "${TMPDIR:-/tmp}/ecdnet-prep.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
files() { "$PYTHON" "$top_srcdir/tests/prep/make_files.py" "$@"; }
# prep RANKS OUTPUT [option]... on $folder (default $work/in); output in $work/log
prep() {
  ranks=$1 output=$2
  shift 2
  $MPIEXEC -n "$ranks" "$ECDNET" prep -o prep.files="${folder:-$work/in}/{id}.CHGCAR" -o prep.code=test \
    -o prep.labels="${folder:-$work/in}/labels.csv" -o prep.grid=16 -o output="$output" "$@" >"$work/log" 2>&1
}
. "$top_srcdir/tests/says.sh"
# same A.h5 B.h5: equal samples, bit for bit, wherever their files were
same() {
  "$PYTHON" - "$1" "$2" <<'PY' || fail "$1 and $2 differ"
import sys, h5py
a, b = (h5py.File(p, "r") for p in sys.argv[1:])
names = []
a.visititems(lambda n, o: names.append(n) if isinstance(o, h5py.Dataset) and n != "source/path" else None)
for n in names:
    assert a[n].shape == b[n].shape and a[n][...].tobytes() == b[n][...].tobytes(), n
PY
}
