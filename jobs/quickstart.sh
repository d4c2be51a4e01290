#!/bin/sh
# The quick start: on a fresh Debian machine, as root or with sudo, from a clone of the repository:
#   sh jobs/quickstart.sh
# Installs the packages, builds in build/, prepares the bundled charge densities, trains the 2-D and the 3-D network on
# two MPI ranks, predicts the held-out fifth, looks into the first, and writes runs/quickstart/report.html.
# Needs no terminal, and no network but for the package manager. May be called again, from any folder: finished
# steps are short, an interrupted training goes on.
#   RANKS=4 sh jobs/quickstart.sh     more ranks (default 2)
# Exit codes: 0 done, else the code of the step that failed (ecdnet's: 1 failed, 2 usage, 3 data, 75 stopped).
set -eu
if [ $# -gt 0 ]; then
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
  case $1 in -h | --help) exit 0 ;; *) exit 2 ;; esac
fi
cd "$(dirname "$0")/.."
export LC_ALL=C
out=runs/quickstart
ranks=${RANKS:-2}
case $ranks in
'' | 0* | *[!0-9]*)
  echo "quickstart: RANKS: expected a whole number from 1, found '$ranks'" >&2
  exit 2
  ;;
esac
begin=$(date +%s)
mkdir -p "$out"

say() {
  printf '\n== %4d s  %s\n' $(($(date +%s) - begin)) "$*"
}

# A command whose output goes to a log, shown if it fails.
quietly() {
  log=$1
  shift
  "$@" >"$log" 2>&1 </dev/null || {
    code=$?
    tail -30 "$log" >&2
    echo "quickstart: failed: $*; all of it is in $log" >&2
    exit $code
  }
}

say "packages"
sh jobs/install_deps.sh || echo "quickstart: going on with what is there" >&2

say "build (build/ecdnet)"
[ -x configure ] && [ configure -nt configure.ac ] && [ configure -nt Makefile.am ] ||
  quietly "$out/bootstrap.log" ./bootstrap
# Debian offers several MPI libraries; its HDF5 and PETSc packages here are those of Open MPI.
mpicc=$(command -v mpicc.openmpi || command -v mpicc || echo mpicc)
mpirun=$(command -v mpirun.openmpi || command -v mpirun || echo mpirun)
mkdir -p build
if [ ! -f build/config.status ]; then
  (cd build && quietly "../$out/configure.log" ../configure CC="${CC:-$mpicc}" MPIEXEC="$mpirun")
fi
quietly "$out/build.log" make -C build -j"$(nproc)"
ecdnet=build/ecdnet

# Ranks x threads fill the cores; Open MPI would otherwise bind each rank to one core and count real cores only.
cores=$(nproc)
threads=$((cores / ranks))
[ "$threads" -ge 1 ] || threads=1
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$threads}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
if [ -f /.dockerenv ]; then
  export OMPI_MCA_btl_vader_single_copy_mechanism=none # containers forbid it
fi
case $("$mpirun" --version 2>&1) in
*"Open MPI"* | *OpenRTE*) options="--oversubscribe --bind-to none" ;;
*) options= ;;
esac

parallel() {
  echo "+ mpirun -n $ranks $*"
  # shellcheck disable=SC2086 # a list of words
  "$mpirun" $options -n "$ranks" "$@" </dev/null
}

say "prep: 157 charge densities to 60 x 60 x 60 on the conventional cell ($ranks ranks x $OMP_NUM_THREADS threads)"
parallel $ecdnet prep input/quickstart.yaml

for net in cnn2d cnn3d; do
  say "train $net for the bulk modulus"
  parallel $ecdnet train input/quickstart_$net.yaml --resume
  say "predict the held-out fifth with $net"
  parallel $ecdnet predict input/quickstart_$net.yaml -o predict.split=test
done

say "squeeze-and-excitation maps of cnn2d"
parallel $ecdnet maps input/quickstart_cnn2d.yaml

say "report"
python=$(sed -n 's/^PYTHON = //p' build/Makefile)
if [ "$python" = no ]; then
  echo "quickstart: no report: no Python with h5py, numpy, matplotlib and yaml" >&2
  exit 1
fi
"$python" postproc/report.py $out/cnn2d $out/cnn3d -o $out/report.html --title "ecdnet quick start"

say "done. Held-out fifth, bulk modulus:"
"$python" - $out/cnn2d $out/cnn3d <<'PY'
import json, sys
for run in sys.argv[1:]:
    m = json.load(open(f'{run}/metrics.json'))['test']
    print(f'   {run.split("/")[-1]}: R2 {m["r2"]:.3f}, RMSE {m["rmse"]:.1f} GPa, MAE {m["mae"]:.1f} GPa, '
          f'{m["n"]:.0f} materials')
PY
echo "   report:  $(pwd)/$out/report.html"
