"""The stages of one material: relax, static, elastic. Each is asked for its state, and can be run."""
import json
import os
import subprocess

import numpy as np

from . import fields, structures
from .base import ChainError, EngineError, digest, is_locked, lock, read_json, write_file, write_json
from .settings import find_ecdnet
from .work import FILES, STAGES, structure_of

# States of a stage. waits: for the one before; interrupted: an attempt has no result, nothing works on it.
DONE, READY, WAITS, FAILED = 'done', 'ready', 'waits', 'failed'
RUNNING, INTERRUPTED = 'running', 'interrupted'


class Stage:
    """One stage of one material; before: the stages that must be done first."""

    def __init__(self, material, name, before):
        self.material, self.name, self.before = material, name, before
        self.work = material.work
        self.engine = self.work.engine

    def label(self):
        return f'{self.material.name} {self.name}'

    def method(self):
        """What results of this stage depend on, but for the structure."""
        return {**self.work.method(self.name), **self.engine.data_sets(self.material.structure())}

    def key(self, atoms):
        return digest([self.name, self.method(), self.hints(), structures.describe(atoms)])

    def input(self):
        """Atoms that this stage starts from; None while the relaxation is not done."""
        if self.name == 'relax':
            return self.material.structure()
        found = self.before[0].result()
        return structure_of(found[1]['data']['structure']) if found else None

    def hints(self):
        """What the engine found on relaxing, for the stages that follow."""
        found = self.before[0].result() if self.before else None
        return found[1]['data'].get('hints', {}) if found else {}

    def result(self):
        """(folder, result) of the relaxation or of the static calculation, None if it is not done."""
        atoms = self.input()
        return self.material.calculation(self.name).done(self.key(atoms)) if atoms else None

    def failures(self):
        atoms = self.input()
        if atoms is None:
            return []
        if self.name != 'elastic':
            return self.material.calculation(self.name).failures(self.key(atoms))
        plan = _read(self._plan_path())
        if not plan or plan['key'] != self.key(atoms):
            return []
        calculations = [self.material.calculation('elastic', name) for name in plan['lattices']]
        return [f for c in calculations for f in c.failures(self._strain_key(plan, c.names[-1]))]

    def state(self):
        """(state, reason). With a file that cannot be read it has failed."""
        if any(stage.state()[0] != DONE for stage in self.before):
            return WAITS, ''
        try:
            return self._state(self.input())
        except ChainError as error:
            return FAILED, str(error)

    def _state(self, atoms):
        if atoms is None:
            return WAITS, ''
        if self._done(atoms):
            return DONE, ''
        running, started = self._activity()
        if running:
            return RUNNING, ''
        failures = self.failures()
        if started:
            return INTERRUPTED, f'{started} has no result'
        if failures:
            folder, result = failures[-1]
            strain = os.path.basename(os.path.dirname(folder)) + ': ' if self.name == 'elastic' else ''
            return FAILED, strain + result['reason']
        return READY, self.problem() or self._lost(atoms)

    def _lost(self, atoms):
        return self.material.calculation(self.name).lost(self.key(atoms)) if self.name == 'static' else ''

    def _problem_path(self):
        return os.path.join(self.material.folder, f'{self.name}-problem.txt')

    def problem(self):
        """Why its last job could not even start a calculation; '' if it could."""
        try:
            with open(self._problem_path(), encoding='utf-8') as file:
                return file.read().strip()
        except FileNotFoundError:
            return ''

    def given_up(self):
        """True if it has failed as often as run starts it, or cannot be read."""
        try:
            failures = self.failures()
            self._activity()
        except ChainError:
            return True
        counted = [f for f, _ in failures if not os.path.exists(os.path.join(f, 'forgiven'))]
        return len(counted) >= self.work.settings['chain']['attempts']

    def forgive(self):
        for calculation in self.calculations():
            calculation.forgive()

    def supersede(self):
        """It is computed anew, all of it."""
        if self.name == 'elastic' and os.path.exists(self._made_path()):
            os.unlink(self._made_path())
        for calculation in self.calculations():
            calculation.supersede()

    def _done(self, atoms):
        if self.name == 'elastic':
            made = self._made(atoms)
            return made == self.work.strain_options() and os.path.isfile(self.elastic_path())
        return self.material.calculation(self.name).done(self.key(atoms)) is not None

    def calculations(self):
        if self.name != 'elastic':
            return [self.material.calculation(self.name)]
        folder = os.path.join(self.material.folder, 'elastic')
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        names = [n for n in names if os.path.isdir(os.path.join(folder, n))]
        return [self.material.calculation('elastic', n) for n in names]

    def _activity(self):
        """(a process, here or on this file system, works on it; the folder of an attempt without result)."""
        started = [c.unfinished() for c in self.calculations() if c.unfinished()]
        return is_locked(self.material.lock_path()), started[0] if started else ''

    def other_method(self):
        """{name: (then, now)} if the newest results were made with another method than the settings'; {} if
        they cannot be read, which state() says."""
        try:
            return self._other_method(self.input())
        except ChainError:
            return {}

    def _other_method(self, atoms):
        if atoms is None or self.name == 'elastic' and self._done(atoms):
            return {}
        key, now = self.key(atoms), self.method()
        made = self._made(atoms) if self.name == 'elastic' else None
        if made and made != self.work.strain_options():
            then, now = ([o.split('=') for o in options] for options in (made, self.work.strain_options()))
            return {n: (old, new) for (n, old), (_, new) in zip(then, now) if old != new}
        for calculation in self.calculations():
            then = calculation.other_method(key, now)
            if then:
                return {n: (then.get(n), now.get(n)) for n in {**then, **now} if then.get(n) != now.get(n)}
        return {}

    def run(self):
        """Computes what is missing; a line on what came out. EngineError: failed; ChainError: cannot run."""
        with lock(self.material.lock_path(), f'{self.material.name}: another process works on it'):
            for stage in self.before:
                if stage.state()[0] != DONE:
                    raise ChainError(f'{self.label()}: {stage.name} is not done')
            run = {'relax': self._run_relax, 'static': self._run_static, 'elastic': self._run_elastic}
            try:
                self.engine.check()
                said = run[self.name]()
            except ChainError as error:
                write_file(self._problem_path(), f'{error}\n')
                raise
            if os.path.exists(self._problem_path()):
                os.unlink(self._problem_path())
            return said

    def _run_relax(self):
        atoms, what = self.material.structure(), self.work.settings['chain']['relax']
        calculation = self.material.calculation('relax')
        start = self._go_on(calculation, self.key(atoms)) or atoms

        def compute(folder):
            structures.write_poscar(os.path.join(folder, 'start.vasp'), start)
            relaxed, data = self.engine.relax(start, what, folder)
            relaxed.set_initial_magnetic_moments(atoms.get_initial_magnetic_moments())
            _check_relaxed(atoms, relaxed)
            structures.write_poscar(os.path.join(folder, 'relaxed.vasp'), relaxed)
            return {**data, 'structure': structures.describe(relaxed),
                    'space_group': structures.space_group(relaxed)}

        data = calculation.run(self.key(atoms), self.method(), compute)['data']
        change = abs(structure_of(data['structure']).cell.volume / atoms.cell.volume) - 1
        return f'volume {100 * change:+.2f} %, space group {data["space_group"]}'

    def _go_on(self, calculation, key):
        """The last structure of an attempt that was killed or did not converge in its steps."""
        starts = [(f, read_json(os.path.join(f, 'started.json')) or {}) for f in calculation.attempts()]
        started = [f for f, start in starts if start.get('key') == key]
        return self.engine.last_structure(started[-1]) if started else None

    def _run_static(self):
        atoms = self.input()

        def compute(folder):
            structures.write_poscar(os.path.join(folder, 'structure.vasp'), atoms)
            data = self.engine.static(atoms, self.hints(), folder)
            _check_fields(folder, [data[kind] for kind in FILES if data.get(kind)])
            return data

        data = self.material.calculation('static').run(self.key(atoms), self.method(), compute)['data']
        return ', '.join(data[field] for field in ('density', 'elf') if data.get(field))

    def elastic_path(self):
        return os.path.join(self.material.folder, 'elastic', 'elastic.json')

    def _plan_path(self):
        return os.path.join(self.material.folder, 'elastic', 'plan.json')

    def _made_path(self):
        return os.path.join(self.material.folder, 'elastic', 'made.json')

    def _made(self, atoms):
        """Options of the strains that elastic.json was made of; None if it was not made for these atoms."""
        made = _read(self._made_path())
        if not made or made.get('key') != self.key(atoms):
            return None
        return [] if self.engine.gives_tensor else made.get('strains')

    def _run_elastic(self):
        atoms = self.input()
        os.makedirs(os.path.join(self.material.folder, 'elastic'), exist_ok=True)
        file, said = self._tensor(atoms) if self.engine.gives_tensor else self._strains(atoms)
        method = ', '.join(f'{k} {v}' for k, v in self.method().items() if k != 'engine')
        write_json(self.elastic_path(), {
            'schema': 1, 'id': self.material.name, 'structure': yaml_structure(atoms),
            'source': f'{self.engine.name}: {method}', **file})
        write_json(self._made_path(), {'key': self.key(atoms), 'strains': self.work.strain_options()})
        return said

    def _plan(self, atoms, lattices):
        """Records the calculations that make the stage: {name: lattice of the cell, None for a tensor}."""
        plan = {'key': self.key(atoms), 'lattices': lattices}
        write_json(self._plan_path(), plan)
        return plan

    def _compute(self, plan, name, compute):
        calculation = self.material.calculation('elastic', name)
        return calculation.run(self._strain_key(plan, name), self.method(), compute)['data']

    @staticmethod
    def _strain_key(plan, name):
        return digest([plan['key'], plan['lattices'][name]])

    def _tensor(self, atoms):
        """The stiffness of an engine that deforms the cell itself, and what to say."""
        plan = self._plan(atoms, {'tensor': None})
        ions = self.work.settings['elastic']['ions']

        def compute(folder):
            data = self.engine.stiffness(atoms, ions == 'relaxed', self.hints(), folder)
            _check_numbers('stiffness', data['stiffness'], (6, 6))
            return data

        data = self._compute(plan, 'tensor', compute)
        return {'ions': ions, 'stiffness': data['stiffness'],
                'stiffness_format': {'unit': data['unit'], 'order': data['order']}}, 'tensor of the engine'

    def _strains(self, atoms):
        """The strains of ecdnet elastic --strains with the engine's stresses, and what to say."""
        relaxed = self.work.settings['elastic']['ions'] == 'relaxed'
        strains = strained_cells(find_ecdnet(self.work.settings), self.material.folder, atoms,
                                 self.work.strain_options())
        lattices = {strain['name']: strain['lattice'] for strain in strains}
        plan = self._plan(atoms, {'reference': atoms.cell[:].tolist(), **lattices})

        def compute(name):
            cell = atoms.copy()
            cell.set_cell(plan['lattices'][name], scale_atoms=True)

            def strained(folder):
                move = relaxed and name != 'reference'
                data = self.engine.strained(cell, atoms, move, self.hints(), folder)
                _check_numbers('stress', data['stress_gpa'], (6,))
                return data

            return self._compute(plan, name, strained)

        data = {name: compute(name) for name in plan['lattices']}
        reference = data['reference']
        return {'ions': 'relaxed' if relaxed else 'clamped',
                'stress_format': {'unit': 'GPa', 'sign': 'tension', 'order': 'voigt'},
                'reference': {'stress': reference['stress_gpa'], 'energy': reference['energy_ev']},
                'strains': [{'name': s['name'], 'deformation': s['deformation'],
                             'stress': data[s['name']]['stress_gpa'], 'energy': data[s['name']]['energy_ev']}
                            for s in strains]}, f'{len(strains)} strains'


