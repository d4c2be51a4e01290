#!/bin/sh
# check_nets on the bundled PyTorch references.
exec "$top_builddir/tests/nn/check_nets" "$top_srcdir"/tests/data/nets/*.h5
