#!/bin/sh
# check_cgcnn on the bundled reference, and on files that it must not agree with.
. "${top_srcdir:?}/tests/nn/spoiled.sh"
check=${top_builddir:?}/tests/nn/check_cgcnn
file=$top_srcdir/tests/data/cgcnn.h5
"$check" "$file" || failed=1
for fault in nan inf change; do
  spoiled "$check" "$file" $fault train/grad/embedding.weight 1 "train/grad/embedding.weight: off by"
done
spoiled "$check" "$file" nan eval/pred 1 DIFFERS
spoiled "$check" "$file" inf train/pred 1 DIFFERS
spoiled "$check" "$file" change nbr_fea 1 "nbr_fea: off by 0.001 from Gaussians of step 0.2 A"
spoiled "$check" "$file" nan nbr_fea 3 "bad.h5: no step can be told from nbr_fea"
for name in nbr_fea atom_fea crystal/rocksalt/nbr_dist crystal/rocksalt/nbr_idx y param/embedding.weight \
  param/fc_out.bias train/mse train/grad/fc_out.bias eval/pred; do
  spoiled "$check" "$file" remove $name 3 "bad.h5: no dataset $name"
done
[ "$failed" -eq 0 ]
