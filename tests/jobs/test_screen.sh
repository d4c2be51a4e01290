#!/bin/sh
# The loop: a model trained on the chain's own dataset ranks candidates, the chain verifies the best of them with an engine
# that takes milliseconds, and the model is compared with what comes out. Again does nothing; more, and other goals, add to it.
set -u
. "$top_srcdir/tests/dft/chain.sh"
"$ECDNET_PYTHON" -c 'import h5py, yaml' >/dev/null 2>&1 || { echo "skipped: $ECDNET_PYTHON lacks h5py or yaml"; exit 77; }
screen() {
  sh "$top_srcdir/jobs/screen/screen.sh" "$@" >"$work/log" 2>&1
}
ecdnet() {
  "$ECDNET" "$@" >"$work/log" 2>&1
}
cd "$work" || exit 1

# The training set: five metals. The candidates: two others, alloys, one metal twice, one that is known by another name, and
# one that is in the training set; charge densities alone.
mkdir train pool
for element in Al Ag Au Cu Ni; do structure $element train/$element.vasp; done
for element in Cu Pd Pt; do structure $element pool/$element.vasp; done
cp pool/Pd.vasp pool/palladium.vasp
cp pool/Cu.vasp pool/copper.vasp
"$ECDNET_PYTHON" - <<'END' || fail "structures"
from ase import Atoms
from ase.build import bulk
for name in ('CuAu3', 'AgPd3'):
    Atoms(name, cell=[4.0] * 3, scaled_positions=[[0, 0, 0], [0, .5, .5], [.5, 0, .5], [.5, .5, 0]],
          pbc=True).write(f'pool/{name}.vasp')
bulk('Ni', cubic=True).repeat(2).write('pool/super.vasp')
END
expect 0 chain run base --structures train --engine "$toy" -o "prep.launcher=$MPIEXEC -n 1" -o 'prep.options=-o prep.grid=20'
expect 0 chain run pool-runs --structures pool --engine "$toy" -o chain.until=static -o chain.cell=as_given
cat >cnn2d.yaml <<'END'
data: {file: base/density/dataset.h5, test_fraction: 0.2}
model:
  kind: cnn2d
  cnn2d: {squeeze: 6, excite: 3, conv1_filters: 8, conv1_kernel: 2, conv2_filters: 12, conv2_kernel: 5, dense: [24, 8]}
train: {epochs: 3, batch: 4}
END
expect 0 ecdnet train cnn2d.yaml -o output=net
expect 0 ecdnet train cnn2d.yaml -o output=two -o train.ensemble=2
expect 0 ecdnet train -o model.kind=rf -o data.file=base/density/dataset.h5 -o data.test_fraction=0 -o output=forest \
  -o data.target=shear
pool='pool-runs/samples/{id}/CHGCAR'

# Two are verified; the volumes are prepared as the model's. The ranking says why others were passed over.
run="run one --model two/model.h5 --candidates $pool --engine $toy"
expect 0 screen $run --top 2 --max-atoms 2 --workers 2 -o "prep.launcher=$MPIEXEC -n 1"
says "1 candidates cannot be predicted"
says "2 of 7 candidates are chosen"
says "2 of 2 verified; bulk modulus, GPa; mean error"
says "external validation: "
grep -qx 'options = -o prep.grid=20 -o prep.cell=conventional -o prep.method=fourier' one/dft/chain.ini || fail "prep.options"
[ "$(ls one/structures | tr '\n' ' ')" = "$(cut -d, -f2,7 one/ranked.csv | sed -n 's/,chosen$/.vasp/p' | sort | tr '\n' ' ')" ] ||
  fail "other structures than ranked.csv says"
cat >check.py <<'END'
import csv, sys
def read(path):
    return list(csv.DictReader(open(path, encoding='utf-8')))
work, modulus = sys.argv[1:3]
ranked = read(f'{work}/ranked.csv')
predictions = {r['id']: r for r in read(f'{work}/predict/predictions.csv')}
assert [int(r['rank']) for r in ranked] == list(range(1, len(predictions) + 1))
scores = [float(r['score']) for r in ranked]
assert scores == sorted(scores, reverse=True), scores
for r in ranked:
    assert float(r['predicted_gpa']) == float(predictions[r['id']]['predicted'])
