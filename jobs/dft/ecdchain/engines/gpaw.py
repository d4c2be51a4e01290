"""GPAW: PBE and plane waves, each calculation in a process of its own (gpaw_run): it may run on MPI ranks."""
import os
import shlex
import subprocess
import sys

import ase.io

from ..base import EngineError, read_json, write_json
from ..structures import write_poscar
from . import Engine as Interface, Key

# Prints those of the elements that have no PAW data set.
LOOK = """
import sys
from gpaw.setup_data import search_for_file
for symbol in sys.argv[2:]:
    try:
        search_for_file(symbol + '.' + sys.argv[1])
    except (FileNotFoundError, RuntimeError):
        print(symbol)
"""


class Engine(Interface):
    name = 'gpaw'
    keys = (
        Key('launcher', '', 'how a calculation is started on ranks (mpirun -n 8); empty: one process'),
        Key('xc', 'PBE', 'exchange-correlation functional'),
        Key('cutoff_ev', 700.0, 'plane waves. Stresses need more than energies: the bulk modulus of MgO '
            'is 12 % too low at 450 eV, 1 % at 700 eV', minimum=100),
        Key('dedecut', 'estimate', 'Pulay correction of the stress: estimate (of the atoms), a number (the '
            'change of the energy with the cutoff, eV/eV), or none'),
        Key('kpoint_density', 4.0, 'k-points per 1/A (times 2 pi) along each axis', minimum=0.1),
        Key('smearing_ev', 0.1, 'width of the Fermi-Dirac occupations', minimum=0),
        Key('metals_kpoint_density', 6.5, 'k-points of the strained cells of metals: shear constants need '
            'more of them, and more smearing, than energies do', minimum=0.1),
        Key('metals_smearing_ev', 0.2, 'smearing of the strained cells of metals', minimum=0),
        Key('spin', 'auto', 'spin-polarised: auto (where Cr, Mn, Fe, Co or Ni occur), on, off',
            ('auto', 'on', 'off')),
        Key('fmax', 0.003, 'eV/A: forces of relaxed sites', minimum=1e-6),
        Key('smax', 0.05, 'GPa: stress of the relaxed cell', minimum=1e-6),
        Key('max_steps', 60, 'steps of a relaxation', minimum=1),
        Key('max_scf', 200, 'steps to self-consistency', minimum=1),
        Key('grid_spacing', 0.142, 'A: of the fields that are written, at most', minimum=0.01),
        Key('filter', 0.1, 'A: Gaussian filter of the density, so that the grid resolves it', minimum=0),
    )
    _known = set()                                    # elements with data sets
    _how = ('launcher', 'max_steps', 'max_scf')       # what the result does not depend on
    _where = {'metals_kpoint_density': 'elastic', 'metals_smearing_ev': 'elastic', 'grid_spacing': 'static',
              'filter': 'static', 'smax': 'relax'}    # the only stage that they matter to

    def check(self):
        self._find_data([])

    def check_structure(self, atoms):
        symbols = sorted(set(atoms.get_chemical_symbols()) - self._known)
        missing = self._find_data(symbols) if symbols else []
        if missing:
            raise EngineError(f'GPAW has no PAW data set {missing[0]}.{self.settings["xc"]}')
        self._known.update(symbols)

    def _find_data(self, symbols):
        """Those of the elements that GPAW has no data set for; EngineError where there is no GPAW. It is not
        imported here: that starts MPI in this process, and then mpirun refuses to start under it."""
        command = [sys.executable, '-c', LOOK, self.settings['xc'], *symbols]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ['no message'])[-1]
            raise EngineError(f'no GPAW that works with {sys.executable} (install_deps.sh --dft): {reason}')
        return done.stdout.split()

    def method(self, stage):
        return {k: v for k, v in self.settings.items()
                if k not in self._how and self._where.get(k, stage) == stage}

    def relax(self, atoms, what, folder):
        out = self._calculate('relax', atoms, folder, what=what, reference=atoms)
        return ase.io.read(os.path.join(folder, 'last.vasp')), {
            **{k: out[k] for k in ('energy_ev', 'stress_gpa', 'steps', 'magnetic_moment', 'version')},
            'hints': {'metal': out['gap_ev'] < 0.1}}

    def last_structure(self, folder):
        path = os.path.join(folder, 'last.vasp')
        return ase.io.read(path) if os.path.exists(path) else None

    def static(self, atoms, hints, folder):
        out = self._calculate('static', atoms, folder, reference=atoms)
        return {**{k: out[k] for k in ('energy_ev', 'electrons', 'magnetic_moment', 'version')},
                'density': 'CHGCAR', 'elf': 'ELFCAR'}

    def strained(self, atoms, reference, relax_sites, hints, folder):
        kind = 'metals_' if hints.get('metal', True) else ''
        more = {k: self.settings[kind + k] for k in ('kpoint_density', 'smearing_ev')}
        out = self._calculate('relax', atoms, folder, what='sites' if relax_sites else 'none',
                              reference=reference, **more)
        return {k: out[k] for k in ('stress_gpa', 'energy_ev', 'steps', 'version')}

    def _calculate(self, task, atoms, folder, reference, **more):
        """What gpaw_run writes; the process works in folder."""
        write_poscar(os.path.join(folder, 'POSCAR'), atoms)
        write_json(os.path.join(folder, 'input.json'), {
            **self.settings, 'task': task, 'moments': atoms.get_initial_magnetic_moments(),
            'reference': reference.cell[:], 'numbers': atoms.numbers, 'lattice': atoms.cell[:],
            'frac': atoms.get_scaled_positions(), **more})
        words = shlex.split(self.settings['launcher']) + [sys.executable, '-m', 'ecdchain.engines.gpaw_run']
        with open(os.path.join(folder, 'gpaw.log'), 'wb') as log:
            code = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT, check=False).returncode
        out = read_json(os.path.join(folder, 'output.json'))
        if code or out is None:
            with open(log.name, encoding='utf-8', errors='replace') as file:
                lines = file.read().strip().splitlines() or ['no output']
            raise EngineError(f'GPAW ended with exit code {code}: {lines[-1]}')
        if 'error' in out:
            raise EngineError(out['error'])
        return out
