#!/bin/sh
# The DFT chain where something is wrong with one material or with the settings: the others are done, the reason is told, retry
# ends it; settings change with a run that is accepted, and with no other.
set -u
. "$top_srcdir/tests/dft/chain.sh"
in=$work/in
mkdir "$in"
for element in Al Cu Ni; do
  structure $element "$in/$element.vasp"
done
elements() { cut -d, -f1 "$1" | tail -n +2 | tr '\n' ' '; }

# A dry run leaves nothing; a bad name of a field is told before anything is computed.
expect 0 toy_run "$work/w" --structures "$in" --dry-run
says "Cu: relax static elastic"
[ ! -e "$work/w" ] || fail "a dry run has made a chain"
expect 2 toy_run "$work/w" --structures "$in" -o prep.fields=elff
says "prep.fields: expected density, elf, none, found 'elff'"

# Densities that are cut off or not written fail; one that prep refuses is left out of the dataset, and said to be.
printf 'Al/static=cut\nCu/static=bad\n' >"$work/fail"
expect 1 toy_run "$work/w" --structures "$in" -o toy.fail="$work/fail"
says "Al static FAILED"
says "set aside: Al: static: CHGCAR is cut off"
says "set aside: Cu: density: "
says "density/dataset.h5: 1 materials"
[ "$(elements "$work/w/set_aside.csv")" = "Al Cu " ] || fail "set_aside.csv: $(cat "$work/w/set_aside.csv")"
printf 'Al/static=none\n' >"$work/fail"
expect 1 chain run "$work/w"
says "set aside: Al: static: CHGCAR was not written"
says "set aside: Cu: density: "
says "up to date, 1 materials"
expect 0 chain collect "$work/w"
expect 0 chain status "$work/w"
grep -q '^Cu .* density: ' "$work/log" || fail "the row of Cu"
rm "$work/fail"
expect 0 chain retry "$work/w"
says "Al static done"
says "Cu static done"
grep -q 'Cu elastic done.*was done already' "$work/log" || fail "Cu elastic"
silent "Ni"
says "density/dataset.h5: 3 materials"
[ "$(elements "$work/w/set_aside.csv")" = "" ] || fail "set_aside.csv: $(cat "$work/w/set_aside.csv")"
# Where all are bad there is no dataset; prep.on_error may be stop.
printf '/static=bad\n' >"$work/fail"
expect 1 toy_run "$work/b" --structures "$in" -o toy.fail="$work/fail"
says "not made, prep refused all files"
says "set aside: Ni: density: "
expect 3 chain run "$work/b" -o prep.options='-o prep.grid=12 -o prep.on_error=stop'
says "3 of 3 files are bad"
# A density that is deleted is made anew.
rm "$work/w/materials/Ni/static/01/CHGCAR"
expect 0 chain status "$work/w"
says "static/01/CHGCAR is gone"
expect 0 chain run "$work/w" -o prep.fields=none
says "Ni static done"
grep -q 'Ni elastic done.*was done already' "$work/log" || fail "Ni elastic"
[ -e "$work/w/materials/Ni/static/02/CHGCAR" ] || fail "no new density"
# A packed file is looked into as well.
"$ECDNET_PYTHON" - "$work/w/materials/Ni/static/02/CHGCAR" "$work/CHGCAR" "$top_srcdir/jobs/dft" <<'PY' >"$work/log" 2>&1 || fail "flaw"
import gzip, sys
sys.path.insert(0, sys.argv[3])
from ecdchain.fields import flaw
data, path = open(sys.argv[1], 'rb').read(), sys.argv[2]
def said(content):
    open(path, 'wb').write(content)
    return flaw(path)
packed = gzip.compress(data)
assert said(data) == said(packed) == said(data.rstrip()) == '', said(data)
assert 'cut off: 1727 of 1728 values' in said(data.rstrip().rsplit(None, 1)[0])
assert 'cut off' in said(gzip.compress(data[:-300])) and 'cannot be read' in said(packed[:-300])
assert 'header' in said(b'') and 'header' in said(data[:200])
PY

# Stresses that are no numbers fail; moduli that are refused are computed anew by retry.
printf 'Al/elastic/s1+=nan\nCu/elastic/s1+=soft\nCu/elastic/s1-=soft\n' >"$work/fail"
expect 1 toy_run "$work/q" --structures "$in" -o toy.fail="$work/fail" -o prep.fields=none
says "set aside: Al: elastic: s1+: the stress is not 6 finite numbers"
says "set aside: Cu: elastic: "
grep -q '"status": "done"' "$work/q/materials/Cu/elastic/s1+/01/result.json" || fail "Cu has failed"
expect 1 chain run "$work/q"
silent "Cu elastic done"
printf 'Al/elastic/s1+=nan\n' >"$work/fail"
expect 1 chain retry "$work/q" Cu
says "Cu elastic done"
silent "Al elastic"
says "labels.csv: 2 of 3"
rm "$work/fail"
expect 0 chain retry "$work/q"
silent "Cu"
says "labels.csv: 3 of 3"
# --from: this stage and those after it, each strain too.
for stage in elastic static relax; do
  expect 0 chain retry "$work/q" Ni --from $stage
  says "Ni $stage done"
  says "Ni elastic done"
  silent "Cu"
