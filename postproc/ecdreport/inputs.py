"""What the folders and files on the command line hold. A folder may hold several things: a training, maps of
it, an embedding of its samples, a dataset. A deck stands for its output folder and its dataset."""
from dataclasses import dataclass
from pathlib import Path

import h5py

from .bench import load_bench
from .embedding import load_embedding
from .errors import InputError
from .files import plain, read_text
from .maps import SCHEMA as MAPS_SCHEMA, load_maps
from .runs import load_run, parse_deck, section

DATASET_SCHEMA = 'ecdnet-dataset'
RUN_FILES = ('metrics.json', 'train.jsonl', 'predictions.csv', 'members')
BENCH_FILES = ('pieces.csv', 'pieces', 'farm.jsonl')


@dataclass
class Source:
    """One word of the command line; parts that are not there are None."""
    path: Path
    run: object = None         # runs.Run
    bench: object = None       # bench.Bench
    embedding: object = None   # embedding.Embedding
    maps: object = None        # maps.SeMaps
    dataset: object = None     # path of a dataset file
    deck: dict = None          # of a word that is a deck
    deck_text: str = ''
    deck_path: Path = None

    @property
    def parts(self):
        return [part for part in (self.run, self.bench, self.embedding, self.maps, self.dataset) if part]


def load_source(word):
    path = Path(word)
    if path.is_dir():
        return load_folder(path)
    if not path.exists():
        raise InputError(f'{path}: expected the output folder of a run, found nothing')
    if path.suffix in ('.yaml', '.yml'):
        return load_deck(path)
    schema = schema_of(path)
    if schema == DATASET_SCHEMA:
        return Source(path, dataset=path)
    if schema == MAPS_SCHEMA:
        return Source(path, maps=load_maps(path))
    raise InputError(f'{path}: expected the output folder of a run, a deck, a dataset or maps.h5, found a '
                     'file'
                     + (f' of schema {schema!r}' if schema else ''))


def schema_of(path):
    """Of an HDF5 file of ecdnet, '' of any other file."""
    try:
        with h5py.File(path, 'r') as file:
            return str(plain(file.attrs.get('schema', '')))
    except OSError:
        return ''


def load_deck(path):
    """What the deck made, and its dataset."""
    text = read_text(path)
    deck = parse_deck(text, path)
    folder = Path(str(deck.get('output') or '.'))
    source = find_parts(folder) if folder.is_dir() else Source(folder)
    source.deck, source.deck_text, source.deck_path = deck, text, path
    dataset = section(deck, 'data').get('file')
    if dataset and Path(str(dataset)).is_file():
        source.dataset = Path(str(dataset))
    if not source.parts:
        raise InputError(f'{path}: nothing to report: neither its output folder {folder} nor its dataset '
                         f'{dataset or folder / "dataset.h5"} is there (paths are relative to the folder in '
                         'which this was started)')
    return source


def load_folder(folder):
    source = find_parts(folder)
    if not source.parts:
        raise InputError(f'{folder}: nothing of ecdnet in it: expected what train or predict (metrics.json), '
                         'bench (pieces.csv), embed (embed/embedding.csv), maps (maps/maps.h5) or prep '
                         '(dataset.h5) leave')
    return source


def find_parts(folder):
    source = Source(folder)
    if any((folder / name).exists() for name in BENCH_FILES):
        source.bench = load_bench(folder)
    elif any((folder / name).exists() for name in RUN_FILES):
        source.run = load_run(folder)
    elif (folder / 'predict' / 'metrics.json').exists():
        source.run = load_run(folder / 'predict')
    for name in ('embed', '.'):
        if source.embedding is None and (folder / name / 'embedding.csv').exists():
            source.embedding = load_embedding(folder / name)
    for name in ('maps/maps.h5', 'maps.h5'):
        if source.maps is None and (folder / name).exists():
            source.maps = load_maps(folder / name)
    if (folder / 'dataset.h5').is_file():
        source.dataset = folder / 'dataset.h5'
    return source
