"""What the page says, section by section. Each function takes the Report and returns a Section, or None
where it has nothing to show."""
import math
import platform
import shlex
from dataclasses import dataclass, field

import h5py
import matplotlib
import numpy as np

from . import plots
from .density import FIELDS, densities
from .figures import FigureStore
from .html import Section, cell, code, escape, folded, formula, number, table
from .runs import SPLITS

SPLIT_NAMES = {'train': 'training', 'validation': 'validation', 'test': 'held out',
               'none': 'not in the training', 'all': 'all'}
METRIC_HEAD = ('R<sup>2</sup>', 'RMSE (GPa)', 'MAE (GPa)', 'n')
DIGITS = {'r2': 4, 'rmse': 2, 'mae': 2, 'n': 0}
ROWS_PER_FIGURE = 4


@dataclass
class Report:
    """What the sections work from."""
    runs: list
    labels: list                  # a unique short name for each run
    dataset: object               # Dataset or None
    dataset_note: str             # why there is none, or ''
    figures: FigureStore
    command: list                 # the command line of this report
    materials: list = field(default_factory=list)   # ids asked for
    count: int = 4                # materials to show otherwise

    def named(self):
        return zip(self.labels, self.runs)

    def slug(self, label):
        return ''.join(c if c.isalnum() or c in '-_' else '-' for c in label)


def metrics_section(report):
    rows = [row for label, run in report.named() for row in metric_rows(label, run)]
    text = ('<p>Held-out samples were used neither for training nor for scaling. '
            'R<sup>2</sup> = 1 − residual sum of squares / variance of the DFT values; RMSE and MAE: root '
            'mean square and mean absolute error.</p>')
    if any(run.metrics.get('validation', {'n': 0})['n'] > 0 for run in report.runs):
        text += '<p>Validation samples did not train; they chose the epoch that is the model.</p>'
    head = ('run', 'network', 'modulus', 'samples', *METRIC_HEAD)
    return Section('metrics', 'Metrics', text + table(head, rows, css='metrics'))


def metric_rows(label, run):
    """One row a split that has samples; the run is named in the first."""
    shown = [split for split in SPLITS if run.metrics.get(split, {'n': 0})['n'] > 0]
    names = [label, run.kind, run.target]
    for split in shown:
        first = [cell(escape(text) if split == shown[0] else '') for text in names]
        name = SPLIT_NAMES[split]
        yield [*first, cell(f'<strong>{name}</strong>' if split == 'test' else name),
               *(number(run.metrics[split][key], DIGITS[key]) for key in DIGITS)]


def results_section(report):
    parts = []
    for label, run in report.named():
        name = report.slug(label)
        figures = []
        if run.epochs:
            figures.append(report.figures.add(
                plots.learning_curves(run), f'learning-{name}',
                f'Learning curves, {escape(label)}: {plots.ERROR[run.loss]} after each epoch'
                + (f'; the model is that of epoch {run.best_epoch}.' if run.best_epoch else '.'),
                f'Training and held-out loss over {len(run.epochs)} epochs of {label}'))
        if run.part('all'):
            figures.append(report.figures.add(
                plots.parity(run), f'parity-{name}',
                f'Predicted against DFT {escape(plots.modulus(run))}, {escape(label)}. Line: perfect '
                'agreement. The largest held-out errors carry their formula.',
                f'Parity plot of {label}'))
        parts.append(f'<h3>{heading(label, run)}</h3><div class="pair">'
                     + ''.join(figures) + '</div>' + outlier_table(run))
    return Section('results', 'Learning curves and parity', '\n'.join(parts))


def heading(label, run):
    title = run.deck.get('title')
    return f'{escape(title)} ({escape(label)})' if title else escape(label)


def outlier_table(run):
    points = run.part('test') or run.part('all')
    rows = [[cell(formula(p.formula)), cell(escape(p.id)), number(p.target, 1), number(p.predicted, 1),
             number(p.error, 1)] for p in plots.worst(points, 6)]
    if not rows:
        return '<p>No sample with a known target.</p>'
    head = ('formula', 'id', 'DFT (GPa)', 'predicted (GPa)', 'error (GPa)')
    return folded('Largest held-out errors' if run.part('test') else 'Largest errors',
                  table(head, rows, css='outliers'))


