#!/bin/sh
# The random forest on the Magpie features of fcc-mp in $ECDNET_SHARED (default: ../shared beside the source): fivefold
# R2 of bulk and shear modulus on scikit-learn's folds, mean of three seeds, within one standard deviation (over ten
# seeds) of scikit-learn 1.2's.
shared=${ECDNET_SHARED:-${top_srcdir:?}/../shared}
for file in "$shared/data/fcc-mp.h5" "$shared/oracle/magpie.csv"; do
  [ -r "$file" ] && continue
  echo "skipped: no $file (ECDNET_SHARED names the folder that holds data/ and oracle/)"
  exit 77
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# A process of its own, not the first of a job: it starts sooner.
export OMPI_MCA_ess_singleton_isolated=1
"${PYTHON:-/usr/bin/python3}" - "$shared" "${top_builddir:?}/tests/learn/run_forest" "$folder" <<'PY'
import csv
import subprocess
import sys

import h5py
import numpy as np

shared, program, folder = sys.argv[1:]
EXPECTED = {'bulk_gpa': (0.879, 0.010), 'shear_gpa': (0.690, 0.022)}
SEEDS = 3

with open(f'{shared}/oracle/magpie.csv', encoding='utf-8') as file:
    magpie = {row[0]: [float(value or 'nan') for value in row[1:133]] for row in list(csv.reader(file))[1:]}
with h5py.File(f'{shared}/data/fcc-mp.h5') as file:
    formula = [file[name].attrs['formula'] for name in sorted(file)]
    target = {key: np.array([file[name].attrs[key] for name in sorted(file)], float) for key in EXPECTED}
feature = np.array([magpie[text] for text in formula])


def save(path, rows, values):
    with open(path, 'wb') as out:
        np.array(rows.shape, np.int64).tofile(out)
        rows.tofile(out)
        values.tofile(out)


def predict(y, seed):
    """Each sample by the forest that has not seen it; folds of KFold(5, shuffle=True, random_state=seed)."""
    order = np.arange(len(y))
    np.random.RandomState(seed).shuffle(order)
    predicted = np.empty(len(y))
    for test in np.array_split(order, 5):
        test = np.sort(test)
        train = np.setdiff1d(np.arange(len(y)), test)
        save(f'{folder}/train', feature[train], y[train])
        save(f'{folder}/test', feature[test], y[test])
        out = subprocess.run([program, f'seed={seed}', f'{folder}/train', f'{folder}/test'], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        predicted[test] = [float(line.split()[0]) for line in out.splitlines()[1:]]
    return predicted


failed = False
for key, (mean, deviation) in EXPECTED.items():
    y = target[key]
    r2 = [1 - ((predict(y, seed) - y) ** 2).sum() / ((y - y.mean()) ** 2).sum() for seed in range(SEEDS)]
    good = abs(np.mean(r2) - mean) <= deviation
    failed |= not good
    print(f'{key}: R2 {np.mean(r2):.3f} +- {np.std(r2):.3f}, scikit-learn {mean} +- {deviation}'
          f'{"" if good else ": too far"}')
sys.exit(failed)
PY
