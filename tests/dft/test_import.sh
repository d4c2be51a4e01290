#!/bin/sh
# chain.sh import: folders as VASP leaves them become labels and a dataset; what is wrong with them is told together.
set -u
. "$top_srcdir/tests/dft/chain.sh"
runs=$work/runs
fake=$(cd "$top_srcdir" && pwd)/tests/dft/fake_vasp.py
PYTHONPATH=$(cd "$top_srcdir" && pwd)/jobs/dft
export PYTHONPATH

# vasp FOLDER ELEMENT TEMPLATE [TAG=VALUE]...: a run of the program in VASP's place
vasp() {
  place=$1 element=$2 template=$3
  shift 3
  mkdir -p "$place"
  structure "$element" "$place/POSCAR"
  sed -e 's/@[a-z_]*@/520/' -e 's/^GGA .*/GGA = PE/' "$top_srcdir/jobs/dft/vasp/INCAR.$template" | grep -v '^#' >"$place/INCAR"
  for tag; do
    printf '%s\n' "$tag" | sed 's/=/ = /' >>"$place/INCAR"
  done
  printf 'mesh\n0\nGamma\n4 4 4\n' >"$place/KPOINTS"
  printf ' TITEL  = PAW_PBE %s 01Jan2001\n' "$element" >"$place/POTCAR"
  (cd "$place" && "$ECDNET_PYTHON" "$fake" >vasp.out) || fail "fake_vasp"
}
import() {
  chain import "$runs" --out "$work/out" --launcher "$MPIEXEC -n 1" --prep-options '-o prep.grid=12' "$@"
}

for element in Al Cu Ni; do
  vasp "$runs/$element" $element static
  vasp "$runs/$element/elastic" $element elastic
done
gzip "$runs/Cu/CHGCAR" "$runs/Cu/elastic/OUTCAR"
expect 0 import
says "3 materials in $runs, 3 of them can be used"
says "prep.yaml --append"
grep -q '^Al,Al,3[0-9.]*,[0-9.]*,PBE,.*/runs/Al/elastic/OUTCAR$' "$work/out/labels.csv" || fail "labels.csv"
expect 0 import --prep
says "3 volumes of 12^3"
expect 0 import --prep --density all --prep-options "-o prep.grid=12 -o output=$work/all"
expect 0 import --prep --elf --prep-options "-o prep.grid=12 -o output=$work/elf"

# A table of labels wins over tensors, whatever its columns are called.
printf 'material_id,pretty_formula,K_VRH,G_VRH\nAl,Al,77,26\nCu,Cu,140,\nNi,Ni,190,90\nmp-1,Fe,1,1\n' >"$work/labels.csv"
expect 0 import --labels "$work/labels.csv"
says "label and tensor differ"
says "label without a run (1): mp-1"
grep -q '^Cu,Cu,140,,PBE' "$work/out/labels.csv" || fail "labels.csv of the table"
printf 'id,bulk_gpa\nAl,77\nAl,78\nCu,x\n' >"$work/bad.csv"
expect 3 import --labels "$work/bad.csv"
says "bad.csv:3: the id 'Al' occurs twice"
says "bad.csv:4: expected numbers, found x"

# All kinds of trouble at once.
vasp "$runs/Pd-unlabelled" Pd static
vasp "$runs/Ag-pbesol" Ag static GGA=PS
vasp "$runs/Ag-pbesol/elastic" Ag elastic GGA=PS
vasp "$runs/Pt-spin" Pt static ISPIN=2
vasp "$runs/Pt-spin/elastic" Pt elastic
vasp "$runs/Al-again" Al static
vasp "$runs/Al-again/elastic" Al elastic
printf 'Au-scf=scf\nAu-cut=cut\n' >"$work/fake"
FAKE_VASP=$work/fake
export FAKE_VASP
vasp "$runs/Au-scf" Au static
vasp "$runs/Au-cut" Au static
mkdir "$runs/nothing"
mkdir "$runs/text"
printf 'no charge density\n' >"$runs/text/CHGCAR"
expect 3 import
says "11 materials in $runs, 4 of them can be used"
for line in "missing label (3)" "Pd-unlabelled: neither a label" "mixed functionals (1)" "Ag-pbesol: PBEsol, not PBE" \
  "Pt-spin: the total density is taken" "duplicate material (1)" "Al-again: Al as Al" \
  "Au-scf: no self-consistency in ionic step 1" "Au-cut: OUTCAR has no end" "nothing: no CHGCAR" \
  "unreadable charge density (1)" "7 of 11 materials cannot be used (--skip-bad goes on without them)"; do
  says "$line"
done
grep -q '^Ag-pbesol,error,mixed functionals,' "$work/out/problems.csv" || fail "problems.csv"
expect 3 import --functional PBEsol
says "1 of them can be used"
rm -rf "$work/out"
expect 0 import --skip-bad --prep
says "4 volumes of 12^3"
[ "$(cut -d, -f1 "$work/out/labels.csv" | tr '\n' ' ')" = "id Al Cu Ni Pt-spin " ] || fail "$(cat "$work/out/labels.csv")"

# Grids: of two files that are added, and of one material that is coarse.
cp -r "$runs" "$work/grids"
runs=$work/grids
rm -rf "$runs/Pd-unlabelled" "$runs"/A?-* "$runs/nothing" "$runs/text"
"$ECDNET_PYTHON" - "$runs" <<'PY' || fail "grids"
import sys
import numpy as np
from ase.io import read
from ecdchain import fields
atoms = read(sys.argv[1] + '/Cu/POSCAR')
fields.write_vasp(sys.argv[1] + '/Cu/AECCAR2', atoms, np.ones((8, 8, 8)))
atoms = read(sys.argv[1] + '/Ni/POSCAR')
fields.write_vasp(sys.argv[1] + '/Ni/CHGCAR', atoms, np.ones((6, 6, 6)))
PY
expect 0 import
says "Ni: 6 x 6 x 6: 0.4"
expect 3 import --density all
says "Cu: AECCAR0 12 x 12 x 12, AECCAR2 8 x 8 x 8"

# A vasprun.xml tells of the run where there is no OUTCAR.
runs=$work/xml
vasp "$runs/Al" Al static
rm "$runs/Al/OUTCAR"
cp "$top_srcdir/tests/dft/vasprun.xml" "$runs/Al/vasprun.xml"
if "$ECDNET_PYTHON" -c 'import pymatgen' 2>/dev/null; then
  expect 0 import --labels "$work/labels.csv"
  grep -q '^Al,Al,77,26,PBE,' "$work/out/labels.csv" || fail "labels.csv with vasprun.xml"
  sed -i 's/\(<i type="int" name="NELM">\) *60/\1 1/' "$runs/Al/vasprun.xml"
  expect 3 import --labels "$work/labels.csv"
  says "Al: no self-consistency in ionic step 1"
else
  echo "without pymatgen: vasprun.xml is not tried"
fi
