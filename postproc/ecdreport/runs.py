"""Reads what `ecdnet train` and `ecdnet predict` leave in their output folder."""
import csv
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import yaml

from .errors import InputError

SPLITS = ('train', 'validation', 'test', 'none', 'all')   # none: neither trained nor tested on
METRICS = ('r2', 'rmse', 'mae', 'n')
COLUMNS = ['id', 'formula', 'split', 'target', 'predicted']
UNCERTAINTY = 'uncertainty'                 # a sixth column, of models that know it
EPOCH_KEYS = ('epoch', 'train_loss', 'test_loss', 'lr', 'samples_per_s', 'seconds')
ERRORS = ('mae', 'rmse')                    # what the losses of an epoch are, in GPa


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
    model: dict = field(default_factory=dict)   # root attributes of model.h5

    @property
    def trained(self):
        """Whether ecdnet train made it: a random forest leaves a model, but no epochs."""
        return bool(self.epochs or self.model)

    @property
    def target(self):
        return self.metrics['target']

    @property
    def loss(self):
        """What the losses of the epochs are: mae, or rmse; earlier versions knew only the first."""
        return self.epochs[0].get('error', 'mae')

    @property
    def best_epoch(self):
        """The epoch that model.h5 is of: with validation samples the first of the lowest loss, else None."""
        losses = [(e['validation_loss'], e['epoch']) for e in self.epochs
                  if e.get('validation_loss') is not None]
        return min(losses)[1] if losses else None

    @property
    def kind(self):
        """cnn2d, cnn3d, ... as the model file says it, else as the deck does."""
        return self.model.get('network') or self.deck.get('model', {}).get('kind', '')

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
               model=read_attributes(model) if model.exists() else {})


def check_finished(folder):
    """A training that was stopped or killed has a log, but no metrics yet."""
    log = folder / 'train.jsonl'
    wanted = ['metrics.json', 'predictions.csv', 'deck.yaml'] + (['model.h5'] if log.exists() else [])
    missing = [name for name in wanted if not (folder / name).exists()]
    if not missing:
        return
    if log.exists() and 'metrics.json' in missing:
        done = sum(1 for line in read_text(log).splitlines() if line.strip())
        raise InputError(f'{folder}: the training has not finished: {done} epochs in train.jsonl, '
                         f'no {missing[0]}; go on with: ecdnet train DECK --resume')
    raise InputError(f'{folder}: not a finished run: {", ".join(missing)} missing')


def read_text(path):
    try:
        return path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f'{path}: cannot be read: {error}') from None


def parse_deck(text, path):
    try:
        deck = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f'{path}: not a YAML deck: {" ".join(str(error).split())}') from None
    if not isinstance(deck, dict):
        raise InputError(f'{path}: expected a deck (keys and values), found {type(deck).__name__}')
    return deck


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
    epochs = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            entry = json.loads(line)
            missing = [key for key in EPOCH_KEYS if key not in entry]
        except (ValueError, TypeError) as error:
            raise InputError(f'{path}:{number}: not a JSON line: {error}') from None
        if missing:
            raise InputError(f'{path}:{number}: {missing[0]} missing')
        if not isinstance(entry['seconds'], dict):
            raise InputError(f'{path}:{number}: seconds: expected one number for each phase')
        if entry.get('error', 'mae') not in ERRORS:
            raise InputError(f'{path}:{number}: error: expected {" or ".join(ERRORS)}, '
                             f'found {entry["error"]!r}')
        epochs.append(entry)
    if not epochs:
        raise InputError(f'{path}: no epoch in it')
    return epochs


def read_attributes(path):
    """Root attributes of an HDF5 file as Python values."""
    try:
        with h5py.File(path, 'r') as file:
            return {key: plain(value) for key, value in file.attrs.items()}
    except OSError as error:
        raise InputError(f'{path}: not a readable HDF5 file: {error}') from None


def plain(value):
    if isinstance(value, bytes):
        return value.decode('utf-8', 'replace')
    return value.item() if hasattr(value, 'item') and getattr(value, 'size', 1) == 1 else value
