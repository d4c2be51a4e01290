#!/bin/sh
# Networks, neighbours, atom vectors, resampling and Magpie features against the references in $ECDNET_SHARED/oracle
# (default: ../shared beside the source), of which tests/data holds copies: shows that they have not drifted.
shared=${ECDNET_SHARED:-${top_srcdir:?}/../shared}
if [ ! -d "$shared/oracle" ]; then
  echo "skipped: no references in $shared/oracle (ECDNET_SHARED names the folder that holds oracle/)"
  exit 77
fi
code=0
set -- "$shared"/oracle/nets/cnn2d.h5 "$shared"/oracle/nets/cnn3d.h5 "$shared"/oracle/nets/cnn3d_same.h5 \
  "$shared"/oracle/nets/magpie_cnn.h5 "$shared"/oracle/nets/fusion.h5
for file; do
  [ -r "$file" ] || { echo "missing: $file"; code=1; }
done
[ $code -ne 0 ] || "${top_builddir:?}/tests/nn/check_nets" "$@" || code=1
for name in cgcnn.h5 cgcnn_atoms.csv; do
  [ -r "$shared/oracle/$name" ] || { echo "missing: $shared/oracle/$name"; code=1; }
done
"${top_builddir:?}/tests/nn/check_cgcnn" "$shared/oracle/cgcnn.h5" || code=1
"${top_builddir:?}/tests/chem/test_neighbors" "$shared/oracle/cgcnn.h5" || code=1
"${top_builddir:?}/tests/chem/test_atoms" "$shared/oracle/cgcnn_atoms.csv" || code=1
if [ -r "$shared/oracle/resample.h5" ]; then
  "${top_builddir:?}/tests/prep/mpitest_resample" "$shared/oracle/resample.h5" || code=1
else
  echo "missing: $shared/oracle/resample.h5"
  code=1
fi
if [ -r "$shared/oracle/magpie.csv" ]; then
  "$top_builddir/tests/chem/test_magpie" "$shared/oracle/magpie.csv" || code=1
else
  echo "missing: $shared/oracle/magpie.csv"
  code=1
fi
exit $code
