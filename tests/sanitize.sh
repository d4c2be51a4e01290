#!/bin/sh
# Builds with the address and undefined-behaviour sanitizers in build-sanitize/ and runs the tests that it can.
# Leaks are not looked for: the MPI library keeps memory until the process ends.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C ASAN_OPTIONS=detect_leaks=0 ECD_TEST_RANKS="1 2" OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mkdir -p build-sanitize
cd build-sanitize
[ -f config.status ] || CFLAGS="-O1 -g" ../configure --enable-sanitizers --disable-native >configure.log 2>&1 || { tail -30 configure.log; exit 1; }
make -j2 >make.log 2>&1 || { tail -40 make.log; exit 1; }
make -j2 check >check.log 2>&1 || { grep -E '^(FAIL|ERROR):' check.log; cat tests/*/*.log | grep -A20 -E 'ERROR: AddressSanitizer|runtime error' | head -60; exit 1; }
echo "sanitizers: $(grep -c '^PASS:' check.log) tests, no report"
