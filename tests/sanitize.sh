#!/bin/sh
# Builds with the address and undefined-behaviour sanitizers in build-sanitize/ and runs the tests of C code there, MPI
# ones on 1 and 2 ranks. Leaks are not looked for: the MPI library keeps memory until the process ends.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 ECD_TEST_RANKS="1 2"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
[ -x configure ] || ./bootstrap >/dev/null 2>&1 || { echo "sanitizers: bootstrap failed"; exit 1; }
mkdir -p build-sanitize
cd build-sanitize
if [ ! -f config.status ] || [ ../configure -nt config.status ] || ! grep -qF "'$(pwd)'" config.status; then
  CFLAGS="-O1 -g" ../configure --enable-sanitizers --disable-native >configure.log 2>&1 </dev/null || {
    tail -n 30 configure.log
    exit 1
  }
fi
make -j2 >make.log 2>&1 </dev/null || {
  tail -n 40 make.log
  exit 1
}
code=0
# What tests Python, a DFT code or a batch system, or kills at random, finds nothing here that the others do not.
tests=$(make -s list-tests | grep -vE '^tests/(postproc|dft|jobs)/|_kill\.sh$|sklearn|pymatgen' | tr '\n' ' ')
make -j2 -k check TESTS="$tests" >check.log 2>&1 </dev/null || code=1
for test in $(sed -nE "s/^(FAIL|ERROR): //p" check.log); do # names without blanks
  echo "--- $test"
  grep -E -A 20 'ERROR: AddressSanitizer|runtime error' "${test%.sh}.log" || tail -n 25 "${test%.sh}.log"
done
reports=$(grep -lE 'ERROR: AddressSanitizer|runtime error' tests/*/*.log 2>/dev/null || true)
if [ -n "$reports" ]; then
  echo "sanitizers: reports in $reports"
  code=1
fi
[ $code -eq 0 ] || grep -E '^(PASS|FAIL|ERROR):' check.log || tail -n 30 check.log
echo "sanitizers: $(grep -c '^PASS:' check.log || true) tests passed"
exit $code
