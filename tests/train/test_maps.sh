#!/bin/sh
# maps: the mean of the SE blocks' output, against numpy's from the numbers of model.h5; of a fusion those of its cnn2d.
. "$top_srcdir/tests/train/common.sh"
"$make_dataset" d.h5 20 20 formulas=salts || fail "no dataset"
ranks 1 train fusion.yaml -o output=fusion -o train.epochs=1
expect 0 "training"
ranks 1 maps -o output=cnn2d -o predict.model=fusion/parents/cnn2d/model.h5 d.h5
expect 0 "maps of a cnn2d" "maps of 20 materials in cnn2d/maps/maps.h5"
ranks 3 maps -o output=three -o predict.model=fusion/parents/cnn2d/model.h5 d.h5
expect 0 "maps on 3 ranks"
once "maps of 20 materials"
ranks 2 maps -o output=fusion -o predict.split=test d.h5
expect 0 "maps of a fusion" "maps of 4 materials"
ids=$("$PYTHON" -c 'import h5py; f = h5py.File("cnn2d/maps/maps.h5"); print(*[i.decode() for i in f["/id"][1:3]], sep=",")')
ranks 1 maps -o output=some -o predict.model=fusion/parents/cnn2d/model.h5 -o "maps.materials=$ids" d.h5
expect 0 "maps of some" "maps of 2 materials"
"$PYTHON" - <<'PY' || fail "the maps"
import h5py, numpy as np
text = lambda v: v.decode() if isinstance(v, bytes) else v
m, d = h5py.File("fusion/parents/cnn2d/model.h5"), h5py.File("d.h5")
names, offset = [text(t) for t in m["/tensor/name"][...]], list(m["/tensor/offset"][...]) + [len(m["/parameter"])]
slab = m["/parameter"][...].astype(float)
tensor = {n: slab[offset[i]:offset[i + 1]] for i, n in enumerate(names)}
maps = h5py.File("cnn2d/maps/maps.h5")
assert text(maps.attrs["schema"]) == "ecdnet-maps" and maps["/map"].shape == (20, 3, 20, 20)
assert (maps["/map"][...] == h5py.File("three/maps/maps.h5")["/map"][...]).all()
ids = [text(i) for i in d["/id"][...]]
assert [text(i) for i in maps["/id"][...]] == ids
for k in (0, 7, 19):
    x = (np.log1p(np.maximum(d["/volume"][k].astype(float), 0)) - m.attrs["input_mean"]) / m.attrs["input_deviation"]
    for a, letter in enumerate("xyz"):
        w, b = tensor[f"{letter}.squeeze.weight"].reshape(-1, 20), tensor[f"{letter}.squeeze.bias"]
        u = np.maximum(np.tensordot(w, x, (1, a)) + b[:, None, None], 0)
        e = np.maximum(tensor[f"{letter}.se1.weight"].reshape(3, -1) @ u.mean((1, 2)) + tensor[f"{letter}.se1.bias"], 0)
        s = 1 / (1 + np.exp(-(tensor[f"{letter}.se2.weight"].reshape(-1, 3) @ e + tensor[f"{letter}.se2.bias"])))
        expected, found = (u * s[:, None, None]).mean(0), maps["/map"][k, a]
        off = abs(found - expected).max() / abs(expected).max()
        assert off < 1e-5, (k, letter, off)
fused, some = h5py.File("fusion/maps/maps.h5"), h5py.File("some/maps/maps.h5")
assert len(fused["/id"]) == 4 and len(some["/id"]) == 2
for f in (fused, some):
    for i, name in enumerate(f["/id"][...]):
        assert abs(f["/map"][i] - maps["/map"][ids.index(text(name))]).max() < 1e-6
PY
ranks 1 maps -o output=x -o predict.model=fusion/parents/magpie_cnn/model.h5 d.h5
expect 3 "maps of a magpie_cnn" "expected a cnn2d or a fusion, which have squeeze-and-excitation blocks, found a magpie_cnn"
ranks 2 maps -o output=x -o predict.model=fusion/model.h5 -o maps.materials=nobody d.h5
expect 3 "maps of nobody" "d.h5: maps.materials: no sample nobody"
one=${ids%,*} model=fusion/parents/cnn2d/model.h5
ranks 2 maps -o output=x -o predict.model=$model -o "maps.materials= $one , nobody,$one x, nor" d.h5
expect 3 "maps of one and some that are not there" "d.h5: maps.materials: no sample nobody, $one x, nor"
once "no sample"
ranks 1 maps -o output=x -o predict.model=$model -o predict.split=none -o "maps.materials=$one,nobody" d.h5
expect 3 "maps of one of another part" "maps.materials: no sample nobody; predict.split does not pick $one"
printf 'id\n%s\n' "$one" >one.csv
ranks 1 maps -o output=x -o predict.model=$model -o predict.ids=one.csv -o "maps.materials=$ids" d.h5
expect 3 "maps of one that predict.ids lacks" "predict.split and predict.ids do not both pick ${ids#*,}"
ranks 1 maps -o output=one -o predict.model=$model -o "maps.materials= $one ,,$one" d.h5
expect 0 "maps of one" "maps of 1 materials"
cp "$top_srcdir/input/fcc-open/mp-1000.CHGCAR.gz" . || fail "no charge file"
ranks 2 maps -o output=x -o predict.model=$model -o maps.materials=mp-1000,nobody mp-1000.CHGCAR.gz
expect 3 "maps of a charge file and nobody" "maps.materials: no sample nobody"
ranks 2 maps -o output=file -o predict.model=$model -o maps.materials=mp-1000 mp-1000.CHGCAR.gz
expect 0 "maps of a charge file" "maps of 1 materials"
[ ! -e x/maps/maps.h5 ] || fail "maps in spite of an error"
[ "$failed" -eq 0 ]
