#!/bin/sh
# Installs what is missing, builds in build-test/, runs all tests, and ends with one line
# "N passed, N failed, N skipped". Needs no terminal; may be run again.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
sh jobs/install_deps.sh --tests </dev/null
[ -x configure ] && [ configure -nt configure.ac ] || ./bootstrap >bootstrap.log 2>&1 || { cat bootstrap.log; exit 1; }
mkdir -p build-test
cd build-test
[ -f config.status ] || ../configure --enable-werror >configure.log 2>&1 || { tail -30 configure.log; exit 1; }
make -j2 >make.log 2>&1 || { tail -40 make.log; exit 1; }
code=0
make -j2 check >check.log 2>&1 || code=$?
grep -E '^(PASS|FAIL|SKIP|ERROR|XPASS):' check.log || true
for word in FAIL ERROR SKIP; do
  sed -n "s/^$word: \(.*\)$/\1/p" check.log | while read -r test; do
    echo "--- $word $test"
    tail -25 "${test%.sh}.log" 2>/dev/null || true
  done
done
count() { grep -cE "^($1):" check.log || true; }
passed=$(count PASS) failed=$(count 'FAIL|ERROR|XPASS') skipped=$(count SKIP)
if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
  tail -30 check.log
  failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
