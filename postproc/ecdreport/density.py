"""Pictures of volumes: lattice planes, surfaces of equal value, clouds with a mark for each point."""
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm, Normalize, to_rgb
from matplotlib.lines import Line2D
from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

from . import style
from .plots import readable_log_axis
from .text import shortened, subscripted

try:
    from skimage.measure import marching_cubes
except ImportError:
    marching_cubes = None

# In fractions of the cell: the plane runs from the origin along two directions.
PLANES = {'(001)': ((1, 0, 0), (0, 1, 0), (0, 0, 0)),
          '(110)': ((1, -1, 0), (0, 0, 1), (0, 1, 0))}
FIELDS = {'density': 'electronic charge density (e/Å$^3$)', 'elf': 'electron localization function',
          'raw': 'field (unit of the source file)'}
UNITS = {'density': 'e/Å³', 'elf': '', 'raw': ''}
CLOUD_SHARE = 0.15          # of the points that a cloud shows, where no threshold is given
CLOUD_POINTS = 40000        # at most, a cloud
ENCLOSED = (0.5, 0.8)       # shares of the charge inside the surfaces
ELF_SURFACES = (0.8, 0.5)
SURFACE_POINTS = 36         # an edge; finer volumes are resampled to so many
ALPHA = (1.0, 0.25)         # of the inner and the outer surface
LIGHT = np.array((0.35, -0.75, 0.56))
VIEW = {'elev': 18, 'azim': -62}


@dataclass(frozen=True)
class Scale:
    """One colour scale for all pictures of a figure."""
    norm: object
    levels: np.ndarray   # of the contour lines
    label: str


def make_scale(volumes, field):
    finite = [v[np.isfinite(v)] for v in volumes]
    finite = [v for v in finite if v.size] or [np.zeros(1)]
    if field == 'density':
        low = 0.01
        high = max(float(np.percentile(v, 99.7)) for v in finite)
        high = max(high, 10 * low)
        return Scale(LogNorm(low, high), np.geomspace(low, high, 9)[1:-1], FIELDS[field])
    low = min(float(v.min()) for v in finite)
    high = max(float(v.max()) for v in finite)
    high = high if high > low else low + 1
    return Scale(Normalize(low, high), np.linspace(low, high, 9)[1:-1], FIELDS.get(field, field))


def slices(materials, field):
    """Rows: materials. Columns: (001) and (110) plane through the origin, with contour lines."""
    scale = make_scale([m.volume for m in materials], field)
    rows = len(materials)
    figure = plt.figure(figsize=(7.4, 2.75 * rows + 0.1))
    grid = figure.add_gridspec(rows, 3, width_ratios=(1, 1.414, 0.06), wspace=0.26, hspace=0.3)
    for row, material in enumerate(materials):
        for column, name in enumerate(PLANES):
            axes = figure.add_subplot(grid[row, column])
            draw_plane(axes, material, name, scale)
            if column == 0:
                axes.set_title(f'{subscripted(shortened(material.formula))}  {name}')
            else:
                axes.set_title(name, fontweight='normal')
                axes.set_ylabel('')
            if row < rows - 1:
                axes.set_xlabel('')
    colour_bar(figure, figure.add_subplot(grid[:, 2]), scale, style.DENSITY_MAP)
    return figure


