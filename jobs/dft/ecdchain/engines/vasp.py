"""VASP: the user brings program and POTCARs; INCAR and KPOINTS are made from templates (jobs/dft/vasp)."""
import itertools
import os
import re
import shlex
import shutil
import subprocess

import ase.io
from ase.calculators.calculator import kptdensity2monkhorstpack

from ..base import USAGE, ChainError, EngineError, write_file
from ..structures import write_poscar
from ..vasp_output import complaint, read_outcar
from . import Engine as Interface, Key

TEMPLATES = os.path.join(os.path.dirname(__file__), '..', '..', 'vasp')
NAMES = ('INCAR.relax', 'INCAR.static', 'INCAR.elastic', 'KPOINTS')
FOLDERS = ('', 'potpaw_PBE', 'potpaw_PBE.54', 'potpaw_PBE.52', 'potpaw_PBE.64')
MAGNETIC = {'Cr': 3, 'Mn': 4, 'Fe': 3, 'Co': 2, 'Ni': 1}       # Bohr magnetons, to start from


class Engine(Interface):
    name = 'vasp'
    keys = (
        Key('command', 'mpirun vasp_std', 'how VASP is started, such as srun vasp_std'),
        Key('potcars', '', 'folder with Mg/POTCAR, Mg_pv/POTCAR, ...; empty: VASP_PP_PATH, which is then '
            'recorded here'),
        Key('setups', '', 'POTCARs other than the plain ones: Mg:Mg_pv Ti:Ti_pv'),
        Key('templates', '', 'a folder with INCAR.relax, INCAR.static, INCAR.elastic, KPOINTS of yours; what '
            'it lacks is taken from jobs/dft/vasp'),
        Key('incar', '', 'INCAR settings of all stages, which win over the templates and over spin: '
            'ISMEAR=1; SIGMA=0.2'),
        Key('encut', 520.0, 'eV: ENCUT of relax and static', minimum=50),
        Key('encut_elastic', 700.0, 'eV: ENCUT of elastic', minimum=50),
        Key('gga', 'PE', 'GGA'),
        Key('kpoint_density', 5.0, 'k-points per 1/A (times 2 pi) along each axis', minimum=0.1),
        Key('spin', 'auto', 'ISPIN = 2: auto (where Cr, Mn, Fe, Co or Ni occur), on, off; ISPIN and MAGMOM '
            'in incar or in templates win', ('auto', 'on', 'off')),
        Key('nsw', 60, 'steps of a relaxation', minimum=1),
        Key('rounds', 4, 'a cell is relaxed anew, with the plane waves of the new cell, until it stands',
            minimum=1),
        Key('pressure_kbar', 1.0, 'a relaxed cell stands when a new start finds less than this',
            minimum=0.001),
        Key('density', 'valence', 'what the samples hold: valence (CHGCAR) or all (AECCAR0 + AECCAR2)',
            ('valence', 'all')),
    )
    gives_tensor = True

    def record(self):
        """Jobs run in WORK, and not always in the environment of who submitted them."""
        potcars = self.settings['potcars'] or os.environ.get('VASP_PP_PATH', '')
        for name, path in (('potcars', potcars), ('templates', self.settings['templates'])):
            self.settings[name] = os.path.abspath(os.path.expanduser(path)) if path else ''
        if potcars and not os.path.isdir(self.settings['potcars']):
            raise ChainError(f'vasp.potcars, VASP_PP_PATH: no folder {self.settings["potcars"]}', USAGE)
        self._check_templates()

    def _check_templates(self):
        folder = self.settings['templates']
        if folder and not os.path.isdir(folder):
            raise ChainError(f'vasp.templates: no folder {folder}', USAGE)
        if folder and not any(os.path.isfile(os.path.join(folder, name)) for name in NAMES):
            raise ChainError(f'vasp.templates: none of {", ".join(NAMES)} in {folder}', USAGE)

    def check(self):
        words = shlex.split(self.settings['command'])
        if not words or not shutil.which(words[0]):
            raise EngineError(f"vasp.command: no program '{words[0] if words else ''}' here")

    def check_structure(self, atoms):
        for symbol in _kinds(atoms):
            self._potcar(symbol)
        self._spin(atoms, self._incar('static', {}))

    def method(self, stage):
        """The settings of the INCAR; what concerns one stage only is in its template."""
        kept = ('setups', 'gga', 'kpoint_density', 'spin')
        incar = ' '.join(f'{k}={v}' for k, v in sorted(self._incar(stage, {'isif': '', 'nsw': ''}).items())
                         if k not in ('SYSTEM', 'NSW', 'ISIF', 'NCORE', 'NPAR', 'KPAR', 'LPLANE', 'NSIM'))
        more = {'density': self.settings['density']} if stage == 'static' else {}
        return {**{k: self.settings[k] for k in kept}, 'incar': incar, **more}

    def data_sets(self, atoms):
        return {f'POTCAR of {symbol}': _title(self._potcar(symbol)) for symbol in _kinds(atoms)}

    def relax(self, atoms, what, folder):
        """Rounds until a start from the relaxed cell finds no pressure: the plane waves are those of the cell
        at the start of a run."""
        values = {'isif': {'cell': 3}.get(what, 2), 'nsw': self.settings['nsw'] if what != 'none' else 0}
        rounds = self.settings['rounds'] if what == 'cell' else 1
        for number in range(1, rounds + 1):
            place = os.path.join(folder, f'round{number}')
            os.mkdir(place)
            run = self._run('relax', atoms, atoms, place, values)
            run.refuse(relaxed=what != 'none')
            if what == 'none':
                break
            atoms = self._contcar(place, atoms)
            if what == 'cell' and run.first_pressure_kbar is not None and \
                    abs(run.first_pressure_kbar) < self.settings['pressure_kbar']:
                break
        else:
            if what == 'cell':
                pressure = run.first_pressure_kbar
                raise EngineError(f'after {rounds} rounds a new start still finds {pressure} kbar')
        return atoms, {'energy_ev': run.energy_ev, 'stress_gpa': run.stress_gpa(), 'steps': run.ionic_steps,
                       'rounds': number, 'magnetic_moment': run.magnetization, 'potcars': run.titles}

    def last_structure(self, folder):
        """CONTCAR of the last round that wrote one."""
        rounds = sorted(n for n in os.listdir(folder) if n.startswith('round'))
        for name in reversed(rounds):
            try:
                return self._contcar(os.path.join(folder, name), None)
            except EngineError:
                continue
        return None

    def static(self, atoms, hints, folder):
        run = self._run('static', atoms, atoms, folder, {})
        run.refuse()
        files = {'density': 'CHGCAR', 'elf': 'ELFCAR'}
        if self.settings['density'] == 'all':
            files = {'density': 'AECCAR0', 'plus': 'AECCAR2', 'elf': 'ELFCAR'}
        missing = [n for n in files.values() if not os.path.isfile(os.path.join(folder, n))]
        if missing:
            raise EngineError(f'VASP wrote no {", ".join(missing)}: LCHARG, LAECHG, LELF in the INCAR?')
        return {**files, 'energy_ev': run.energy_ev, 'stress_gpa': run.stress_gpa(),
                'magnetic_moment': run.magnetization, 'potcars': run.titles}

    def stiffness(self, atoms, relax_sites, hints, folder):
        ions = 'relaxed' if relax_sites else 'clamped'
        run = self._run('elastic', atoms, atoms, folder, {})
        run.refuse()
        if ions not in run.tensors:
            raise EngineError(f'the OUTCAR has no elastic moduli ({ions} ions): IBRION = 6, ISIF = 3?')
        return {'stiffness': run.tensors[ions], 'unit': 'kbar', 'order': 'vasp',
                'steps': run.ionic_steps, 'stress_gpa': run.stress_gpa(), 'potcars': run.titles}

    def _run(self, stage, atoms, reference, folder, values):
        """Writes the input, starts VASP, reads its OUTCAR."""
        write_poscar(os.path.join(folder, 'POSCAR'), atoms)
        incar = self._incar(stage, values)
        incar.update(self._spin(atoms, incar))
        write_file(os.path.join(folder, 'INCAR'), ''.join(f'{k} = {v}\n' for k, v in incar.items()))
        mesh = kptdensity2monkhorstpack(reference, self.settings['kpoint_density'], even=False)
        write_file(os.path.join(folder, 'KPOINTS'),
                   _fill(self._template('KPOINTS'), {'kpoints': ' '.join(map(str, mesh))}))
        with open(os.path.join(folder, 'POTCAR'), 'wb') as file:
            for symbol in _kinds(atoms):
                with open(self._potcar(symbol), 'rb') as part:
                    shutil.copyfileobj(part, file)
        with open(os.path.join(folder, 'vasp.out'), 'wb') as out:
            code = subprocess.run(shlex.split(self.settings['command']), cwd=folder, stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=subprocess.STDOUT, check=False).returncode
        said = complaint(out.name)
        if code:
            raise EngineError(f'VASP ended with exit code {code}: {said}')
        if not os.path.isfile(os.path.join(folder, 'OUTCAR')):
            raise EngineError(f'VASP wrote no OUTCAR: {said}')
        return read_outcar(os.path.join(folder, 'OUTCAR'))

    def _template(self, name):
        self._check_templates()
        own = os.path.join(self.settings['templates'], name)
        path = own if self.settings['templates'] and os.path.isfile(own) else os.path.join(TEMPLATES, name)
        with open(path, encoding='utf-8') as file:
            return file.read()

    def _incar(self, stage, values):
        """{TAG: value} of the template, then of the setting incar."""
        text = _fill(self._template(f'INCAR.{stage}'), {**{k: self.settings[k] for k in (
            'encut', 'encut_elastic', 'gga')}, **values})
        return {**_tags(text), **_tags(self.settings['incar'])}

    def _spin(self, atoms, own):
        """ISPIN and MAGMOM where they are wanted and the user's own tags do not say them."""
        noncollinear = any(own.get(tag, '').upper().lstrip('.').startswith('T')
                           for tag in ('LNONCOLLINEAR', 'LSORBIT'))
        if 'MAGMOM' in own:
            _check_magmom(own['MAGMOM'], (3 if noncollinear else 1) * len(atoms))
        if noncollinear:
            return {}
        moments = [float(m) for m in atoms.get_initial_magnetic_moments()]
        if not any(moments):
            moments = [float(MAGNETIC.get(s, 0)) for s in atoms.get_chemical_symbols()]
        auto = any(moments) or 'MAGMOM' in own
        on = self.settings['spin'] == 'on' or self.settings['spin'] == 'auto' and auto
        if own.get('ISPIN', '2' if on else '1').split()[:1] != ['2']:
            return {}
        if not any(moments):
            moments = [1.0] * len(moments)
        tags = {'ISPIN': '2', 'MAGMOM': ' '.join(f'{m:g}' for m in moments)}
        return {tag: value for tag, value in tags.items() if tag not in own}

    def _potcar(self, symbol):
        """Path of the POTCAR of an element."""
        words = self.settings['setups'].replace(',', ' ').split()
        names = dict(word.split(':', 1) for word in words if ':' in word)
        root = self.settings['potcars'] or os.environ.get('VASP_PP_PATH', '')
        if not root:
            raise EngineError('no POTCARs: set vasp.potcars or VASP_PP_PATH')
        paths = [os.path.join(root, folder, names.get(symbol, symbol), 'POTCAR') for folder in FOLDERS]
        found = [path for path in paths if os.path.isfile(path)]
        if not found:
            raise EngineError(f'no POTCAR of {symbol}: {paths[0]} is missing (vasp.potcars, vasp.setups)')
        return found[0]

    @staticmethod
    def _contcar(folder, before):
        """The sites in the order of the POSCAR, which the CONTCAR keeps."""
        try:
            atoms = ase.io.read(os.path.join(folder, 'CONTCAR'), format='vasp')
        except Exception as error:
            raise EngineError(f'CONTCAR cannot be read: {error}') from error
        if before is not None:
            atoms.set_initial_magnetic_moments(before.get_initial_magnetic_moments())
        return atoms