last = max(i for i, r in enumerate(ranked) if r['choice'] == 'chosen')
assert all(r['choice'] for r in ranked[:last + 1]), 'one before the last chosen has no reason'
assert not any(r['choice'] for r in ranked[last + 1:]) or sum(r['choice'] == 'chosen' for r in ranked) < int(sys.argv[3])
labels = {r['id']: r for r in read(f'{work}/dft/labels.csv')}
verified = read(f'{work}/verified.csv')
assert {r['id'] for r in verified} >= {r['id'] for r in ranked if r['choice'] == 'chosen'}
for r in verified:
    dft = labels[r['id']][modulus + '_gpa']
    assert r['dft_gpa'] == dft
    assert abs(float(r['error_gpa']) - (float(r['predicted_gpa']) - float(dft))) < 1e-3
    assert float(r['predicted_relaxed_gpa']) > -1e9
END
"$ECDNET_PYTHON" check.py one bulk 2 || fail "the tables"
reason() { # WORK ID TEXT
  grep -q "^[0-9]*,$2,.*,\"\?$3" "$1/ranked.csv" || { cp "$1/ranked.csv" "$work/log"; fail "the reason of $2 is not '$3'"; }
}
grep -qF '| ' one/verify/tables/verify.md || fail "no table of the validation"

# Again: nothing.
files one/dft/materials >before
files one/verify >>before
expect 0 screen run one
says "0 of them with something to do"
silent "ecdnet predict"
silent "external validation: "
files one/dft/materials >after
files one/verify >>after
cmp -s before after || { diff before after >"$work/log"; fail "files have changed"; }
expect 0 screen status one
says "2 of 2 verified"

# All of them, and every reason not to take one.
expect 0 screen run one --top 3
says "2 of 7 candidates are chosen"
reason one CuAu3 "4 atoms"
expect 0 screen run one --max-atoms 0 --top 7
says "4 of 7 candidates are chosen"
says "external validation: "
says "4 of 4 verified"
"$ECDNET_PYTHON" check.py one bulk 7 || fail "the tables with more"
reason one Cu "the model was trained on it\|known: formula and space group of Cu"
reason one copper "known: formula and space group of Cu in the training set"
grep -q 'the same material as' one/ranked.csv || fail "palladium twice"

# A forest, another modulus, other goals; candidates from a dataset.
printf 'output: pool-data\nprep: {files: "%s", unlabelled: true, on_error: skip, code: toy, grid: 20}\n' "$pool" >pool.yaml
expect 0 ecdnet prep pool.yaml
for goal in high low uncertain 50; do
  expect 0 screen run rank-$goal --model forest/model.h5 --candidates pool-data/dataset.h5 --goal $goal --kappa 0.5 --top 3 \
    --engine "$toy" --rank-only
  says "3 of 7 candidates are chosen"
  [ ! -e rank-$goal/dft/materials ] || fail "--rank-only started something"
done
[ "$(sed -n 2p rank-high/ranked.csv)" != "$(sed -n 2p rank-low/ranked.csv)" ] || fail "high and low are one"
expect 0 screen run rank-high
"$ECDNET_PYTHON" check.py rank-high shear 3 || fail "the tables of the forest"

# With a batch system the comparison is a job after the last of the chain.
. "$top_srcdir/tests/dft/fake_batch.sh"
: >"$FAKE_JOBS.last"
expect 0 screen run rank-low --scheduler pbs
says "collect and prep: job 10.server after all of them"
says "comparison: job 11.server after 10.server"
[ "$(cat "$FAKE_JOBS/11")" -eq 0 ] || fail "the job of the comparison"
"$ECDNET_PYTHON" check.py rank-low shear 3 || fail "the tables by a batch system"

# One of them fails: it is told, the others are verified.
printf 'Pt/static\nCuAu3/static\n' >told-to-fail
expect 1 screen run failing --model forest/model.h5 --candidates pool-data/dataset.h5 --top 4 --engine "$toy" \
  -o toy.fail="$work/told-to-fail"
says "told to fail"
says "2 of 4 verified"
expect 0 screen status failing
says "static: told to fail"

