"""Maps of samples (t-SNE)."""
import math

import matplotlib.pyplot as plt
import numpy as np

from . import style
from .classes import ALL, material_class
from .embedding import INPUT_NAMES
from .text import literal

COLUMNS = 4
SETS_PER_FIGURE = 12


def overview(embedding, values):
    """A row for each input: samples by material class and, where known, by value (bulk modulus, GPa)."""
    columns = 2 if np.isfinite(values).any() else 1
    rows = len(embedding.maps)
    figure, grid = plt.subplots(rows, columns, figsize=(4.6 * columns, 3.9 * rows), squeeze=False,
                                layout='constrained')
    groups = [material_class(f) for f in embedding.formulas]
    for row, (axes, one) in enumerate(zip(grid, embedding.maps)):
        for c in ALL:
            at = one.points[[g is c for g in groups]]
            if len(at):
                axes[0].scatter(*at.T, s=24, c=c.colour, marker=c.marker, lw=0.3, edgecolors='#333333',
                                alpha=0.9, label=f'{c.name} ({len(at)})' if row == 0 else None)
        axes[0].set_title(INPUT_NAMES.get(one.name, literal(one.name)))
        if columns == 2:
            image = by_value(axes[1], one.points, values)
            axes[1].set_title('bulk modulus', fontweight='normal')
            figure.colorbar(image, ax=axes[1], label='GPa')
        for a in axes:
            bare(a)
    figure.legend(loc='lower center', bbox_to_anchor=(0.5, 1.0), ncol=min(len(set(groups)), 4),
                  handletextpad=0.2, columnspacing=1.2)
    return figure


def by_value(axes, points, values):
    known = np.isfinite(values)
    axes.scatter(*points[~known].T, s=16, c=style.BACKGROUND, marker='x', lw=0.7)
    return axes.scatter(*points[known].T, s=22, c=values[known], cmap=style.MODULUS_MAP, lw=0.3,
                        edgecolors='#333333')


def bare(axes):
    """Distances in a t-SNE map have no unit."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect('equal', 'datalim')
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color('#bbbbbb')


def set_figures(one, sets):
    """Test samples of each set among the training samples. Returns a list of figures of a dozen panels."""
    names = list(sets)
    return [set_figure(one, {name: sets[name] for name in names[k:k + SETS_PER_FIGURE]})
            for k in range(0, len(names), SETS_PER_FIGURE)]


def set_figure(one, sets):
    columns = min(len(sets), COLUMNS)
    rows = math.ceil(len(sets) / columns)
    size = 2.35 if columns > 2 else 3.6
    figure, grid = plt.subplots(rows, columns, figsize=(size * columns, (size + 0.15) * rows + 0.3),
                                squeeze=False, layout='constrained')
    for axes, (name, split) in zip(grid.flat, sets.items()):
        split = np.array(split)
        for part, label, colour, marker, marks in (
                ('none', 'other', style.BACKGROUND, 'x', 8), ('train', 'training', style.TRAIN, 'o', 10),
                ('test', 'test', style.TEST, 'D', 16)):
            at = one.points[split == part]
            if len(at):
                axes.scatter(*at.T, s=marks, c=colour, marker=marker, lw=0.7 if marker == 'x' else 0,
                             label=label)
        bare(axes)
        axes.set_title(set_title(name, (split == 'test').sum(), one.mixing.get(name)), fontsize=9)
    for axes in list(grid.flat)[len(sets):]:
        axes.set_axis_off()
    handles = {label: handle for axes in grid.flat
               for handle, label in zip(*axes.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc='lower center', bbox_to_anchor=(0.5, 1.0), ncol=3)
    return figure


def set_title(name, tests, mixing):
    text = f'{literal(name)} ({tests})' if name != 'split' else f'held out ({tests})'
    value = (mixing or {}).get('input')
    return f'{text}, mixing {value:.2f}' if isinstance(value, (int, float)) else text
