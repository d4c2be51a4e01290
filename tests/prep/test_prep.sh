#!/bin/sh
# ecdnet prep: what it writes, on 1, 2 and 3 ranks and by groups of any size; on_error; labels; what it refuses.
set -u
. "$top_srcdir/tests/prep/lib.sh"
files "$work/in" 7 || exit 1

# One dataset on any number of ranks, in groups of any size.
expect 0 prep 1 "$work/r1"
says "7 volumes of 16^3"
says "MB a rank"
for ranks in 2 3; do
  expect 0 prep $ranks "$work/r$ranks"
  same "$work/r1/dataset.h5" "$work/r$ranks/dataset.h5"
  expect 0 prep $ranks "$work/g$ranks" -o prep.ranks_per_volume=$ranks
  says "groups of up to $ranks ranks"
  same "$work/r1/dataset.h5" "$work/g$ranks/dataset.h5"
done
[ ! -e "$work/r1/dataset.parts" ] || fail "parts are left"
for kind in trilinear:as_given tricubic:conventional; do
  method=${kind%:*} cell=${kind#*:}
  expect 0 prep 1 "$work/$method" -o prep.method=$method -o prep.cell=$cell
  expect 0 prep 3 "$work/${method}3" -o prep.method=$method -o prep.cell=$cell -o prep.ranks_per_volume=2
  same "$work/$method/dataset.h5" "$work/${method}3/dataset.h5"
done
"$PYTHON" - "$work" <<'PY' || fail "contents"
import csv, hashlib, math, sys, xml.etree.ElementTree as xml
import h5py, numpy as np
work = sys.argv[1]
f = h5py.File(work + "/r1/dataset.h5", "r")
assert f["volume"].shape == (7, 16, 16, 16) and f["volume"].chunks == (1, 16, 16, 16) and f["volume"].fletcher32
assert [i.decode() for i in f["id"]] == [f"m{m:03d}" for m in range(7)]
assert [i.decode() for i in f["formula"]] == ["NaN", "MgO", "TiC", "KF", "AsGa", "CaO", "MgO"]
assert np.array_equal(f["target/bulk"][:], 100.0 + np.arange(7))
assert math.isnan(f["target/shear"][1]) and f["target/shear"][2] == 42 and f["target/bulk"].attrs["unit"] == b"GPa"
a = {k: (v.decode() if isinstance(v, bytes) else v) for k, v in f.attrs.items()}
assert (a["grid"], a["field"], a["cell"], a["method"], a["code"]) == (16, "density", "conventional", "fourier", "test")
assert "prep:" in a["deck"] and a["program"].startswith("ecdnet") and a["schema_version"] == 1
for m in range(7):
    source = open(f"{work}/in/m{m:03d}.CHGCAR", "rb").read()
    assert f["source/sha256"][m].decode() == hashlib.sha256(source).hexdigest()
    edge = 2 * (2 + 0.01 * m)
    assert np.allclose(f["cell"][m], edge * np.eye(3)) and abs(f["lattice"][m][0, 1] - edge / 2) < 1e-12
    v = f["volume"][m].astype("f8")
    assert abs(v.mean() - 1) < 1e-5, v.mean()
    before, after = f["stats/integral_before"][m], f["stats/integral_after"][m]
    assert abs(after / before - 1) < 1e-6 and abs(after - v.mean() * edge**3 / 4) < 1e-6
    assert f["stats/minimum"][m] == v.min() and f["stats/negative"][m] == (v < 0).sum()
assert f["site/first"][:].tolist() == list(range(0, 15, 2)) and f["site/Z"][:4].tolist() == [11, 7, 12, 8]
# trilinear as_given against an independent trilinear interpolation
t = h5py.File(work + "/trilinear/dataset.h5", "r")
text = open(work + "/in/m002.CHGCAR").read().split("\n")
n = [int(x) for x in text[11].split()]
rho = np.array(" ".join(text[12:]).split(), "f8").reshape(n[::-1]).transpose(2, 1, 0) / (2 * 2.02**3)
want = rho
for axis in range(3):
    at = np.arange(16) / 16 * n[axis]
    low = np.floor(at).astype(int)
    shape = [1, 1, 1]
    shape[axis] = 16
    w = (at - low).reshape(shape)
    want = np.take(want, low, axis) * (1 - w) + np.take(want, (low + 1) % n[axis], axis) * w
assert abs(t["volume"][2] - want).max() < 1e-6
rows = list(csv.DictReader(open(work + "/r1/prep-summary.csv")))
assert len(rows) == 7 and rows[0]["formula"] == "NaN" and rows[2]["source_grid"] == "9x11x13"
assert rows[0]["space_group"] == "225" and rows[0]["ranks"] == "1" and abs(float(rows[0]["integral_change_percent"])) < 1e-4
rows = list(csv.DictReader(open(work + "/g3/prep-summary.csv")))
assert rows[0]["ranks"] == "3"
tree = xml.parse(work + "/r1/dataset.xdmf")
grids = [g for g in tree.iter("Grid") if g.get("GridType") is None]
assert len(grids) == 7 and grids[0].get("Name") == "m000 NaN"
items = [d.text for d in grids[6].iter("DataItem")]
assert items[-1] == "dataset.h5:/volume" and items[-2].startswith("6 0 0 0"), items
assert "grid: 16" in open(work + "/r1/deck.yaml").read()
PY

# A complete dataset is left alone; one made otherwise is not overwritten.
before=$(cksum <"$work/r1/dataset.h5")
expect 0 prep 2 "$work/r1"
says "nothing to do"
expect 3 prep 2 "$work/r1" -o prep.method=tricubic
says "method: fourier in it, tricubic in this call"
says "remove it"
expect 3 prep 1 "$work/r1" -o prep.symprec=0.02
says "prep.symprec"
sed 's/m003,KF,103/m003,KF,104/' "$work/in/labels.csv" >"$work/other.csv"
expect 3 prep 2 "$work/r1" -o prep.labels="$work/other.csv"
says "m003: its label has changed"
cp "$work/in/m004.CHGCAR" "$work/m004"
sed -i 's/^Ga As/As Ga/' "$work/in/m004.CHGCAR"
expect 3 prep 2 "$work/r1"
says "m004.CHGCAR has changed"
cp "$work/m004" "$work/in/m004.CHGCAR"
[ "$before" = "$(cksum <"$work/r1/dataset.h5")" ] || fail "the dataset was touched"

# Two files of a material; a folder; one file.
mkdir "$work/second"
cp "$work/in"/*.CHGCAR "$work/second"
expect 0 prep 2 "$work/plus" -o prep.plus="$work/second/{id}.CHGCAR"
"$PYTHON" -c "
import h5py
a, b = (h5py.File('$work/' + p + '/dataset.h5') for p in ('r1', 'plus'))
assert abs(2 * a['volume'][:] - b['volume'][:]).max() < 1e-5 and a['source/sha256'][0] != b['source/sha256'][0]" || fail plus
rm "$work/second/m005.CHGCAR"
expect 3 prep 2 "$work/plus2" -o prep.plus="$work/second/{id}.CHGCAR"
says "second/m005.CHGCAR: cannot open"
expect 0 prep 1 "$work/folder" -o prep.files="$work/in"
same "$work/r1/dataset.h5" "$work/folder/dataset.h5"
expect 0 prep 1 "$work/one" -o prep.files="$work/in/m002.CHGCAR" -o prep.labels= -o prep.unlabelled=true
"$ECDNET" info "$work/one/dataset.h5" >"$work/log" && says "dataset of 1 samples"

# Labels: all problems together.
{
  sed -n '1,3p' "$work/in/labels.csv"
  printf 'm001,MgO,1,2\nghost,MgO,1,2\nm003,KF,big,2\nm004,Nonsense,1,2\nm005,CaO,1,2\n'
} >"$work/bad.csv"
expect 3 prep 2 "$work/l" -o prep.labels="$work/bad.csv"
says "line 4: m001 is labelled twice, first on line 3"
says "line 5: ghost is labelled, but there is no file"
says "line 6: bulk_gpa: expected a number or nothing, found 'big'"
says "line 7: formula 'Nonsense': position 3: 'n': no element has this symbol"
says "m002: a file"
says "m006: a file"
says ": 6 problems:"
[ ! -e "$work/l" ] || fail "something was written"
expect 2 prep 1 "$work/l" -o prep.labels=
says "prep.labels: expected a CSV file"
expect 3 prep 1 "$work/l" -o prep.files="$work/nowhere/{id}"
says "no charge file matches"

# Bad files: all listed, nothing written; repaired, only they are done; skipped, they are in rejected.csv.
sed -i '20s/.*/1 2 nan 4 5/' "$work/in/m001.CHGCAR"
head -n 40 "$work/in/m003.CHGCAR" >"$work/cut" && cp "$work/cut" "$work/in/m003.CHGCAR"
: >"$work/in/m006.CHGCAR"
sed 's/m002,TiC/m002,ZrC/' "$work/in/labels.csv" >"$work/other.csv"
expect 3 prep 2 "$work/bad" -o prep.labels="$work/other.csv"
says "m001.CHGCAR:20: expected a finite number (value 38 of 2688), found 'nan'"
says "m003.CHGCAR:41: expected 1680 values, found 140 before the end of the file"
says "m006.CHGCAR:1: expected a title"
says "m002.CHGCAR: expected the labelled formula ZrC, found a crystal of TiC"
says "4 of 7 files are bad"
[ ! -e "$work/bad/dataset.h5" ] || fail "a dataset was written"
[ "$(ls "$work/bad")" = dataset.parts ] || fail "more than the finished volumes was written"
expect 0 prep 2 "$work/bad" -o prep.labels="$work/other.csv" -o prep.on_error=skip
says "3 volumes are there from an earlier call"
says "4 materials are left out"
"$PYTHON" - "$work" <<'PY' || fail "rejected.csv"
import csv, sys, h5py
rows = {r["id"]: r for r in csv.DictReader(open(sys.argv[1] + "/bad/rejected.csv"))}
assert sorted(rows) == ["m001", "m002", "m003", "m006"], rows
assert rows["m001"]["line"] == "20" and rows["m001"]["path"].endswith("in/m001.CHGCAR") and rows["m002"]["line"] == ""
assert "finite" in rows["m001"]["reason"]
with h5py.File(sys.argv[1] + "/bad/dataset.h5") as f, h5py.File(sys.argv[1] + "/r1/dataset.h5") as g:
    assert [i.decode() for i in f["id"]] == ["m000", "m004", "m005"]
    assert (f["volume"][1] == g["volume"][4]).all()
PY
expect 0 prep 1 "$work/bad" -o prep.labels="$work/other.csv" -o prep.on_error=skip
says "nothing to do"
sed '/m005/d; $a ghost,KF,1,2' "$work/in/labels.csv" >"$work/other.csv"
expect 0 prep 2 "$work/skip" -o prep.labels="$work/other.csv" -o prep.on_error=skip
grep -q '^m005,.*,no label$' "$work/skip/rejected.csv" || fail "m005 is not in rejected.csv"
grep -q '^ghost,.*no file"$' "$work/skip/rejected.csv" || fail "ghost is not in rejected.csv"

# Nothing but bad files: rejected.csv says so, and no empty folder of parts stays.
mkdir "$work/none"
cp "$work/in/m006.CHGCAR" "$work/none"
printf 'id,formula,bulk_gpa,shear_gpa\nm006,,1,2\n' >"$work/none/labels.csv"
folder=$work/none
expect 3 prep 2 "$work/all" -o prep.on_error=skip
says "all 1 files are bad"
[ "$(ls "$work/all")" = rejected.csv ] || fail "expected rejected.csv alone, found $(ls "$work/all")"
grep -q '^m006,.*expected a title' "$work/all/rejected.csv" || fail "m006 is not in rejected.csv"
expect 3 prep 2 "$work/all2"
silent "the good ones"
[ -z "$(ls "$work/all2")" ] || fail "something was written: $(ls "$work/all2")"
unset folder

# A full disk is seen beforehand.
ECDNET_DISK_LIMIT=100000
export ECDNET_DISK_LIMIT
expect 1 prep 1 "$work/full"
says "of free disk for"
