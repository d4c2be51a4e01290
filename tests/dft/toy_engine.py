"""An engine for tests: ASE's effective-medium potential, and a density of Gaussians. Takes milliseconds."""
import os
import time

import numpy as np
from ase.calculators.emt import EMT, parameters
from ase.constraints import ExpCellFilter
from ase.io import read, write
from ase.optimize import BFGS
from ase.units import GPa
from ecdchain import engines, fields
from ecdchain.base import EngineError


class Engine(engines.Engine):
    name = 'toy'
    keys = (
        engines.Key('fmax', 0.001, 'eV/A'),
        engines.Key('grid', 12, 'points along each axis'),
        engines.Key('sleep', 0.0, 'seconds that each calculation takes more'),
        engines.Key('fail', '', 'a file of lines PLACE or PLACE=HOW: what goes wrong with calculations whose '
                    'place ends so. They fail; cut, none, bad: the density; nan, soft: the stress'),
    )

    def method(self, stage):
        return {k: self.settings[k] for k in (('fmax', 'grid') if stage == 'static' else ('fmax',))}

    def check_structure(self, atoms):
        missing = sorted({s for s in atoms.get_chemical_symbols() if s not in parameters})
        if missing:
            raise EngineError(f'no potential for {", ".join(missing)}')

    def _begin(self, folder):
        """What goes wrong."""
        time.sleep(self.settings['sleep'])
        place, how = os.path.dirname(folder), ''
        if self.settings['fail'] and os.path.exists(self.settings['fail']):
            with open(self.settings['fail'], encoding='utf-8') as file:
                told = [line.strip().partition('=') for line in file if line.strip()]
            how = next((how or 'fail' for end, _, how in told if place.endswith(end)), '')
        if how == 'fail':
            raise EngineError('told to fail')
        return how

    def relax(self, atoms, what, folder):
        self._begin(folder)
        atoms = atoms.copy()
        atoms.calc = EMT()
        if what == 'none':
            return atoms, {'energy_ev': atoms.get_potential_energy()}
        moved = ExpCellFilter(atoms) if what == 'cell' else atoms
        steps = BFGS(moved, logfile=os.path.join(folder, 'relax.log'))
        if not steps.run(fmax=self.settings['fmax'], steps=100):
            raise EngineError('not converged in 100 steps')
        write(os.path.join(folder, 'last.vasp'), atoms, format='vasp', direct=True)
        return atoms, {'energy_ev': atoms.get_potential_energy(), 'steps': steps.nsteps}

    def last_structure(self, folder):
        path = os.path.join(folder, 'last.vasp')
        return read(path) if os.path.exists(path) else None

    def static(self, atoms, hints, folder):
        how = self._begin(folder)
        n = self.settings['grid']
        points = np.stack(np.meshgrid(*[np.arange(n) / n] * 3, indexing='ij'), -1)
        density = np.zeros((n, n, n))
        for frac, number in zip(atoms.get_scaled_positions(), atoms.numbers):
            difference = points - frac
            difference -= np.round(difference)
            density += number * np.exp(-((difference @ atoms.cell[:])**2).sum(-1))
        if how == 'bad':
            density[0, 0, 0] = np.nan
        path = os.path.join(folder, 'CHGCAR')
        if how != 'none':
            fields.write_vasp(path, atoms, density * atoms.cell.volume)
        if how == 'cut':
            os.truncate(path, os.path.getsize(path) // 2)
        fields.write_vasp(os.path.join(folder, 'ELFCAR'), atoms, density / density.max())
        return {'density': 'CHGCAR', 'elf': 'ELFCAR'}

    def strained(self, atoms, reference, relax_sites, hints, folder):
        factor = {'nan': np.nan, 'soft': -1}.get(self._begin(folder), 1)
        atoms = atoms.copy()
        atoms.calc = EMT()
        if relax_sites:
            BFGS(atoms, logfile=None).run(fmax=self.settings['fmax'], steps=100)
        return {'stress_gpa': (factor * atoms.get_stress() / GPa).tolist(),
                'energy_ev': atoms.get_potential_energy()}
