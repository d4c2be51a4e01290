#!/bin/sh
# The DFT chain with GPAW: MgO as in input/fcc-open, by the same method, against the density and the moduli there; a relaxation
# on two ranks; a calculation that does not converge.
set -u
. "$top_srcdir/tests/dft/chain.sh"
"$ECDNET_PYTHON" -c 'import gpaw' 2>/dev/null || { echo "skipped: $ECDNET_PYTHON has no GPAW (install_deps.sh --dft)"; exit 77; }
data=$top_srcdir/input/fcc-open
mkdir "$work/in"
gzip -dc "$data/mp-1265.CHGCAR.gz" | sed '/^ *$/,$d' >"$work/in/mp-1265.vasp"
structure Al "$work/Al.vasp"

expect 0 chain run "$work/w" --structures "$work/in" -o chain.relax=none -o gpaw.cutoff_ev=450 -o gpaw.kpoint_density=3 \
  -o "prep.launcher=$MPIEXEC -n 1" -o 'prep.options=-o prep.grid=16' -o 'prep.fields=density elf'
says "density/dataset.h5: 1 materials"
says "elf/dataset.h5: 1 materials"
"$ECDNET_PYTHON" - "$work/w" "$data" <<'PY' || fail "MgO is not as in input/fcc-open"
import csv, gzip, sys
import numpy as np
import spglib
from ase.io import read

def field(path, opener=open):
    with opener(path, 'rt') as file:
        text = file.read()
    grid, _, values = text.split('\n\n' if '\n\n' in text else '\n \n', 1)[1].partition('\n')
    shape = tuple(map(int, grid.split()))
    return np.array(values.split()[:np.prod(shape)], float).reshape(shape, order='F')

work, data = sys.argv[1:]
ours, = csv.DictReader(open(work + '/labels.csv'))
theirs = {r['id']: r for r in csv.DictReader(open(data + '/labels.csv'))}['mp-1265']
print(ours['bulk_gpa'], ours['shear_gpa'], theirs)
for modulus in ('bulk_gpa', 'shear_gpa'):
    assert abs(float(ours[modulus]) / float(theirs[modulus]) - 1) < 0.02, modulus
density = field(work + '/samples/mp-1265/CHGCAR')
reference = field(data + '/mp-1265.CHGCAR.gz', gzip.open)
assert density.shape == reference.shape
print(density.mean(), reference.mean(), abs(density - reference).mean(), abs(density - reference).max())
assert abs(density.mean() - 16) < 0.1 and abs(density - reference).mean() < 0.01 * reference.mean()
elf = field(work + '/samples/mp-1265/ELFCAR')
reference = field(data + '/mp-1265.ELFCAR.gz', gzip.open)
assert elf.shape == density.shape == reference.shape and elf.min() >= 0 and elf.max() <= 1
# Around the anions the reference has not the symmetry of the crystal, ours has (doc/dft_chain.md, "gpaw"): there the mean alone
# is bounded; near the nuclei and in the gaps between the ions both agree.
atoms = read(work + '/samples/mp-1265/CHGCAR', format='vasp')
n = len(elf)
points = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing='ij'), -1)
images = np.stack(np.meshgrid(*[(-1, 0, 1)] * 3), -1).reshape(-1, 3)
offsets = points[..., None, :] / n - atoms.get_scaled_positions()
distance = np.min([np.linalg.norm((offsets + i) @ atoms.cell[:], axis=-1).min(-1) for i in images], 0)
difference = abs(elf - reference)
near, gaps = difference[distance < 0.6], difference[distance > 1.6]
print(difference.mean(), difference.max(), near.mean(), near.max(), gaps.mean(), gaps.max())
assert difference.mean() < 0.06 and near.mean() < 0.02 and near.max() < 0.1 and gaps.mean() < 0.02
symmetry = spglib.get_symmetry((atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers))
assert len(symmetry['rotations']) == 48
for rotation, shift in zip(symmetry['rotations'], symmetry['translations']):
    to = (points @ rotation.T + np.rint(shift * n).astype(int)) % n
    assert abs(elf - elf[tuple(np.moveaxis(to, -1, 0))]).max() < 0.03, rotation
PY

# 4.05 A is 0.25 % from the lattice constant of this functional.
# A batch system that runs nothing: the stage is called here.
mkdir "$work/bin"
printf '#!/bin/sh\necho 1\n' >"$work/bin/sbatch"
printf '#!/bin/sh\n' >"$work/bin/squeue"
chmod +x "$work/bin/sbatch" "$work/bin/squeue"
export PATH="$work/bin:$PATH"
expect 0 chain run "$work/m" --structures "$work/Al.vasp" --scheduler slurm -o gpaw.cutoff_ev=300 -o gpaw.kpoint_density=2.5 \
  -o "gpaw.launcher=$MPIEXEC --oversubscribe -n 2"
says "Al elastic: job 1 after 1"
expect 0 chain stage "$work/m" Al relax
says "space group 225"
"$ECDNET_PYTHON" - "$work/m/materials/Al/relax/01" <<'PY' || fail "the relaxation of Al"
import json, sys
from ase.io import read
result = json.load(open(sys.argv[1] + '/result.json'))
volume = read(sys.argv[1] + '/relaxed.vasp').cell.volume
print(volume, result)
assert 15.9 < volume < 17.0 and result['data']['hints'] == {'metal': True}
assert max(map(abs, result['data']['stress_gpa'])) < 0.05
assert 'cores used: 2' in open(sys.argv[1] + '/gpaw.txt').read()
PY
expect 2 chain run "$work/m" -o gpaw.max_scf=2 -o gpaw.smearing_ev=0.11 --dry-run
says "smearing_ev: 0.1 then, 0.11 now"
expect 0 chain run "$work/m" -o gpaw.max_scf=2 -o gpaw.smearing_ev=0.11 --redo
expect 1 chain stage "$work/m" Al relax
says "no self-consistency in 2 steps"
