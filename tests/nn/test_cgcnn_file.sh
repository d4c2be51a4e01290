#!/bin/sh
# check_cgcnn on the bundled reference.
exec "$top_builddir/tests/nn/check_cgcnn" "$top_srcdir/tests/data/cgcnn.h5"