def _read(path):
    """What a file that can be made anew at no cost has; None also where it is broken."""
    try:
        data = read_json(path)
    except ChainError:
        return None
    return data if isinstance(data, dict) else None


def _check_fields(folder, names):
    for name in names:
        flaw = fields.flaw(os.path.join(folder, name))
        if flaw:
            raise EngineError(f'{name} {flaw}')


def _check_numbers(what, values, shape):
    if np.shape(values) != shape or not np.isfinite(np.asarray(values, float)).all():
        raise EngineError(f'the {what} is not {" x ".join(map(str, shape))} finite numbers')


def yaml_structure(atoms):
    """The structure as files of ecdnet elastic have it."""
    return {'lattice': atoms.cell[:].tolist(), 'species': atoms.get_chemical_symbols(),
            'frac': atoms.get_scaled_positions().tolist()}


def strained_cells(ecdnet, folder, atoms, options):
    """The strains, [{name, deformation, lattice}], that ecdnet elastic --strains finds for these atoms."""
    poscar = os.path.join(folder, 'elastic', 'POSCAR')
    structures.write_poscar(poscar, atoms)
    command = [ecdnet, 'elastic', '--strains', poscar, *[word for o in options for word in ('-o', o)]]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise ChainError(f'{" ".join(command)}: exit code {done.returncode}: {done.stderr.strip()}')
    return json.loads(done.stdout)['strains']


def _check_relaxed(before, after):
    if list(before.numbers) != list(after.numbers):
        raise EngineError('the relaxed structure has other sites than the input')
    change = after.cell.volume / before.cell.volume
    if not 0.5 < change < 2:
        raise EngineError(f'the relaxation changed the volume by a factor of {change:.2f}')
    nearest = structures.nearest_distance(after)
    if nearest < structures.CLOSEST:
        raise EngineError(f'two sites are {nearest:.3f} A apart after the relaxation')


def stages_until(work):
    """Names of the stages, to the one that chain.until names."""
    return STAGES[:STAGES.index(work.settings['chain']['until']) + 1]


def stages_of(material):
    """[relax, static, elastic] of a material, to the one that chain.until names."""
    made = []
    for name in stages_until(material.work):
        made.append(Stage(material, name, list(made)))
    return made
