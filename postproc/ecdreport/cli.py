"""The command line: reads runs and dataset, writes the page."""
import argparse
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from . import style
from .dataset import Dataset
from .errors import InputError
from .figures import FigureStore
from .html import escape, page
from .runs import load_run
from .sections import SECTIONS, Report


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
        prog='report.py', description='Report of finished ecdnet runs: one self-contained HTML page; '
        'every figure also as PDF and PNG in OUT_figures/ beside it.',
        epilog='Exit codes: 0 done, 1 cannot write, 2 bad usage, 3 a run folder or dataset that is '
        'missing, unfinished or damaged.')
    parser.add_argument('run', nargs='+', help='output folder of ecdnet train or predict')
    parser.add_argument('-o', '--output', default='report.html', metavar='OUT.html',
                        help='the page (default: %(default)s)')
    parser.add_argument('--dataset', metavar='FILE', help='dataset for the pictures of charge densities '
                        '(default: the one that the first run was trained on)')
    parser.add_argument('--materials', metavar='ID,...', help='materials to picture')
    parser.add_argument('--count', type=positive, default=4, metavar='N',
                        help='number of materials to picture otherwise (default: %(default)s)')
    parser.add_argument('--title', help='title of the page')
    return parser.parse_args(arguments)


def positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number from 1, found {text!r}')
    return int(text)


def write_report(options, arguments):
    style.apply()
    output = Path(options.output)
    runs = [load_run(path) for path in options.run]
    dataset, note = open_dataset(options.dataset, runs)
    if note:
        print(f'report: note: {note}', file=sys.stderr)
    materials = options.materials.split(',') if options.materials else []
    figures = FigureStore(output.parent / f'{output.stem}_figures')
    report = Report(runs, unique_labels([run.folder for run in runs]), dataset, note, figures,
                    ['python3', sys.argv[0], *arguments], materials, options.count)
    made = [section for section in (make(report) for make in SECTIONS) if section]
    write_atomically(output, page(options.title or default_title(runs), lead(report), made,
                                  footer(report)))
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


def open_dataset(path, runs):
    """The dataset given, or the first one that a run's deck names; (None, why) if there is none."""
    if path:
        return Dataset(path), ''
    tried = []
    for run in runs:
        for candidate in dataset_candidates(run):
            if candidate.is_file():
                return Dataset(candidate), ''
            tried.append(str(candidate))
    first = tried[0] if tried else 'none named in the decks'
    return None, f'no pictures of charge densities: dataset not found ({first}); give --dataset FILE'


def dataset_candidates(run):
    """Decks name the dataset relative to the folder in which ecdnet was started, which is most often the
    working directory or a parent of the run."""
    name = (run.deck.get('data') or {}).get('file')
    if not name:
        return [run.folder / 'dataset.h5']
    return [Path(name), *(parent / name for parent in run.folder.resolve().parents)]


def default_title(runs):
    names = list(dict.fromkeys(run.deck.get('title') for run in runs if run.deck.get('title')))
    return names[0] if len(runs) == 1 and names else 'Elastic moduli from charge densities'


def lead(report):
    targets = ' and '.join(dict.fromkeys(run.target for run in report.runs))
    kinds = ', '.join(dict.fromkeys(run.kind for run in report.runs if run.kind))
    best = [(run.metrics['test']['r2'], label) for label, run in report.named()
            if run.metrics.get('test', {'n': 0})['n'] > 0]
    text = (f'{len(report.runs)} run{"s" if len(report.runs) != 1 else ""} ({escape(kinds)}), '
            f'target: {escape(targets)} modulus in GPa.')
    if best:
        r2, label = max(best)
        text += f' Best held-out R<sup>2</sup>: {r2:.3f} ({escape(label)}).'
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
