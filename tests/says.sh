# shellcheck shell=sh
# What a command's log in $work/log must say. Sourced by the libraries of the shell tests of prep and of the DFT chain.
fail() {
  echo "FAILED: $*"
  cat "$work/log"
  exit 1
}
# expect CODE command...
expect() {
  wanted=$1
  shift
  got=0
  "$@" || got=$?
  [ "$got" -eq "$wanted" ] || fail "exit code $got, expected $wanted: $*"
}
says() { grep -qF -- "$1" "$work/log" || fail "no line says '$1'"; }
silent() { ! grep -qF -- "$1" "$work/log" || fail "a line says '$1'"; }
