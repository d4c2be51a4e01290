#!/bin/sh
# The random forest on the Magpie features of fcc-mp in $ECDNET_SHARED (default: ../shared beside the source):
# fivefold R2 and RMSE of bulk and shear modulus on scikit-learn's folds, mean of five seeds. R2 is within one
# standard deviation (over ten seeds) of scikit-learn 1.2's, RMSE within what that deviation makes of it.
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
# R2, its deviation, RMSE (GPa)
EXPECTED = {'bulk_gpa': (0.879, 0.010, 30.2), 'shear_gpa': (0.690, 0.022, 25.2)}
SEEDS = 5

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
for key, (mean, deviation, error) in EXPECTED.items():
    y = target[key]
    square = np.array([((predict(y, seed) - y) ** 2).mean() for seed in range(SEEDS)])
    r2, rmse = 1 - square / y.var(), np.sqrt(square)
    margin = error * deviation / (1 - mean) / 2
    good = abs(r2.mean() - mean) <= deviation and abs(rmse.mean() - error) <= margin
    failed |= not good
    print(f'{key}: R2 {r2.mean():.3f} +- {r2.std():.3f}, scikit-learn {mean} +- {deviation}; '
          f'RMSE {rmse.mean():.2f}, scikit-learn {error} +- {margin:.2f}{"" if good else ": too far"}')
sys.exit(failed)
PY
