"""The folder of a chain. What is done is read from the files alone, so that a killed chain goes on.

WORK/chain.ini, chain.json                 settings; where the structures came from
WORK/materials/ID/structure.vasp           the input, in the cell of the calculations
WORK/materials/ID/relax/01, 02, ...        attempts: the engine's files, and result.json at the end
WORK/materials/ID/static/01
WORK/materials/ID/elastic/s1+/01           one calculation for each strain; elastic/elastic.json: all of them
WORK/jobs                                  job scripts, their logs, numbers of submitted jobs
WORK/samples/ID/CHGCAR                     links to the charge densities; labels.csv, set_aside.csv
WORK/density/dataset.h5                    the dataset (and WORK/elf where prep.fields says so)
"""
import os
import re
import socket
import time
import traceback

from . import structures
from .base import (BAD_DATA, FAILED, USAGE, ChainError, EngineError, digest, read_json, write_file,
                   write_json)
from .settings import COMMON, Settings, read_ini

STAGES = ('relax', 'static', 'elastic')
FINISH = ('chain', 'finish')         # the job that collects and prepares
FILES = ('density', 'elf', 'plus')   # what a static calculation names its files by


class Work:
    """One WORK folder with its settings and its engine."""

    def __init__(self, folder, settings, engine):
        self.folder = os.path.abspath(folder)
        self.settings = settings
        self.engine = engine

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def ids(self):
        try:
            names = sorted(os.listdir(self.path('materials')))
        except FileNotFoundError:
            return []
        return [name for name in names if os.path.isfile(self.path('materials', name, 'structure.vasp'))]

    def material(self, name):
        return Material(self, name)

    def method(self, stage):
        """{name: value} of what results of a stage depend on, but for the structure and the strains."""
        method = {'engine': self.engine.name, **self.engine.method(stage)}
        if stage == 'relax':
            method['relax'] = self.settings['chain']['relax']
        if stage == 'elastic':
            method['ions'] = self.settings['elastic']['ions']
        return method

    def strain_options(self):
        """Options of ecdnet elastic --strains; none where the engine makes the tensor."""
        elastic = self.settings['elastic']
        return [] if self.engine.gives_tensor else [
            f'elastic.amplitude={elastic["amplitude"]!r}', f'elastic.steps={elastic["steps"]}',
            f'elastic.both_signs={str(elastic["both_signs"]).lower()}']

    def record(self):
        """Writes chain.ini if the settings are others than there."""
        os.makedirs(self.folder, exist_ok=True)
        path, text = self.path('chain.ini'), self.settings.text()
        try:
            with open(path, encoding='utf-8') as file:
                before = file.read()
        except FileNotFoundError:
            before = None
        if text != before:
            write_file(path, text)

    def has(self, name, source, atoms):
        """False if it is new, True if it is there and the same; ChainError if it is there and another."""
        try:
            recorded = read_json(self.path('materials', name, 'material.json'))
        except ChainError:
            recorded = None
        if recorded and not same_structure(recorded['structure'], structures.describe(atoms)):
            raise ChainError(f"{source}: the id '{name}' is in {self.folder} with another structure "
                             f"(from {recorded['source']})", BAD_DATA)
        return bool(recorded)

    def add(self, name, source, atoms):
        folder = self.path('materials', name)
        os.makedirs(folder, exist_ok=True)
        write_json(os.path.join(folder, 'material.json'), {
            'id': name, 'formula': atoms.get_chemical_formula('metal', empirical=True),
            'source': os.path.abspath(source), 'space_group': structures.space_group(atoms),
            'cell': self.settings['chain']['cell'],
            'structure': structures.describe(atoms)})
        structures.write_poscar(os.path.join(folder, '.structure.vasp'), atoms, name)
        os.replace(os.path.join(folder, '.structure.vasp'), os.path.join(folder, 'structure.vasp'))


def same_structure(a, b):
    return digest(a) == digest(b)


class Material:
    """One material's folder. about: {} where material.json is missing or broken; its stages say so."""

    def __init__(self, work, name):
        self.work, self.name = work, name
        self.folder = work.path('materials', name)
        if not os.path.isdir(self.folder):
            raise ChainError(f"{work.folder}: no material '{name}'", USAGE)
        path, self.broken = os.path.join(self.folder, 'material.json'), None
        try:
            self.about = read_json(path) or {}
        except ChainError as error:
            self.about, self.broken = {}, error
        if not self.broken and 'structure' not in self.about:
            self.broken = ChainError(f'{path}: missing or without a structure; add it again', BAD_DATA)

    def structure(self):
        if self.broken:
            raise self.broken
        return structure_of(self.about['structure'])

    def lock_path(self):
        return os.path.join(self.folder, 'lock')

    def calculation(self, *names):
        return Calculation(self, names)


def structure_of(about):
    """Atoms of what structures.describe() says."""
    from ase import Atoms
    moments = about['moments'] if any(about['moments']) else None
    return Atoms(numbers=about['numbers'], cell=about['lattice'], scaled_positions=about['frac'],
                 magmoms=moments, pbc=True)


