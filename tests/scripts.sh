#!/bin/sh
# The shell scripts pass shellcheck, the Python sources compile and pass pyflakes. Exit code 77: a tool is missing.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C
code=0
shell=$(find . -path './build*' -prune -o -path ./.git -prune -o -name '*.sh' ! -path './jobs/slurm/*' ! -path './jobs/pbs/*' \
  ! -path './jobs/lsf/*' -print)
batch=$(find jobs/slurm jobs/pbs jobs/lsf -name '*.sh')
python=$(find jobs postproc tests -name '*.py')
# shellcheck disable=SC2086 # lists of words
if command -v shellcheck >/dev/null 2>&1; then
  # top_srcdir and the like come from the Makefile; -nt is in dash and every other sh we meet.
  shellcheck --severity=warning --exclude=SC2154,SC3013,SC1091,SC2015,SC2013 $shell .ci/run bootstrap tests/with_ranks.in || code=1
  # What these set is read by the file that they source, and the other way round.
  shellcheck --severity=warning --exclude=SC2034,SC2154,SC1091 $batch || code=1
else
  echo "scripts: no shellcheck here" && code=77
fi
# shellcheck disable=SC2086
/usr/bin/python3 - $python <<'PY' || code=1
import sys
for name in sys.argv[1:]:
    with open(name, encoding='utf-8') as file:
        text = file.read()
    compile(text, name, 'exec')
    long = [n for n, line in enumerate(text.splitlines(), 1) if len(line) > 110]
    if long:
        sys.exit(f'{name}: lines longer than 110 columns: {long}')
PY
# shellcheck disable=SC2086
if /usr/bin/python3 -c 'import pyflakes' >/dev/null 2>&1; then
  /usr/bin/python3 -m pyflakes $python || code=1
else
  echo "scripts: no pyflakes here" && [ $code -eq 1 ] || code=77
fi
exit $code
