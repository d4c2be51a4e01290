"""Reads what `ecdnet train` and `ecdnet predict` leave in their output folder."""
import csv
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from .errors import InputError
from .files import read_attributes, read_json_lines, read_text

SPLITS = ('train', 'validation', 'test', 'none', 'all')   # none: neither trained nor tested on
METRICS = ('r2', 'rmse', 'mae', 'n')
COLUMNS = ['id', 'formula', 'split', 'target', 'predicted']
UNCERTAINTY = 'uncertainty'                 # a sixth column, of models that know it
ERRORS = ('mae', 'rmse')                    # what the losses of an epoch are, in GPa
EPOCH_KEYS = ('epoch', 'train_loss', 'test_loss', 'lr', 'samples_per_s', 'seconds')


@dataclass(frozen=True)
class Prediction:
    """One row of predictions.csv. Texts stay texts: NaN is sodium nitride. Moduli and the uncertainty in
    GPa, NaN = unknown."""
    id: str
    formula: str
    split: str
    target: float
    predicted: float
    uncertainty: float = math.nan

    @property
    def error(self):
        return self.predicted - self.target


@dataclass
class Run:
    """A finished run folder."""
    folder: Path
    metrics: dict
    predictions: list
    deck_text: str
    deck: dict
    epochs: list = field(default_factory=list)  # lines of train.jsonl; predict and forests leave none
    members: list = field(default_factory=list) # the same of the networks of an ensemble
    parents: dict = field(default_factory=dict) # the same of the networks that a fusion trained, by kind
    model: dict = field(default_factory=dict)   # root attributes of model.h5

    @property
    def trained(self):
        """Whether ecdnet train made it: a random forest leaves a model, but no epochs."""
        return bool(self.epochs or self.model)

    @property
    def logs(self):
        """Epochs of the networks that are one model: one log, or one for each member; none of a forest."""
        return [self.epochs] if self.epochs else self.members

    @property
    def target(self):
        return self.metrics['target']

    @property
    def kind(self):
        """cnn2d, cnn3d, ... as the model file says it, else as the deck does."""
        return self.model.get('network') or section(self.deck, 'model').get('kind', '')

    def part(self, split):
        """Predictions of a split that have a known target."""
        return [p for p in self.predictions
                if (split == 'all' or p.split == split) and not math.isnan(p.target)]


def load_run(path):
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f'{folder}: expected the output folder of a run, found '
                         + ('a file' if folder.exists() else 'nothing'))
    check_finished(folder)
    deck_text = read_text(folder / 'deck.yaml')
    log = folder / 'train.jsonl'
    model = folder / 'model.h5'
    return Run(folder=folder, metrics=read_metrics(folder / 'metrics.json'),
               predictions=read_predictions(folder / 'predictions.csv'),
               deck_text=deck_text, deck=parse_deck(deck_text, folder / 'deck.yaml'),
               epochs=read_log(log) if log.exists() else [],
               members=[read_log(p) for p in sorted(folder.glob('members/*/train.jsonl'), key=member_number)],
               parents={p.parent.name: read_log(p) for p in sorted(folder.glob('parents/*/train.jsonl'))},
               model=read_attributes(model) if model.exists() else {})


def member_number(path):
    name = path.parent.name
    return (int(name) if name.isdigit() else 0, name)


def check_finished(folder):
    """A training that was stopped or killed has a log, but no metrics yet."""
    log = folder / 'train.jsonl'
    members = (folder / 'members').is_dir()
    model = ['model.h5'] if log.exists() or members else []
    wanted = ['metrics.json', 'predictions.csv', 'deck.yaml', *model]
    missing = [name for name in wanted if not (folder / name).exists()]
    if not missing:
        return
    if log.exists() and 'metrics.json' in missing:
        done = sum(1 for line in read_text(log).splitlines() if line.strip())
        raise InputError(f'{folder}: the training has not finished: {done} epochs in train.jsonl, '
                         f'no {missing[0]}; go on with: ecdnet train DECK --resume')
    if members:
        raise InputError(f'{folder}: the ensemble has not finished: {", ".join(missing)} missing; go on '
                         'with: ecdnet train DECK --resume')
    raise InputError(f'{folder}: not a finished run: {", ".join(missing)} missing')


def parse_deck(text, path):
    try:
        deck = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f'{path}: not a YAML deck: {" ".join(str(error).split())}') from None
    if not isinstance(deck, dict):
        raise InputError(f'{path}: expected a deck (keys and values), found {type(deck).__name__}')
    return deck


def section(deck, name):
    """A group of keys of a deck; empty if the deck has none."""
    group = deck.get(name)
    return group if isinstance(group, dict) else {}


def read_metrics(path):
    """{'target', 'unit', 'program', split: {r2, rmse, mae, n}}; null (nothing to measure) becomes NaN."""
    try:
        metrics = json.loads(read_text(path))
        for split in SPLITS:
            if split in metrics:
                metrics[split] = {key: math.nan if metrics[split][key] is None
                                  else float(metrics[split][key]) for key in METRICS}
        if not any(split in metrics for split in SPLITS):
            raise KeyError('train, test or all')
        metrics['target'], metrics['unit']
    except (ValueError, TypeError) as error:
        raise InputError(f'{path}: damaged: {error}') from None
    except KeyError as error:
        raise InputError(f'{path}: damaged: {error.args[0]} missing') from None
    return metrics


def read_predictions(path):
    try:
        with open(path, newline='', encoding='utf-8') as file:
            header, rows = checked_rows(file, path)
            return [parse_prediction(row, len(header), path, number)
                    for number, row in enumerate(rows, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f'{path}: cannot be read: {error}') from None


def checked_rows(file, path):
    reader = csv.reader(file)
    header = next(reader, [])
    if header not in (COLUMNS, [*COLUMNS, UNCERTAINTY]):
        raise InputError(f'{path}: line 1: expected the columns {",".join(COLUMNS)}, '
                         f'found {",".join(header)[:80] or "nothing"}')
    return header, reader


def parse_prediction(row, cells, path, number):
    if len(row) != cells:
        raise InputError(f'{path}: row {number}: expected {cells} cells, found {len(row)}')
    try:
        numbers = [float(cell) if cell else math.nan for cell in row[3:]]
    except ValueError as error:
        raise InputError(f'{path}: row {number}: {error}') from None
    return Prediction(*row[:3], *numbers)


def read_log(path):
    epochs = read_json_lines(path, EPOCH_KEYS)
    for number, entry in enumerate(epochs, start=1):
        if not isinstance(entry['seconds'], dict):
            raise InputError(f'{path}:{number}: seconds: expected one number for each phase')
        if entry.get('error', 'mae') not in ERRORS:
            raise InputError(f'{path}:{number}: error: expected {" or ".join(ERRORS)}, '
                             f'found {entry["error"]!r}')
    if not epochs:
        raise InputError(f'{path}: no epoch in it')
    return epochs