class Calculation:
    """One calculation of a material (relax, static, elastic/s1+) with its attempts."""

    def __init__(self, material, names):
        self.material, self.names = material, names
        self.folder = os.path.join(material.folder, *names)

    def attempts(self):
        """Numbered folders that were not superseded, oldest first."""
        try:
            names = sorted(n for n in os.listdir(self.folder) if re.fullmatch(r'\d\d+', n))
        except FileNotFoundError:
            return []
        return [os.path.join(self.folder, n) for n in sorted(names, key=int)
                if not os.path.exists(os.path.join(self.folder, n, 'superseded'))]

    @staticmethod
    def _result(folder):
        path = os.path.join(folder, 'result.json')
        result = read_json(path)
        if result is not None and not (isinstance(result, dict) and {'status', 'key'} <= set(result)):
            raise ChainError(f'{path}: not the result of a calculation', BAD_DATA)
        return result

    def results(self):
        return [(folder, self._result(folder)) for folder in self.attempts()]

    def _successes(self, key):
        return [(f, r) for f, r in self.results() if r and r['status'] == 'done' and r['key'] == key]

    def _lost(self, folder, result):
        """Files that the result names and that are there no more."""
        named = [result['data'].get(kind) for kind in FILES] if self.names == ('static',) else []
        return [n for n in named if n and not os.path.isfile(os.path.join(folder, n))]

    def done(self, key):
        """(folder, result) of the newest attempt that succeeded with this key; None if there is none."""
        good = [found for found in self._successes(key) if not self._lost(*found)]
        return good[-1] if good else None

    def lost(self, key):
        """What the newest success lacks; '' if there is none or it has all."""
        good = self._successes(key)
        files = self._lost(*good[-1]) if good else []
        return f'{os.path.join(good[-1][0], files[0])} is gone' if files else ''

    def failures(self, key):
        """Results of failed attempts with this key since the last success, oldest first."""
        failed = []
        for folder, result in self.results():
            if result and result['key'] == key:
                failed = failed + [(folder, result)] if result['status'] == 'failed' else []
        return failed

    def forgive(self):
        """Failures so far do not count for chain.attempts any more, nor attempts whose result is broken."""
        for folder in self.attempts():
            try:
                result = self._result(folder)
                word = 'forgiven' if result and result['status'] == 'failed' else ''
            except ChainError:
                word = 'superseded'
            if word:
                write_file(os.path.join(folder, word), time.strftime('%Y-%m-%d %H:%M:%S\n'))

    def unfinished(self):
        """The newest attempt if it has no result: it runs, or was killed."""
        results = self.results()
        return results[-1][0] if results and results[-1][1] is None else None

    def other_method(self, key, method):
        """The method of the newest success if it was made with another method and none with this key."""
        good = [r for _, r in self.results() if r and r['status'] == 'done']
        return good[-1]['method'] if good and not self.done(key) and good[-1]['method'] != method else None

    def supersede(self):
        """None of the attempts counts any more; nothing is removed."""
        for folder in self.attempts():
            write_file(os.path.join(folder, 'superseded'), time.strftime('%Y-%m-%d %H:%M:%S\n'))

    def new_attempt(self):
        os.makedirs(self.folder, exist_ok=True)
        number = 1 + max([int(n) for n in os.listdir(self.folder) if re.fullmatch(r'\d\d+', n)], default=0)
        folder = os.path.join(self.folder, f'{number:02d}')
        os.mkdir(folder)
        return folder

    def run(self, key, method, compute):
        """The result of compute(folder), of an earlier attempt or a new one. Failures are raised too."""
        found = self.done(key)
        if found:
            return found[1]
        folder = self.new_attempt()
        write_json(os.path.join(folder, 'started.json'), {
            'key': key, 'host': socket.gethostname(), 'pid': os.getpid(),
            'time': time.strftime('%Y-%m-%d %H:%M:%S')})
        begin = time.time()
        result = {'status': 'done', 'key': key, 'method': method}
        try:
            result['data'] = compute(folder)
        except Exception as error:
            result['status'] = 'failed'
            result['reason'] = ' '.join(str(error).split()) or type(error).__name__
            if not isinstance(error, EngineError):
                result['reason'] = f'{type(error).__name__}: {result["reason"]}'
                write_file(os.path.join(folder, 'traceback.txt'), traceback.format_exc())
        result['seconds'] = round(time.time() - begin, 1)
        write_json(os.path.join(folder, 'result.json'), result)
        if result['status'] == 'failed':
            raise EngineError(f'{"/".join(self.names)}: {result["reason"]} ({folder})')
        return result


def open_work(folder, load_engine, create=None, options=(), find=None, record=True):
    """A Work. Without create the folder must be a chain's; create: a settings file or ''. options: [(section,
    key, value)] that change the settings, with the program that find(settings) finds; with create these are
    recorded at once, unless record is False."""
    path = os.path.join(folder, 'chain.ini')
    known = os.path.isfile(path)
    if not known and create is None:
        raise ChainError(f'{folder}: no chain is here (no chain.ini); start one with run', USAGE)
    texts = [(path, *entry) for entry in read_ini(path)] if known else []
    texts += [(create, *entry) for entry in read_ini(create)] if create else []
    texts += [('-o', *entry) for entry in options]
    engine_name = COMMON['chain'][0].default
    for _, section, name, text in texts:
        engine_name = text if (section, name) == ('chain', 'engine') else engine_name
    engine_class, engine_name = load_engine(engine_name)
    settings = Settings({**COMMON, engine_class.name: engine_class.keys})
    for where, section, name, text in texts:
        settings.set(section, name, engine_name if (section, name) == ('chain', 'engine') else text, where)
    engine = engine_class(settings[engine_class.name])
    if find:
        settings['chain']['ecdnet'] = find(settings)
    if create is not None:
        engine.record()
    work = Work(folder, settings, engine)
    if create is not None and record:
        work.record()
    return work


__all__ = ['STAGES', 'Work', 'Material', 'Calculation', 'open_work', 'structure_of', 'FAILED']
