"""Stands in for VASP: reads POSCAR, INCAR, KPOINTS, POTCAR of the current folder, takes the effective-medium
potential of ASE for the physics, writes OUTCAR, CONTCAR, CHGCAR, AECCAR0, AECCAR2, ELFCAR in VASP's layout.
FAKE_VASP: a file of lines PLACE=WORD: where the current folder contains PLACE, what goes wrong: crash, cut
(no end of OUTCAR), scf (no self-consistency), nelm (none in the first step; VASP 5 does not admit it), ions
(the relaxation does not end), nocharge, notensor."""
import os
import re
import sys

import numpy as np
from ase.calculators.emt import EMT
from ase.constraints import ExpCellFilter
from ase.io import read
from ase.optimize import BFGS
from ase.units import GPa
from ecdchain import fields
from ecdchain.structures import write_poscar

PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0))       # XX YY ZZ XY YZ ZX


def trouble():
    try:
        with open(os.environ['FAKE_VASP'], encoding='utf-8') as file:
            for line in file:
                place, _, word = line.strip().partition('=')
                if word and place in os.getcwd():
                    return word
    except (KeyError, FileNotFoundError):
        pass
    return ''


def read_incar():
    with open('INCAR', encoding='utf-8') as file:
        return {k.strip(): v.strip() for k, _, v in (line.partition('=') for line in file)}


def check_potcar(atoms):
    """Element by element, as VASP does."""
    with open('POTCAR', encoding='utf-8') as file:
        titles = re.findall(r'TITEL\s*=\s*(.*)', file.read())
    symbols = [title.split()[1].split('_')[0] for title in titles]
    if symbols != list(dict.fromkeys(atoms.get_chemical_symbols())):
        sys.exit(f'ERROR: POTCAR has {symbols}')
    return titles


def stress_kbar(atoms):
    stress = atoms.get_stress(voigt=False) / GPa
    return [-10 * stress[p] for p in PAIRS]


def tensor(atoms):
    """6 x 6 in kbar, central differences with clamped sites, which fcc metals have anyway."""
    rows = []
    for a, b in PAIRS:
        columns = []
        for sign in (1, -1):
            strain = np.zeros((3, 3))
            strain[a, b] += sign * 0.002 / 2
            strain[b, a] += sign * 0.002 / 2
            moved = atoms.copy()
            moved.set_cell(atoms.cell[:] @ (np.eye(3) + strain), scale_atoms=True)
            moved.calc = EMT()
            columns.append(np.array(stress_kbar(moved)))
        # e_xx is 0.002, as is the engineering shear strain.
        rows.append(-(columns[0] - columns[1]) / (2 * 0.002))
    return np.array(rows)


def line(word):
    return f'{"-" * 39} {word} {"-" * 39}\n'


