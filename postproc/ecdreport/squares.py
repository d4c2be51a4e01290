"""Pictures of squeeze-and-excitation blocks: one row a material, one column a direction."""
import math
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np

from . import style
from .text import literal, shortened, subscripted

# direction, what the rows and the columns of its map are
DIRECTIONS = (('x', 'y', 'z'), ('y', 'x', 'z'), ('z', 'x', 'y'))


@dataclass(frozen=True)
class MapRow:
    """A material of a figure."""
    formula: str
    id: str
    bulk: float          # GPa, NaN = unknown
    maps: np.ndarray     # (3, n, n)
    cell: object         # (3, 3) A, or None

    @property
    def label(self):
        note = literal(shortened(self.id)) if math.isnan(self.bulk) else f'K = {self.bulk:.0f} GPa'
        return f'{subscripted(shortened(self.formula, 16))}\n{note}'


def se_maps(rows):
    """One colour scale a material. Axes in A where the cell is known and its axes are orthogonal, else in
    voxels."""
    count = len(rows)
    figure = plt.figure(figsize=(9.2, 2.7 * count + 0.2))
    grid = figure.add_gridspec(count, 4, width_ratios=(1, 1, 1, 0.05), wspace=0.45, hspace=0.26)
    for r, row in enumerate(rows):
        maps = row.maps
        finite = maps[np.isfinite(maps)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        high = high if high > low else low + 1
        image = None
        for column, (direction, down, across) in enumerate(DIRECTIONS):
            axes = figure.add_subplot(grid[r, column])
            lengths, unit = extent(row.cell, maps.shape[-1])
            image = axes.imshow(maps[column], origin='lower', cmap=style.SE_MAP, vmin=low, vmax=high,
                                interpolation='nearest', aspect='equal',
                                extent=(0, lengths['xyz'.index(across)], 0, lengths['xyz'.index(down)]))
            axes.set_xlabel(f'{across} ({unit})', labelpad=1)
            axes.set_ylabel(f'{down} ({unit})', labelpad=1)
            axes.locator_params(nbins=5)
            if r == 0:
                axes.set_title(f'across {direction}', fontweight='normal')
            if column == 0:
                axes.annotate(row.label, (-0.48, 0.5), xycoords='axes fraction', rotation=90, ha='center',
                              va='center', fontweight='bold', fontsize=10)
        bar = figure.colorbar(image, cax=figure.add_subplot(grid[r, 3]))
        bar.ax.locator_params(nbins=5)
        bar.set_label('mean of the channels')
    return figure


def extent(cell, n):
    """Lengths along x, y, z and their unit."""
    if cell is not None and np.allclose(cell, np.diag(np.diag(cell)), atol=1e-6):
        return np.abs(np.diag(cell)), 'Å'
    return np.array((n, n, n), float), 'voxels'
