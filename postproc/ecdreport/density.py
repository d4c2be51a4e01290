"""Pictures of volumes: two lattice planes and a cloud of points, one row a material."""
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm, Normalize
from mpl_toolkits.mplot3d.art3d import Line3DCollection

from . import style
from .plots import subscripted

# In fractions of the cell: the plane runs from the origin along two directions.
PLANES = {'(001)': ((1, 0, 0), (0, 1, 0), (0, 0, 0)),
          '(110)': ((1, -1, 0), (0, 0, 1), (0, 1, 0))}
CLOUD_POINTS = 24   # an edge
FIELDS = {'density': 'electronic charge density (e/Å$^3$)', 'elf': 'electron localization function',
          'raw': 'field (unit of the source file)'}


@dataclass(frozen=True)
class Scale:
    """One colour scale for all pictures of a figure."""
    norm: object
    levels: np.ndarray   # of the contour lines
    label: str


def make_scale(volumes, field):
    if field == 'density':
        low = 0.01
        high = max(float(np.percentile(v, 99.7)) for v in volumes)
        high = max(high, 10 * low)
        return Scale(LogNorm(low, high), np.geomspace(low, high, 9)[1:-1], FIELDS[field])
    low = min(float(v.min()) for v in volumes)
    high = max(float(v.max()) for v in volumes)
    high = high if high > low else low + 1
    return Scale(Normalize(low, high), np.linspace(low, high, 9)[1:-1], FIELDS.get(field, field))


def densities(materials, field):
    """Rows: materials. Columns: (001) and (110) plane through the origin, cloud of the cell."""
    scale = make_scale([m.volume for m in materials], field)
    rows = len(materials)
    figure = plt.figure(figsize=(9.2, 2.55 * rows + 0.1))
    grid = figure.add_gridspec(rows, 4, width_ratios=(1, 1.414, 1.2, 0.06), wspace=0.26, hspace=0.3)
    for row, material in enumerate(materials):
        for column, name in enumerate(PLANES):
            axes = figure.add_subplot(grid[row, column])
            draw_plane(axes, material, name, scale)
            if column == 0:
                axes.set_title(f'{subscripted(material.formula)}  {name}')
            else:
                axes.set_title(name, fontweight='normal')
                axes.set_ylabel('')
            if row < rows - 1:
                axes.set_xlabel('')
        draw_cloud(figure.add_subplot(grid[row, 2], projection='3d'), material, scale)
    bar = figure.add_subplot(grid[:, 3])
    mappable = plt.cm.ScalarMappable(norm=scale.norm, cmap=style.DENSITY_MAP)
    figure.colorbar(mappable, cax=bar, extend='both', label=scale.label)
    return figure


def plane_points(material, name):
    """Fractions (rows, columns, 3) on the plane at the spacing of the volume, and both edge vectors, A."""
    along, up, origin = (np.array(v, float) for v in PLANES[name])
    n = material.volume.shape[0]
    s = np.arange(n + 1) / n
    points = origin + s[None, :, None] * along + s[:, None, None] * up
    return points, along @ material.cell, up @ material.cell


def sample(volume, fractions):
    """Values of the periodic volume at fractions that lie on its grid points."""
    n = volume.shape[0]
    i, j, k = np.moveaxis(np.rint(fractions * n).astype(int) % n, -1, 0)
    return volume[i, j, k]


def draw_plane(axes, material, name, scale):
    points, along, up = plane_points(material, name)
    values = np.clip(sample(material.volume, points), scale.norm.vmin, None)
    x, y = in_plane(points - points[0, 0], material.cell, along, up)
    axes.pcolormesh(x, y, values, norm=scale.norm, cmap=style.DENSITY_MAP, shading='gouraud',
                    rasterized=True)
    axes.contour(x, y, values, levels=scale.levels, colors='white', linewidths=0.45, alpha=0.8)
    label_sites(axes, material, name, along, up)
    axes.set_aspect('equal')
    axes.set_xlabel('Å', labelpad=1)
    axes.set_ylabel('Å', labelpad=1)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.locator_params(nbins=5)


def in_plane(fractions, cell, along, up):
    """Cartesian coordinates (A) in the plane: x along the first edge."""
    cartesian = fractions @ cell
    first = along / np.linalg.norm(along)
    second = up - (up @ first) * first
    second /= np.linalg.norm(second)
    return cartesian @ first, cartesian @ second


def label_sites(axes, material, name, along, up):
    """Element symbols at the sites of the plane."""
    origin = np.array(PLANES[name][2], float)
    normal = np.cross(along, up)
    normal /= np.linalg.norm(normal)
    for symbol, fraction in material.sites:
        offset = fraction - origin
        if abs(offset @ material.cell @ normal) > 0.05:
            continue
        x, y = in_plane(offset, material.cell, along, up)
        axes.text(x, y, symbol, ha='center', va='center', fontsize=7, color='black', clip_on=False,
                  bbox={'boxstyle': 'circle,pad=0.18', 'fc': 'white', 'ec': 'none', 'alpha': 0.75})


def draw_cloud(axes, material, scale):
    """One mark a point of a coarse grid, area and colour by value; the cell and its edges in A."""
    volume = material.volume
    step = max(volume.shape[0] // CLOUD_POINTS, 1)
    picks = np.arange(0, volume.shape[0], step)
    values = volume[np.ix_(picks, picks, picks)].ravel()
    fractions = np.stack(np.meshgrid(picks, picks, picks, indexing='ij'), -1).reshape(-1, 3)
    points = fractions / volume.shape[0] @ material.cell
    weight = cloud_weight(values)
    shown = weight > 0
    axes.scatter(*points[shown].T, s=0.3 + 22 * weight[shown] ** 2, c=values[shown], norm=scale.norm,
                 cmap=style.DENSITY_MAP, alpha=0.5, lw=0, rasterized=True)
    draw_cell(axes, material.cell)
    axes.set_axis_off()
    axes.view_init(elev=18, azim=-62)
    lengths = np.ptp(points, axis=0)
    axes.set_box_aspect(np.maximum(lengths, 1e-6), zoom=1.25)
    axes.text2D(0.5, -0.08, edges(material.cell), transform=axes.transAxes, ha='center', fontsize=9)


def cloud_weight(values):
    """From 0 at this material's 60th percentile (and below: not drawn) to 1 at its 99.5th."""
    low, high = np.percentile(values, (60, 99.5))
    return np.clip((values - low) / max(high - low, 1e-30), 0, 1) ** 0.5


def draw_cell(axes, cell):
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)], float)
    lines = [(a @ cell, b @ cell) for a in corners for b in corners
             if np.abs(a - b).sum() == 1 and (b - a).sum() > 0]
    axes.add_collection3d(Line3DCollection(lines, colors='#333333', linewidths=0.7))


def edges(cell):
    """'a = 6.43 Å', or three lengths where they differ."""
    lengths = np.linalg.norm(cell, axis=1)
    if np.ptp(lengths) < 5e-4:
        return f'a = {lengths[0]:.3f} Å'
    return ', '.join(f'{name} = {length:.2f}' for name, length in zip('abc', lengths)) + ' Å'
