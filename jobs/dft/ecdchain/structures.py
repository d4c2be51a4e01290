"""Input structures: finding them, reading them through ASE, checking them, their primitive cells."""
import csv
import os
import re
import warnings

import ase.io
import numpy as np
import spglib
from ase.geometry import minkowski_reduce

from .base import BAD_DATA, USAGE, ChainError

SYMPREC = 1e-3          # A: what spglib takes as the same place
ENDINGS = ('.vasp', '.poscar', '.contcar', '.cif', '.xsf', '.cube', '.json', '.xyz', '.in', '.res')
NAMES = ('POSCAR', 'CONTCAR')
CLOSEST = 0.5           # A: nearer sites are a mistake of the file


def find(where):
    """[(id, path)] of a folder, a structure file, or a list of paths (.txt, .csv: path or id,path a line)."""
    if os.path.isdir(where):
        found = _in_folder(where)
        if not found:
            raise ChainError(f'{where}: no structures (ID.vasp, ID.cif, POSCAR_ID, ID/POSCAR, ...)', BAD_DATA)
        return found
    if not os.path.isfile(where):
        raise ChainError(f'{where}: no such file or folder', USAGE)
    if where.lower().endswith(('.txt', '.lst', '.csv')):
        return _in_list(where)
    return [(_id_of(where), where)]


def _in_folder(folder):
    found = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.startswith('.'):
            continue
        if os.path.isdir(path):
            inside = [os.path.join(path, n) for n in NAMES if os.path.isfile(os.path.join(path, n))]
            if inside:
                found.append((name, inside[0]))
        elif name.lower().endswith(ENDINGS) or name.upper().startswith(NAMES):
            found.append((_id_of(path), path))
    return found


def _in_list(path):
    found = []
    with open(path, encoding='utf-8', newline='') as file:
        for row in csv.reader(file):
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith('#') or cells[:2] == ['id', 'path']:
                continue
            target = os.path.join(os.path.dirname(path), cells[-1])
            found.append((cells[0] if len(cells) > 1 else _id_of(target), target))
    if not found:
        raise ChainError(f'{path}: no paths in it', BAD_DATA)
    return found


def _id_of(path):
    """mgo.cif, POSCAR_mgo, POSCAR.mgo, mgo/POSCAR: mgo."""
    name = os.path.basename(path)
    for start in NAMES:
        if name.upper() == start:
            return os.path.basename(os.path.dirname(os.path.abspath(path)))
        if name.upper().startswith((start + '_', start + '.', start + '-')):
            name = name[len(start) + 1:]
    stem, ending = os.path.splitext(name)
    return stem if ending.lower() in ENDINGS else name


def good_id(name):
    """Ids name folders."""
    return re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9._+-]*', name) is not None


def read_all(pairs, cell):
    """([(id, path, atoms)], [problem]): every file is read, and all that is wrong is listed."""
    good, problems, paths = [], [], {}
    for name, path in pairs:
        if not good_id(name):
            problems.append(f"{path}: the id '{name}' has characters other than letters, digits and ._+-")
        elif name in paths:
            problems.append(f"{path}: the id '{name}' is that of {paths[name]} too")
        else:
            paths[name] = path
            try:
                good.append((name, path, read(path, cell)))
            except ChainError as error:
                problems.append(str(error))
    return good, problems


def read(path, cell='as_given'):
    """Atoms with three periodic directions, primitive where asked for; ChainError names the file."""
    kind = {} if not _is_poscar(path) else {'format': 'vasp'}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            images = ase.io.read(path, index=':', **kind)
    except Exception as error:  # the readers of ASE raise anything
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise ChainError(f'{path}: ASE cannot read it: {reason}', BAD_DATA) from error
    if len(images) != 1:
        raise ChainError(f'{path}: expected one structure, found {len(images)}', BAD_DATA)
    atoms = checked(images[0], path)
    magnetic = atoms.get_initial_magnetic_moments().any()      # spglib would not see these
    return primitive(atoms) if cell == 'primitive' and not magnetic else atoms


