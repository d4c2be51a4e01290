#!/bin/sh
# Symmetrised tensors, fits and moduli of all Laue classes against pymatgen's.
for python in "${PYTHON:-no}" /usr/bin/python3; do
  "$python" -c 'import pymatgen.analysis.elasticity.elastic' 2>/dev/null && found=$python && break
done
[ -n "${found:-}" ] || { echo "skipped: no Python with pymatgen (Debian: python3-pymatgen)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$found" "${top_srcdir:?}/tests/elastic/compare_pymatgen.py" "${ECDNET:?}" "$work"
