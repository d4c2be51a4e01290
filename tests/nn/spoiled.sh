# shellcheck shell=sh disable=SC2034 # what it sets is read by the scripts that source it
# For the tests of the checkers of references: copies with a fault, and what the checker says of them.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
# spoiled CHECKER REFERENCE FAULT NAME CODE TEXT: exit code and a text of the output, which is short.
spoiled() {
  "${PYTHON:-/usr/bin/python3}" "${top_srcdir:?}/tests/nn/spoil.py" "$2" "$folder/bad.h5" "$3" "$4" || exit 99
  code=0
  "$1" "$folder/bad.h5" >"$folder/said" 2>&1 || code=$?
  if [ $code -ne "$5" ] || ! grep -qF -e "$6" "$folder/said" || grep -q HDF5-DIAG "$folder/said" ||
    grep -q agrees "$folder/said"; then
    echo "$3 $4: exit code $code, expected $5 and '$6':"
    head -n 20 "$folder/said"
    failed=1
  fi
}
