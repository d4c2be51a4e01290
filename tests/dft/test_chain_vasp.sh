#!/bin/sh
# The DFT chain with the engine vasp, and a program in VASP's place that writes files like VASP's: input files, what is read
# from the output, and that runs which did not converge are refused.
set -u
. "$top_srcdir/tests/dft/chain.sh"
mkdir "$work/in" "$work/bin" "$work/potcars" "$work/potcars/Al" "$work/potcars/Cu_pv" "$work/potcars/Ni"
for element in Al Cu_pv Ni; do
  printf '  PAW_PBE %s 01Jan2001\n   TITEL  = PAW_PBE %s 01Jan2001\n' $element $element >"$work/potcars/$element/POTCAR"
done
cat >"$work/bin/fake" <<END
#!/bin/sh
exec "$ECDNET_PYTHON" "$(cd "$top_srcdir" && pwd)/tests/dft/fake_vasp.py"
END
chmod +x "$work/bin/fake"
export PATH="$work/bin:$PATH" FAKE_VASP="$work/fake"
structure Al "$work/in/Al.vasp"
structure Cu "$work/in/Cu.vasp"
structure Ni "$work/in/Ni.vasp"
vasp_run() {
  chain run "$@" --engine vasp -o "prep.launcher=$MPIEXEC -n 1" -o 'prep.options=-o prep.grid=12'
}

expect 3 vasp_run "$work/w" --structures "$work/in" -o vasp.command=fake
says "no POTCARs: set vasp.potcars or VASP_PP_PATH"
export VASP_PP_PATH="$work/potcars"
expect 3 vasp_run "$work/w" --structures "$work/in" -o vasp.command=fake
says "Cu.vasp: no POTCAR of Cu"
expect 1 vasp_run "$work/w" --structures "$work/in" -o vasp.command=none -o vasp.setups=Cu:Cu_pv
says "no program 'none' here"

# What VASP did not finish or converge is refused.
printf 'Al/relax/01=crash\nAl/relax/02=ions\nCu/static/01=scf\nCu/elastic/tensor/01=notensor\nNi/elastic/tensor/01=cut\n' >"$FAKE_VASP"
# In the first step of a relaxation it does not matter; VASP 5 writes that EDIFF is reached where NELM ended it.
printf 'Al/relax/03=nelm\nCu/elastic/tensor/02=nelm\n' >>"$FAKE_VASP"
expect 1 vasp_run "$work/w" --structures "$work/in" -o vasp.command=fake -o vasp.setups=Cu:Cu_pv
says "set aside: Al: relax: VASP ended with exit code 1: ZBRENT: fatal"
says "set aside: Cu: static: no self-consistency in ionic step 1"
says "set aside: Ni: elastic: tensor: OUTCAR has no end"
expect 1 chain run "$work/w"
says "set aside: Al: relax: the relaxation has not converged in 4 steps"
says "set aside: Cu: elastic: tensor: the OUTCAR has no elastic moduli (relaxed ions)"
says "density/dataset.h5: 1 materials"
expect 1 chain retry "$work/w"
says "set aside: Cu: elastic: tensor: no self-consistency in ionic step 1"
expect 0 chain retry "$work/w"
says "density/dataset.h5: 3 materials"
expect 0 chain status "$work/w"
expect 0 chain run "$work/w"
says "0 of them with something to do"

# Input as it should be; the relaxation went on from where it was, in rounds.
place=$work/w/materials/Cu
grep -q 'LAECHG = .TRUE.' "$place/static/02/INCAR" && grep -q 'LELF = .TRUE.' "$place/static/02/INCAR" || fail "INCAR.static"
grep -q 'IBRION = 6' "$place/elastic/tensor/02/INCAR" && grep -q 'ENCUT = 700.0' "$place/elastic/tensor/02/INCAR" ||
  fail "INCAR.elastic"
grep -q 'PAW_PBE Cu_pv' "$place/static/02/POTCAR" || fail "POTCAR"
[ -e "$place/relax/01/round2/OUTCAR" ] || fail "the cell was not relaxed anew"
grep -q 'MAGMOM = 1' "$work/w/materials/Ni/static/01/INCAR" || fail "no moments for Ni"
cmp -s "$work/w/materials/Al/relax/02/round1/CONTCAR" "$work/w/materials/Al/relax/03/start.vasp" ||
  diff "$work/w/materials/Al/relax/02/round1/CONTCAR" "$work/w/materials/Al/relax/03/start.vasp" ||
  fail "the relaxation did not go on"

# The stress of the elastic run is that of the undisplaced cell, which is the relaxed one.
"$ECDNET_PYTHON" - "$place"/elastic/tensor/03/result.json <<'PY' || fail "stress of the elastic run"
import json, sys
stress = json.load(open(sys.argv[1]))["data"]["stress_gpa"]
assert len(stress) == 6 and max(map(abs, stress)) < 0.1, stress
PY

# The moduli are those of the same potential by strains and stresses.
expect 0 toy_run "$work/t" --structures "$work/in"
"$ECDNET_PYTHON" - "$work/w/labels.csv" "$work/t/labels.csv" <<'PY' || fail "moduli of the tensor and of the strains differ"
import csv, sys
a, b = ({r["id"]: r for r in csv.DictReader(open(p))} for p in sys.argv[1:])
assert sorted(a) == sorted(b) == ["Al", "Cu", "Ni"]
for name in a:
    for modulus in ("bulk_gpa", "shear_gpa"):
        x, y = float(a[name][modulus]), float(b[name][modulus])
        assert abs(x - y) < 0.02 * y, (name, modulus, x, y)
