"""Maps of samples, squeeze-and-excitation maps and charge densities."""
import math

import numpy as np

from .context import material_name, slug
from .density import FIELDS, UNITS, clouds, marching_cubes, slices, surfaces
from .embedding import INPUT_NAMES
from .errors import InputError
from .html import Section, cell, escape, number, table
from .scatter import overview, set_figures
from .squares import MapRow, se_maps

ROWS_PER_FIGURE = 4


# ---- t-SNE ----

def embedding_section(report):
    parts = [one_embedding(report, label, e) for label, e in report.named('embedding')]
    if not parts:
        return None
    text = ('<p>t-SNE maps of the samples: near points have like inputs; distances between far ones mean '
            'little. <em>Mixing</em>: the share of training samples among the nearest neighbours of a test '
            'sample, mean over the test samples; <em>at random</em>: its value if test samples were drawn by '
            'chance. Far below that, the test samples keep to themselves, and predicting them is '
            'extrapolation.</p>')
    return Section('embedding', 'Maps of the samples', text + '\n'.join(parts))


def one_embedding(report, label, e):
    known = report.bulk_moduli()
    values = np.array([known.get(name, math.nan) for name in e.ids])
    parts = [f'<h3>{escape(label)}</h3>' if len(report.named('embedding')) > 1 else '']
    colours = 'material class' + (' and by bulk modulus' if np.isfinite(values).any() else '')
    parts.append(report.figures.add(
        overview(e, values), f'tsne-{slug(label)}', f'{len(e.ids)} samples by {colours}.',
        f'Map of {len(e.ids)} samples'))
    for one in e.maps:
        figures = set_figures(one, e.sets)
        for k, figure in enumerate(figures):
            name = f'tsne-{slug(label)}-{slug(one.name)}' + (f'-{k + 1}' if k else '')
            parts.append(report.figures.add(
                figure, name, f'{escape(INPUT_NAMES.get(one.name, one.name)).capitalize()}: test samples '
                'among training samples. Title: set, number of test samples, mixing in the input.',
                f'Map of the samples by {one.name}, test and training'))
    return ''.join(parts) + mixing_table(e) + quality_table(e)


def mixing_table(e):
    rows = []
    for name in e.sets:
        items = [one.mixing.get(name, {}) for one in e.maps]
        first = next((item for item in items if item), {})
        row = [cell(escape('held out' if name == 'split' else name)), number(first.get('train'), 0),
               number(first.get('test'), 0), number(first.get('random'), 2)]
        for item in items:
            row += [number(item.get('input'), 2), number(item.get('map'), 2)]
        rows.append(row)
    head = ['set', 'training', 'test', 'at random']
    for one in e.maps:
        head += [f'{escape(one.name)}: input', 'map']
    neighbours = e.summary.get('neighbors')
    caption = f'Mixing among {escape(neighbours)} neighbours' if neighbours else 'Mixing'
    return table(head, rows, caption=caption, css='numeric') if rows else ''


def quality_table(e):
    rows = [[cell(escape(INPUT_NAMES.get(one.name, one.name))), number(one.quality.get('features'), 0),
             number(one.quality.get('kl'), 3), number(one.quality.get('trustworthiness'), 3),
             number(one.quality.get('iterations'), 0), number(seconds(one.quality), 1)] for one in e.maps]
    head = ('input', 'features', 'KL divergence', 'trustworthiness', 'iterations', 'time (s)')
    return table(head, rows, css='numeric')


def seconds(quality):
    phases = quality.get('seconds')
    return sum(phases.values()) if isinstance(phases, dict) else None


# ---- Squeeze-and-excitation maps ----

def maps_section(report):
    parts = []
    check_materials(report)
    for label, maps in report.named('maps'):
        absent = [name for name in report.materials if name not in maps.ids]
        if absent:
            parts.append(f'<p class="note">{escape(maps.path)} has no {escape(", ".join(absent))}.</p>')
        for k, rows in enumerate(map_figures(report, maps)):
            name = f'maps-{slug(label)}' + (f'-{k + 1}' if k else '')
            names = ', '.join(material_name(r.formula, r.id, modulus_text(r.bulk)) for r in rows)
            parts.append(report.figures.add(
                se_maps(rows), name, f'{names}. Left to right: across x, y and z. One colour scale a '
                f'material. Model: <code>{escape(maps.model)}</code>.', 'Squeeze-and-excitation maps of '
                + ', '.join(row.formula for row in rows), vector=False))
    if not parts:
        return None
    text = ('<p>What the 2D-CNN makes of a charge density before its convolutions: output of the '
            'squeeze-and-excitation block of each direction, averaged over its channels. Softest material '
            'first.</p>')
    return Section('maps', 'Squeeze-and-excitation maps', text + ''.join(parts))


