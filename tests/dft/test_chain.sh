#!/bin/sh
# The DFT chain on this machine, with an engine that takes milliseconds: structures to a dataset; restarts do only what is
# missing or failed; failures are set aside with their reason; nothing that was computed is changed.
set -u
. "$top_srcdir/tests/dft/chain.sh"
in=$work/in
mkdir "$in" "$in/Ni"
structure Al "$in/POSCAR_Al"
structure Cu "$in/Cu.cif"
structure Ni "$in/Ni/POSCAR"

# Bad input is told together, and nothing is started.
structure Mg "$in/magnesium.vasp"
printf 'nonsense\n' >"$in/broken.vasp"
structure Al "$in/Al.vasp"
expect 3 toy_run "$work/bad" --structures "$in"
says "magnesium.vasp: no potential for Mg"
says "broken.vasp: ASE cannot read it"
says "the id 'Al' is that of"
says "3 of 6 structures cannot be used"
[ ! -e "$work/bad/materials" ] || fail "something was started"
rm "$in/magnesium.vasp" "$in/broken.vasp" "$in/Al.vasp"
expect 2 chain run "$work/none"
says "needs --structures"
expect 2 toy_run "$work/bad" --structures "$in" -o elastic.amplitud=0.1
says "do you mean 'amplitude'"
expect 2 toy_run "$work/bad" --structures "$in" -o elastic.steps=two
says "expected a whole number, found 'two'"
expect 2 chain status "$work/none"
says "no chain is here"

# Ni fails in its static stage, Cu in one strain: the others are done, and the reasons told.
printf 'Ni/static\nCu/elastic/s1-\n' >"$work/fail"
expect 1 toy_run "$work/w" --structures "$in" --workers 2 -o toy.fail="$work/fail"
says "Ni static FAILED"
says "set aside: Ni: static: told to fail"
says "set aside: Cu: elastic: s1-: told to fail"
says "density/dataset.h5: 1 materials"
expect 0 chain status "$work/w"
grep -qE '^Al +Al +done +done +done +[0-9.]+ +[0-9.]+$' "$work/log" || fail "the row of Al"
grep -qE '^Cu +Cu +done +done +failed +- +- +elastic: s1-: told to fail$' "$work/log" || fail "the row of Cu"
grep -qE '^Ni +Ni +done +failed +- +- +- +static: told to fail$' "$work/log" || fail "the row of Ni"
says "3 materials: 1 labelled, 2 failed"
expect 0 chain status --csv "$work/w"
says "Ni,Ni,done,failed,-,,,static: told to fail"
cut -d, -f1 "$work/w/labels.csv" | tr '\n' ' ' | grep -qx 'id Al ' || fail "labels.csv"

# Once more, still failing: only that is started, the done strains of Cu are kept; then both are set aside for good.
files "$work/w/materials" >"$work/before"
expect 1 chain run "$work/w"
says "2 of them with something to do"
silent "Al relax"
silent "Cu relax"
[ -e "$work/w/materials/Ni/static/02/result.json" ] || fail "no second attempt of Ni"
[ ! -e "$work/w/materials/Ni/static/03" ] && [ ! -e "$work/w/materials/Cu/elastic/s1+/02" ] || fail "too much was done"
files "$work/w/materials" >"$work/after"
[ -z "$(comm -23 "$work/before" "$work/after" | grep -v -e '/lock' -e plan.json -e elastic/POSCAR | grep '^\./')" ] ||
  fail "files have changed: $(comm -23 "$work/before" "$work/after")"
rm "$work/fail"
expect 1 chain run "$work/w"
says "0 of them with something to do"
expect 0 chain status "$work/w"
says "static: told to fail (set aside)"

