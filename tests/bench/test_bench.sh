#!/bin/sh
# ecdnet bench: the same tables on any number of ranks, all protocols, failures that sink nothing, decks that are refused.
. "$top_srcdir/tests/train/common.sh"
"$make_dataset" d.h5 31 20 formulas=salts || fail "no dataset"
cat >bench.yaml <<END
output: one
data: {file: d.h5}
train: {checkpoint_share: 1}
bench:
  models: [rf, magpie_cnn.yaml, cnn2d.yaml, fusion.yaml]
  targets: [bulk]
  folds: 2
  repeats: 2
  ranks_per_run: 1
  scale: quick
  quick: {repeats: 2, epochs_scale: 0.6}
END
same_tables() {
  for file in bench.md bench.tex bench.csv; do
    cmp "$1/tables/$file" "$2/tables/$file" || fail "$2: other tables than $1"
  done
}

# Nothing is written before the work; then one line for each piece.
ranks 2 bench bench.yaml --dry-run
expect 0 "--dry-run" "16 pieces: " "on 2 ranks in 2 groups" "fusion-bulk-fold1-r1"
ranks 1 bench bench.yaml --status
expect 0 "--status before" "16 pieces: 0 done, 0 failed, 16 to do"
[ -e one ] && fail "--dry-run or --status wrote something"
ranks 1 bench bench.yaml
expect 0 "on one rank" "[16/16]" "busy" "tables: one/tables/bench.md"
[ "$(grep -c '^\[' log)" -eq 16 ] || fail "not one line for each piece"
ranks 1 bench bench.yaml --status
expect 0 "--status after" "cnn2d-bulk-fold0-r0                      done: R2" "16 pieces: 16 done, 0 failed, 0 to do"
for n in 2 3 4; do
  ranks $n bench bench.yaml -o output=on$n
  expect 0 "on $n ranks" "16 of 16 pieces to do, $n groups on $n ranks"
  same_tables one on$n
  cmp one/folds.csv on$n/folds.csv || fail "other folds on $n ranks"
done
ranks 4 bench bench.yaml -o output=two -o bench.ranks_per_run=2
expect 0 "two ranks a training" "2 groups on 4 ranks"
ranks 3 bench bench.yaml -o output=two-of-3 -o bench.ranks_per_run=2
expect 0 "three ranks, two a training" "1 groups on 3 ranks"
ranks 2 bench bench.yaml -o output=auto -o bench.ranks_per_run=0
expect 0 "a number of ranks by itself" "2 groups on 2 ranks"
same_tables one auto
"$PYTHON" - <<'PY' || fail "the tables"
import csv, json, math
def read(path):
    with open(path) as f:
        return list(csv.DictReader(f))
def r2(rows):
    t = [float(r['target']) for r in rows]
    p = [float(r['predicted']) for r in rows]
    m = sum(t) / len(t)
    return 1 - sum((a - b) ** 2 for a, b in zip(t, p)) / sum((a - m) ** 2 for a in t)
one = read('one/tables/bench.csv')
for n in ('two', 'two-of-3'):
    for a, b in zip(one, read(f'{n}/tables/bench.csv')):
        # Sums over ranks round otherwise.
        assert abs(float(a['r2']) - float(b['r2'])) < 2e-3, (n, a['model'], a['r2'], b['r2'])
fold = {r['id']: r['fold'] for r in read('one/folds.csv')}
for row in one:
    model = row['model']
    results = read(f'one/results/{model}-bulk/predictions.csv')
    assert len(results) == 31 and {r['id'] for r in results} == set(fold)
    pieces = {(k, r): {x['id']: x for x in read(f'one/pieces/{model}-bulk-fold{k}-r{r}/predictions.csv')}
              for k in range(2) for r in range(2)}
    for r in results:
        values = [float(pieces[int(fold[r['id']]), k][r['id']]['predicted']) for k in range(2)]
        assert all(pieces[int(fold[r['id']]), k][r['id']]['split'] == 'test' for k in range(2))
        assert abs(float(r['predicted']) - sum(values) / 2) < 1e-6
        assert abs(float(r['uncertainty']) - abs(values[0] - values[1]) / math.sqrt(2)) < 1e-6
        assert values[0] != values[1] or model == 'rf'
    assert abs(r2(results) - float(row['r2'])) < 1e-7
    both = [r2([x for k in range(2) for x in pieces[k, r].values() if x['split'] == 'test']) for r in range(2)]
    assert abs(sum(both) / 2 - float(row['r2_mean'])) < 1e-7
    assert abs(abs(both[0] - both[1]) / math.sqrt(2) - float(row['r2_sd'])) < 1e-6
