#!/bin/sh
# postproc/report.py on synthetic runs.
if [ "${PYTHON:-no}" = no ]; then
  echo "skipped: configure found no Python with h5py, numpy, matplotlib and yaml"
  exit 77
fi
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
exec "$PYTHON" "${top_srcdir:?}/tests/postproc/test_report.py"