# A tetragonal copper becomes the copper of the training set when it is relaxed: it is dropped, and that is told. A charge file
# that is added to the folder is predicted.
mkdir odd files
"$ECDNET_PYTHON" - <<'END' || fail "structures"
from ase.build import bulk
atoms = bulk('Cu')
atoms.set_cell(atoms.cell * [0.99, 0.99, 1.03], scale_atoms=True)
atoms.write('odd/bct.vasp')
END
expect 0 chain run odd-runs --structures odd --engine "$toy" -o chain.until=static -o chain.relax=none
cp odd-runs/samples/bct/CHGCAR files/bct.CHGCAR
expect 1 screen run known --model forest/model.h5 --candidates files --top 2 --engine "$toy"
says "1 of 1 candidates are chosen"
says "dropped: in the training set (Cu)"
says "0 of 1 verified, 1 dropped; shear modulus, GPa"
silent "mean error"
says "nothing is compared: all that is verified is in the training set"
grep -q '^1,bct,Cu,.*,dropped: in the training set (Cu)$' known/verified.csv || fail "no note in verified.csv"
expect 1 screen verify known
expect 0 screen status known
says "0 of 1 verified, 1 dropped"
cp pool-runs/samples/Pd/CHGCAR files/Pd.CHGCAR
expect 0 screen run known
says "1 candidates are new: ecdnet predict again"
says "2 of 2 candidates are chosen"
says "1 of 2 verified, 1 dropped; shear modulus, GPa; mean error"
"$ECDNET_PYTHON" - known/verified.csv "$work/log" <<'END' || fail "the dropped one is in the mean error"
import csv, re, sys
rows = {r['id']: r for r in csv.DictReader(open(sys.argv[1], encoding='utf-8'))}
assert rows['bct']['note'] == 'dropped: in the training set (Cu)' and rows['bct']['error_gpa'], rows
mean = float(re.search(r'mean error ([-+.0-9]+)', open(sys.argv[2], encoding='utf-8').read())[1])
assert rows['Pd']['note'] == '' and abs(mean - float(rows['Pd']['error_gpa'])) < 0.051, (mean, rows)
END
expect 0 screen run known
silent "ecdnet predict"

# What cannot work is said before anything is computed.
refused() { # CODE TEXT ARGUMENT...
  wanted=$1 text=$2
  shift 2
  expect "$wanted" screen run no "$@"
  says "$text"
  [ ! -e no/dft/materials ] || fail "something was started"
  rm -rf no
}
refused 2 "a new screening needs --candidates" --model net/model.h5
refused 2 "lost.h5: no model file" --model lost.h5 --candidates "$pool"
refused 3 "expected a model of ecdnet train" --model base/density/dataset.h5 --candidates "$pool"
refused 3 "found a checkpoint" --model net/checkpoint-last.h5 --candidates "$pool"
refused 2 "takes charge densities of 'toy', and engine 'vasp'" --model net/model.h5 --candidates "$pool" --engine vasp
refused 2 "no such file or folder" --model net/model.h5 --candidates nowhere --engine "$toy"
refused 3 "no charge file matches" --model net/model.h5 --candidates 'nowhere/{id}' --engine "$toy"
refused 2 "want uncertainties" --model net/model.h5 --candidates "$pool" --engine "$toy" --goal uncertain
refused 2 "found 'best'" --model net/model.h5 --candidates "$pool" --engine "$toy" --goal best
refused 2 "found 'nan'" --model net/model.h5 --candidates "$pool" --engine "$toy" --goal nan
refused 2 "found 'inf'" --model net/model.h5 --candidates "$pool" --engine "$toy" --goal inf
refused 2 "expected a number, at least 0, found inf" --model net/model.h5 --candidates "$pool" --engine "$toy" --kappa inf
refused 3 "not what $work/net/model.h5 was trained on" --model net/model.h5 --candidates "$pool" --engine "$toy" \
  --dataset pool-data/dataset.h5
expect 2 screen run one --model net/model.h5
says "choose another WORK"
cp net/model.h5 two/model.h5
expect 2 screen run one
says "has changed since it ranked these candidates"
expect 2 screen status nowhere
says "no screening is here"