# retry: one, then all; the dataset grows.
expect 1 chain retry "$work/w" Ni
says "Ni elastic done"
silent "Cu elastic"
says "density/dataset.h5: 2 materials"
expect 2 chain retry "$work/w" Fe
says "no material Fe"
expect 0 chain retry "$work/w"
says "Cu elastic done"
silent "Ni"
says "density/dataset.h5: 3 materials"
expect 0 chain run "$work/w"
says "0 of them with something to do"
says "up to date, 3 materials"
"$ECDNET" info "$work/w/density/dataset.h5" >"$work/log" 2>&1 || fail "info"

# A material more; one with a known id and another structure is refused.
mkdir "$work/more"
structure Ag "$work/more/Ag.vasp"
printf 'id,path\n# silver\nAg,more/Ag.vasp\n' >"$work/list.csv"
expect 0 toy_run "$work/w" --structures "$work/list.csv"
says "1 structures added"
says "density/dataset.h5: 4 materials"
silent "Cu relax"
cp "$work/more/Ag.vasp" "$work/more/Cu.vasp"
expect 3 toy_run "$work/w" --structures "$work/more"
says "the id 'Cu' is in"
rm "$work/more/Cu.vasp"

# Other settings: refused, then made anew beside the old.
expect 2 chain run "$work/w" -o toy.fmax=0.01
says "fmax: 0.001 then, 0.01 now"
says "--redo"
expect 0 chain run "$work/w"
says "0 of them with something to do"
files "$work/w/materials/Al/static" >"$work/before"
expect 0 chain run "$work/w" -o toy.grid=16 --redo -o prep.fields=none
says "Al static done"
silent "Al relax"
files "$work/w/materials/Al/static" >"$work/after"
[ -z "$(comm -23 "$work/before" "$work/after")" ] && [ -e "$work/w/materials/Al/static/02/CHGCAR" ] ||
  fail "the first density is not as it was"
readlink "$work/w/samples/Al/CHGCAR" | grep -q static/02 || fail "the sample is the old one"

# A stage of one material once more, and what follows from it; the others are left alone.
expect 0 chain retry "$work/w" Ni --from static
says "Ni static done"
silent "Ni relax"
silent "Cu"
readlink "$work/w/samples/Ni/CHGCAR" | grep -q static/05 || fail "$(readlink "$work/w/samples/Ni/CHGCAR")"

# A stop in the middle loses what ran, nothing else; a second run meanwhile is refused.
sh "$top_srcdir/jobs/dft/chain.sh" run "$work/k" --structures "$in" --engine "$toy" --workers 2 -o toy.sleep=2 \
  -o prep.fields=none >"$work/killed" 2>&1 &
pid=$!
tries=100
until grep -qs 'relax done' "$work/killed" || [ $tries -eq 0 ]; do
  sleep 0.1
  tries=$((tries - 1))
done
expect 1 chain run "$work/k"
says "another run works on this chain"
tries=50
until chain status "$work/k" && grep -q running "$work/log" || [ $tries -eq 0 ]; do
  sleep 0.1
  tries=$((tries - 1))
done
says "running"
kill "$pid"
code=0
wait "$pid" || code=$?
cp "$work/killed" "$work/log"
[ "$code" -eq 75 ] || fail "exit code $code after SIGTERM, expected 75"
says "stopped; run again to go on"
expect 0 chain status "$work/k"
says "interrupted"
silent "running"
expect 0 chain run "$work/k" -o toy.sleep=0
says "labels.csv: 3 of 3 materials"

# Charge densities alone; then on to the labels.
expect 0 toy_run "$work/u" --structures "$in" -o chain.until=static
silent "elastic"
says "samples/: 3 of 3 materials"
[ -e "$work/u/samples/Cu/CHGCAR" ] && [ ! -e "$work/u/labels.csv" ] && [ ! -e "$work/u/density" ] || fail "more than densities"
expect 0 chain status "$work/u"
grep -qE '^Cu +Cu +done +done +- +- +-$' "$work/log" || fail "the row of Cu"
expect 2 chain stage "$work/u" Cu elastic
says "chain.until is static"
expect 0 chain run "$work/u" -o chain.until=elastic
silent "relax done"
says "density/dataset.h5: 3 materials"
