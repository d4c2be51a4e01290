# shellcheck shell=sh
# find_python MODULE...: the first Python that has them, in $found: ECDNET_PYTHON, python3, /usr/bin/python3; 1: none. Sourced.
find_python() {
  modules=$(printf '"%s", ' "$@")
  for found in ${ECDNET_PYTHON:+"$ECDNET_PYTHON"} python3 /usr/bin/python3; do
    "$found" -c "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ($modules))))" >/dev/null 2>&1 && return 0
  done
  return 1
}
