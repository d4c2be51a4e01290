"""ecdnet elastic against pymatgen, in all Laue classes. usage: compare_pymatgen.py ECDNET FOLDER"""
import json
import subprocess
import sys
import warnings

import numpy as np
from pymatgen.analysis.elasticity.elastic import ElasticTensor
from pymatgen.analysis.elasticity.strain import Deformation, DeformedStructureSet, Strain
from pymatgen.analysis.elasticity.stress import Stress
from pymatgen.core import Lattice, Structure
from pymatgen.symmetry.groups import SpaceGroup

GROUPS = (2, 14, 62, 82, 136, 148, 150, 162, 167, 176, 194, 205, 216, 225)


def crystal(number, random):
    """Two kinds of atoms in general positions of a space group, rotated."""
    a, b, c, gamma = 11, 12.3 if number <= 74 else 11, 13.9 if number <= 194 else 11, 90
    alpha, beta = (80, 100) if number <= 2 else (90, 100 if number <= 15 else 90)
    if number <= 2:
        gamma = 95
    elif 142 < number <= 194:
        gamma = 120
    group = SpaceGroup.from_int_number(number)
    made = Structure.from_spacegroup(group.symbol, Lattice.from_parameters(a, b, c, alpha, beta, gamma),
                                     ['Si', 'O'], [[0.071, 0.183, 0.117], [0.223, 0.391, 0.307]])
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    if np.linalg.det(turn) < 0:
        turn[:, 0] *= -1
    return Structure(Lattice(made.lattice.matrix @ turn.T), made.species, made.frac_coords)


def stiffness(random):
    """Positive definite, Voigt, GPa, without symmetry."""
    root = 6 * random.normal(size=(6, 6))
    made = root @ root.T + 60 * np.eye(6)
    made[:3, :3] += 50
    return made


def cauchy(tensor, f):
    """Cauchy stress (3 x 3) of a stiffness for Green's strain of F."""
    strain = Deformation(f).green_lagrange_strain
    second = np.einsum('ijkl,kl', tensor, strain)
    return f @ second @ f.T / np.linalg.det(f)


def write(folder, name, structure, more):
    with open(f'{folder}/{name}.json', 'w', encoding='utf-8') as file:
        json.dump({'id': name, 'ions': 'relaxed', 'structure': {
            'lattice': structure.lattice.matrix.tolist(), 'frac': structure.frac_coords.tolist(),
            'species': [site.specie.symbol for site in structure]}, **more}, file)
    return f'{folder}/{name}.json'


def strains_of(deformations, tensor):
    return {'reference': {'stress': [0] * 6}, 'strains': [
        {'deformation': f.tolist(), 'stress': cauchy(tensor, f).tolist()} for f in deformations]}


def expected_moduli(tensor):
    return {'bulk': [tensor.k_voigt, tensor.k_reuss, tensor.k_vrh],
            'shear': [tensor.g_voigt, tensor.g_reuss, tensor.g_vrh],
            'rest': [tensor.y_mod / 1e9, tensor.homogeneous_poisson, tensor.universal_anisotropy]}


def found_moduli(made):
    moduli, names = made['moduli'], ('voigt', 'reuss', 'hill')
    return {'bulk': [moduli['bulk_gpa'][n] for n in names], 'shear': [moduli['shear_gpa'][n] for n in names],
            'rest': [moduli['young_gpa'], moduli['poisson'], moduli['universal_anisotropy']]}


def prepare(folder, random):
    """Writes the files; {name: pymatgen's tensor}."""
    files, expected = [], {}
    cells = [np.array(f) for f in DeformedStructureSet(Structure(Lattice.cubic(3), ['Po'], [[0, 0, 0]]),
                                                       symmetry=False).deformations]
    for number in GROUPS:
        structure = crystal(number, random)
        rough = ElasticTensor.from_voigt(stiffness(random))
        symmetric = ElasticTensor(rough.fit_to_structure(structure))
        files.append(write(folder, f'given-{number}', structure, {'stiffness': rough.voigt.tolist()}))
        expected[f'given-{number}'] = symmetric
        deformations = [np.eye(3) + 0.01 * random.normal(size=(3, 3)) for _ in range(8)]
        files.append(write(folder, f'scatter-{number}', structure, strains_of(deformations, symmetric)))
        expected[f'scatter-{number}'] = ElasticTensor.from_pseudoinverse(
            [Strain.from_deformation(f) for f in deformations],
            [Stress(cauchy(symmetric, f)).piola_kirchoff_2(f) for f in deformations])
        files.append(write(folder, f'cells-{number}', structure, strains_of(cells, symmetric)))
        expected[f'cells-{number}'] = ElasticTensor.from_independent_strains(
            [Strain.from_deformation(f) for f in cells],
            [Stress(cauchy(symmetric, f)).piola_kirchoff_2(f) for f in cells])
    return files, expected


def main():
    warnings.simplefilter('ignore')
    program, folder = sys.argv[1:]
    files, expected = prepare(folder, np.random.default_rng(5))
    subprocess.run([program, 'elastic', '-o', f'output={folder}/out', *files], check=True,
                   stdout=subprocess.DEVNULL)
    largest = {'given': 0, 'scatter': 0, 'cells': 0}
    for name, tensor in expected.items():
        with open(f'{folder}/out/elastic/{name}.json', encoding='utf-8') as file:
            made = json.load(file)
        difference = np.abs(np.array(made['stiffness_gpa']) - tensor.voigt).max() / np.abs(tensor.voigt).max()
        wanted, found = expected_moduli(tensor), found_moduli(made)
        for key, values in wanted.items():
            difference = max(difference, np.max(np.abs(np.array(found[key]) - values) /
                                                np.maximum(np.abs(values), 0.1)))
        kind = name.split('-')[0]
        largest[kind] = max(largest[kind], difference)
        if difference > 1e-8:
            print(f'{name} ({made["symmetry"]["laue_class"]}): relative difference {difference:.2g}')
    print('largest relative difference to pymatgen:', ', '.join(f'{k} {v:.1e}' for k, v in largest.items()))
    return 1 if max(largest.values()) > 1e-8 else 0


if __name__ == '__main__':
    sys.exit(main())
