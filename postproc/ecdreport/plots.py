"""Learning curves, scores of benchmarks and timings. Each function returns an open matplotlib figure."""
import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from . import style
from .text import literal, shortened

MODULUS = {'bulk': 'bulk modulus', 'shear': 'shear modulus'}
ERRORS = {'mae': 'mean absolute error', 'rmse': 'root mean square error'}
STEPS = (1, 2, 5, 10)   # of ticks
LINES = (('train_loss', 'training', style.TRAIN_LINE, '-', 'o'),
         ('validation_loss', 'validation', style.VALIDATION_LINE, '-.', '^'),
         ('test_loss', 'held out', style.TEST, '--', 'D'))
R2_FLOOR = -1.0         # of the figure of scores


def modulus(target):
    return MODULUS.get(target, target)


# ---- Learning curves ----

def losses(log, key):
    return np.array([math.nan if (value := entry.get(key)) is None else float(value) for entry in log])


def epochs_of(log):
    return np.array([entry['epoch'] for entry in log])


def best_epoch(log):
    """The epoch with the lowest validation loss, None without validation samples."""
    loss = losses(log, 'validation_loss')
    return None if np.isnan(loss).all() else int(epochs_of(log)[np.nanargmin(loss)])


def error_name(log):
    """What the losses of a log are; logs of older programs hold the mean absolute error."""
    return ERRORS[log[0].get('error', 'mae')]


def short_error_name(log):
    return log[0].get('error', 'mae').upper()


def learning_curves(logs, target):
    """Losses over the epochs, logarithmic, GPa: thin lines for each of several logs (an ensemble)."""
    figure, axes = plt.subplots(figsize=(4.4, 3.5))
    for key, label, colour, dash, marker in LINES:
        drawn = [log for log in logs if not np.isnan(losses(log, key)).all()]
        for k, log in enumerate(drawn):
            axes.plot(epochs_of(log), losses(log, key), color=colour, ls=dash, marker=marker, markersize=4.5,
                      markevery=max(len(log) // 6, 1), label=label if k == 0 else None,
                      **({'lw': 0.9, 'alpha': 0.75} if len(logs) > 1 else {}))
    best = best_epoch(logs[0]) if len(logs) == 1 else None
    if best is not None:
        axes.axvline(best, color=style.VALIDATION_LINE, lw=0.9, ls=':', zorder=0)
        axes.annotate(f'best: {best}', (best, 1), xycoords=('data', 'axes fraction'), fontsize=8,
                      xytext=(3, -2), textcoords='offset points', va='top', color=style.VALIDATION_LINE)
    finish_curves(axes)
    axes.set_ylabel(f'{error_name(logs[0])} of the\n{modulus(target)} (GPa)')
    axes.legend()
    return figure


def finish_curves(axes):
    axes.set_yscale('log')
    readable_log_axis(axes.yaxis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=STEPS))
    axes.set_xlabel('epoch')
    axes.grid(axis='y', color='#dddddd', lw=0.6)


def readable_log_axis(axis):
    """Plain numbers at 1, 2, 5 of each decade; over few decades no other labels."""
    axis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:g}'))
    axis.set_minor_locator(LogLocator(base=10, subs=range(1, 10)))
    axis.set_minor_formatter(NullFormatter())


