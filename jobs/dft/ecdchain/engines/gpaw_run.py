"""One GPAW calculation in the current folder: input.json -> output.json, last.vasp, CHGCAR, ELFCAR."""
import json

import numpy as np
from ase import Atoms
from ase.calculators.calculator import kptdensity2monkhorstpack
from ase.constraints import ExpCellFilter
from ase.dft.bandgap import bandgap
from ase.io import write
from ase.optimize import BFGS
from ase.parallel import parprint, world
from ase.units import Bohr, GPa
import gpaw
from gpaw import GPAW, PW, KohnShamConvergenceError

from .. import fields
from ..base import write_json

MOMENTS = {'Cr': 3.0, 'Mn': 4.0, 'Fe': 3.0, 'Co': 2.0, 'Ni': 1.0}     # Bohr magnetons, to start from


def make_atoms(job):
    atoms = Atoms(numbers=job['numbers'], cell=job['lattice'], scaled_positions=job['frac'], pbc=True)
    moments = np.array(job['moments'])
    if job['spin'] != 'off' and not moments.any():
        moments = np.array([MOMENTS.get(s, 0.0) for s in atoms.get_chemical_symbols()])
        if job['spin'] == 'on' and not moments.any():
            moments[:] = 1.0
    if job['spin'] != 'off' and moments.any():
        atoms.set_initial_magnetic_moments(moments)
    return atoms


def make_calculator(job):
    """k-points are those of the undeformed cell: strained cells are compared with it."""
    reference = Atoms(cell=job['reference'], pbc=True)
    size = kptdensity2monkhorstpack(reference, job['kpoint_density'], even=False)
    dedecut = job['dedecut']
    dedecut = None if dedecut == 'none' else dedecut if dedecut == 'estimate' else float(dedecut)
    return GPAW(mode=PW(job['cutoff_ev'], dedecut=dedecut, force_complex_dtype=True), xc=job['xc'],
                kpts={'size': size, 'gamma': True}, parallel={'domain': 1}, txt='gpaw.txt',
                occupations={'name': 'fermi-dirac', 'width': job['smearing_ev']}, maxiter=job['max_scf'],
                convergence={'density': 1e-5})


def relax(job, atoms):
    """Cell and sites, sites, or none; converged in forces and, for cells, stress."""
    def settled():
        forces = np.linalg.norm(atoms.get_forces(), axis=1).max()
        stress = np.abs(atoms.get_stress()).max() / GPa
        write('last.vasp', atoms, format='vasp', direct=True, vasp5=True)
        return forces <= job['fmax'] and (what != 'cell' or stress <= job['smax'])

    what, steps = job['what'], 0
    if what == 'none':
        atoms.get_potential_energy()
        write('last.vasp', atoms, format='vasp', direct=True, vasp5=True)
    else:
        optimizer = BFGS(ExpCellFilter(atoms) if what == 'cell' else atoms, logfile='relax.log')
        for _ in optimizer.irun(fmax=1e-9, steps=job['max_steps']):
            if settled():
                break
        else:
            raise RuntimeError(f'the relaxation has not converged in {job["max_steps"]} steps')
        steps = optimizer.nsteps
    gaps = [bandgap(atoms.calc, spin=s, output=None)[0] for s in range(atoms.calc.get_number_of_spins())]
    return {'stress_gpa': atoms.get_stress() / GPa, 'steps': steps, 'gap_ev': min(gaps)}


def static(job, atoms):
    """The valence all-electron density, filtered, and the ELF of the pseudo-valence density."""
    atoms.get_potential_energy()
    calc, cell = atoms.calc, atoms.cell[:]
    shape = fields.grid_shape(cell, job['grid_spacing'])
    density, _ = calc.density.get_all_electron_density(atoms, gridrefinement=4, skip_core=True)
    density = fields.gaussian_filter(density.sum(axis=0) / Bohr**3, cell, job['filter'])
    density = fields.resample(density, shape)
    elf = np.clip(fields.resample(elf_of(calc, cell), shape), 0, 1)
    if world.rank == 0:
        fields.write_vasp('CHGCAR', atoms, density * atoms.cell.volume)
        fields.write_vasp('ELFCAR', atoms, elf)
    return {'electrons': density.mean() * atoms.cell.volume, 'grid': shape}


def elf_of(calc, cell):
    """Kohout, Savin, Int. J. Quantum Chem. 60 (1996) 875, eq. 7 and 9, on the fine grid of the density."""
    spins = calc.density.nspins
    density, kinetic = orbital_densities(calc)
    gradient, reference = 0.0, 0.0
    for spin in range(spins):
        gradient = gradient + fields.squared_gradient(density[spin], cell / Bohr) / density[spin]
        reference = reference + density[spin]**(5 / 3)
    fermi = 0.3 * (3 * np.pi**2)**(2 / 3) * (2**(2 / 3) if spins == 2 else 1)
    return 1 / (1 + ((kinetic.sum(axis=0) - gradient / 8) / (fermi * reference))**2)


def orbital_densities(calc):
    """Density and kinetic-energy density of the pseudo-valence orbitals, [spin, nx, ny, nz], atomic units.

    The orbitals themselves are evaluated on the fine grid. On GPAW's coarser grid their products are cut off,
    and with hard orbitals (O, F) the ELF near the nuclei becomes a small difference of wrong numbers."""
    wfs, grid = calc.wfs, calc.density.finegd
    fine, coarse = tuple(grid.N_c), tuple(wfs.gd.N_c)
    density, kinetic = np.zeros((2, calc.density.nspins, *fine))
    for kpt in wfs.kpt_u:
        vectors = wfs.pd.get_reciprocal_vectors(q=kpt.q)
        places = np.unravel_index(wfs.pd.Q_qG[kpt.q], coarse)
        places = tuple(np.where(i > n // 2, i - n, i) % m for i, n, m in zip(places, coarse, fine))

        def squared(coefficients, places=places):
            box = np.zeros(fine, complex)
            box[places] = coefficients
            return np.abs(np.fft.ifftn(box))**2 * (np.prod(fine) / np.prod(coarse))**2

        for occupation, orbital in zip(kpt.f_n, kpt.psit_nG):
            if occupation > 1e-12:
                density[kpt.s] += occupation * squared(orbital)
                kinetic[kpt.s] += 0.5 * occupation * sum(squared(vectors[:, v] * orbital) for v in range(3))
    for values in (density, kinetic):
        wfs.kptband_comm.sum(values)
        for spin in range(len(values)):
            wfs.kd.symmetry.symmetrize(values[spin], grid)
    return np.maximum(density, 1e-10), kinetic


def main():
    with open('input.json', encoding='utf-8') as file:
        job = json.load(file)
    atoms = make_atoms(job)
    atoms.calc = make_calculator(job)
    try:
        out = {'relax': relax, 'static': static}[job['task']](job, atoms)
        out.update(energy_ev=atoms.get_potential_energy(), magnetic_moment=float(atoms.get_magnetic_moment()),
                   version=f'GPAW {gpaw.__version__}')
    except KohnShamConvergenceError:
        out = {'error': f'no self-consistency in {job["max_scf"]} steps'}
    except RuntimeError as error:
        out = {'error': str(error)}
    if world.rank == 0:
        write_json('output.json', out)
    parprint('done')


main()
