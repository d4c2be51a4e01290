#!/bin/sh
# What is held out does not reach training: with other volumes, features and targets of the held-out materials every
# trained model is bitwise the same.
. "$top_srcdir/tests/train/common.sh"
"$make_dataset" d.h5 31 20 formulas=salts || fail "no dataset"
cat >bench.yaml <<END
output: one
data: {file: d.h5}
bench:
  models: [rf, magpie_cnn.yaml, cnn2d.yaml, cnn3d.yaml, fusion.yaml]
  targets: [bulk]
  folds: 2
  ranks_per_run: 1
  keep_models: all
  epochs_scale: 0.6
END

# change FROM TO IDS: other volumes, features and moduli of the materials in a file.
change() {
  "$PYTHON" - "$@" <<'PY' || fail "changing $2"
import shutil, sys
import h5py
shutil.copy(sys.argv[1], sys.argv[2])
chosen = {line.split(',')[0] for line in open(sys.argv[3])}
with h5py.File(sys.argv[2], 'r+') as f:
    changed = 0
    for i, name in enumerate(f['id'].asstr()[...]):
        if name in chosen:
            f['volume'][i] = 3 * f['volume'][i] + 1
            f['feature/magpie'][i] = 2 * f['feature/magpie'][i] + 5
            f['target/bulk'][i] = 900 - f['target/bulk'][i]
            changed += 1
    assert changed > 5, changed
PY
}

# models SAME|OTHER PIECES A B: model.h5 of the pieces that match.
models() {
  "$PYTHON" - "$@" <<'PY' || fail "models: $*"
import fnmatch, os, sys
import h5py
how, pattern, a, b = sys.argv[1:]
def content(path):
    found = {}
    with h5py.File(path, 'r') as f:
        f.visititems(lambda name, x: found.update({name: x[...].tobytes()}) if isinstance(x, h5py.Dataset) and x.dtype.kind in 'if' else None)
        found.update({name: str(value) for name, value in f.attrs.items() if name != 'deck'})
    return found
names = sorted(n for n in os.listdir(f'{a}/pieces') if fnmatch.fnmatch(n, pattern))
assert len(names) > 0, names
for name in names:
    one, other = (content(f'{x}/pieces/{name}/model.h5') for x in (a, b))
    assert len(one) > 3 and one.keys() == other.keys()
    differ = [k for k in one if one[k] != other[k]]
    assert (differ == []) == (how == 'same'), (name, differ)
PY
}

ranks 2 bench bench.yaml
expect 0 "k-fold"
grep ',0$' one/folds.csv >held_out
change d.h5 changed.h5 held_out
ranks 2 bench bench.yaml -o output=two -o data.file=changed.h5
expect 0 "k-fold with other held-out materials"
models same '*-fold0-r0' one two
models other '*-fold1-r0' one two
cmp one/results/rf-bulk/metrics.json two/results/rf-bulk/metrics.json && fail "the change does not show in the results"

# Early stopping looks at a part of the training samples; a fusion trains its own parents.
set -- -o "bench.models=[cnn3d.yaml, fusion.yaml]" -o data.validation_fraction=0.3 -o train.patience=1
ranks 2 bench bench.yaml -o output=stop "$@"
expect 0 "early stopping"
ranks 2 bench bench.yaml -o output=stop2 -o data.file=changed.h5 "$@"
expect 0 "early stopping with other held-out materials"
models same '*-fold0-r0' stop stop2
models other '*-fold1-r0' stop stop2

set -- -o bench.protocol=loeo -o bench.elements=O,S
ranks 2 bench bench.yaml -o output=loeo "$@"
expect 0 "leave one element out"
grep -E ',[A-Z][a-z]*O,' loeo/pieces/rf-bulk-O-r0/predictions.csv >held_out
change d.h5 changed.h5 held_out
ranks 2 bench bench.yaml -o output=loeo2 -o data.file=changed.h5 "$@"
expect 0 "leave one element out with other held-out materials"
models same '*-O-r0' loeo loeo2
models other '*-S-r0' loeo loeo2

"$make_dataset" e.h5 20 20 formulas=salts first=25
ranks 2 bench bench.yaml -o output=external -o bench.protocol=external -o bench.external=e.h5
expect 0 "external"
change e.h5 changed.h5 external/external.csv
ranks 2 bench bench.yaml -o output=external2 -o bench.protocol=external -o bench.external=changed.h5
expect 0 "external with other materials"
models same '*-all-r0' external external2
cmp external/results/cnn2d-bulk/predictions.csv external2/results/cnn2d-bulk/predictions.csv &&
  fail "the change of the external set does not show"
[ "$failed" -eq 0 ]
