"""Reads what `ecdnet bench` leaves: tables, trainings (pieces), averaged predictions, times of the farm,
what was dropped of an external dataset."""
import math
from dataclasses import dataclass, field
from pathlib import Path

from .errors import InputError
from .files import as_number, read_json_lines, read_table, read_text
from .runs import load_run, parse_deck, read_log, section

TABLE_COLUMNS = ('element', 'target', 'model', 'kind', 'n', 'repeats', 'r2', 'rmse', 'mae', 'r2_mean',
                 'rmse_mean', 'mae_mean', 'r2_sd', 'rmse_sd', 'mae_sd', 'best', 'published_r2',
                 'published_rmse')
PIECE_COLUMNS = ('piece', 'model', 'target', 'held_out', 'repeat', 'state', 'seconds', 'ranks', 'message')
EXTERNAL_COLUMNS = ('id', 'formula')
DROPPED_COLUMNS = ('id', 'formula', 'reason')
FARM_KEYS = ('ranks', 'groups', 'pieces', 'wall_s', 'busy_s', 'efficiency')
LABELS = {'rf': 'RF+Magpie', 'magpie_cnn': 'CNN+Magpie', 'cnn3d': '3D-CNN+ECD', 'cnn2d': '2D-CNN+ECD',
          'fusion': 'Fusion', 'cgcnn': 'CGCNN'}   # as the article names them
PROTOCOLS = {'kfold': 'cross-validation', 'loeo': 'leave one element out', 'external': 'external validation'}


@dataclass(frozen=True)
class Score:
    """Of one row and model. GPa; NaN: not there."""
    n: int
    repeats: int
    r2: float
    rmse: float
    mae: float
    mean: tuple          # r2, rmse, mae over the repeats
    deviation: tuple
    best: bool           # of its row, as the program says
    published: tuple     # r2, rmse


@dataclass(frozen=True)
class Row:
    element: str         # '' but for leave one element out
    target: str


@dataclass
class Bench:
    folder: Path
    name: str                       # of the table
    deck: dict
    deck_text: str
    rows: list                      # of Row
    models: list                    # names
    kinds: dict                     # model -> model.kind
    scores: dict                    # (Row, model) -> Score
    pieces: list                    # rows of pieces.csv
    farm: list = field(default_factory=list)   # lines of farm.jsonl; of calls that trained
    external: list = None           # rows of external.csv, and of external-dropped.csv; None: no such file
    dropped: list = None
    command: str = ''               # ecdnet bench ..., as it was called; '': not recorded

    @property
    def protocol(self):
        return section(self.deck, 'bench').get('protocol', '')

    @property
    def repeats(self):
        """Of each model, when all is done."""
        found = section(self.deck, 'bench').get('repeats')
        return found if isinstance(found, int) else 1

    def partial(self, score):
        """Whether repeats of a cell are missing."""
        return score.repeats < self.repeats

    @property
    def targets(self):
        return list(dict.fromkeys(row.target for row in self.rows))

    @property
    def published(self):
        """Whether the article has a figure of any of the rows."""
        return any(not math.isnan(score.published[0]) for score in self.scores.values())

    def label(self, model):
        """What the article calls it, or its own name where two are of one kind."""
        kind = self.kinds[model]
        alone = list(self.kinds.values()).count(kind) == 1
        return LABELS.get(kind, model) if alone else model

    def result(self, row, model):
        """The averaged predictions as a run, None where no repeat is complete."""
        name = f'{model}-{row.target}' + (f'-{row.element}' if row.element else '')
        folder = self.folder / 'results' / name
        return load_run(folder) if folder.is_dir() else None

    def predictions(self, model, target):
        """Held-out predictions of all rows (elements) of a target."""
        found = [self.result(row, model) for row in self.rows if row.target == target]
        return [p for run in found if run for p in run.part('test')]

    def curves(self, model, target):
        """Epochs of all its finished trainings."""
        logs = [self.folder / 'pieces' / p['piece'] / 'train.jsonl' for p in self.pieces
                if p['model'] == model and p['target'] == target and p['state'] == 'done']
        return [read_log(log) for log in logs if log.exists()]


def load_bench(folder):
    folder = Path(folder)
    tables = sorted((folder / 'tables').glob('*.csv'))
    if not tables:
        raise InputError(f'{folder}: the benchmark has no tables yet; ecdnet bench DECK --tables writes '
                         'those of what is done')
    if not (folder / 'pieces.csv').is_file() or not (folder / 'deck.yaml').is_file():
        raise InputError(f'{folder}: not a whole benchmark: pieces.csv or deck.yaml missing; ecdnet bench '
                         'DECK --tables writes them')
    path = max(tables, key=lambda p: p.stat().st_mtime)
    _, rows = read_table(path, TABLE_COLUMNS)
    if not rows:
        raise InputError(f'{path}: no row in it')
    deck_text = read_text(folder / 'deck.yaml')
    scores = {(Row(r['element'], r['target']), r['model']): read_score(r) for r in rows}
    return Bench(folder, path.stem, parse_deck(deck_text, folder / 'deck.yaml'), deck_text,
                 list(dict.fromkeys(row for row, _ in scores)),
                 list(dict.fromkeys(model for _, model in scores)),
                 {r['model']: r['kind'] for r in rows}, scores,
                 read_table(folder / 'pieces.csv', PIECE_COLUMNS)[1], read_farm(folder / 'farm.jsonl'),
                 rows_of(folder / 'external.csv', EXTERNAL_COLUMNS),
                 rows_of(folder / 'external-dropped.csv', DROPPED_COLUMNS), read_command(folder))


def read_farm(path):
    """A call that found nothing to train is none of the farm's."""
    calls = read_json_lines(path, FARM_KEYS) if path.exists() else []
    return [call for call in calls if call['pieces'] != 0]


def rows_of(path, columns):
    return read_table(path, columns)[1] if path.exists() else None


def read_command(folder):
    path = folder / 'command.txt'
    return read_text(path).strip() if path.exists() else ''


def read_score(row):
    def triple(end):
        return tuple(as_number(row, name + end) for name in ('r2', 'rmse', 'mae'))
    count = as_number(row, 'n'), as_number(row, 'repeats')
    n, repeats = (0 if math.isnan(value) else int(value) for value in count)
    return Score(n, repeats, *triple(''), triple('_mean'), triple('_sd'), row['best'] == '1',
                 (as_number(row, 'published_r2'), as_number(row, 'published_rmse')))


def best_published(bench, row):
    """The article's best model among those of the table, None where it has fewer than two: the largest R2, of
    equal ones the smallest RMSE."""
    known = [(-score.published[0], score.published[1], model) for model in bench.models
             if (score := bench.scores.get((row, model))) and not math.isnan(score.published[0])]
    return min(known)[2] if len(known) > 1 else None
