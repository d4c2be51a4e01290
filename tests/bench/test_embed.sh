#!/bin/sh
# ecdnet embed: the same map on any number of ranks and threads; inputs, components, quality and mixing as numpy finds
# them; sets by split and by element; what is refused.
. "$top_srcdir/tests/bench/embed_common.sh"
cat >embed.yaml <<END
data: {file: d.h5, transform: none}
embed: {pool: 2, tries: 2, iterations: 300}
END
for run in 1x1 2x1 3x1 4x1 1x2; do
  ranks ${run%x*} embed embed.yaml -o output=$run -o threads=${run#*x}
  expect 0 "a map, $run" "157 of 157 samples of d.h5" "magpie: 132 features" "volume: 216 features" "best of 2 tries: KL" \
    "126 train,   31 test: mixing"
  once "magpie: t-SNE"
  cmp 1x1/embed/embedding.csv $run/embed/embedding.csv || fail "$run: another map"
done
# Validation samples are training samples here.
ranks 2 embed embed.yaml -o output=valid -o data.validation_fraction=0.3 -o embed.input=magpie -o embed.tries=1
expect 0 "validation samples" "126 train,   31 test: mixing" "0.808 at random"
grep validation valid/embed/embedding.csv && fail "validation samples in embedding.csv"
cp -r 1x1 again
ranks 2 embed embed.yaml -o output=again -o seed=2 -o embed.element=F,Cl
expect 0 "another seed, elements" "magpie: F" "volume: Cl"
ranks 1 embed embed.yaml -o output=random -o embed.input=magpie -o embed.start=random -o data.features=magpie145
expect 0 "a random start" "magpie: 145 features"
ranks 3 embed embed.yaml -o output=shorter -o embed.input=volume -o embed.components=5 -o embed.pool=5 -o embed.tries=1 \
  -o data.transform=log1p -o embed.element=all -o embed.element_least=10
expect 0 "few components" "volume: 27 features"

"$PYTHON" - <<'PY' || fail "the files of a map"
import csv, h5py, json, re, numpy as np

def read(run):
    with h5py.File(f"{run}/embed/embed.h5") as f:
        sets = {g: {k: f[g][k][...] for k in f[g]} for g in ("magpie", "volume") if g in f}
        ids = [i.decode() if isinstance(i, bytes) else i for i in f["/id"][...]]
    with open(f"{run}/embed/embedding.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return ids, sets, rows, json.load(open(f"{run}/embed/embed.json", encoding="utf-8"))

def nearest(x, k):
    d = ((x[:, None] - x[None]) ** 2).sum(-1)
    np.fill_diagonal(d, np.inf)
    return np.argsort(d, axis=1, kind="stable")[:, :k], d

def mixing(x, split):
    split = np.array(split)
    near, _ = nearest(x, 12)
    return (split[near[split == "test"]] == "train").mean()

with h5py.File("d.h5") as f:
    volume = f["/volume"][...].astype(float)
    magpie = f["/feature/magpie"][...]
    dataset_ids = [i.decode() if isinstance(i, bytes) else i for i in f["/id"][...]]
ids, maps, rows, about = read("1x1")
assert ids == dataset_ids == [r["id"] for r in rows] and len(rows) == 157
assert list(rows[0]) == ["id", "formula", "split", "magpie_x", "magpie_y", "volume_x", "volume_y"]

# Inputs.
pooled = volume.reshape(157, 6, 2, 6, 2, 6, 2).max(axis=(2, 4, 6)).reshape(157, 216)
assert np.array_equal(maps["volume"]["input"], pooled)
raw = magpie[:, :132]
constant = raw.std(0) <= 1e-12 * abs(raw.mean(0))
assert constant.any() and not constant.all()
scaled = (raw - raw.mean(0)) / np.where(constant, np.inf, raw.std(0))
assert abs(maps["magpie"]["input"] - scaled).max() < 1e-10
assert read("random")[1]["magpie"]["input"].shape == (157, 145)
edges = [slice(0, 5), slice(5, 10), slice(10, 12)]
uneven = np.array([[v[a, b, c].max() for a in edges for b in edges for c in edges] for v in volume])
shorter = read("shorter")
assert abs(shorter[1]["volume"]["input"] - np.log1p(np.maximum(uneven, 0))).max() < 1e-12

# Principal components, on one rank by numpy, on others by the first; signs.
others = [read(r)[1] for r in ("2x1", "3x1", "4x1", "1x2")]
for name, m in maps.items():
    centred = m["input"] - m["input"].mean(0)
    _, s, vt = np.linalg.svd(centred, full_matrices=False)
    k = len(m["variance"])
    assert 50 < k <= 156 and abs(m["mean"] - m["input"].mean(0)).max() < 1e-10
    assert abs(m["variance"] - s[:k] ** 2 / 156).max() < 1e-12 * s[0] ** 2
    gap = np.minimum(-np.diff(s[:21]), np.append(np.inf, -np.diff(s[:20]))) / s[0]
    tested = 0
    for c in range(20):
        if gap[c] < 1e-5:
            continue # a component that is hardly defined
        tested += 1
        ours, theirs = m["component"][c], vt[c]
        assert abs(ours - np.sign(ours @ theirs) * theirs).max() < 1e-10, (name, c)
        assert ours[np.argmax(abs(ours) > (1 - 1e-6) * abs(ours).max())] > 0
        for other in others:
            assert abs(ours - other[name]["component"][c]).max() < 1e-10, (name, c)
    assert tested > 15
    assert abs(m["scores"] - centred @ m["component"][:50].T).max() < 1e-8
    for other in others:
        assert np.array_equal(m["map"], other[name]["map"])
shares = [r for r in csv.DictReader(open("1x1/embed/pca.csv", encoding="utf-8")) if r["input"] == "volume"]
assert [int(r["component"]) for r in shares[:3]] == [1, 2, 3]
assert abs(float(shares[-1]["cumulative"]) - 1) < 1e-8
assert abs(sum(float(r["share"]) for r in shares) - 1) < 1e-7

# Quality and mixing.
for name, m in maps.items():
    a, k = about[name], 12
    near, _ = nearest(m["map"], k)
    _, d = nearest(m["input"], k)
    rank = np.argsort(np.argsort(d, axis=1, kind="stable"), axis=1, kind="stable") + 1
    excess = np.maximum(np.take_along_axis(rank, near, 1) - k, 0).sum()
    assert abs(a["trustworthiness"] - (1 - 2 / (157 * k * (2 * 157 - 3 * k - 1)) * excess)) < 1e-12
    assert a["kl"] == min(a["kl_tries"]) and len(a["kl_tries"]) == 2 and 0 < a["kl"] < 1
    (item,) = a["mixing"]
    split = [r["split"] for r in rows]
    assert item["set"] == "split" and (item["train"], item["test"]) == (126, 31)
    assert abs(item["input"] - mixing(m["input"], split)) < 1e-12
    assert abs(item["map"] - mixing(m["map"], split)) < 1e-12
    assert abs(item["random"] - 126 / 156) < 1e-12
    for axis, value in zip("xy", m["map"].T):
        assert np.allclose([float(r[f"{name}_{axis}"]) for r in rows], value, rtol=1e-8)

# Elements.
_, maps, rows, about = read("again")
assert list(rows[0])[2:4] == ["F", "Cl"]
for symbol in ("F", "Cl"):
    has = ["test" if re.search(symbol + "(?![a-z])", r["formula"]) else "train" for r in rows]
    assert [r[symbol] for r in rows] == has and 2 <= has.count("test") < 60
    item = [i for i in about["volume"]["mixing"] if i["set"] == symbol][0]
    assert abs(item["map"] - mixing(maps["volume"]["map"], has)) < 1e-12
first = read("1x1")[3]["volume"]["kl_tries"] # the first try starts from the components, the second near them
assert about["volume"]["kl_tries"][0] == first[0] and about["volume"]["kl_tries"][1] != first[1]
sets = [(i["set"], i["test"]) for i in shorter[3]["volume"]["mixing"]]
assert len(sets) > 1 and sets == sorted(sets, key=lambda i: -i[1]) and sets[-1][1] >= 10
PY

# Samples without a target, without features, left out by a file; none held out.
"$make_dataset" salts.h5 60 8 unknown=7 nan=12 formulas=salts || fail "no dataset"
salts="-o data.file=salts.h5 -o embed.tries=1 -o embed.iterations=250 -o embed.pool=4 -o embed.perplexity=8"
ranks 2 embed -o output=salts $salts -o embed.input=magpie
expect 0 "a sample without a target" "59 of 60 samples" "47 train,   12 test"
ranks 2 embed -o output=salts $salts -o embed.input=magpie -o embed.unlabelled=true
expect 0 "mapped all the same" "60 of 60 samples" "47 train,   12 test"
grep -q '^s-0007,ZnO,none,' salts/embed/embedding.csv || fail "s-0007 is not mapped"
ranks 2 embed -o output=salts $salts -o embed.input=magpie -o data.test_fraction=0
expect 0 "no test samples" "warning: no sample is held out (data.split): no test samples, no mixing"
grep -q '"map":.*null' salts/embed/embed.json || fail "a mixing of nothing"
ranks 3 embed -o output=salts $salts
expect 3 "a volume with NaN" "volume: salts.h5: the volume of sample 's-0012' holds a value that is not finite"
once "s-0012"
"$make_dataset" pure.h5 40 8 || fail "no dataset"
ranks 2 embed -o output=pure -o data.file=pure.h5 -o embed.perplexity=5 -o embed.neighbors=3
expect 3 "features without a value" "pure.h5: " "s-0001: formula 'He'" "MeltingT"
once "s-0001"
{ echo id,split; for i in 20 21 22 23 24 25 26; do echo "s-00$i,train"; done; echo s-0027,test; } >split.csv
ranks 2 embed -o output=pure -o data.file=pure.h5 -o embed.perplexity=3 -o embed.neighbors=2 -o embed.pool=4 \
  -o data.split=file -o data.split_file=split.csv -o embed.tries=1
expect 0 "what the file leaves out" "8 of 40 samples" "7 train,    1 test"

# Refused.
refused() { # RANKS CODE WHAT TEXT ARGUMENT...
  number=$1 wanted=$2 what=$3 text=$4
  shift 4
  ranks "$number" embed embed.yaml -o output=refused "$@"
  expect "$wanted" "$what" "$text"
  once "$text"
}
refused 2 2 "a perplexity of all" "embed.perplexity: expected less than the 157 samples less 1" -o embed.perplexity=156
refused 1 2 "neighbours" "embed.neighbors: expected less than half of the 157 samples, found 79" -o embed.neighbors=79
refused 1 2 "one component" "embed.components: expected 0, or 2 at least" -o embed.components=1
refused 2 2 "too many components" "volume: embed.components: expected at most 6" -o embed.components=900 -o embed.input=volume
refused 1 2 "a large pool" "embed.pool: expected 1 to 12, the edge of the volumes, found 13" -o embed.pool=13
refused 1 2 "no element" "expected symbols of elements, such as F, Cl, or 'all'; found 'Xx'" -o embed.element=F,Xx
refused 2 3 "an element that is not there" "embed.element: none of the 157 samples contains Xe" -o embed.element=Xe
refused 1 3 "no frequent element" "embed.element_least: no element occurs in 150 samples or more" -o embed.element=all \
  -o embed.element_least=150
refused 1 3 "no dataset" "data.file: nowhere.h5" -o data.file=nowhere.h5
refused 2 2 "a word" "embed: expected a deck (.yaml) and -o options, found 'd.h5'" d.h5
"$PYTHON" - <<'PY' || fail "no dataset without volumes"
import h5py, shutil
shutil.copy("d.h5", "bare.h5")
with h5py.File("bare.h5", "a") as f:
    del f["/volume"]
PY
refused 1 3 "no volumes" "bare.h5" -o data.file=bare.h5
[ "$failed" -eq 0 ]
