#!/bin/sh
# Every deck of input/ is accepted; a bad one is refused with exit code 2 and its place, printed once.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
count=0
for deck in "$top_srcdir"/input/*.yaml; do
  "$ECDNET" deck --check "$deck" >"$folder/out" 2>&1 || { cat "$folder/out"; echo "refused: $deck"; exit 1; }
  grep -q ': fine$' "$folder/out" || { cat "$folder/out"; exit 1; }
  count=$((count + 1))
done
[ "$count" -ge 5 ] || { echo "only $count decks in $top_srcdir/input"; exit 1; }
printf 'seed: 1\nprep:\n  grud: 60\n' >"$folder/bad.yaml"
code=0
"$ECDNET" deck --check "$folder/bad.yaml" >"$folder/out" 2>&1 || code=$?
[ "$code" -eq 2 ] || { cat "$folder/out"; echo "exit code $code, expected 2"; exit 1; }
[ "$(grep -c "bad.yaml:3:3: unknown key 'prep.grud'; did you mean 'prep.grid'?" "$folder/out")" -eq 1 ] ||
  { cat "$folder/out"; echo "the message lacks the place or the hint"; exit 1; }
"$ECDNET" deck >"$folder/all.yaml"
"$ECDNET" deck --check "$folder/all.yaml" >"$folder/out" 2>&1 || { cat "$folder/out"; exit 1; }
echo "$count decks are fine"
