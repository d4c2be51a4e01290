"""What a screening reads: model files and datasets of ecdnet, tables, the structures of candidates."""
import csv
import glob
import os
from dataclasses import dataclass, field
from functools import reduce
from math import gcd

import h5py
import numpy as np
import yaml
from ase import Atoms
from ecdchain import structures
from ecdchain.base import BAD_DATA, USAGE, ChainError
from ecdchain.runs import read_header

VOLUME_MODELS = ('cnn2d', 'cnn3d', 'fusion')
# Names of charge files as ecdnet takes them from a folder; each may end in .gz.
KINDS = ('CHGCAR', 'CHG', 'AECCAR0', 'AECCAR1', 'AECCAR2', 'ELFCAR', 'LOCPOT', 'PARCHG', 'cube', 'cub', 'xsf')


@dataclass
class Model:
    """model.h5: what it predicts, of which volumes, and where its training set is."""
    path: str
    network: str
    target: str
    field: str
    code: str
    preparation: dict
    dataset: str
    trained: set = field(repr=False)         # ids that it was trained on, or chosen by

    @property
    def takes_volumes(self):
        return self.network in VOLUME_MODELS


def read_model(path):
    try:
        with h5py.File(path, 'r') as file:
            root = {name: _text(value) for name, value in file.attrs.items()}
            if root.get('schema') != 'ecdnet-model':
                raise ChainError(f'{path}: expected a model of ecdnet train, found another HDF5 file',
                                 BAD_DATA)
            if root.get('has_state'):
                raise ChainError(f'{path}: expected a trained model, found a checkpoint', BAD_DATA)
            ids, split = file['sample/id'][:], file['sample/split'][:]
    except (OSError, KeyError) as error:
        raise ChainError(f'{path}: no model file: {error}', USAGE) from error
    deck = yaml.safe_load(root['deck'])
    return Model(path=path, network=root['network'], target=root['target'], field=root['field'],
                 code=root['code'], preparation={name: root[name] for name in ('grid', 'cell', 'method')},
                 dataset=deck['data']['file'] or os.path.join(deck['output'], 'dataset.h5'),
                 trained={_text(i) for i, part in zip(ids, split) if part in (0, 2)})


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


class Dataset:
    """The crystals of a dataset of ecdnet prep."""

    def __init__(self, path):
        self.path = path
        try:
            with h5py.File(path, 'r') as file:
                self.ids = [_text(i) for i in file['id'][:]]
                self.lattice, self.numbers = file['lattice'][:], file['site/Z'][:]
                self.first, self.frac = file['site/first'][:], file['site/frac'][:]
        except (OSError, KeyError) as error:
            raise ChainError(f'{path}: no dataset of ecdnet prep: {error}', USAGE) from error
        self.index = {name: i for i, name in enumerate(self.ids)}
        self._groups, self._alike = {}, None

    def atoms(self, name):
        i = self.index[name]
        sites = slice(self.first[i], self.first[i + 1])
        return Atoms(numbers=self.numbers[sites], cell=self.lattice[i], scaled_positions=self.frac[sites],
                     pbc=True)

    def same(self, atoms):
        """The first id with the composition (up to a factor) and the space group of atoms, or None. A space
        group that cannot be found is that of any, as in ecdnet bench."""
        if self._alike is None:
            self._alike = {}
            for i, name in enumerate(self.ids):
                key = composition(self.numbers[self.first[i]:self.first[i + 1]])
                self._alike.setdefault(key, []).append(name)
        group = structures.space_group(atoms)
        for name in self._alike.get(composition(atoms.numbers), ()):
            if name not in self._groups:
                self._groups[name] = structures.space_group(self.atoms(name))
            if 0 in (group, self._groups[name]) or group == self._groups[name]:
                return name
        return None


def composition(numbers):
    """((Z, count), ...) in the smallest whole numbers."""
    found, count = np.unique(numbers, return_counts=True)
    factor = reduce(gcd, [int(c) for c in count])
    return tuple((int(z), int(c) // factor) for z, c in zip(found, count))


class Candidates:
    """Structures by id of what was predicted: a dataset, or charge files (a path with {id}, folders, files).
    """

    def __init__(self, words):
        self.words = words
        self.dataset = Dataset(words[0]) if len(words) == 1 and words[0].endswith('.h5') else None
        self.missing = [w for w in words if '{id}' not in w and not os.path.exists(w)]
        if self.missing:
            raise ChainError(f'--candidates {self.missing[0]}: no such file or folder', USAGE)

    def atoms(self, name):
        """ChainError if there is none or ASE cannot read it."""
        if self.dataset:
            return structures.checked(self.dataset.atoms(name), f'{self.dataset.path}: {name}')
        path = self.path(name)
        base = os.path.basename(path).lower()
        if '.cub' in base or '.xsf' in base:
            return structures.read(path)
        try:
            return structures.checked(read_header(path)[0], path)
        except (OSError, EOFError, ValueError, IndexError) as error:
            raise ChainError(f'{path}: {error}', BAD_DATA) from error

    def listing(self):
        """What is there to predict, sorted: ids of the dataset, or paths."""
        if self.dataset:
            return sorted(self.dataset.ids)
        found = set()
        for word in self.words:
            if '{id}' in word:
                found.update(glob.glob('*'.join(glob.escape(part) for part in word.split('{id}'))))
            elif os.path.isdir(word):
                found.update(os.path.join(word, name) for name in os.listdir(word)
                             if name.removesuffix('.gz').endswith(KINDS))
            else:
                found.add(word)
        return sorted(found)

    def path(self, name):
        for word in self.words:
            if '{id}' in word:
                tries = [word.replace('{id}', name)]
            elif os.path.isdir(word):
                tries = [os.path.join(word, f'{name}{end}') for end in _endings()]
                tries += [os.path.join(word, name)]
            else:
                names = {name, *(f'{name}{end}' for end in _endings())}
                tries = [word] if os.path.basename(word) in names else []
            for path in tries:
                if os.path.isfile(path):
                    return path
        raise ChainError(f'{name}: its charge file is not found', BAD_DATA)


def _endings():
    return ['.gz', *(f'.{kind}{packed}' for kind in KINDS for packed in ('', '.gz'))]


def read_table(path):
    """Rows as dictionaries; [] where there is no file."""
    try:
        with open(path, encoding='utf-8', newline='') as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def number(text):
    """A float, None for an empty cell."""
    return float(text) if text else None
