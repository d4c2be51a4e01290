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
says "Al: $work/bad.csv:3: the id occurs twice"
says "Cu: $work/bad.csv:4: bulk_gpa: expected a number, found 'x'"
says "2 of 3 materials cannot be used (--skip-bad goes on without them)"
grep -q '^Cu,error,bad label,.*bad.csv:4: ' "$work/out/problems.csv" || fail "problems.csv without the faults of the table"
expect 0 import --labels "$work/bad.csv" --skip-bad
[ "$(cut -d, -f1 "$work/out/labels.csv" | tr '\n' ' ')" = "id Ni " ] || fail "$(cat "$work/out/labels.csv")"
printf 'id,bulk_gpa\nAl,77\nFe,x\n,12\n' >"$work/bad.csv"
expect 3 import --labels "$work/bad.csv"
says "chain: $work/bad.csv: 2 bad lines of no material in $runs (--skip-bad"
grep -q '^Fe,error,bad line of the labels,.*bad.csv:3: ' "$work/out/problems.csv" || fail "problems.csv without a line"
expect 0 import --labels "$work/bad.csv" --skip-bad
printf 'id,bulk_gpa,shear_gpa\nAl,-140,26\nCu,nan,inf\nNi,190,0\n' >"$work/bad.csv"
expect 3 import --labels "$work/bad.csv"
says "Al: bulk -140 GPa"
says "Cu: bulk nan GPa"
says "Cu: shear inf GPa"
says "3 of 3 materials cannot be used;"

# Columns as the Materials Project has called them.
for columns in material_id,elasticity.K_VRH,elasticity.G_VRH material_id,K_Voigt_Reuss_Hill,G_Voigt_Reuss_Hill \
  material_id,bulk_modulus.vrh,shear_modulus.vrh material_id,elasticity.bulk_modulus.vrh,elasticity.shear_modulus.vrh; do
  printf '%s\nAl,77,26\nCu,140,48\nNi,190,90\n' "$columns" >"$work/mp.csv"
  expect 0 import --labels "$work/mp.csv"
  grep -q '^Cu,Cu,140,48,PBE' "$work/out/labels.csv" || fail "labels.csv with $columns"
done
printf 'material_id,density\nAl,2.7\n' >"$work/mp.csv"
expect 3 import --labels "$work/mp.csv"
says "no column of moduli (bulk_gpa, bulk, k_vrh"
printf 'name,k_vrh\nAl,77\n' >"$work/mp.csv"
expect 3 import --labels "$work/mp.csv"
says "no column of ids (id, material_id, "

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

# The elastic tensor is of the density's crystal and functional, in whatever cell; a table of labels is not touched by it.
mkdir "$work/fit"
for element in Al Cu Ni; do
  cp -r "$runs/$element" "$work/fit"
done
all=$runs
runs=$work/fit
vasp "$runs/Al/elastic" Al elastic GGA=CA
rm -r "$runs/Cu/elastic"
vasp "$runs/Cu/elastic" Au elastic
# nickel OPTIONS: the elastic run of Ni in a cell that ASE makes with them
nickel() {
  "$ECDNET_PYTHON" -c "from ase.build import bulk; bulk('Ni', $1).write('$runs/Ni/elastic/POSCAR')" || exit 1
  (cd "$runs/Ni/elastic" && "$ECDNET_PYTHON" "$fake" >vasp.out) || fail "fake_vasp"
}
nickel cubic=True
expect 3 import
says "Al: LDA in $runs/Al/elastic/OUTCAR, PBE for the density"
says "Cu: Au in $runs/Cu/elastic/OUTCAR, Cu in the density"
says "1 of them can be used"
silent "missing label"
expect 0 import --labels "$work/labels.csv"
says "note: elastic tensor of another functional (1)"
nickel a=3.7
expect 3 import
says "Ni: 12.660 A^3 an atom in $runs/Ni/elastic/OUTCAR, 10.904 in the density"

# A functional that is asked for must be known.
rm -r "$runs/Al/elastic" "$runs/Cu/elastic" "$runs/Ni/elastic" "$runs/Cu/OUTCAR"
sed -i '/LEXCH\|GGA/d' "$runs/Al/OUTCAR"
expect 0 import --labels "$work/labels.csv"
says "note: unknown functional (1)"
says "Al: neither GGA nor LEXCH in $runs/Al/OUTCAR"
expect 3 import --labels "$work/labels.csv" --functional PBE
says "Al: neither GGA nor LEXCH in $runs/Al/OUTCAR: PBE was asked for"
says "Cu: no OUTCAR that can be read: PBE was asked for"
says "2 of 3 materials cannot be used"
runs=$all

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
