#!/bin/sh
# Training a random forest of 50 trees beside scikit-learn: the same samples, one thread each. Rounds alternate, so that
# both see the same machine; the medians of the rounds and their ratio are printed.
#   usage: tests/bench/forest.sh BUILD_FOLDER [ROUNDS]
# Features are made up after Magpie's: 132 columns from the compositions of two or three of 60 elements, many of few
# values.
set -eu
[ $# -ge 1 ] || { sed -n '2,4p' "$0"; exit 2; }
build=$1 rounds=${2:-3}
: "${PYTHON:=/usr/bin/python3}"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
"$PYTHON" -c 'import sklearn' 2> /dev/null || {
  echo "forest.sh: $PYTHON has no sklearn (Debian: apt-get install python3-sklearn)" >&2
  exit 77
}
make -s -C "$build" tests/learn/run_forest
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" - "$build/tests/learn/run_forest" "$folder" "$rounds" <<'PY'
import json
import statistics
import subprocess
import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestRegressor

program, folder, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])


def samples(count, random):
    """132 features: minimum, maximum, range, mean, mean deviation and mode of 22 properties of the elements."""
    table = random.normal(size=(60, 22))
    table[:, 8:] = np.round(4 * table[:, 8:])
    rows = []
    for _ in range(count):
        number = random.integers(2, 4)
        value = table[random.choice(60, number, replace=False)]
        weight = np.array([1, 1, 2][:number]) / sum([1, 1, 2][:number])
        mean = weight @ value
        rows.append(np.array([value.min(0), value.max(0), np.ptp(value, axis=0), mean,
                              weight @ abs(value - mean), value[-1]]).T.ravel())
    feature = np.array(rows)
    target = 100 + 40 * feature[:, 3] + 20 * feature[:, 9] * feature[:, 15] + 10 * random.normal(size=count)
    return feature, target


def save(path, feature, target):
    with open(path, 'wb') as file:
        np.array(feature.shape, np.int64).tofile(file)
        feature.tofile(file)
        target.tofile(file)


def r2(target, predicted):
    return 1 - ((predicted - target) ** 2).sum() / ((target - target.mean()) ** 2).sum()


print(f'training, 50 trees, one thread; median of {rounds} alternating rounds; scikit-learn {sklearn.__version__}')
print(f'{"samples":>8} {"features":>8} {"ecdnet ms":>10} {"sklearn ms":>10} {"ratio":>6} {"R2":>7} {"R2 sklearn":>10}')
for count in (211, 2170):
    feature, target = samples(2 * count, np.random.default_rng(1))
    train, test = f'{folder}/train', f'{folder}/test'
    save(train, feature[:count], target[:count])
    save(test, feature[count:], target[count:])
    ours, theirs = [], []
    for seed in range(rounds):
        out = subprocess.run([program, f'seed={seed}', train, test], check=True, capture_output=True, text=True).stdout
        lines = out.splitlines()
        ours.append(json.loads(lines[0])['train_s'])
        mine = np.array([float(line.split()[0]) for line in lines[1:]])
        model = RandomForestRegressor(50, random_state=seed, n_jobs=1)
        start = time.perf_counter()
        model.fit(feature[:count], target[:count])
        theirs.append(time.perf_counter() - start)
        peer = model.predict(feature[count:])
    a, b = 1e3 * statistics.median(ours), 1e3 * statistics.median(theirs)
    print(f'{count:8} {feature.shape[1]:8} {a:10.1f} {b:10.1f} {b / a:6.1f} '
          f'{r2(target[count:], mine):7.3f} {r2(target[count:], peer):10.3f}')
PY
