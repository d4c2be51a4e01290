"""Learning curves, parity plots and timings. Each function returns an open matplotlib figure."""
import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from . import style

ERROR = {'mae': 'mean absolute error', 'rmse': 'root mean square error'}
MODULUS = {'bulk': 'bulk modulus', 'shear': 'shear modulus'}
NAMED_OUTLIERS = 4
STEPS = (1, 2, 5, 10)   # of ticks


def modulus(run):
    return MODULUS.get(run.target, run.target)


def learning_curves(run):
    """Training, validation and held-out loss over the epochs, logarithmic, GPa."""
    epoch = [e['epoch'] for e in run.epochs]
    figure, axes = plt.subplots(figsize=(4.4, 3.6))
    lines = (('train_loss', 'training', style.TRAIN_LINE, '-'),
             ('validation_loss', 'validation', style.VALIDATION, '-.'),
             ('test_loss', 'held out', style.TEST, '--'))
    for key, label, colour, dash in lines:
        loss = [math.nan if e.get(key) is None else e[key] for e in run.epochs]
        if not all(map(math.isnan, loss)):
            marker = 'o' if len(epoch) == 1 else None
            axes.plot(epoch, loss, color=colour, ls=dash, marker=marker, label=label)
    if run.best_epoch is not None:
        axes.axvline(run.best_epoch, color=style.VALIDATION, lw=0.8, ls=':', label='epoch of the model')
    axes.set_yscale('log')
    readable_log_axis(axes.yaxis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=STEPS))
    axes.set_xlabel('epoch')
    axes.set_ylabel(f'{ERROR[run.loss]} of the\n{modulus(run)} (GPa)')
    axes.grid(axis='y', color='#dddddd', lw=0.6)
    axes.legend()
    return figure


def readable_log_axis(axis):
    """Plain numbers at 1, 2, 5 of each decade; over few decades no other labels."""
    axis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:g}'))
    axis.set_minor_locator(LogLocator(base=10, subs=range(1, 10)))
    axis.set_minor_formatter(NullFormatter())


def parity(run):
    """Predicted against DFT modulus; the worst held-out samples carry their formula."""
    figure, axes = plt.subplots(figsize=(4.2, 4.0))
    known = run.part('all')
    train, validation, test = (run.part(split) for split in ('train', 'validation', 'test'))
    other = [p for p in known if p.split not in ('train', 'validation', 'test')]
    groups = ((train, 'training', style.TRAIN, 16, 'o', 0.75), (other, 'other', '#999999', 16, 's', 0.75),
              (validation, 'validation', style.VALIDATION, 20, '^', 0.9),
              (test, 'held out', style.TEST, 26, 'D', 1.0))
    for order, (points, label, colour, size, marker, alpha) in enumerate(groups, start=2):
        if points:
            axes.scatter([p.target for p in points], [p.predicted for p in points], s=size, c=colour,
                         marker=marker, alpha=alpha, lw=0.4, edgecolors='white', zorder=order,
                         label=f'{label} ({len(points)})')
    low, high = equal_range(axes, known)
    axes.plot([low, high], [low, high], color=style.DIAGONAL, lw=0.9, zorder=1)
    name_outliers(axes, test or known, high - low)
    axes.set_xlabel(f'DFT {modulus(run)} (GPa)')
    axes.set_ylabel(f'predicted {modulus(run)} (GPa)')
    axes.legend(loc='upper left', handletextpad=0.2)
    return figure


def equal_range(axes, points):
    values = [v for p in points for v in (p.target, p.predicted) if math.isfinite(v)] or [0.0, 1.0]
    margin = 0.05 * (max(values) - min(values)) or 1.0
    low, high = min(values) - margin, max(values) + margin
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect('equal')
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=STEPS))
    return low, high


def worst(points, count=NAMED_OUTLIERS):
    finite = [p for p in points if math.isfinite(p.error)]
    return sorted(finite, key=lambda p: (-abs(p.error), p.id))[:count]


def name_outliers(axes, points, span):
    """Labels on the side away from the diagonal, pushed apart where they would overlap."""
    placed = []
    for p in worst(points):
        above = p.error > 0
        x, y = p.target + (-0.02 if above else 0.02) * span, p.predicted
        for _ in range(8):
            close = [(a, b) for a, b in placed if abs(a - x) < 0.16 * span and abs(b - y) < 0.045 * span]
            if not close:
                break
            y += (0.045 if above else -0.045) * span
        placed.append((x, y))
        axes.annotate(subscripted(p.formula), (p.target, p.predicted), xytext=(x, y), fontsize=8,
                      textcoords='data', va='center', ha='right' if above else 'left', zorder=9)


def subscripted(formula):
    """Mg2Si with its digits low, as matplotlib text."""
    parts, digits = [], ''
    for character in formula + ' ':
        if character.isdigit() or (character == '.' and digits):
            digits += character
            continue
        if digits:
            parts.append(f'$_{{{digits}}}$')
            digits = ''
        parts.append('\\$' if character == '$' else character)
    return ''.join(parts).rstrip()


def phase_seconds(run):
    """{phase: seconds over all epochs}, in the order of the log."""
    phases = {}
    for epoch in run.epochs:
        for name, seconds in epoch['seconds'].items():
            phases[name] = phases.get(name, 0.0) + seconds
    return phases


def rate(run):
    """Training samples a second, median over the epochs; NaN if none was timed (a resumed epoch may have had
    no step left)."""
    rates = [e['samples_per_s'] for e in run.epochs if e['samples_per_s'] is not None]
    return float(np.median(rates)) if rates else math.nan


def all_phases(runs):
    """Names of the phases of all runs, each once."""
    return list(dict.fromkeys(name for run in runs for name in phase_seconds(run)))


def timings(runs, labels):
    """Seconds of the epochs by phase, one bar a run."""
    figure, axes = plt.subplots(figsize=(6.4, 0.9 + 0.42 * len(runs)))
    rows = np.arange(len(runs))
    left = np.zeros(len(runs))
    seconds = [phase_seconds(run) for run in runs]
    for k, phase in enumerate(all_phases(runs)):
        width = np.array([s.get(phase, 0.0) for s in seconds])
        axes.barh(rows, width, left=left, color=style.PHASES[k % len(style.PHASES)], label=phase,
                  edgecolor='white', height=0.6)
        left += width
    axes.set_yticks(rows, labels)
    axes.invert_yaxis()
    axes.set_xlabel('time of all epochs (s)')
    axes.legend(ncol=3, loc='lower left', bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
    return figure