def panels_in_space(materials, right):
    """A figure with one panel in space a material, two a row, and the room to the right of them."""
    columns = min(len(materials), 2)
    rows = (len(materials) + columns - 1) // columns
    figure = plt.figure(figsize=(4.3 * columns + (0.95 if right else 0.5), 4.0 * rows))
    grid = figure.add_gridspec(rows, columns, wspace=0.04, hspace=0.1, left=0.01, top=0.95, bottom=0.03,
                               right=4.3 * columns / figure.get_figwidth() - 0.01)
    # Labels in space do not count where a figure is cut to what it shows: this corner does.
    figure.add_artist(Line2D([0, 1], [0, 1], alpha=0))
    return figure, [figure.add_subplot(grid[k // columns, k % columns], projection='3d')
                    for k in range(len(materials))]


def clouds(materials, field, threshold=None):
    """One panel a material: a mark for each point of the grid whose value is above the threshold, its area
    and colour by value. threshold: in the unit of the field; else for each material the value that
    CLOUD_SHARE of its points exceed."""
    points = [cloud_points(m.volume, threshold) for m in materials]
    scale = cloud_scale(points, field)
    figure, panels = panels_in_space(materials, right=True)
    for axes, material, one in zip(panels, materials, points):
        draw_cloud(axes, material, one, scale, UNITS.get(field, ''))
    bar = figure.add_axes((1 - 0.75 / figure.get_figwidth(), 0.12, 0.16 / figure.get_figwidth(), 0.76))
    colour_bar(figure, bar, scale, style.CLOUD_MAP)
    return figure


def surfaces(materials, field):
    """One panel a material: two surfaces of equal value, the inner one opaque. Needs scikit-image."""
    figure, panels = panels_in_space(materials, right=False)
    for axes, material in zip(panels, materials):
        draw_surfaces(axes, material, field)
    return figure


def colour_bar(figure, axes, scale, colours):
    mappable = plt.cm.ScalarMappable(norm=scale.norm, cmap=colours)
    figure.colorbar(mappable, cax=axes, extend='both', label=scale.label)
    if isinstance(scale.norm, LogNorm):
        readable_log_axis(axes.yaxis)


# ---- Planes ----

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
    values = np.nan_to_num(sample(material.volume, points), nan=scale.norm.vmin)
    values = np.clip(values, scale.norm.vmin, None)
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


# ---- The cell in space ----

def prepare_space(axes, cell):
    """The cell's edges with their lengths, nothing else."""
    axes.set_axis_off()
    axes.view_init(**VIEW)
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)], float)
    lines = [(a @ cell, b @ cell) for a in corners for b in corners
             if np.abs(a - b).sum() == 1 and (b - a).sum() > 0]
    axes.add_collection3d(Line3DCollection(lines, colors='#333333', linewidths=0.7))
    points = corners @ cell
    low, high = points.min(axis=0), points.max(axis=0)
    for name, a, b in zip('xyz', low, high):
        getattr(axes, f'set_{name}lim')(a, b)
    axes.set_box_aspect(np.maximum(high - low, 1e-6), zoom=1.12)
    label_edges(axes, cell)


def label_edges(axes, cell):
    """At the middle of one edge in each direction, outside the cell as the camera sees it."""
    lengths = np.linalg.norm(cell, axis=1)
    middles = np.array(((0.5, 0, 0), (1, 0.5, 0), (1, 1, 0.5)), float)
    outward = np.array(((0, -0.16, -0.1), (0.17, 0, -0.1), (0.16, 0.06, 0)), float)
    for name, length, fraction in zip('abc', lengths, middles + outward):
        axes.text(*(fraction @ cell), f'{name} = {length:.2f} Å', fontsize=8, ha='center', va='center')


# ---- Clouds ----

def cloud_scale(points, field):
    """From the lowest threshold to what 0.3 % of a material's points exceed."""
    low = min(threshold for _, _, threshold in points)
    tops = [float(np.percentile(values, 98)) for _, values, _ in points if len(values)]
    high = max(tops, default=low)
    high = high if high > low else low + max(abs(low), 1e-6)
    norm = LogNorm(low, high) if field == 'density' and low > 0 else Normalize(low, high)
    return Scale(norm, np.zeros(0), FIELDS.get(field, field))


def draw_cloud(axes, material, cloud, scale, unit):
    points, values, level = cloud
    n = material.volume.shape[0]
    weight = np.clip(np.ma.filled(scale.norm(values), 0.0), 0, 1) if len(values) else values
    order = np.argsort(values, kind='stable')     # the few large values are drawn last
    area = 0.3 + 7 * weight[order] * (60 / n)
    axes.scatter(*(points[order] / n @ material.cell).T, s=area, c=values[order], norm=scale.norm,
                 cmap=style.CLOUD_MAP, alpha=0.5, lw=0, rasterized=True, depthshade=False)
    prepare_space(axes, material.cell)
    corner_texts(axes, material, f'{len(values)} points above {level:.3g} {unit}'.rstrip())


