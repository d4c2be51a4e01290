#!/bin/sh
# Installs what is missing, builds in build-test/, runs all tests, and ends with one line
# "N passed, N failed, N skipped". Needs no terminal; may be run again. Exit code 0: all passed or were skipped.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export ECDNET_SHARED="${ECDNET_SHARED:-$(pwd)/../shared}" # larger references, used where they exist

# Runs a command into a log; if it fails, shows the log's end and closes with a line that counts as one failure.
step() {
  name=$1 log=$2
  shift 2
  "$@" >"$log" 2>&1 </dev/null && return 0
  tail -40 "$log"
  echo "run.sh: $name failed; all of it is in $log"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}

# True if one of the files $2... is newer than $1 or $1 is missing.
older() {
  [ -z "$(find "$@" -prune -newer "$1" 2>/dev/null)" ] && [ -e "$1" ] || return 0
  return 1
}

configure_in() {
  mkdir -p "$1"
  (cd "$1" && ../configure --enable-werror)
}

mkdir -p build-test
step "install_deps.sh" build-test/install.log sh jobs/install_deps.sh --tests --dft
if older configure configure.ac m4/ecdnet.m4; then
  step bootstrap build-test/bootstrap.log ./bootstrap
fi
# A build folder of another checkout or configure is configured anew; make sees to the rest.
if older build-test/config.status configure || ! grep -qF "'$(pwd)/build-test'" build-test/config.status; then
  step configure build-test/configure.log configure_in build-test
fi
cd build-test
step make make.log make -j2

code=0
make -j2 -k check >check.log 2>&1 </dev/null || code=$?
grep -E '^(PASS|FAIL|SKIP|ERROR|XPASS|XFAIL):' check.log || true
for word in FAIL ERROR XPASS SKIP; do
  sed -n "s/^$word: \(.*\)$/\1/p" check.log | while read -r test; do
    echo "--- $word $test"
    tail -n 25 "${test%.sh}.log" 2>/dev/null || echo "(no log)"
  done
done
count() { grep -cE "^($1):" check.log || true; }
passed=$(count 'PASS|XFAIL') failed=$(count 'FAIL|ERROR|XPASS') skipped=$(count SKIP)
if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
  tail -n 40 check.log # a test program that does not build, most likely
  failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
