#!/bin/sh
# Sites in strained cells. Of an hcp crystal, strains in the basal plane move the two sites against each other: relaxed, c11 is
# smaller than clamped, c12 larger by as much, and c13, c33, c44 are the same. Both against stresses that ASE's
# effective-medium potential gives in cells that are strained and relaxed here.
set -u
. "$top_srcdir/tests/dft/chain.sh"
cd "$work" || exit 1
mkdir in
"$ECDNET_PYTHON" -c "from ase.build import bulk; bulk('Cu', 'hcp', a=2.55, c=4.16).write('in/hcp.vasp')" || fail "structure"
for ions in relaxed clamped; do
  expect 0 chain run $ions --structures in --engine "$toy" -o elastic.ions=$ions -o toy.fmax=1e-5 -o prep.fields=none
  says "hcp"
  grep -q "^hcp,Cu,.*,ok,6/mmm,$ions," $ions/labels.csv || fail "labels.csv: $(cat $ions/labels.csv)"
done
"$ECDNET_PYTHON" - <<'END' >log 2>&1 || fail "the constants are not those of relaxed or of clamped sites"
import csv, glob, json
import numpy as np
from ase.calculators.emt import EMT
from ase.io import read
from ase.optimize import BFGS
from ase.units import GPa

def derivative(atoms, i, j, relaxed, size=0.002):
    """Of the stress by the strain ij (j != i: the shear angle)."""
    stress = []
    for h in (size, -size):
        strain = np.zeros((3, 3))
        strain[i, j] += h / 2
        strain[j, i] += h / 2
        cell = atoms.copy()
        cell.set_cell(atoms.cell[:] @ (np.eye(3) + strain), scale_atoms=True)
        cell.calc = EMT()
        if relaxed:
            assert BFGS(cell, logfile=None).run(fmax=1e-6, steps=500)
        stress.append(cell.get_stress() / GPa)
    return (stress[0] - stress[1]) / (2 * size)

def expected(atoms, relaxed):
    x, z, yz = (derivative(atoms, *ij, relaxed) for ij in ((0, 0), (2, 2), (1, 2)))
    return {'c11': x[0], 'c12': x[1], 'c13': x[2], 'c33': z[2], 'c44': yz[3]}

found, wanted, moduli = {}, {}, {}
for ions in ('relaxed', 'clamped'):
    atoms = read(glob.glob(f'{ions}/materials/hcp/relax/*/relaxed.vasp')[0])
    wanted[ions] = expected(atoms, ions == 'relaxed')
    found[ions] = json.load(open(f'{ions}/moduli/elastic/hcp.json', encoding='utf-8'))['standard']['constants_gpa']
    moduli[ions], = csv.DictReader(open(f'{ions}/labels.csv', encoding='utf-8'))
    print(ions, found[ions], wanted[ions], moduli[ions]['bulk_gpa'], moduli[ions]['shear_gpa'])
for ions in found:
    for name, value in wanted[ions].items():
        assert abs(found[ions][name] - value) < 0.5, (ions, name)
shift = {name: found['relaxed'][name] - found['clamped'][name] for name in wanted['relaxed']}
assert shift['c11'] < -10 and abs(shift['c11'] + shift['c12']) < 0.3, shift
assert all(abs(shift[name]) < 0.3 for name in ('c13', 'c33', 'c44')), shift
bulk, shear = ([float(moduli[ions][f'{m}_gpa']) for ions in ('relaxed', 'clamped')] for m in ('bulk', 'shear'))
assert abs(bulk[0] - bulk[1]) < 0.3 and shear[0] < shear[1] - 2, (bulk, shear)
END
