#!/bin/sh
# Damaged and foreign dataset files are refused with the reason; one message, the same on all ranks.
set -u
. "$top_srcdir/tests/prep/lib.sh"
files "$work/in" 5 || exit 1
expect 0 prep 1 "$work/out"
good=$work/out/dataset.h5
run() { $MPIEXEC -n 2 "$ECDNET" "$@" >"$work/log" 2>&1; }
info() { "$ECDNET" info "$@" >"$work/log" 2>&1; }
# The offset of a dataset's first byte, or of a volume's chunk.
offset() {
  "$PYTHON" - "$good" "$@" <<'PY'
import sys, h5py
d = h5py.File(sys.argv[1])[sys.argv[2]].id
print(d.get_chunk_info(int(sys.argv[3])).byte_offset)
PY
}
# damage AT: a copy with one byte changed
damage() {
  cp "$good" "$work/bad.h5"
  "$PYTHON" - "$work/bad.h5" "$1" <<'PY'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2]))
    byte = f.read(1)[0]
    f.seek(int(sys.argv[2]))
    f.write(bytes([byte ^ 1]))
PY
}
once() { [ "$(grep -c 'ecdnet: error' "$work/log")" -eq 1 ] || fail "not exactly one message"; }
volume=$(offset volume 3)
damage $((volume + 1001))
expect 3 run merge "$work/copy.h5" "$work/bad.h5"
once
says "the volume of sample 'm003' (index 3) is corrupt: its checksum does not hold"
[ ! -e "$work/copy.h5" ] || fail "a copy of a corrupt dataset was written"
expect 3 run train -o data.file="$work/bad.h5" -o output="$work/train" -o train.epochs=1 -o model.kind=cnn3d \
  -o model.cnn3d.conv1_kernel=4 -o model.cnn3d.conv2_kernel=2 -o "model.cnn3d.dense=[4]" -o train.batch=2
once
says "m003"
for set in target/bulk id lattice site/Z source/sha256 stats/minimum; do
  at=$(offset $set 0) || fail "$set has no chunk"
  damage "$at"
  expect 3 info "$work/bad.h5"
  once
  says "/$set"
done
# Metadata: the byte in question is the version of the superblock, then the root group's header.
damage 8
expect 3 info "$work/bad.h5"
says "damaged or truncated"
head -c 3000 "$good" >"$work/bad.h5"
expect 3 run info "$work/bad.h5"
once
says "damaged or truncated"
echo "no HDF5 at all" >"$work/bad.h5"
expect 3 info "$work/bad.h5"
says "not an HDF5 file"
: >"$work/bad.h5"
expect 3 info "$work/bad.h5"
says "not an HDF5 file"
expect 3 info "$work"
says "a directory"
expect 3 info "$work/none.h5"
says "cannot open"
"$PYTHON" -c "
import h5py
with h5py.File('$work/foreign.h5', 'w') as f: f['volume'] = [1.0]
def other(name, change):
    import shutil
    shutil.copy('$good', '$work/' + name)
    with h5py.File('$work/' + name, 'r+') as f: change(f)
def newer(f): f.attrs.modify('schema_version', 99)
def shape(f):
    v = f['volume'][:4]
    del f['volume']
    f.create_dataset('volume', data=v, chunks=(1, 16, 16, 16), fletcher32=True)
def missing(f): del f['target/bulk']
def method(f): f.attrs.modify('grid', 17)
def featureless(f): del f['feature']
def columns(f): f['feature/magpie_names'][3] = b'mean Charge'
other('featureless.h5', featureless), other('columns.h5', columns)
other('newer.h5', newer), other('shape.h5', shape), other('missing.h5', missing), other('grid.h5', method)" || fail python
expect 3 run info "$work/foreign.h5"
once
says "one that ecdnet did not write"
expect 3 info "$work/newer.h5"
says "schema version 99"
expect 3 info "$work/shape.h5"
says "/volume: expected the shape"
expect 3 info "$work/grid.h5"
says "/volume: expected the shape"
expect 3 info "$work/missing.h5"
says "/target/bulk"
expect 3 info "$work/columns.h5"
says "/feature/magpie_names: not the columns that this ecdnet knows"
# A file from before features were stored: they are computed.
expect 0 info "$work/featureless.h5"
says "features  145 Magpie columns"
expect 0 run merge "$work/again.h5" "$work/featureless.h5"
same "$good" "$work/again.h5"
# A foreign file where prep would write: refused, kept.
mkdir "$work/taken"
cp "$work/foreign.h5" "$work/taken/dataset.h5"
expect 3 prep 2 "$work/taken"
says "there already"
cmp -s "$work/foreign.h5" "$work/taken/dataset.h5" || fail "a foreign file was overwritten"