def _kinds(atoms):
    """Symbols in the order of their first site: that of POSCAR and POTCAR."""
    return list(dict.fromkeys(atoms.get_chemical_symbols()))


def _check_magmom(text, expected):
    """EngineError unless 2*1 -2 and the like are as many numbers as expected."""
    try:
        words = [word.split('*') for word in text.split()]
        number = sum(int(word[0]) if len(word) > 1 else 1 for word in words)
    except ValueError as error:
        raise EngineError(f"MAGMOM: expected numbers, found '{text}'") from error
    if number != expected:
        raise EngineError(f'MAGMOM has {number} numbers, this cell needs {expected} (chain.cell = as_given: '
                          'the cell of the file)')


def _title(path):
    """What a POTCAR calls itself: TITEL, else its first line."""
    with open(path, encoding='utf-8', errors='replace') as file:
        head = list(itertools.islice(file, 60))
    found = [line.partition('=')[2] for line in head if line.split()[:1] == ['TITEL']]
    return ' '.join((found or head or [''])[0].split())


def _fill(text, values):
    """Puts values in for @name@."""
    def value(found):
        if found.group(1) not in values:
            raise EngineError(f"template: no value '{found.group(1)}' (there are: {', '.join(values)})")
        return str(values[found.group(1)])

    return '\n'.join(line if line.startswith('#') else re.sub(r'@(\w+)@', value, line)
                     for line in text.split('\n'))


def _tags(text):
    """{TAG: value} of INCAR lines; comments go."""
    tags = {}
    for line in text.split('\n'):
        for part in re.split('[#!]', line)[0].split(';'):
            name, equals, value = part.partition('=')
            if equals:
                tags[name.strip().upper()] = value.strip()
    return tags
