"""A folder of finished VASP runs, one folder for each material: what is in it, and what is wrong with it."""
import csv
import gzip
import io
import math
import os
import re
from collections import Counter, defaultdict

import ase.io
import numpy as np

from . import structures
from .base import BAD_DATA, USAGE, ChainError, EngineError
from .vasp_output import element, elements, read_outcar, read_vasprun

DEPTH = 3                 # folders below a material's that are looked into
ALIASES = {
    'id': ('id', 'material_id', 'mp_id', 'mpid', 'task_id'),
    'formula': ('formula', 'pretty_formula', 'formula_pretty', 'full_formula', 'composition'),
    'bulk': ('bulk_gpa', 'bulk', 'k_vrh', 'k_vrh_gpa', 'bulk_modulus', 'bulk_modulus_vrh', 'k',
             'k_voigt_reuss_hill'),
    'shear': ('shear_gpa', 'shear', 'g_vrh', 'g_vrh_gpa', 'shear_modulus', 'shear_modulus_vrh', 'g',
              'g_voigt_reuss_hill'),
}
SAME_VOLUME = 0.02        # relative, an atom: materials nearer than this are the same
TENSOR_VOLUME = 0.03      # relative, an atom: a tensor is of the crystal of the density within this
COARSE = 1.5              # grids coarser than the median by this factor are told


class Imported:
    """One material of the folder. Problems are (level, kind, detail); level: error or note."""

    def __init__(self, name):
        self.name = name
        self.charge, self.elf, self.plus = None, None, None       # paths
        self.atoms, self.grid, self.plus_grid = None, None, None
        self.run = None                                           # of the folder of the charge density
        self.tensor, self.tensor_run = None, None                 # 6 x 6, kbar; where it is from
        self.bulk, self.shear, self.source = None, None, ''
        self.label_faults = False                                 # errors say already why there is no label
        self.problems = []

    def error(self, kind, detail=''):
        self.problems.append(('error', kind, detail))

    def note(self, kind, detail=''):
        self.problems.append(('note', kind, detail))

    def formula(self):
        return self.atoms.get_chemical_formula('metal', empirical=True)

    def usable(self):
        return not any(level == 'error' for level, _, _ in self.problems)


def read_runs(folder, charge, ions):
    """[Imported] of each subfolder. charge: CHGCAR, or AECCAR0 (AECCAR2 is added); ions: whose tensor."""
    if not os.path.isdir(folder):
        raise ChainError(f'{folder}: no such folder', USAGE)
    materials = []
    for name in sorted(os.listdir(folder)):
        place = os.path.join(folder, name)
        if os.path.isdir(place) and not name.startswith('.'):
            material = Imported(name)
            if not re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9._+-]*', name):
                material.error('bad id', 'characters other than letters, digits and ._+-')
            _read_material(material, _files(place), charge, ions)
            materials.append(material)
    if not materials:
        raise ChainError(f'{folder}: no folders of materials in it (expected ID/CHGCAR, ID/OUTCAR)', BAD_DATA)
    return materials


def _files(place):
    """{CHGCAR: [paths], ...}: .gz or not, the folder's own first."""
    found = defaultdict(list)
    for folder, below, names in os.walk(place, followlinks=True):
        below.sort()
        if os.path.relpath(folder, place).count(os.sep) >= DEPTH - 1 and folder != place:
            below.clear()
        for name in sorted(names):
            found[re.sub(r'\.gz$', '', name)].append(os.path.join(folder, name))
    return found


def _read_material(material, files, charge, ions):
    charges = files.get(charge, [])
    if len(charges) > 1:
        material.error('several charge densities', ', '.join(charges))
    if not charges:
        material.error('no charge density', f'no {charge}')
        return
    material.charge = charges[0]
    place = os.path.dirname(material.charge)
    material.elf = _beside(files['ELFCAR'], place)
    try:
        material.atoms, material.grid = read_header(material.charge)
        if charge == 'AECCAR0':
            _read_plus(material, files, place)
    except (OSError, EOFError, ValueError, IndexError) as error:
        material.error('unreadable charge density', f'{material.charge}: {error}')
        return
    _read_run(material, files, place)
    _read_tensor(material, files['OUTCAR'], ions)


def _beside(paths, place):
    return next((path for path in paths if os.path.dirname(path) == place), None)


