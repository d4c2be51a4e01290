"""Reads what `ecdnet maps` leaves in OUTPUT/maps/maps.h5: mean output of the squeeze-and-excitation
blocks."""
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from .errors import InputError
from .files import plain

SCHEMA = 'ecdnet-maps'


@dataclass(frozen=True)
class SeMaps:
    path: Path
    ids: list
    formulas: list
    model: str           # path of the model file
    program: str
    values: np.ndarray   # (materials, 3, n, n): across x (rows y, columns z), y (x, z), z (x, y)


def load_maps(path):
    path = Path(path)
    try:
        with h5py.File(path, 'r') as file:
            schema = plain(file.attrs.get('schema'))
            if schema != SCHEMA:
                raise InputError(f'{path}: expected maps of ecdnet maps, found schema {schema!r}')
            maps = SeMaps(path, [plain(v) for v in file['id'][:]], [plain(v) for v in file['formula'][:]],
                          plain(file.attrs.get('model', '')), plain(file.attrs.get('program', 'unknown')),
                          file['map'][:])
    except (OSError, KeyError) as error:
        raise InputError(f'{path}: damaged: {error}') from None
    shape = maps.values.shape
    if len(shape) != 4 or shape[1] != 3 or shape[0] != len(maps.ids) or not maps.ids:
        raise InputError(f'{path}: damaged: expected maps (materials, 3, n, n) of {len(maps.ids)} materials, '
                         f'found {shape}')
    return maps
