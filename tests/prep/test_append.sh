#!/bin/sh
# ecdnet prep --append and ecdnet merge.
set -u
. "$top_srcdir/tests/prep/lib.sh"
files "$work/in" 6 || exit 1
expect 0 prep 2 "$work/all"
mkdir "$work/a" "$work/b"
cp "$work"/in/m00[0-3].CHGCAR "$work/a"
cp "$work"/in/m00[345].CHGCAR "$work/b"
sed '/m004/d; /m005/d' "$work/in/labels.csv" >"$work/a/labels.csv"
cp "$work/in/labels.csv" "$work/b/labels.csv"

folder=$work/a
expect 0 prep 2 "$work/out"
# New files without --append: said, nothing changed.
folder=$work/in
expect 3 prep 1 "$work/out"
says "lacks 2 of the 6 materials: m004 m005"
says "--append"
# m003 is there already and the same; the labels may still name what the dataset has.
folder=$work/b
expect 0 prep 2 "$work/out" --append
says "2 volumes of 16^3"
same "$work/all/dataset.h5" "$work/out/dataset.h5"
[ "$(wc -l <"$work/out/prep-summary.csv")" -eq 7 ] || fail "prep-summary.csv lacks rows"
expect 0 prep 1 "$work/out" --append
says "nothing to do"
# The features of all, by their formulas, whether they came first or were added.
"$PYTHON" - "$work/out/dataset.h5" "$ECDNET" <<'PY' || fail "/feature/magpie"
import csv, subprocess, sys
import h5py
d = h5py.File(sys.argv[1])
formulas = [f.decode() for f in d["formula"]]
printed = subprocess.run([sys.argv[2], "magpie", *formulas], stdout=subprocess.PIPE, check=True, text=True).stdout
header, *rows = csv.reader(printed.splitlines())
assert [n.decode() for n in d["feature/magpie_names"]] == header[1:]
assert d["feature/magpie"].shape == (6, 145) and d["feature/magpie"].dtype == "f8"
assert [[float(x) for x in row[1:]] for row in rows] == d["feature/magpie"][...].tolist()
PY
# Other settings, a changed file: refused.
expect 3 prep 1 "$work/out" --append -o prep.grid=20
says "grid: 16 in it, 20 in this call"
sed -i '1s/.*/another title/' "$work/b/m003.CHGCAR"
expect 3 prep 2 "$work/out" --append
says "m003.CHGCAR has changed"
same "$work/all/dataset.h5" "$work/out/dataset.h5"
# To nothing: a new dataset.
folder=$work/a
expect 0 prep 1 "$work/fresh" --append

# merge
cp "$work/in/m003.CHGCAR" "$work/b/m003.CHGCAR"
rm "$work/b/m003.CHGCAR"
sed '/m00[0-3]/d' "$work/in/labels.csv" >"$work/b/labels.csv"
folder=$work/b
expect 0 prep 1 "$work/rest"
merge() { $MPIEXEC -n 2 "$ECDNET" merge "$@" >"$work/log" 2>&1; }
expect 0 merge "$work/merged.h5" "$work/fresh/dataset.h5" "$work/rest/dataset.h5"
same "$work/all/dataset.h5" "$work/merged.h5"
"$PYTHON" -c "
import h5py
deck = h5py.File('$work/merged.h5').attrs['deck']
deck = deck.decode() if isinstance(deck, bytes) else deck
assert 'grid: 16 ' in deck and 'code: \"test\"' in deck, deck" || fail "the merged dataset's deck"
expect 2 merge "$work/merged.h5" "$work/fresh/dataset.h5" "$work/rest/dataset.h5"
says "is there already"
expect 3 merge "$work/twice.h5" "$work/fresh/dataset.h5" "$work/all/dataset.h5"
says "4 ids occur more than once: m000 m001 m002 m003"
expect 0 prep 1 "$work/other" -o prep.method=trilinear
expect 3 merge "$work/mixed.h5" "$work/fresh/dataset.h5" "$work/other/dataset.h5"
says "method: fourier in"
[ ! -e "$work/mixed.h5" ] && [ ! -e "$work/twice.h5" ] || fail "a refused merge wrote something"
# Materials can be added to a merged dataset.
mkdir "$work/moved"
mv "$work/merged.h5" "$work/moved/dataset.h5"
folder=$work/in
expect 0 prep 2 "$work/moved"
says "nothing to do"