def _read_plus(material, files, place):
    material.plus = _beside(files['AECCAR2'], place)
    if not material.plus:
        material.error('no charge density', 'no AECCAR2 beside AECCAR0')
        return
    _, grid = read_header(material.plus)
    if grid != material.grid:
        material.error('different grids', f'AECCAR0 {_times(material.grid)}, AECCAR2 {_times(grid)}')


def _read_run(material, files, place):
    """The run that made the charge density."""
    outcar, xml = _beside(files['OUTCAR'], place), _beside(files['vasprun.xml'], place)
    if not outcar and not xml:
        material.note('no OUTCAR', 'nothing is known of convergence and functional')
        return
    try:
        material.run = read_outcar(outcar) if outcar else read_vasprun(xml)
        material.run.refuse(relaxed=material.run.optimizes)
    except EngineError as error:
        material.error('not converged' if material.run else 'unreadable OUTCAR', str(error))
    run = material.run
    volume = material.atoms.cell.volume
    if run and run.volume and abs(run.volume / volume - 1) > 0.005:
        material.error('another structure', f'cell of {run.volume:.3f} A^3 in {os.path.basename(run.path)}, '
                       f'{volume:.3f} A^3 in the charge density')
    if run and run.noncollinear:
        material.note('non-collinear', 'the total density is taken')
    elif run and run.spins == 2:
        material.note('spin-polarised', 'the total density is taken')


def _read_tensor(material, outcars, ions):
    found = []
    for path in outcars:
        try:
            run = material.run if material.run and material.run.path == path else read_outcar(path)
        except EngineError:
            continue
        if ions in run.tensors:
            found.append((path, run))
    if len(found) > 1:
        material.error('several elastic tensors', ', '.join(path for path, _ in found))
    for path, run in found[:1]:
        try:
            run.refuse()
            material.tensor, material.tensor_run = run.tensors[ions], run
        except EngineError as error:
            material.error('not converged', f'{path}: {error}')


def misfits(material):
    """[(kind, detail)] of what tells that the elastic tensor is not that of the density."""
    run, own, found = material.tensor_run, material.run, []
    if own and own.functional and run.functional and run.functional != own.functional:
        found.append(('elastic tensor of another functional',
                      f'{run.functional} in {run.path}, {own.functional} for the density'))
    symbols = set(material.atoms.get_chemical_symbols())
    if run.titles and elements(run.titles) != symbols:
        found.append(('elastic tensor of another material', f'{" ".join(sorted(elements(run.titles)))} in '
                      f'{run.path}, {" ".join(sorted(symbols))} in the density'))
    elif run.sites and run.volume:
        volume, here = run.volume / run.sites, material.atoms.cell.volume / len(material.atoms)
        if abs(volume / here - 1) > TENSOR_VOLUME:
            found.append(('elastic tensor of another material', f'{volume:.3f} A^3 an atom in {run.path}, '
                          f'{here:.3f} in the density'))
    return found


def read_header(path):
    """(Atoms, grid) of a CHGCAR-like file; its values are left to ecdnet prep."""
    with open(path, 'rb') as file:
        opener = gzip.open if file.read(2) == b'\x1f\x8b' else open
    with opener(path, 'rt', encoding='utf-8', errors='replace') as file:
        head = []
        for line in file:
            if not line.strip() and len(head) > 7:
                break
            head.append(line)
            if len(head) > 100000:
                raise ValueError('no grid')
        words = file.readline().split()
    if len(words) != 3:
        raise ValueError('no grid behind the sites')
    try:
        atoms = ase.io.read(io.StringIO(''.join(head)), format='vasp')
    except Exception as error:
        raise ValueError(f'no structure: {error}') from error
    return atoms, tuple(int(word) for word in words)


def read_labels(path):
    """({id: (formula, bulk, shear)}, [(id, fault of a line)]) of a CSV whose columns have the usual names;
    GPa."""
    try:
        with open(path, encoding='utf-8-sig', newline='') as file:
            rows = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ChainError(f'{path}: not CSV in UTF-8: {error}', BAD_DATA) from error
    column = _columns(rows[0] if rows else [], path)
    labels, faults, seen = {}, [], set()
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = {what: row[i].strip() if i is not None and i < len(row) else '' for what, i in column.items()}
        name, values = cells['id'], []
        if not name or name in seen:
            faults.append((name, f'{path}:{number}: ' + ('the id occurs twice' if name else 'no id')))
        seen.add(name)
        for what in ('bulk', 'shear'):
            try:
                values.append(float(cells[what]) if cells[what] else None)
            except ValueError:
                faults.append((name, f"{path}:{number}: {rows[0][column[what]].strip()}: expected a number, "
                               f"found '{cells[what]}'"))
        if name and len(values) == 2:
            labels[name] = (cells['formula'], *values)
    return labels, faults