def corner_texts(axes, material, right):
    axes.set_title(subscripted(shortened(material.formula)), loc='left', pad=2)
    axes.text2D(0.98, 0.985, right, transform=axes.transAxes, ha='right', va='bottom', fontsize=8,
                color='#444444')


def cloud_points(volume, threshold=None):
    """Indices (N, 3) of the points above the threshold, their values, and the threshold. Of many every
    second, every third... is taken."""
    finite = np.where(np.isfinite(volume), volume, -np.inf)
    if threshold is None:
        known = volume[np.isfinite(volume)]
        threshold = float(np.percentile(known, 100 * (1 - CLOUD_SHARE))) if known.size else 0.0
    indices = np.argwhere(finite > threshold)
    indices = indices[::max(1, -(-len(indices) // CLOUD_POINTS))]
    return indices, volume[tuple(indices.T)], threshold


# ---- Surfaces ----

def surface_levels(volume, field):
    """Inner, then outer. Of a density the values above which lie given shares of the charge."""
    values = np.sort(volume[np.isfinite(volume)], axis=None)[::-1]
    if not values.size:
        return []
    low, high = float(values[-1]), float(values[0])
    if field == 'density':
        charge = np.cumsum(np.maximum(values, 0), dtype=float)
        levels = [float(values[np.searchsorted(charge, share * charge[-1])]) for share in ENCLOSED]
    elif field == 'elf':
        levels = list(ELF_SURFACES)
    else:
        levels = [low + share * (high - low) for share in (0.7, 0.4)]
    return [level for level in levels if low < level < high]


def draw_surfaces(axes, material, field):
    """Marching cubes over the whole cell; its border shows the cut."""
    levels = surface_levels(material.volume, field)
    faces, paint = [np.zeros((0, 3, 3))], [np.zeros((0, 4))]
    for level, colour, alpha in zip(levels, style.SURFACES, ALPHA):
        triangles = surface(material.volume, level, material.cell)
        normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
        shade = 0.5 + 0.5 * np.abs(normal @ LIGHT)
        faces.append(triangles)
        paint.append(np.column_stack([np.outer(shade, to_rgb(colour)), np.full(len(triangles), alpha)]))
    if levels:
        paint = np.concatenate(paint)
        seams = np.where(paint[:, 3:] < 1, 0, paint)   # edges close the gaps between opaque triangles
        axes.add_collection3d(Poly3DCollection(np.concatenate(faces), facecolors=paint, edgecolors=seams,
                                               linewidths=0.3, rasterized=True))
    prepare_space(axes, material.cell)
    text = ' and '.join(f'{level:.2g}' for level in levels)
    corner_texts(axes, material, f'{text} {UNITS.get(field, "")}'.rstrip() if levels else 'no surface')


def surface(volume, level, cell):
    """Triangles (N, 3, 3), A, of the surface in the closed cell of a periodic volume."""
    filled = np.where(np.isfinite(volume), volume, np.nanmin(volume))
    for axis in range(3):
        filled = coarsened(filled, axis)
    closed = np.pad(filled, ((0, 1),) * 3, mode='wrap')
    if not closed.min() < level < closed.max():
        return np.zeros((0, 3, 3))
    vertices, faces, _, _ = marching_cubes(closed, level)
    return (vertices / np.array(filled.shape) @ cell)[faces]


def coarsened(volume, axis):
    """At most SURFACE_POINTS points along an axis of a periodic volume, by linear interpolation."""
    n = volume.shape[axis]
    if n <= SURFACE_POINTS:
        return volume
    at = np.arange(SURFACE_POINTS) * n / SURFACE_POINTS
    low = at.astype(int)
    share = (at - low).reshape([-1 if k == axis else 1 for k in range(3)])
    return (1 - share) * volume.take(low, axis) + share * volume.take((low + 1) % n, axis)
