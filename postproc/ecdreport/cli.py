"""The command line: reads runs and dataset, writes the page."""
import argparse
import math
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from . import style
from .context import Report
from .dataset import Dataset
from .errors import InputError
from .figures import FigureStore
from .html import escape, page
from .inputs import load_source
from .plots import modulus
from .runs import section
from .sections import SECTIONS

PARTS = (('bench', 'benchmark'), ('run', 'run'), ('embedding', 'embedding'), ('maps', 'set of maps'))


def main(arguments):
    options = parse(arguments)
    try:
        write_report(options, arguments)
    except InputError as error:
        print(f'report: error: {error}', file=sys.stderr)
        return 3
    except OSError as error:
        print(f'report: error: cannot write: {error}', file=sys.stderr)
        return 1
    return 0


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog='report.py', description='Report of what ecdnet left: one self-contained HTML page; every '
        'figure also as PDF and PNG.',
        epilog='Exit codes: 0 done, 1 cannot write, 2 bad usage, 3 a folder or file that is missing, '
        'unfinished, damaged or foreign.')
    parser.add_argument('run', nargs='+', metavar='RUN', help='output folder of ecdnet train, predict, '
                        'bench, embed, maps or prep (a folder may hold several of these), a deck (its output '
                        'folder and dataset), or a dataset')
    parser.add_argument('-o', '--output', default='report.html', metavar='OUT.html',
                        help='the page (default: %(default)s)')
    parser.add_argument('--figures', metavar='DIR', help='folder of the figures (default: OUT_figures beside '
                                                         'the page)')
    parser.add_argument('--dataset', metavar='FILE', help='dataset for the pictures of charge densities '
                        '(default: the first that a RUN holds or was trained on)')
    parser.add_argument('--materials', metavar='ID,...', help='materials to picture: charge densities, maps')
    parser.add_argument('--count', type=positive, default=4, metavar='N',
                        help='number of materials to picture otherwise (default: %(default)s)')
    parser.add_argument('--threshold', type=finite, metavar='VALUE', help='clouds show the grid points above '
                        'this value, in e/A^3 or the unit of the field (default: for each material the '
                        'largest 15 %% of its values)')
    parser.add_argument('--title', help='title of the page')
    return parser.parse_args(arguments)


def positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number from 1, found {text!r}')
    return int(text)


def finite(text):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f'expected a number, found {text!r}')
    return value


def write_report(options, arguments):
    style.apply()
    output = Path(options.output)
    sources = [load_source(word) for word in options.run]
    dataset, note = open_dataset(options.dataset, sources)
    if note:
        print(f'report: note: {note}', file=sys.stderr)
    materials = [name for name in (options.materials or '').split(',') if name]
    figures = FigureStore(options.figures or output.parent / f'{output.stem}_figures')
    report = Report(sources, unique_labels([source.path for source in sources]), dataset, note, figures,
                    ['python3', sys.argv[0], *arguments], materials, options.count, options.threshold)
    made = [part for part in (make(report) for make in SECTIONS) if part]
    write_atomically(output, page(options.title or default_title(report), lead(report), made, footer(report)))
    print(f'report: {output}, {len(figures.names)} figures in {figures.folder}')


def unique_labels(folders):
    """For each run the shortest tail of its path that no other has, e.g. cnn2d, or a/cnn2d and b/cnn2d."""
    paths = [folder.resolve().parts for folder in folders]
    if len(set(paths)) < len(paths):
        raise InputError('the same run folder is given twice')
    labels = []
    for parts in paths:
        others = [p for p in paths if p != parts]
        length = next(k for k in range(1, len(parts) + 2)
                      if not any(p[-k:] == parts[-k:] for p in others))
        labels.append('/'.join(parts[-length:]).lstrip('/'))
    return labels


def open_dataset(path, sources):
    """The dataset given, or the first one that a source holds or its deck names; (None, why) if there is
    none."""
    if path:
        return Dataset(path), ''
    tried = []
    for source in sources:
        for candidate in dataset_candidates(source):
            if candidate.is_file():
                return Dataset(candidate), ''
            tried.append(str(candidate))
    first = tried[0] if tried else 'none named in the decks'
    return None, f'no pictures of charge densities: dataset not found ({first}); give --dataset FILE'


def dataset_candidates(source):
    """Decks name the dataset relative to the folder in which ecdnet was started, which is most often the
    working directory or a parent of the run."""
    if source.dataset is not None:
        yield source.dataset
    for part in (source.run, source.bench, source.embedding):
        name = section(part.deck, 'data').get('file') if part is not None else None
        if name:
            yield from (Path(str(name)), *(parent / str(name) for parent in source.path.resolve().parents))


def default_title(report):
    names = [source.deck.get('title') for source in report.sources if source.deck]
    parts = [part for kind in ('bench', 'run', 'embedding') for _, part in report.named(kind)]
    names += [part.deck.get('title') for part in parts]
    return str(names[0]) if len(report.sources) == 1 and names and names[0] \
        else 'Elastic moduli from charge densities'


def lead(report):
    """What the page holds, and the best result of each modulus on held-out materials."""
    parts = [f'{len(found)} {name}{"s" if len(found) != 1 else ""}' for part, name in PARTS
             if (found := report.named(part))]
    kinds = ', '.join(dict.fromkeys(run.kind for run in report.runs if run.kind))
    text = ', '.join(parts or ['a dataset']) + (f'; networks: {escape(kinds)}' if kinds else '') + '.'
    for target in dict.fromkeys(run.target for run in report.runs):
        scores = [(run.metrics['test']['r2'], label) for label, run in report.named()
                  if run.target == target and run.metrics.get('test', {'n': 0})['n'] > 0
                  and not math.isnan(run.metrics['test']['r2'])]
        if scores:
            r2, label = max(scores)
            text += f' Best held-out R<sup>2</sup>, {escape(modulus(target))}: {r2:.3f} ({escape(label)}).'
    return f'<p class="lead">{text}</p>'


def footer(report):
    made = datetime.now(timezone.utc).strftime('%Y-%m-%d %H:%M UTC')
    return (f'Written {made} by <code>report.py</code> of ecdnet. Figures as PDF and PNG: '
            f'<code>{escape(report.figures.folder)}</code>')


def write_atomically(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + '.tmp')
    temporary.write_text(text, encoding='utf-8')
    os.replace(temporary, path)
