#!/bin/sh
# check_nets on the bundled PyTorch references, and on files that it must not agree with.
. "${top_srcdir:?}/tests/nn/spoiled.sh"
check=${top_builddir:?}/tests/nn/check_nets
"$check" "$top_srcdir"/tests/data/nets/*.h5 || failed=1
file=$top_srcdir/tests/data/nets/magpie_cnn.h5
for fault in nan inf change; do
  spoiled "$check" "$file" $fault grad/conv1.weight 1 "grad/conv1.weight: off by"
done
spoiled "$check" "$file" nan pred 1 DIFFERS
spoiled "$check" "$file" inf loss 1 DIFFERS
for name in x y pred latent param/conv3.bias param/fc.0.weight grad/conv2.weight adam/loss \
  adam/param/conv1.bias; do
  spoiled "$check" "$file" remove $name 3 "bad.h5: no dataset $name"
done
[ "$failed" -eq 0 ]
