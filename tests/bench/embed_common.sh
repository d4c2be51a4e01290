# shellcheck shell=sh
# Sourced by the tests of ecdnet embed: the helpers of tests/train/common.sh, and d.h5 of the bundled materials, small.
. "$top_srcdir/tests/train/common.sh"
input=$(cd "$top_srcdir" && pwd)/input
ranks 1 prep -o prep.files="$input/fcc-open/{id}.CHGCAR.gz" -o prep.labels="$input/fcc-open/labels.csv" -o prep.code=gpaw \
  -o prep.grid=12 -o prep.cell=as_given -o prep.method=trilinear -o output=. -o data.file=d.h5
expect 0 "a dataset of the bundled materials" "157 samples"