def check_materials(report):
    """An id that no set of maps has is a mistake, unless it is the dataset's, which is asked later."""
    known = {name for _, maps in report.named('maps') for name in maps.ids}
    unknown = [name for name in report.materials if name not in known]
    if known and unknown and report.dataset is None:
        paths = ', '.join(str(maps.path) for _, maps in report.named('maps'))
        raise InputError(f'{paths}: no sample {", ".join(unknown)}')


def modulus_text(bulk):
    return '' if math.isnan(bulk) else f', K = {bulk:.1f} GPa'


def map_figures(report, maps):
    """Figures as lists of rows (formula, id, bulk modulus, map, cell): the materials asked for, or, where
    none is, some that span the range of bulk moduli."""
    known = report.bulk_moduli()
    bulk = [known.get(name, math.nan) for name in maps.ids]
    asked = [maps.ids.index(name) for name in report.materials if name in maps.ids]
    order = sorted(range(len(maps.ids)), key=lambda i: (math.isnan(bulk[i]), bulk[i], i))
    measured = [i for i in order if not math.isnan(bulk[i])] or order
    picks = np.linspace(0, len(measured) - 1, min(report.count, len(measured))).round().astype(int)
    chosen = [i for i in order if i in asked] if report.materials else [measured[k] for k in picks]
    rows = [MapRow(maps.formulas[i], maps.ids[i], bulk[i], maps.values[i], cell_of(report, maps.ids[i]))
            for i in chosen]
    return [rows[k:k + ROWS_PER_FIGURE] for k in range(0, len(rows), ROWS_PER_FIGURE)]


def cell_of(report, name):
    data = report.dataset
    return data.cell(data.ids.index(name)) if data is not None and name in data.ids else None


# ---- Charge densities ----

def density_section(report):
    if report.dataset is None:
        return Section('densities', 'Charge densities',
                       f'<p class="note">{escape(report.dataset_note)}</p>') if report.dataset_note else None
    data = report.dataset
    kind = data.attributes.get('field', 'raw')
    chosen = data.choose(report.materials, report.count)
    parts = [[], [], []]
    for k, first in enumerate(range(0, len(chosen), ROWS_PER_FIGURE)):
        materials = [data.material(i) for i in chosen[first:first + ROWS_PER_FIGURE]]
        for part, html in zip(parts, density_figures(report, materials, kind, f'-{k + 1}' if k else '')):
            part.append(html)
    how = 'Chosen by id.' if report.materials else 'Chosen to span the range of bulk moduli.'
    lead = (f'<p>{len(data)} materials, {escape(data.attributes.get("grid", "?"))}<sup>3</sup> points, '
            f'{escape(data.attributes.get("cell", "?"))} cell, {escape(data.attributes.get("method", "?"))} '
            f'resampling, DFT code {escape(data.attributes.get("code", "?"))}. {how}</p>')
    if marching_cubes is None:
        lead += ('<p class="note">No surfaces of equal value: the Python package skimage is not installed '
                 '(Debian: python3-skimage).</p>')
    title = 'Charge densities' if kind == 'density' else FIELDS.get(kind, kind).capitalize()
    return Section('densities', escape(title), lead + ''.join(map(''.join, parts)))


def density_figures(report, materials, kind, end):
    """Clouds, surfaces and slices of some materials, as HTML."""
    names = ', '.join(material_name(m.formula, m.id, moduli(m)) for m in materials)
    plain = ', '.join(m.formula for m in materials)
    yield report.figures.add(
        clouds(materials, kind, report.threshold), f'clouds{end}',
        f'{names}. One mark for each grid point above the value in the corner, area and colour by value; '
        'edge lengths of the cell. Colour scale common to all.', f'Charge-density clouds of {plain}',
        vector=False)
    yield '' if marching_cubes is None else report.figures.add(
        surfaces(materials, kind), f'surfaces{end}', f'{names}. {surface_text(kind)}',
        f'Surfaces of equal value of {plain}', vector=False)
    yield report.figures.add(
        slices(materials, kind), f'slices{end}',
        f'{names}. (001) and (110) planes through the origin with contour lines'
        + (' at equal ratios' if kind == 'density' else '') + '. Colour scale common to all.',
        f'Slices of {plain}', vector=False)


def surface_text(kind):
    if kind == 'density':
        return ('Surfaces that enclose half (orange) and four fifths (blue, translucent) of the charge; '
                'their values in the corner.')
    unit = f' ({UNITS[kind]})' if UNITS.get(kind) else ''
    return f'Surfaces of equal value{unit}, inner orange, outer blue and translucent; values in the corner.'


def moduli(material):
    known = [(name, value) for name, value in (('K', material.bulk), ('G', material.shear))
             if not math.isnan(value)]
    return ''.join(f', {name} = {value:.1f} GPa' for name, value in known)
