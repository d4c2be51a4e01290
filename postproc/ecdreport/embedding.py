"""Reads what `ecdnet embed` leaves in OUTPUT/embed: maps of the samples, and how far the test samples are
from the training samples."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import InputError
from .files import as_number, read_json, read_table, read_text
from .runs import parse_deck

INPUT_NAMES = {'magpie': 'Magpie features', 'volume': 'charge densities, max-pooled'}


@dataclass(frozen=True)
class InputMap:
    """The map of one input."""
    name: str            # magpie, volume
    points: np.ndarray   # (samples, 2)
    quality: dict        # kl, trustworthiness, features, iterations, seconds; None where not known
    mixing: dict         # set -> {'train', 'test', 'input', 'map', 'random'}


@dataclass(frozen=True)
class Embedding:
    folder: Path
    ids: list
    formulas: list
    sets: dict           # name -> list of 'train', 'test' or 'none', one a sample
    maps: list           # of InputMap
    summary: dict        # embed.json
    deck_text: str
    deck: dict


def load_embedding(folder):
    folder = Path(folder)
    path = folder / 'embedding.csv'
    header, rows = read_table(path, ['id', 'formula'])
    axes = [name for name in header[2:] if name.endswith('_x')]
    names = [name[:-2] for name in axes]
    if not names or not rows:
        raise InputError(f'{path}: expected samples with columns NAME_x, NAME_y, found none')
    for name in names:
        if f'{name}_y' not in header:
            raise InputError(f'{path}: line 1: expected a column {name}_y')
    coordinates = {f'{name}_{axis}' for name in names for axis in 'xy'}
    sets = {name: [row[name] for row in rows] for name in header[2:] if name not in coordinates}
    summary = read_json(folder / 'embed.json')
    path = folder / 'deck.yaml'
    text = read_text(path) if path.exists() else ''
    return Embedding(folder, [row['id'] for row in rows], [row['formula'] for row in rows], sets,
                     [input_map(name, rows, summary) for name in names], summary,
                     text, parse_deck(text, path) if text else {})


def input_map(name, rows, summary):
    points = np.array([[as_number(row, f'{name}_x'), as_number(row, f'{name}_y')] for row in rows])
    about = summary.get(name)
    about = about if isinstance(about, dict) else {}
    mixing = {item['set']: item for item in about.get('mixing') or [] if 'set' in item}
    return InputMap(name, points, about, mixing)