done
silent "was done already"
for strain in "$work"/q/materials/Ni/elastic/*/; do
  [ -e "$strain/04/result.json" ] && [ ! -e "$strain/05" ] || fail "attempts of $strain: $(ls "$strain")"
done
[ -e "$work/q/materials/Ni/static/03" ] && [ -e "$work/q/materials/Ni/relax/02" ] || fail "attempts of Ni"

# Settings stay where run refuses, and with --dry-run; so do the materials.
cp "$work/q/chain.ini" "$work/before.ini"
structure Ag "$work/Ag.vasp"
for options in '-o toy.fmax=0.05' '-o toy.fmax=0.05 --redo --dry-run' '-o elastic.steps=2' '-o chain.cell=as_given --redo'; do
  code=2
  case $options in *dry-run) code=0 ;; esac
  # shellcheck disable=SC2086 # words
  expect $code chain run "$work/q" --structures "$work/Ag.vasp" $options
  cmp -s "$work/q/chain.ini" "$work/before.ini" && [ ! -e "$work/q/materials/Ag" ] || fail "$options has changed the chain"
done
says "there are structures of another chain.cell (primitive then, as_given now)"
(flock 9 && chain run "$work/q" -o prep.fields=elf 9>&-) 9>"$work/q/run.lock" && fail "two runs on one chain"
says "another run works on this chain"
cmp -s "$work/q/chain.ini" "$work/before.ini" || fail "a second run has changed chain.ini"
# Other strains are another method.
expect 2 chain run "$work/q" -o elastic.steps=2
says "elastic.steps: 1 then, 2 now"
expect 0 chain run "$work/q" -o elastic.steps=2 --redo
says "Al elastic done"
silent "Al static"
[ -e "$work/q/materials/Al/elastic/s1+2/01/result.json" ] || fail "strains: $(ls "$work/q/materials/Al/elastic")"
# Settings changed in chain.ini: collect says why it has no labels.
sed 's/^fmax = .*/fmax = 0.05/' "$work/q/chain.ini" >"$work/new.ini" && cp "$work/new.ini" "$work/q/chain.ini"
expect 0 chain collect "$work/q"
grep -q '^Al,"relax: made with other settings (fmax: 0.001 then, 0.05 now)"$' "$work/q/set_aside.csv" ||
  fail "set_aside.csv: $(cat "$work/q/set_aside.csv")"

# An engine with a tensor of its own has no strains: their settings start nothing again.
cat >"$work/tensor.py" <<PY
import importlib.util
spec = importlib.util.spec_from_file_location('toy', '$(cd "$top_srcdir" && pwd)/tests/dft/toy_engine.py')
toy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(toy)


class Engine(toy.Engine):
    gives_tensor = True

    def stiffness(self, atoms, relax_sites, hints, folder):
        rows = [[(100, 50)[i != j] if max(i, j) < 3 else 30 * (i == j) for j in range(6)] for i in range(6)]
        return {'stiffness': rows, 'unit': 'GPa', 'order': 'voigt'}
PY
expect 0 chain run "$work/t" --structures "$in" --engine "$work/tensor.py" -o prep.fields=none
says "tensor of the engine"
expect 0 chain run "$work/t" -o elastic.steps=2 -o elastic.amplitude=0.01
says "0 of them with something to do"
says "labels.csv: 3 of 3"

# A result or a material that cannot be read is told, and the others are done.
rm "$work/w/materials/Cu/material.json"
echo '{' >"$work/w/materials/Al/static/03/result.json"
cp "$work/Ag.vasp" "$in/Ag.vasp"
expect 1 chain run "$work/w" --structures "$work/Ag.vasp"
says "Ag elastic done"
says "set aside: Al: static: $work/w/materials/Al/static/03/result.json: not JSON"
says "set aside: Cu: relax: $work/w/materials/Cu/material.json: missing"
expect 0 chain status "$work/w"
says "4 materials: 2 labelled, 2 failed"
expect 1 chain run "$work/w" --structures "$in/Cu.vasp"
silent "set aside: Cu"
expect 0 chain retry "$work/w" Al
says "Al static done"
says "labels.csv: 4 of 4"

# A batch system runs a copy of chain.sh elsewhere.
mkdir "$work/spool"
cp "$top_srcdir/jobs/dft/chain.sh" "$work/spool/slurm_script"
(cd "$top_srcdir" && sh "$work/spool/slurm_script" status "$work/w") >"$work/log" 2>&1 || fail "a copy of chain.sh"
(cd "$work" && ECDNET_JOBS=$(cd "$top_srcdir" && pwd)/jobs && export ECDNET_JOBS && sh spool/slurm_script status w) >"$work/log" 2>&1 ||
  fail "a copy of chain.sh with ECDNET_JOBS"
(cd "$work" && sh spool/slurm_script status w) >"$work/log" 2>&1 && fail "a copy of chain.sh far away"
says "set ECDNET_JOBS"
