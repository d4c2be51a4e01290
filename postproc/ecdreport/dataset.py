"""Reads materials and volumes of a dataset file (layout: src/store/dataset_write.c)."""
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from .elements import SYMBOLS
from .errors import InputError
from .files import plain


@dataclass(frozen=True)
class Material:
    """One sample with its volume."""
    id: str
    formula: str
    bulk: float           # GPa, NaN = unknown
    shear: float          # GPa, NaN = unknown
    cell: np.ndarray      # (3, 3) A, rows span the volume
    volume: np.ndarray    # (n, n, n)
    sites: list           # (symbol, fraction of cell (3,)), all that lie in the cell


class Dataset:
    """An open dataset; volumes are read one at a time."""

    def __init__(self, path):
        self.path = Path(path)
        try:
            self.file = h5py.File(self.path, 'r')
        except OSError as error:
            raise InputError(f'{self.path}: not a readable dataset: {error}') from None
        self.attributes = {key: plain(value) for key, value in self.file.attrs.items()}
        if self.attributes.get('schema') != 'ecdnet-dataset':
            raise InputError(f'{self.path}: expected an ecdnet dataset, found schema '
                             f'{self.attributes.get("schema")!r}')
        try:
            self.ids = self.texts('id')
            self.formulas = self.texts('formula')
            self.bulk = self.file['target/bulk'][:]
            self.shear = self.file['target/shear'][:]
        except (KeyError, OSError) as error:
            raise InputError(f'{self.path}: damaged: {error}') from None

    def texts(self, name):
        return [plain(value) for value in self.file[name][:]]

    def __len__(self):
        return len(self.ids)

    def material(self, index):
        f = self.file
        try:
            cell = f['cell'][index]
            first, last = f['site/first'][index:index + 2]
            sites = sites_in_cell(f['site/Z'][first:last], f['site/frac'][first:last],
                                  f['lattice'][index], cell)
            return Material(self.ids[index], self.formulas[index], self.bulk[index],
                            self.shear[index], cell, f['volume'][index], sites)
        except (KeyError, OSError) as error:
            raise InputError(f'{self.path}: sample {self.ids[index]}: cannot be read: '
                             f'{error}') from None

    def cell(self, index):
        """(3, 3) A, rows span the volume."""
        try:
            return self.file['cell'][index]
        except (KeyError, OSError) as error:
            raise InputError(f'{self.path}: sample {self.ids[index]}: cannot be read: {error}') from None

    def choose(self, ids, count):
        """Indices of the named materials, or of count that span the range of bulk moduli."""
        if ids:
            unknown = [name for name in ids if name not in self.ids]
            if unknown:
                raise InputError(f'{self.path}: no sample {", ".join(unknown)}')
            return [self.ids.index(name) for name in ids]
        known = [i for i in np.argsort(self.bulk, kind='stable') if not np.isnan(self.bulk[i])]
        known = known or list(range(len(self)))
        picks = np.linspace(0, len(known) - 1, min(count, len(known))).round().astype(int)
        return [known[k] for k in picks]

    def statistic(self, name):
        return self.file[f'stats/{name}'][:]


def sites_in_cell(numbers, fractions, lattice, cell):
    """The source cell's sites, repeated over its lattice, that lie in the cell of the volume (border
    included on both sides), as (symbol, fraction)."""
    to_cell = lattice @ np.linalg.inv(cell)
    reach = int(np.ceil(np.abs(np.linalg.inv(to_cell)).sum(axis=0).max())) + 1
    steps = np.arange(-reach, reach + 1)
    shifts = np.stack(np.meshgrid(steps, steps, steps, indexing='ij'), axis=-1).reshape(-1, 3)
    found = []
    for number, fraction in zip(numbers, fractions):
        images = (fraction + shifts) @ to_cell
        inside = np.all((images > -1e-4) & (images < 1 + 1e-4), axis=1)
        found += [(SYMBOLS[number], image) for image in images[inside]]
    return found