best = max(one, key=lambda r: round(float(r['r2']), 3))
assert [r['model'] for r in one if r['best'] == '1'] == [best['model']], [(r['model'], r['r2'], r['best']) for r in one]
assert {r['model']: r['published_r2'] for r in one} == {'rf': '0.943', 'magpie_cnn': '0.944', 'cnn2d': '0.912', 'fusion': '0.955'}
for line in open('one/farm.jsonl'):
    farm = json.loads(line)
    assert 0.3 < farm['efficiency'] <= 1 and farm['pieces'] == 16, farm
PY
grep -q '\*\*' one/tables/bench.md && grep -q textbf one/tables/bench.tex || fail "no best is bold"
[ "$(find one -name 'model.h5' -o -name 'checkpoint*' | wc -l)" -eq 0 ] || fail "models or checkpoints are left"
grep -q 'train.epochs: 3' one/pieces/cnn2d-bulk-fold0-r0/settings.txt || fail "epochs are not scaled"

# What the command line says stands, also at scale: quick.
ranks 1 bench bench.yaml -o output=x -o bench.repeats=1 -o bench.epochs_scale=1 -o bench.models=cnn2d.yaml --dry-run
expect 0 "--dry-run of one repeat" "cnn2d-bulk-fold0-r0"
grep -q '^2 pieces: ' log || fail "bench.repeats of the command line does not stand at scale: quick"

# Where a repeat is missing: how many there are, and no best.
cp -r one fewer && rm fewer/pieces/cnn2d-bulk-fold1-r1/piece.json
ranks 1 bench bench.yaml -o output=fewer --tables
expect 0 "--tables with a gap"
grep -qE '^\| bulk \| 31 \|.* \| [^|]* \(1 of 2\) \| [^|]* \|$' fewer/tables/bench.md || fail "a missing repeat is not told"
grep -q '^| bulk | 31 |.*\*\*' fewer/tables/bench.md && fail "a best of unequal repeats"
grep -q '^% 1 of 16 trainings are missing' fewer/tables/bench.tex || fail "LaTeX: a gap is not told"
grep -qE '^\| bulk, article \|  \|' fewer/tables/bench.md || fail "the article's row"

# Again: nothing to do. Other settings, folds or data in the same folder: refused.
ranks 2 bench bench.yaml
expect 0 "a second time" "farm: 0 of 16 pieces to do"
[ "$(wc -l <one/farm.jsonl)" -eq 1 ] || fail "a call with nothing to do counts as work"
# The command that it leaves does it again.
ranks 2 bench bench.yaml -o output="on 2" -o bench.models=rf -o bench.targets='[bulk]'
expect 0 "a folder with a blank"
[ "$(cat "on 2/command.txt")" = "ecdnet bench bench.yaml -o 'output=on 2' -o bench.models=rf -o 'bench.targets=[bulk]'" ] ||
  fail "command.txt: $(cat "on 2/command.txt")"
ranks 2 bench bench.yaml -o bench.quick.epochs_scale=1
expect 2 "other epochs" "was made with other settings: expected 'train.epochs: 60', found 'train.epochs: 36'"
once "other settings"
ranks 1 bench bench.yaml -o seed=2
expect 2 "another seed" "other settings"
"$make_dataset" other.h5 31 20 formulas=salts unknown=4
ranks 1 bench bench.yaml -o data.file=other.h5
expect 2 "another dataset" "other settings: expected 'dataset: "
# One benchmark at a time in a folder.
"$PYTHON" - one/lock <<'PY' &
import fcntl, os, sys, time
lock = open(sys.argv[1], 'w')
fcntl.lockf(lock, fcntl.LOCK_EX)
open('locked', 'w')
while not os.path.exists('unlock'):
    time.sleep(0.02)
