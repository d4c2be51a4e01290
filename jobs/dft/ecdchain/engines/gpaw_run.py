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
    return GPAW(mode=PW(job['cutoff_ev'], dedecut=dedecut), xc=job['xc'], kpts={'size': size, 'gamma': True},
                occupations={'name': 'fermi-dirac', 'width': job['smearing_ev']}, maxiter=job['max_scf'],
                convergence={'density': 1e-5}, parallel={'domain': 1}, txt='gpaw.txt')


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
    """Kohout, Savin, Int. J. Quantum Chem. 60 (1996) 875, eq. 7 and 9, on twice the grid of the density."""
    wfs, spins = calc.wfs, calc.density.nspins
    tau = wfs.calculate_kinetic_energy_density()
    fine = tuple(2 * wfs.gd.N_c)
    density, gradient, total, reference = [], 0.0, 0.0, 0.0
    for spin in range(spins):
        wfs.kd.symmetry.symmetrize(tau[spin], wfs.gd)
        valence = calc.density.nt_sG[spin] - calc.density.nct_G
        density.append(np.maximum(fields.resample(valence, fine), 1e-10))
        gradient = gradient + fields.squared_gradient(density[-1], cell / Bohr) / density[-1]
        total = total + fields.resample(tau[spin], fine)
        reference = reference + density[-1]**(5 / 3)
    fermi = 0.3 * (3 * np.pi**2)**(2 / 3) * (2**(2 / 3) if spins == 2 else 1)
    return 1 / (1 + ((total - gradient / 8) / (fermi * reference))**2)


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