def bench_curves(panels):
    """panels: (title, target, logs of many trainings). Median and whole range of each loss over the
    trainings."""
    columns = 2 if len(panels) in (2, 4) else min(len(panels), 3)
    rows = math.ceil(len(panels) / columns)
    figure, grid = plt.subplots(rows, columns, figsize=(3.1 * columns + 0.4, 2.5 * rows + 0.3), squeeze=False)
    for axes, (title, target, logs) in zip(grid.flat, panels):
        length = max(map(len, logs))
        for key, label, colour, dash, marker in LINES:
            values = np.full((len(logs), length), np.nan)
            for row, log in zip(values, logs):
                row[:len(log)] = losses(log, key)
            known = ~np.isnan(values).all(axis=0)
            if not known.any():
                continue
            epoch, values = np.arange(1, length + 1)[known], values[:, known]
            axes.fill_between(epoch, np.nanmin(values, axis=0), np.nanmax(values, axis=0), color=colour,
                              alpha=0.18, lw=0)
            axes.plot(epoch, np.nanmedian(values, axis=0), color=colour, ls=dash, marker=marker, markersize=4,
                      markevery=max(len(epoch) // 5, 1), label=label)
        finish_curves(axes)
        axes.set_title(literal(shortened(title, 34)), fontsize=9)
        axes.set_ylabel(f'{short_error_name(logs[0])} (GPa)')
    for axes in list(grid.flat)[len(panels):]:
        axes.set_axis_off()
    grid.flat[0].legend(fontsize=8)
    figure.tight_layout()
    return figure


# ---- Scores of a benchmark ----

def scores(bench):
    """R2 of each row and model, ours filled, the article's hollow; a panel for each modulus."""
    elements = list(dict.fromkeys(row.element for row in bench.rows))
    height = 1.35 + 0.2 * len(elements) * max(len(bench.models), 2)
    figure, panels = plt.subplots(1, len(bench.targets), figsize=(4.6 * len(bench.targets), height),
                                  sharey=True, squeeze=False)
    for axes, target in zip(panels[0], bench.targets):
        floor = draw_scores(axes, bench, target, elements)
        axes.set_title(modulus(target).capitalize())
        axes.set_xlabel('R$^2$ on held-out materials' + (f' (arrows: below {floor:g})' if floor else ''))
        axes.grid(axis='x', color='#dddddd', lw=0.6)
        axes.set_yticks(range(len(elements)), [element or 'all' for element in elements])
        axes.tick_params(axis='y', length=0)
        for k in range(len(elements) - 1):
            axes.axhline(k + 0.5, color='#dddddd', lw=0.6)
    panels[0][0].set_ylim(len(elements) - 0.5, -0.5)
    handles = [Line2D([], [], color=colour, marker=marker, ls='', label=literal(bench.label(model)))
               for model, (colour, marker) in model_styles(bench)]
    if bench.published:
        handles += [Line2D([], [], color='#333333', marker='o', ls='', mfc='white',
                           label='hollow: the article')]
    figure.legend(handles=handles, loc='lower center', ncol=min(len(handles), 6), bbox_to_anchor=(0.5, 0.98),
                  handletextpad=0.2, columnspacing=1.2)
    figure.tight_layout()
    return figure


def model_styles(bench):
    return [(model, style.MODELS[k % len(style.MODELS)]) for k, model in enumerate(bench.models)]


def draw_scores(axes, bench, target, elements):
    """Returns the floor if a value lies below it, else None."""
    values = [v for score in bench.scores.values() for v in (score.r2, score.published[0])
              if math.isfinite(v)]
    low = max(min(values, default=0.0), R2_FLOOR)
    cut = False
    for k, (model, (colour, marker)) in enumerate(model_styles(bench)):
        offset = (k + 0.5) / len(bench.models) - 0.5
        for row in bench.rows:
            score = bench.scores.get((row, model))
            if row.target != target or score is None:
                continue
            y = elements.index(row.element) + 0.8 * offset
            for value, face, size in ((score.published[0], 'white', 5.0), (score.r2, colour, 6.0)):
                if not math.isfinite(value):
                    continue
                below = value < R2_FLOOR
                cut = cut or below
                axes.plot(max(value, R2_FLOOR), y, marker='<' if below else marker, color=colour, mfc=face,
                          ms=size, mew=1.1, clip_on=False, zorder=3 if face == colour else 2)
    axes.set_xlim(low - 0.05 * (1 - low), 1)
    return R2_FLOOR if cut else None


# ---- Timings ----

def phase_seconds(logs):
    """{phase: seconds over all epochs}, in the order of the log."""
    phases = {}
    for log in logs:
        for entry in log:
            for name, seconds in entry['seconds'].items():
                phases[name] = phases.get(name, 0.0) + float(seconds)
    return phases


def all_phases(runs):
    """Names of the phases of all runs, each once."""
    return list(dict.fromkeys(name for logs in runs for name in phase_seconds(logs)))


def timings(runs, labels):
    """Seconds of the epochs by phase, one bar a run. runs: for each its logs."""
    figure, axes = plt.subplots(figsize=(6.4, 0.9 + 0.42 * len(runs)))
    rows = np.arange(len(runs))
    left = np.zeros(len(runs))
    seconds = [phase_seconds(logs) for logs in runs]
    for k, phase in enumerate(all_phases(runs)):
        width = np.array([s.get(phase, 0.0) for s in seconds])
        axes.barh(rows, width, left=left, color=style.PHASES[k % len(style.PHASES)], label=literal(phase),
                  edgecolor='white', height=0.6, hatch=style.HATCHES[k % len(style.HATCHES)])
        left += width
    axes.set_yticks(rows, [literal(shortened(label, 40)) for label in labels])
    axes.invert_yaxis()
    axes.set_xlabel('time of all epochs (s)')
    axes.legend(ncol=3, loc='lower left', bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
    return figure


def farm_times(calls):
    """Busy time of each group of ranks beside the wall time of the call. calls: lines of farm.jsonl."""
    bars = [(call, k, busy) for call in range(len(calls)) for k, busy in enumerate(calls[call]['busy_s'])]
    figure, axes = plt.subplots(figsize=(6.4, 0.9 + 0.26 * len(bars)))
    for y, (call, group, busy) in enumerate(bars):
        wall = calls[call]['wall_s']
        axes.barh(y, wall, color='white', edgecolor='#777777', hatch='///', height=0.66, lw=0.6,
                  label='idle' if y == 0 else None)
        axes.barh(y, busy, color=style.TRAIN_LINE, height=0.66, label='busy' if y == 0 else None)
    axes.set_yticks(range(len(bars)), [(f'call {c + 1}, ' if len(calls) > 1 else '') + f'group {g + 1}'
                                       for c, g, _ in bars])
    axes.invert_yaxis()
    axes.set_xlabel('time (s)')
    axes.legend(ncol=2, loc='lower left', bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
    return figure