PY
until [ -e locked ]; do sleep 0.05; done
ranks 2 bench bench.yaml
expect 1 "a folder at work" "another run is working in one"
ranks 1 bench bench.yaml --status
expect 0 "--status of a folder at work" "16 done"
touch unlock
wait
# A fusion that comes later needs models that are gone: its parents are trained again.
ranks 2 bench bench.yaml -o output=later -o bench.models=magpie_cnn.yaml,cnn2d.yaml
expect 0 "without a fusion" "[8/8]"
ranks 2 bench bench.yaml -o output=later -o bench.models=magpie_cnn.yaml,cnn2d.yaml,fusion.yaml
expect 0 "with a fusion" "12 of 12 pieces to do"
grep fusion later/tables/bench.csv >a && grep fusion one/tables/bench.csv | sed 's/,[01],\([^,]*,[^,]*\)$/,\1/' >b
sed 's/,[01],\([^,]*,[^,]*\)$/,\1/' a | cmp - b || fail "the fusion that came later differs"
# Folds of a file.
ranks 2 bench bench.yaml -o output=given -o bench.folds_file=one/folds.csv -o bench.models=rf
expect 0 "folds of a file"
cmp one/folds.csv given/folds.csv || fail "folds of a file: other folds"
cmp one/results/rf-bulk/predictions.csv given/results/rf-bulk/predictions.csv || fail "folds of a file: other results"

# Leave one element out: the elements given, or the frequent ones.
ranks 2 bench bench.yaml -o output=loeo -o bench.protocol=loeo -o bench.elements=F,Na -o bench.models=rf,magpie_cnn
expect 0 "loeo" "[8/8]"
grep -q '^| F bulk, article |  | -0.529 / 26.797 | \*\*-0' loeo/tables/bench.md && fail "the wrong best of the article"
grep -q '^| F bulk, article |  | \*\*-0.529 / 26.797\*\* | -0.809 / 29.102 |' loeo/tables/bench.md || fail "the article's figures"
for part in train test; do
  grep ",$part," loeo/pieces/rf-bulk-F-r0/predictions.csv | cut -d, -f2 >formulas
  if [ $part = test ]; then grep -v F2 formulas; else grep F2 formulas; fi && fail "loeo, F: a $part material"
done
ranks 1 bench bench.yaml --dry-run -o output=x -o bench.protocol=loeo -o bench.min_materials=10 -o bench.models=rf
expect 0 "frequent elements" "rf-bulk-O-r0" "rf-bulk-S-r0" "rf-bulk-Cl-r1" "6 pieces"

# An element of all materials cannot be left out; the others can.
cp d.h5 sodium.h5 && "$PYTHON" - <<'PY' || fail "sodium.h5"
import h5py
with h5py.File('sodium.h5', 'r+') as f:
    f['formula'][...] = ['Na' + 'OSF'[i % 3] for i in range(31)]
PY
ranks 2 bench bench.yaml --dry-run -o data.file=sodium.h5 -o output=x -o bench.protocol=loeo -o bench.min_materials=10 -o bench.models=rf
expect 0 "an element of all" "Na is in all materials of sodium.h5" "rf-bulk-O-r0" "6 pieces: "
once "Na is in all"

# External validation: materials of the training set are dropped, and so are large cells.
"$make_dataset" e.h5 20 20 formulas=salts first=25
ranks 3 bench bench.yaml -o output=external -o bench.protocol=external -o bench.external=e.h5
expect 0 "external" "[8/8]" "external validation: 14 of the 20 materials of e.h5; dropped: 6 in the training set too"
once "external validation:"
[ "$(wc -l <external/external.csv)" -eq 15 ] && [ "$(grep -c 'in the training set' external/external-dropped.csv)" -eq 6 ] ||
  fail "external.csv, external-dropped.csv"
[ "$(grep -c ,test, external/results/fusion-bulk/predictions.csv)" -eq 14 ] || fail "external results"
ranks 1 bench bench.yaml -o output=x -o bench.protocol=external -o bench.external=d.h5
expect 3 "nothing is left" "bench.external: d.h5: no material is left: of 31, 31 are in the training set"