def checked(atoms, path):
    """Cell, sites and moments, the sites of an element together; ChainError if they make no crystal."""
    _check(atoms, path)
    atoms = type(atoms)(numbers=atoms.numbers, cell=atoms.cell, scaled_positions=atoms.get_scaled_positions(),
                        magmoms=_moments(atoms), pbc=True)
    kinds = list(dict.fromkeys(atoms.numbers))
    return atoms[sorted(range(len(atoms)), key=lambda i: kinds.index(atoms.numbers[i]))]


def _is_poscar(path):
    name = os.path.basename(path)
    return name.upper().startswith(NAMES) or name.lower().endswith(('.vasp', '.poscar', '.contcar'))


def _moments(atoms):
    moments = atoms.get_initial_magnetic_moments()
    return moments if moments.ndim == 1 and moments.any() else None


def _check(atoms, path):
    if len(atoms) == 0 or (atoms.numbers < 1).any():
        raise ChainError(f'{path}: no sites, or sites of no element', BAD_DATA)
    if abs(atoms.cell.volume) < 1.0 or not np.isfinite(atoms.positions).all():
        raise ChainError(f'{path}: no three-dimensional cell (volume {atoms.cell.volume:.3g} A^3)', BAD_DATA)
    occupancy = atoms.info.get('occupancy') or {}
    if any(len(kinds) > 1 or abs(sum(kinds.values()) - 1) > 1e-3 for kinds in occupancy.values()):
        raise ChainError(f'{path}: sites that are occupied in part', BAD_DATA)
    nearest = nearest_distance(atoms)
    if nearest < CLOSEST:
        raise ChainError(f'{path}: two sites are {nearest:.3f} A apart (expected {CLOSEST})', BAD_DATA)


def nearest_distance(atoms):
    """A. Neighbour cells of the reduced cell are enough for distances this short."""
    cell, _ = minkowski_reduce(atoms.cell, pbc=True)
    frac = atoms.positions @ np.linalg.inv(cell)
    shifts = np.array(np.meshgrid(*[(-1, 0, 1)] * 3)).reshape(3, -1).T
    difference = frac[:, None] - frac[None]
    difference -= np.round(difference)
    length = np.linalg.norm((difference[:, :, None] + shifts) @ cell, axis=-1)
    return length[length > 1e-9].min() if len(atoms) == 1 else _without_self(length, shifts).min()


def _without_self(length, shifts):
    length = length.copy()
    zero = int(np.flatnonzero((shifts == 0).all(axis=1))[0])
    length[np.arange(len(length)), np.arange(len(length)), zero] = np.inf
    return length


def primitive(atoms):
    """The standardised primitive cell; the given one where it is primitive or spglib finds nothing."""
    given = (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers)
    found = spglib.standardize_cell(given, to_primitive=True, no_idealize=False, symprec=SYMPREC)
    if found is None or len(found[2]) >= len(atoms):
        return atoms
    lattice, frac, numbers = found
    order = np.argsort(numbers, kind='stable')
    return type(atoms)(numbers=numbers[order], cell=lattice, scaled_positions=frac[order], pbc=True)


def space_group(atoms):
    """Its number; 0 where spglib finds none."""
    cell = (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers)
    found = spglib.get_spacegroup(cell, symprec=SYMPREC)
    return int(found.split('(')[1].rstrip(')')) if found else 0


def describe(atoms):
    """What tells structures apart in results: lattice, sites, elements, moments."""
    frac = np.round(atoms.get_scaled_positions(wrap=False), 9) + 0.0
    return {'lattice': (np.round(atoms.cell[:], 9) + 0.0).tolist(), 'frac': frac.tolist(),
            'numbers': atoms.numbers.tolist(), 'moments': atoms.get_initial_magnetic_moments().tolist()}


def write_poscar(path, atoms, title=''):
    """Sites keep their order; fractional coordinates."""
    title = title or atoms.get_chemical_formula()
    ase.io.write(path, atoms, format='vasp', direct=True, vasp5=True, label=title)