PY

# Other templates are another method; all-electron densities are the sum of two files.
mkdir "$work/templates"
sed 's/^SIGMA.*/SIGMA = 0.2/' "$top_srcdir/jobs/dft/vasp/INCAR.static" >"$work/templates/INCAR.static"
expect 2 chain run "$work/w" -o vasp.templates="$work/templates"
says "SIGMA=0.2"
expect 0 chain run "$work/w" -o vasp.templates="$work/templates" -o vasp.density=all --redo -o prep.options='-o prep.grid=12 -o output='"$work/all"
silent "relax"
[ -e "$work/all/dataset.h5" ] && grep -q AECCAR2 "$work/all/deck.yaml" || fail "no dataset of AECCAR0 + AECCAR2"

# Settings that cannot be used are refused before anything is recorded.
expect 2 chain run "$work/w" -o vasp.templates="$work/none"
says "vasp.templates: no folder $work/none"
expect 2 chain run "$work/w" -o vasp.templates="$work/in"
says "vasp.templates: none of INCAR.relax, INCAR.static, INCAR.elastic, KPOINTS in $work/in"
expect 2 chain run "$work/w" -o vasp.potcars="$work/none"
says "no folder $work/none"
grep -q "^templates = $work/templates$" "$work/w/chain.ini" || fail "chain.ini has settings that were refused"

# What was given relative to the folder of the submitter, or by its environment, jobs find in theirs.
top_srcdir=$(cd "$top_srcdir" && pwd)
# stage ID: its first stage, as a job of a batch system starts it.
stage() { (unset VASP_PP_PATH && cd "$work/s" && chain stage . "$1" relax); }
in_work() { (cd "$work" && vasp_run "$@"); }
mkdir "$work/own"
rm "$FAKE_VASP"
sed 's/^SIGMA.*/SIGMA = 0.3/' "$top_srcdir/jobs/dft/vasp/INCAR.relax" >"$work/own/INCAR.relax"
expect 0 in_work s --structures in/Al.vasp -o vasp.command=fake -o vasp.templates=own -o chain.relax=none -o chain.until=static
grep -q "^potcars = $work/potcars$" "$work/s/chain.ini" || fail "chain.ini does not name the POTCARs"
for incar in "$work/s/materials/Al/relax"/*/round1/INCAR; do :; done
grep -q 'SIGMA = 0.3' "$incar" || fail "the templates were not used"
expect 0 in_work s -o vasp.potcars=potcars
grep -q "^potcars = $work/potcars$" "$work/s/chain.ini" || fail "chain.ini has a relative folder of POTCARs"
mv "$work/own" "$work/moved"
expect 2 stage Al
says "vasp.templates: no folder $work/own"
mv "$work/moved" "$work/own"

# POTCARs belong to the method of the materials that have their element.
sed -i 's/2001/2024/' "$work/potcars/Ni/POTCAR"
expect 0 chain run "$work/s" --dry-run
sed -i 's/2001/2024/' "$work/potcars/Al/POTCAR"
expect 2 chain run "$work/s" --structures "$work/in/Ni.vasp" --dry-run
says "POTCAR of Al: PAW_PBE Al 01Jan2001 then, PAW_PBE Al 01Jan2024 now"

# Tags of the user win over what spin makes of the elements.
"$ECDNET_PYTHON" -c 'import sys; from ase.build import bulk; bulk("Ni", cubic=True).write(sys.argv[1])' "$work/in/Ni4.vasp"
spins() {
  rm -rf "$work/s4"
  expect 0 vasp_run "$work/s4" --structures "$work/in/Ni4.vasp" -o vasp.command=fake -o "vasp.templates=$work/own" -o chain.cell=as_given \
    -o chain.relax=none -o chain.until=static "$@"
  grep -E '^(ISPIN|MAGMOM)' "$work/s4/materials/Ni4/relax"/*/round1/INCAR | sort | tr '\n' ';' >"$work/spins"
}
spins
[ "$(cat "$work/spins")" = "ISPIN = 2;MAGMOM = 1 1 1 1;" ] || fail "$(cat "$work/spins")"
spins -o 'vasp.incar=ISPIN=2; MAGMOM=2 -2 2 -2'
[ "$(cat "$work/spins")" = "ISPIN = 2;MAGMOM = 2 -2 2 -2;" ] || fail "$(cat "$work/spins")"
spins -o 'vasp.incar=MAGMOM=3*2 -2'
[ "$(cat "$work/spins")" = "ISPIN = 2;MAGMOM = 3*2 -2;" ] || fail "$(cat "$work/spins")"
spins -o vasp.incar=ISPIN=1
[ "$(cat "$work/spins")" = "ISPIN = 1;" ] || fail "$(cat "$work/spins")"
echo 'ISPIN = 1' >>"$work/own/INCAR.relax"
spins -o vasp.incar=
[ "$(cat "$work/spins")" = "ISPIN = 1;" ] || fail "$(cat "$work/spins")"
structure Ni "$work/in/Ni1.vasp"
expect 3 vasp_run "$work/s4" --redo --dry-run --structures "$work/in/Ni1.vasp" -o 'vasp.incar=MAGMOM=2 -2 2 -2'
says "MAGMOM has 4 numbers, this cell needs 1"
