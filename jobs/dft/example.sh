#!/bin/sh
# The DFT chain with GPAW for MgO and Al, on a fresh Debian machine, as root or with sudo, from a clone of the repository:
#   sh jobs/dft/example.sh
# Installs the packages, builds in build/, relaxes the two structures of input/dft, computes their charge densities, ELF and
# elastic constants, and leaves runs/dft/labels.csv and runs/dft/density/dataset.h5. May be called again: what is done is kept.
#   WORKERS=4 sh jobs/dft/example.sh     more calculations at a time (default 2)
# More words are options of chain.sh run: sh jobs/dft/example.sh -o gpaw.cutoff_ev=800
# Exit codes: those of chain.sh.
set -eu
cd "$(dirname "$0")/../.."
export LC_ALL=C OMP_NUM_THREADS=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
out=runs/dft
mkdir -p $out

# A command whose output goes to a log, shown if it fails.
quietly() {
  log=$out/$1.log
  shift
  echo "+ $*"
  "$@" >"$log" 2>&1 </dev/null || {
    code=$?
    tail -30 "$log" >&2
    echo "example: failed: $*; all of it is in $log" >&2
    exit $code
  }
}

sh jobs/install_deps.sh --dft || echo "example: going on with what is there" >&2
if [ ! -x build/ecdnet ]; then
  quietly bootstrap ./bootstrap
  mkdir -p build
  # Debian offers several MPI libraries; its HDF5 and PETSc packages here are those of Open MPI.
  mpicc=$(command -v mpicc.openmpi || command -v mpicc || echo mpicc)
  quietly configure sh -c "cd build && ../configure CC='${CC:-$mpicc}'"
  quietly build make -C build -j"$(nproc)" ecdnet
fi
sh jobs/dft/chain.sh run $out --structures input/dft --engine gpaw --scheduler local --workers "${WORKERS:-2}" "$@"
sh jobs/dft/chain.sh status $out