def density_section(report):
    if report.dataset is None:
        return Section('densities', 'Charge densities',
                       f'<p class="note">{escape(report.dataset_note)}</p>')
    data = report.dataset
    kind = data.attributes.get('field', 'raw')
    chosen = data.choose(report.materials, report.count)
    parts = []
    for first in range(0, len(chosen), ROWS_PER_FIGURE):
        materials = [data.material(i) for i in chosen[first:first + ROWS_PER_FIGURE]]
        name = 'densities' if first == 0 else f'densities-{first // ROWS_PER_FIGURE + 1}'
        names = ', '.join(f'{formula(m.formula)} ({escape(m.id)}{moduli(m)})' for m in materials)
        parts.append(report.figures.add(
            densities(materials, kind), name,
            f'{names}. Left and middle: (001) and (110) planes through the origin with contour lines'
            + (' at equal ratios' if kind == 'density' else '') + '; right: the cell with one mark a '
            'point, area and colour by value, and its edge length. Colour scale common to all.',
            'Slices and clouds of ' + ', '.join(m.formula for m in materials), vector=False))
    how = 'Chosen by id.' if report.materials else 'Chosen to span the range of bulk moduli.'
    lead = (f'<p>{len(data)} materials, {data.attributes.get("grid", "?")}<sup>3</sup> points, '
            f'{escape(data.attributes.get("cell", "?"))} cell, {escape(data.attributes.get("method", "?"))} '
            f'resampling, DFT code {escape(data.attributes.get("code", "?"))}. {how}</p>')
    title = 'Charge densities' if kind == 'density' else FIELDS.get(kind, kind).capitalize()
    return Section('densities', title, lead + ''.join(parts))


def moduli(material):
    known = [(name, value) for name, value in (('K', material.bulk), ('G', material.shear))
             if not math.isnan(value)]
    return ''.join(f', {name} = {value:.1f} GPa' for name, value in known)


def timing_section(report):
    trained = [(label, run) for label, run in report.named() if run.epochs]
    if not trained:
        return None
    phases = plots.all_phases([run for _, run in trained])
    rows = []
    for label, run in trained:
        seconds = plots.phase_seconds(run)
        rows.append([cell(escape(label)), number(len(run.epochs), 0), number(plots.rate(run), 0),
                     *(number(seconds.get(name), 1) for name in phases),
                     number(sum(seconds.values()), 1)])
    head = ('run', 'epochs', 'samples/s', *(f'{escape(name)} (s)' for name in phases), 'sum (s)')
    figure = report.figures.add(
        plots.timings([run for _, run in trained], [label for label, _ in trained]), 'timings',
        'Time of all epochs by phase, as rank 0 measured it.', 'Seconds by phase for each run')
    text = '<p>samples/s: training samples, median over the epochs, all ranks together.</p>'
    return Section('timings', 'Timings', text + table(head, rows, css='numeric') + figure)


def reproduction_section(report):
    parts = ['<p>Run from the same working directory; the same seed, ranks and threads give the same '
             'result bit for bit.</p>', code('\n'.join(commands(report)))]
    if report.dataset is not None and report.dataset.attributes.get('deck'):
        parts.append(folded(f'Deck of {report.dataset.path}', code(report.dataset.attributes['deck'])))
    for label, run in report.named():
        parts.append(folded(f'Effective deck of {label}', code(run.deck_text)))
    parts.append(table(('part', 'version'), [[cell(escape(a)), cell(escape(b))]
                                             for a, b in versions(report)]))
    return Section('reproduction', 'Decks, versions, commands', '\n'.join(parts))


def commands(report):
    lines = []
    if report.dataset is not None:
        lines.append('mpirun -n RANKS ecdnet prep PREP.yaml'
                     f'    # makes {report.dataset.path}; its deck is below')
    for _, run in report.named():
        deck = shlex.quote(str(run.folder / 'deck.yaml'))
        verb = 'train' if run.trained else 'predict'
        lines.append(f'mpirun -n RANKS ecdnet {verb} {deck}')
    return [*lines, shlex.join(report.command)]


def versions(report):
    found = {}
    for label, run in report.named():
        found.setdefault(run.metrics.get('program', 'unknown'), []).append(label)
    rows = [(f'trained by ({", ".join(labels)})', program) for program, labels in found.items()]
    if report.dataset is not None:
        rows.append(('dataset prepared by', report.dataset.attributes.get('program', 'unknown')))
    tools = (f'Python {platform.python_version()}, NumPy {np.__version__}, h5py {h5py.__version__}, '
             f'Matplotlib {matplotlib.__version__}')
    return [*rows, ('this report', tools)]


SECTIONS = (metrics_section, results_section, density_section, timing_section, reproduction_section)
