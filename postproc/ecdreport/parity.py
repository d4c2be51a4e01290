"""Predicted against DFT moduli: one panel a modulus, held-out samples by material class."""
import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from . import style
from .classes import ALL, material_class
from .plots import STEPS, modulus
from .text import literal, shortened, subscripted

NAMED_OUTLIERS = 4
CONNECTION = {'arrowstyle': '-', 'lw': 0.6, 'color': '#888888', 'shrinkA': 0, 'shrinkB': 3}
BACKGROUND = (('train', 'training', 'o'), ('validation', 'validation', '^'))


def parity(panels):
    """panels: {target: predictions with a known target}, shown side by side. Classes are those of the samples
    that count: held out, or, where none are, all that neither trained nor chose the network. Returns an open
    figure."""
    figure, grid = plt.subplots(1, len(panels), figsize=(4.5 * len(panels), 4.35), squeeze=False)
    for axes, (target, points) in zip(grid[0], panels.items()):
        draw_panel(axes, target, points)
    handles = class_handles(p for points in panels.values() for p in counted(points))
    splits = {p.split for points in panels.values() for p in points}
    if any(p.split == 'test' for points in panels.values() for p in points):
        handles += [Line2D([], [], ls='', marker=marker, color=style.BACKGROUND, label=f'{name} sample', ms=4)
                    for split, name, marker in BACKGROUND if split in splits]
    figure.legend(handles=handles, loc='lower center', ncol=4 if len(panels) > 1 else 2, handletextpad=0.2,
                  bbox_to_anchor=(0.5, 0.98), columnspacing=1.2)
    figure.tight_layout()
    return figure


def counted(points):
    test = [p for p in points if p.split == 'test']
    rest = [p for p in points if p.split not in ('train', 'validation')]
    return test or rest or points


def class_handles(points):
    found = {material_class(p.formula) for p in points}
    return [Line2D([], [], ls='', marker=c.marker, color=c.colour, mec='#333333', mew=0.4, label=c.name)
            for c in ALL if c in found]


def draw_panel(axes, target, points):
    shown = counted(points)
    for split, _, marker in BACKGROUND:
        some = [p for p in points if p.split == split]
        if some and shown[0].split != split:
            axes.scatter([p.target for p in some], [p.predicted for p in some], s=10, c=style.BACKGROUND,
                         marker=marker, lw=0, zorder=2, rasterized=len(some) > 2000)
    draw_uncertainty(axes, shown)
    for c in ALL:
        some = [p for p in shown if material_class(p.formula) is c]
        if some:
            axes.scatter([p.target for p in some], [p.predicted for p in some], s=30, c=c.colour,
                         marker=c.marker, lw=0.4, edgecolors='#333333', zorder=4, alpha=0.9)
    low, high = equal_range(axes, points)
    axes.plot([low, high], [low, high], color=style.DIAGONAL, lw=0.9, zorder=1)
    corner = write_statistics(axes, shown, points, low, high)
    name_outliers(axes, shown, low, high, [corner])
    axes.set_xlabel(f'DFT {modulus(target)} (GPa)')
    axes.set_ylabel(f'predicted {modulus(target)} (GPa)')


def draw_uncertainty(axes, points):
    known = [p for p in points if math.isfinite(p.uncertainty) and math.isfinite(p.predicted)]
    if known:
        axes.errorbar([p.target for p in known], [p.predicted for p in known],
                      yerr=[abs(p.uncertainty) for p in known], fmt='none', ecolor='#c4c8cc', elinewidth=0.7,
                      zorder=3)


def write_statistics(axes, shown, points, low, high):
    """In the corner below the diagonal, or above it where fewer points are in the way. Its box."""
    wide, tall = 0.36 * (high - low), 0.24 * (high - low)
    below = sum(p.target > high - wide and p.predicted < low + tall for p in points)
    above = sum(p.target < low + wide and p.predicted > high - tall for p in points)
    upper = above < below
    place = {'x': 0.03, 'y': 0.97, 'ha': 'left', 'va': 'top'} if upper else \
        {'x': 0.97, 'y': 0.03, 'ha': 'right', 'va': 'bottom'}
    axes.text(s=statistics(shown), transform=axes.transAxes, fontsize=8.5, linespacing=1.35, zorder=8,
              bbox={'facecolor': 'white', 'alpha': 0.75, 'lw': 0, 'pad': 1.5}, **place)
    return (low, high - tall, low + wide, high) if upper else (high - wide, low, high, low + tall)


def statistics(points):
    m = measures(points)
    lines = [f'n = {m["n"]}']
    if not math.isnan(m['mae']):
        lines = [f'R$^2$ = {m["r2"]:.3f}' if math.isfinite(m['r2']) else 'R$^2$ –',
                 f'RMSE {m["rmse"]:.1f} GPa', f'MAE {m["mae"]:.1f} GPa', *lines]
    return '\n'.join(lines).replace('-', '−')


def measures(points):
    """r2, rmse, mae, bias (mean error), n; NaN where undefined. Samples without finite numbers are left
    out."""
    pairs = np.array([(p.target, p.predicted) for p in points
                      if math.isfinite(p.target) and math.isfinite(p.predicted)]).reshape(-1, 2)
    if not len(pairs):
        return {'n': 0, 'r2': math.nan, 'rmse': math.nan, 'mae': math.nan, 'bias': math.nan}
    error = pairs[:, 1] - pairs[:, 0]
    variation = ((pairs[:, 0] - pairs[:, 0].mean()) ** 2).sum()
    return {'n': len(pairs), 'r2': 1 - (error ** 2).sum() / variation if variation > 0 else math.nan,
            'rmse': math.sqrt((error ** 2).mean()), 'mae': np.abs(error).mean(), 'bias': error.mean()}


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


def name_outliers(axes, points, low, high, taken):
    """A label beside each, on the side away from the diagonal if there is room: inside the frame, clear of
    marks, other labels, and the boxes (x0, y0, x1, y1) in taken."""
    span = high - low
    mark = 0.012 * span
    placed = [(p.target - mark, p.predicted - mark, p.target + mark, p.predicted + mark) for p in points]
    placed += taken
    for p in worst(points):
        text = shortened(p.formula or p.id, 20)
        outward = -1 if p.error > 0 else 1
        spots = [(side, -outward * step) for step in (0, 1, -1, 2, -2, 3, -3, 4, -4)
                 for side in (outward, -outward)]
        boxes = [label_box(p, text, side, step, span) for side, step in spots]
        best = next((k for k, box in enumerate(boxes) if free(box, placed, low, high)), 0)
        (side, step), box = spots[best], boxes[best]
        placed.append(box)
        axes.annotate(subscripted(text) if p.formula else literal(text), (p.target, p.predicted), fontsize=8,
                      xytext=(box[0] if side > 0 else box[2], (box[1] + box[3]) / 2), textcoords='data',
                      va='center', ha='left' if side > 0 else 'right', zorder=9,
                      arrowprops=CONNECTION if step else None)


def label_box(p, text, side, step, span):
    """About what 8 points take in a panel."""
    near, far = p.target + 0.02 * side * span, p.target + side * (0.04 + 0.018 * len(text)) * span
    y = p.predicted + 0.045 * step * span
    return min(near, far), y - 0.022 * span, max(near, far), y + 0.022 * span


def free(box, placed, low, high):
    inside = low <= box[0] and box[2] <= high and low <= box[1] and box[3] <= high
    return inside and not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3]
                              for b in placed)

