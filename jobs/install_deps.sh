#!/bin/sh
# Installs what the build needs from the distribution (Debian, Ubuntu). Nothing is done, and no network
# used, where all is there already.
#   jobs/install_deps.sh [--tests] [--dft]
#     --tests   also what tests/run.sh and .ci/run need
#     --dft     also what the DFT chain (jobs/dft) needs: ASE, spglib, GPAW, and pymatgen for vasprun.xml
# Exit codes: 0 all there; 1 something is missing and cannot be installed here.
set -eu
export LC_ALL=C

packages="autoconf automake pkg-config make gcc libc6-dev
  libopenmpi-dev openmpi-bin libpetsc-real-dev libhdf5-openmpi-dev libscalapack-openmpi-dev
  libfftw3-dev libfftw3-mpi-dev libopenblas-openmp-dev libdnnl-dev
  libyaml-dev libcjson-dev libssl-dev libxxhash-dev zlib1g-dev libcsv-dev libsymspg-dev librandom123-dev
  python3-h5py python3-numpy python3-matplotlib python3-yaml python3-skimage hdf5-tools"
for option; do
  case $option in
  --tests)
    packages="$packages clang-format valgrind python3-scipy python3-sklearn shellcheck pyflakes3 man-db"
    packages="$packages slurmctld slurmd slurm-client munge"
    ;;
  --dft) packages="$packages python3-ase python3-spglib gpaw gpaw-data python3-pymatgen" ;;
  *)
    echo "usage: jobs/install_deps.sh [--tests] [--dft]" >&2
    exit 2
    ;;
  esac
done

if ! command -v dpkg >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
  echo "install_deps: no apt-get here: this script knows Debian and Ubuntu only." >&2
  echo "install_deps: elsewhere load or build the libraries; ./configure names each one that it misses." >&2
  exit 1
fi

# The packages of $packages that are not installed.
find_missing() {
  for package in $packages; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || state=none
    # Several architectures print several words.
    case $state in
    *not-installed*) echo "$package" ;;
    *installed*) ;;
    *) echo "$package" ;;
    esac
  done
}

missing=$(find_missing | tr '\n' ' ')
if [ -z "$missing" ]; then
  echo "install_deps: all packages are installed"
  exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root="sudo -n"
elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then
  as_root=sudo # asks for the password on the terminal
else
  echo "install_deps: these packages are missing, and you are neither root nor allowed to use sudo:" >&2
  echo "  $missing" >&2
  echo "install_deps: ask your administrator for" >&2
  echo "  apt-get install $missing" >&2
  exit 1
fi

echo "install_deps: installing $missing"
apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=600 \
    -o Acquire::Retries=3 "$@" </dev/null
}
apt update || echo "install_deps: apt-get update failed; trying with the lists that are there" >&2
# shellcheck disable=SC2086 # a list of words
apt install --no-install-recommends $missing || {
  echo "install_deps: apt-get install failed; see above" >&2
  exit 1
}
missing=$(find_missing | tr '\n' ' ')
[ -z "$missing" ] || {
  echo "install_deps: still missing: $missing" >&2
  exit 1
}
echo "install_deps: done"