# A training that fails is recorded; the others, and the tables, do not need it.
"$make_dataset" nan.h5 31 20 formulas=salts nan=3
# A volume with NaN fails the trainings on it and those that hold it out.
trains=$((1 - $(sed -n 's/^s-0003,//p' one/folds.csv)))
ranks 3 bench bench.yaml -o data.file=nan.h5 -o output=nan
expect 1 "a volume with NaN" "8 of 16 pieces failed; --retry runs them again" "[16/16]" "tables: nan/tables/bench.md" \
  "fusion-bulk-fold$trains-r1: its parent cnn2d-bulk-fold$trains-r1 failed"
grep -q 'not finite' "nan/pieces/cnn2d-bulk-fold$trains-r0/failed.json" || fail "failed.json does not say why"
grep -q '^| bulk | 31 | .* | - | - |$' nan/tables/bench.md || fail "the table with gaps"
grep -q '8 of 16 trainings are missing, 8 failed' nan/tables/bench.md || fail "the table does not count what failed"
ranks 1 bench bench.yaml -o data.file=nan.h5 -o output=nan
expect 1 "failed before" "0 of 16 pieces to do" "8 of 16 pieces failed"
# --retry begins anew: checkpoints of what failed, its parents' too, do not count.
left=nan/pieces/cnn2d-bulk-fold$trains-r0/parents/cnn2d/checkpoint-last.h5
mkdir -p "$(dirname "$left")" && echo old >"$left"
ranks 2 bench bench.yaml -o data.file=nan.h5 -o output=nan --retry
expect 1 "--retry" "8 of 16 pieces to do" "8 of 16 pieces failed"
[ -e "$left" ] && fail "--retry leaves the checkpoint of a parent"
ranks 1 bench bench.yaml -o data.file=nan.h5 -o output=nan --status
expect 0 "--status of failures" "cnn2d-bulk-fold$trains-r0                      failed: " "8 done, 8 failed, 0 to do"

# Decks that are refused, before anything is written.
for try in "bench.models=[rff]:2:'rff'; did you mean 'rf'?" "bench.models=[nowhere.yaml]:2:bench.models: nowhere.yaml: cannot open" \
  "bench.models=[cnn2d.yaml, cnn2d]:2:two models have the name 'cnn2d'" "bench.targets=[]:2:bench.targets: expected bulk, shear or both" \
  "bench.targets=hardness:2:each one of bulk, shear" "bench.protocol=external:2:bench.external: expected a dataset" \
  "data.file=nowhere.h5:3:data.file: nowhere.h5" "bench.folds=32:3:bench.folds: expected at most 31" \
  "model.cnn2d.conv1_kernel=30:2:cnn2d: model.cnn2d" "data.features=magpie145:2:magpie_cnn: data.features" \
  "bench.folds_file=nowhere.csv:3:nowhere.csv" "bench.ranks_per_run=many:2:bench.ranks_per_run: expected an integer"; do
  rest=${try#*:}
  ranks 1 bench bench.yaml -o output=x -o "${try%%:*}"
  expect "${rest%%:*}" "${try%%:*}" "${rest#*:}"
done
for try in "bench.elements=[Xx]:2:bench.elements: expected symbols of elements, found 'Xx'" \
  "bench.elements=[U]:3:bench.elements: no material of d.h5 holds U" \
  "bench.min_materials=30:3:no element is in 30 materials of d.h5 or more"; do
  rest=${try#*:}
  ranks 1 bench bench.yaml -o output=x -o bench.protocol=loeo -o "${try%%:*}"
  expect "${rest%%:*}" "${try%%:*}" "${rest#*:}"
done
ranks 3 bench bench.yaml -o output=x -o model.cnn2d.conv1_kernel=30
expect 2 "a network that does not fit" "cnn2d: model.cnn2d"
once "ecdnet: error:"
[ -e x ] && fail "a deck that was refused left something"
ranks 1 bench bench.yaml --status --tables
expect 2 "two modes" "expected one of --dry-run, --status, --tables"
ranks 1 bench words
expect 2 "words" "bench: expected a deck"
ranks 1 train cnn2d.yaml --dry-run
expect 2 "train --dry-run" "--dry-run, --status and --tables belong to 'bench'"
[ "$failed" -eq 0 ]