class Outcar:
    def __init__(self, incar, atoms, titles):
        self.text = ' vasp.6.3.2 27Jun22 (build for tests) complex\n\n'
        self.text += ''.join(f'   VRHFIN =x\n   LEXCH  = {incar["GGA"]}\n   TITEL  = {t}\n' for t in titles)
        self.text += f'   number of dos      NEDOS =    301   number of ions     NIONS = {len(atoms):6d}\n'
        self.text += f'   ISPIN  = {int(incar.get("ISPIN", 1)):6d}    spin polarized calculation?\n'
        self.text += '   LNONCOLLINEAR =      F non collinear calculations\n'
        self.text += f'   ENCUT  = {float(incar["ENCUT"]):6.1f} eV  38.22 Ry    6.18 a.u.\n'
        self.text += '   NELM   =      4;   NELMIN=  2; NELMDL= -5     # of ELM steps\n'
        self.text += '   EDIFF  = 0.1E-05   stopping-criterion for ELM\n'
        self.text += f'   NSW    = {int(incar["NSW"]):6d}    number of steps for IOM\n'
        self.text += f'   IBRION = {int(incar["IBRION"]):6d}    ionic relax: 0-MD 1-quasi-New 2-CG\n'
        self.text += '   GGA     =    --    GGA type\n   LEXCH   =     8    internal number\n'
        self.text += '   LHFCALC =     F    Hartree Fock is set to\n'
        self.steps = 0
        self.atoms = atoms

    def step(self, atoms, reached=True, exhausted=False):
        self.steps += 1
        for i in range(4 if exhausted else 2):
            self.text += line(f'Iteration {self.steps:6d}({i + 1:4d})')
            change = 10.0 ** (-2 * i) if exhausted else 10.0 ** (-6 * i)
            self.text += f'   total energy-change (2. order) :{-change:15.7E}  ({-change / 2:15.7E})\n'
        if reached:
            self.text += line('aborting loop because EDIFF is reached')
        stress = stress_kbar(atoms)
        self.text += '  FORCE on cell =-STRESS in cart. coord.  units (eV):\n'
        self.text += '  Direction    XX          YY          ZZ          XY          YZ          ZX\n'
        self.text += '  in kB   ' + ''.join(f'{s:12.5f}' for s in stress) + '\n'
        self.text += f'  external pressure = {sum(stress[:3]) / 3:12.2f} kB  Pullay stress =        0.00 kB\n'
        self.text += f'  volume of cell : {atoms.cell.volume:12.2f}\n'
        self.text += f'  free  energy   TOTEN  = {atoms.get_potential_energy():18.8f} eV\n'

    def moduli(self, values):
        names = ['XX', 'YY', 'ZZ', 'XY', 'YZ', 'ZX']
        for title in ('SYMMETRIZED ELASTIC MODULI (kBar)', 'TOTAL ELASTIC MODULI (kBar)'):
            self.text += f'\n {title}\n Direction    ' + '          '.join(names) + '\n ' + '-' * 80 + '\n'
            self.text += ''.join(f' {n}  ' + ''.join(f'{v:12.4f}' for v in row) + '\n'
                                 for n, row in zip(names, values))
            self.text += ' ' + '-' * 80 + '\n'

    def write(self, whole=True):
        if whole:
            self.text += '\n General timing and accounting informations for this job:\n'
        with open('OUTCAR', 'w', encoding='utf-8') as file:
            file.write(self.text)


def main():
    word, incar = trouble(), read_incar()
    atoms = read('POSCAR', format='vasp')
    titles = check_potcar(atoms)
    with open('KPOINTS', encoding='utf-8') as file:
        mesh = file.read().split('\n')[3]
    if len(mesh.split()) != 3 or '@' in open('INCAR', encoding='utf-8').read():
        sys.exit('ERROR: reading KPOINTS or INCAR')
    if word == 'crash':
        print('ZBRENT: fatal error in bracketing')
        sys.exit(1)
    atoms.calc = EMT()
    out = Outcar(incar, atoms, titles)
    out.step(atoms, reached=word != 'scf', exhausted=word == 'nelm')
    if incar['IBRION'] == '2' and incar['NSW'] != '0':
        moved = ExpCellFilter(atoms) if incar['ISIF'] == '3' else atoms
        for _ in BFGS(moved, logfile=None).irun(fmax=0.005, steps=1 if word == 'ions' else 50):
            out.step(atoms)
        if word != 'ions':
            out.text += ' reached required accuracy - stopping structural energy minimisation\n'
    if incar['IBRION'] == '6':
        for _ in range(12):
            moved = atoms.copy()
            moved.set_cell(atoms.cell[:] * 1.01, scale_atoms=True)
            moved.calc = EMT()
            out.step(moved)
        if word != 'notensor':
            out.moduli(tensor(atoms))
    write_poscar('CONTCAR', atoms)
    if incar.get('LCHARG') == '.TRUE.' and word != 'nocharge':
        points = np.stack(np.meshgrid(*[np.arange(12) / 12] * 3, indexing='ij'), -1)
        density = 1.5 + sum(np.cos(2 * np.pi * points[..., v]) for v in range(3)) / 3
        for name in ('CHGCAR', 'AECCAR0', 'AECCAR2'):
            fields.write_vasp(name, atoms, density * 3)
        fields.write_vasp('ELFCAR', atoms, density / 2.6)
    out.write(whole=word != 'cut')
    print(' DAV:   2')


main()
