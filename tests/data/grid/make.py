"""Writes the reference files of this folder with ASE and pymatgen, which are independent of ecdnet:
    python3 tests/data/grid/make.py
The field is field() below; tests/grid/reference.h has it in C."""
import gzip
import os
import numpy as np
from ase import Atoms
from ase.calculators.vasp import VaspChargeDensity
from ase.io.cube import write_cube
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp.outputs import Chgcar, Elfcar, Locpot
from pymatgen.io.vasp.inputs import Poscar

here = os.path.dirname(os.path.abspath(__file__))
n = (4, 5, 6)
cell = np.array([[3.0, 0.1, 0.2], [-0.3, 3.5, 0.4], [0.5, -0.2, 4.0]])
sites = np.array([[0.1, 0.2, 0.3], [0.35, 0.45, 0.55], [0.6, 0.7, 0.85]])
x, y, z = np.meshgrid(*[np.arange(m) / m for m in n], indexing='ij')


def field(shift):
    two = 2 * np.pi
    return (shift + 0.25 * np.cos(two * x) + 0.125 * np.sin(two * y) - 0.0625 * np.cos(two * z)
            + 0.03125 * np.sin(two * (x + 2 * y - z)))


atoms = Atoms(numbers=[12, 12, 14], cell=cell, scaled_positions=sites, pbc=True)
structure = Structure(Lattice(cell), ['Mg', 'Mg', 'Si'], sites)
volume = abs(np.linalg.det(cell))
occupancies = 'augmentation occupancies   1   4\n'
augmentation = {
    'total': [occupancies, ' 0.1000000E+00 -0.2000000E-01 0.3000000E-02 0.4000000E-03\n'],
    'diff': [occupancies, ' 0.5000000E+00 -0.6000000E-01 0.7000000E-02 0.8000000E-03\n']}
os.chdir(here)
densities = {'total': field(1) * volume, 'diff': field(0) * volume}
Chgcar(Poscar(structure), densities, augmentation).write_file('pymatgen.CHGCAR')
Elfcar(Poscar(structure), {'total': field(0.5), 'diff': field(0.25) * 0.5}).write_file('pymatgen.ELFCAR')
Locpot(Poscar(structure), {'total': field(-3)}).write_file('pymatgen.LOCPOT')
density = VaspChargeDensity(None)
density.atoms, density.chg, density.chgdiff = [atoms], [field(1)], []
density.write('ase.CHGCAR', format='chgcar')
density.write('ase.CHG', format='chg')
write_cube(open('ase.cube', 'w'), atoms, field(1), origin=(0, 0, 0))


def rows(values, form, width):
    text = [form % v for v in values]
    return '\n'.join(' '.join(text[i:i + width]) for i in range(0, len(text), width)) + '\n'


# As XCrySDen's specification has it: the last point of each axis repeats the first, x fastest. (ASE's own
# writer scales the vectors of the grid by (n + 1) / n.)
full = np.pad(field(1), [(0, 1)] * 3, mode='wrap')
with open('spec.xsf', 'w') as f:
    f.write('# field(1), e/Bohr^3\nCRYSTAL\nPRIMVEC\n' + rows(cell.ravel(), '%.10f', 3))
    f.write('PRIMCOORD\n3 1\n')
    for symbol, at in zip(('Mg', 'Mg', 'Si'), sites @ cell):
        f.write(symbol + ' ' + rows(at, '%.10f', 3))
    f.write('BEGIN_BLOCK_DATAGRID_3D\n by make.py\n BEGIN_DATAGRID_3D_first\n 5 6 7\n 0.0 0.0 0.0\n')
    f.write(rows(cell.ravel(), '%.10f', 3) + rows(full.ravel(order='F'), '%.8E', 6))
    f.write(' END_DATAGRID_3D\n BEGIN_DATAGRID_3D_second\n 5 6 7\n 0.0 0.0 0.0\n')
    f.write(rows(cell.ravel(), '%.10f', 3) + rows(2 * full.ravel(order='F'), '%.8E', 6))
    f.write(' END_DATAGRID_3D\nEND_BLOCK_DATAGRID_3D\n')
with open('ase.cube.gz', 'wb') as f:
    f.write(gzip.compress(open('ase.cube', 'rb').read(), mtime=0))
