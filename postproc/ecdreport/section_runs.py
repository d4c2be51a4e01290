"""Metrics, parity plots and learning curves of trainings and predictions."""
import re

from . import plots
from .bench import LABELS
from .classes import ALL, CLASSES, material_class
from .context import SPLIT_NAMES, slug
from .html import Section, cell, escape, folded, formula, number, table
from .parity import counted, measures, parity, worst
from .runs import SPLITS

METRIC_HEAD = ('R<sup>2</sup>', 'RMSE (GPa)', 'MAE (GPa)', 'n')
DIGITS = {'r2': 4, 'rmse': 2, 'mae': 2, 'n': 0}
OUTLIERS = 6


def metrics_section(report):
    rows = [row for label, run in report.named() for row in metric_rows(label, run)]
    if not rows:
        return None
    text = ('<p>Held-out samples were used neither for training nor for scaling nor to choose an epoch. '
            'R<sup>2</sup> = 1 − residual sum of squares / variance of the DFT values; RMSE and MAE: root '
            'mean square and mean absolute error.</p>')
    if any(run.metrics.get('validation', {'n': 0})['n'] > 0 for run in report.runs):
        text += '<p>Validation samples did not train; they chose the epoch that is the model.</p>'
    head = ('run', 'network', 'modulus', 'samples', *METRIC_HEAD)
    return Section('metrics', 'Metrics', text + table(head, rows, css='metrics'))


def metric_rows(label, run):
    """One row a split that has samples; the run is named in the first."""
    shown = [split for split in SPLITS if run.metrics.get(split, {'n': 0})['n'] > 0]
    kind = run.kind + (f' × {len(run.members)}' if run.members else '')
    names = [label, kind, run.target]
    for split in shown:
        first = [cell(escape(text) if split == shown[0] else '') for text in names]
        name = SPLIT_NAMES[split]
        yield [*first, cell(f'<strong>{name}</strong>' if split == 'test' else name),
               *(number(run.metrics[split][key], DIGITS[key]) for key in DIGITS)]


# ---- Parity ----

def pairs(named):
    """Runs of one network for bulk and for shear belong together: labels that differ in the name of the
    modulus alone, or the only two of their kind. [(label, {target: run})]"""
    found = []
    for label, run in named:
        key = (run.kind, run.trained, re.sub(r'bulk|shear', '', label))
        for entry in found:
            if entry[0] == key and run.target not in entry[2]:
                entry[2][run.target] = run
                entry[1].append(label)
                break
        else:
            found.append((key, [label], {run.target: run}))
    for one in [entry for entry in found if len(entry[2]) == 1]:
        others = [entry for entry in found if entry[0][:2] == one[0][:2]]
        if one in found and len(others) == 2 and not set(others[0][2]) & set(others[1][2]):
            others[0][1].extend(others[1][1])
            others[0][2].update(others[1][2])
            found.remove(others[1])
    return [(' and '.join(labels), {target: runs[target] for target in sorted(runs)})
            for _, labels, runs in found]


def parity_section(report):
    parts = []
    for label, runs in pairs(report.named()):
        panels = {target: points for target, run in runs.items() if (points := run.part('all'))}
        title = heading(label, runs)
        if not panels:
            parts.append(f'<h3>{title}</h3><p>No sample with a known target.</p>')
            continue
        parts.append(f'<h3>{title}</h3>' + parity_part(report, f'parity-{slug(label)}', label, panels))
    if not parts:
        return None
    return Section('parity', 'Predicted and DFT moduli', class_note(report) + '\n'.join(parts))


def parity_part(report, name, label, panels, extra=''):
    """Figure, outliers and errors by class."""
    moduli = ' and '.join(plots.modulus(target) for target in panels)
    return (report.figures.add(
        parity(panels), name,
        f'Predicted against DFT {escape(moduli)}, {escape(label)}. Line: perfect agreement; colour and '
        'marker: material class; numbers: of the samples in colour. The largest errors carry their '
        f'formula.{extra}',
        f'Parity plot of {label}') + class_table(panels) + outlier_table(panels))


def heading(label, runs):
    """Of a single run its title; titles of two name one modulus most often: then the network."""
    one = next(iter(runs.values()))
    title = LABELS.get(one.kind) if len(runs) > 1 else one.deck.get('title')
    return f'{escape(title)} ({escape(label)})' if title else escape(label)


def class_note(report):
    """Once a page."""
    if not report.first_time('class note'):
        return ''
    rule = '; '.join(f'{c.name}: {", ".join(c.elements)}' for c in CLASSES if c.elements)
    return ('<p>Material classes: a compound belongs to the first class of which it contains an element '
            f'({rule}); without any of these it is a metal or an intermetallic compound.</p>')


def class_table(panels):
    """Errors of the samples that count, by class."""
    groups = {target: by_class(counted(points)) for target, points in panels.items()}
    rows = []
    for c in ALL:
        if not any(c in group for group in groups.values()):
            continue
        row = [cell(escape(c.name))]
        for group in groups.values():
            m = measures(group.get(c, []))
            row += [number(m['n'], 0), number(m['mae'], 1), number(m['rmse'], 1),
                    number(m['bias'], 1, sign=True)]
        rows.append(row)
    head = ['class']
    for target in groups:
        head += [f'{escape(target)}: n', 'MAE', 'RMSE', 'mean error']
    return table(head, rows, caption='Errors by material class, GPa; mean error: predicted − DFT.',
                 css='numeric')


def by_class(points):
    found = {}
    for p in points:
        found.setdefault(material_class(p.formula), []).append(p)
    return found


def outlier_table(panels):
    rows = [[cell(escape(target)), cell(formula(p.formula)), cell(escape(p.id)),
             cell(escape(material_class(p.formula).name)), number(p.target, 1), number(p.predicted, 1),
             number(p.error, 1, sign=True)]
            for target, points in panels.items() for p in worst(counted(points), OUTLIERS)]
    if not rows:
        return '<p>No sample with a finite error.</p>'
    head = ('modulus', 'formula', 'id', 'class', 'DFT (GPa)', 'predicted (GPa)', 'error (GPa)')
    return folded('Largest errors', table(head, rows, css='outliers'))


# ---- Learning curves ----

def curves_section(report):
    figures = []
    for label, run in report.named():
        if run.logs:
            many = f'the {len(run.logs)} networks of {label}' if len(run.logs) > 1 else label
            figures.append(report.figures.add(
                plots.learning_curves(run.logs, run.target), f'learning-{slug(label)}',
                f'{escape(many)}: {escape(plots.error_name(run.logs[0]))} after each epoch{chosen(run)}.',
                f'Training, validation and held-out loss over {len(run.logs[0])} epochs of {many}'))
        for kind, log in run.parents.items():
            figures.append(report.figures.add(
                plots.learning_curves([log], run.target), f'learning-{slug(label)}-{slug(kind)}',
                f'{escape(kind)} of {escape(label)}: {escape(plots.error_name(log))} after each epoch.',
                f'Training, validation and held-out loss over {len(log)} epochs of the {kind} of {label}'))
    if not figures:
        return None
    return Section('learning', 'Learning curves', f'<div class="pair">{"".join(figures)}</div>')


def chosen(run):
    best = plots.best_epoch(run.logs[0]) if len(run.logs) == 1 else None
    return f'; the model is that of epoch {best}, with the lowest validation loss' if best is not None else ''