def _columns(header, path):
    """{what: number of its column or None}. Of dotted names, such as elasticity.K_VRH, the last parts serve
    where no longer name does."""
    parts = [word.split('.') for word in header]
    depth = max([len(part) for part in parts], default=0)
    tries = [[_plain_name('.'.join(part[-left:])) for part in parts] for left in range(depth, 0, -1)]
    column = {what: next((names.index(alias) for names in tries for alias in aliases if alias in names), None)
              for what, aliases in ALIASES.items()}
    if column['id'] is None:
        raise ChainError(f'{path}: no column of ids ({", ".join(ALIASES["id"])}), found {",".join(header)}',
                         BAD_DATA)
    if column['bulk'] is None and column['shear'] is None:
        names = ', '.join(ALIASES['bulk'] + ALIASES['shear'])
        raise ChainError(f'{path}: no column of moduli ({names}), found {",".join(header)}', BAD_DATA)
    return column


def _plain_name(word):
    return re.sub(r'[^a-z0-9]+', '_', word.strip().lower()).strip('_')


def check_together(materials, functional, wanted_elf):
    """What shows only when the materials are compared."""
    _check_moduli(materials)
    _check_functionals([m for m in materials if m.atoms is not None], functional)
    _check_potcars([m for m in materials if m.run])
    readable = [m for m in materials if m.atoms is not None]
    cutoffs = Counter(m.run.encut for m in readable if m.run and m.run.encut)
    for m in readable:
        if len(cutoffs) > 1 and m.run and m.run.encut and m.run.encut != cutoffs.most_common(1)[0][0]:
            m.note('other cutoff', f'ENCUT {m.run.encut:g} eV, most have {cutoffs.most_common(1)[0][0]:g} eV')
        if wanted_elf and not m.elf:
            m.error('no ELF', 'no ELFCAR beside the charge density')
    _check_grids(readable)
    _check_duplicates(readable)


def _check_functionals(materials, asked):
    counts = Counter(m.run.functional for m in materials if m.run and m.run.functional)
    wanted = asked or (counts.most_common(1)[0][0] if counts else None)
    for m in materials:
        if m.run and m.run.functional:
            if m.run.functional != wanted:
                m.error('mixed functionals', f'{m.run.functional}, not {wanted}')
        elif asked:
            m.error('unknown functional', f'{_why_unknown(m)}: {asked} was asked for')
        elif m.run:
            m.note('unknown functional', _why_unknown(m))


def _why_unknown(m):
    return f'neither GGA nor LEXCH in {m.run.path}' if m.run else 'no OUTCAR that can be read'


def _check_moduli(materials):
    for m in materials:
        for what, value in (('bulk', m.bulk), ('shear', m.shear)):
            if value is not None and not (math.isfinite(value) and value > 0):
                m.error('impossible modulus', f'{what} {value:g} GPa, see {m.source}')


def _check_potcars(materials):
    """The same element with different POTCARs makes different valence densities."""
    titles = defaultdict(Counter)
    for m in materials:
        for title in m.run.titles:
            titles[element(title)][title] += 1
    for m in materials:
        for title in m.run.titles:
            usual = titles[element(title)].most_common(1)[0][0]
            if title != usual:
                m.error('mixed POTCARs', f'{title}, most have {usual}')


def _spacing(m):
    return max(np.linalg.norm(m.atoms.cell[i]) / m.grid[i] for i in range(3))


def _check_grids(materials):
    if len(materials) < 3:
        return
    usual = float(np.median([_spacing(m) for m in materials]))
    for m in materials:
        if _spacing(m) > COARSE * usual:
            m.note('different grids', f'{_times(m.grid)}: {_spacing(m):.3f} A, the median is {usual:.3f} A')


def _times(grid):
    return ' x '.join(map(str, grid))


def _check_duplicates(materials):
    """The first keeps its place: one material twice would be in the training and in the test set."""
    kept = defaultdict(list)
    for m in materials:
        group = kept[(m.formula(), structures.space_group(m.atoms))]
        volume = m.atoms.cell.volume / len(m.atoms)
        same = [other for other, v in group if abs(v / volume - 1) < SAME_VOLUME]
        if same:
            m.error('duplicate material', f'{m.formula()} as {same[0].name}')
        elif m.usable():
            group.append((m, volume))
