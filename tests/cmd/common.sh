# shellcheck shell=sh
# Sourced by the scripts that test one command, $command: a work folder, its runs.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
fail() {
  echo "FAILED: $*"
  cat out log
  failed=$((failed + 1))
}
# run CODE ARGUMENT...: the exit code; standard output in out, standard error in log
run() {
  wanted=$1 code=0
  shift
  "$ECDNET" "$command" "$@" >out 2>log || code=$?
  [ "$code" -eq "$wanted" ] || fail "$command $*: exit code $code, expected $wanted"
}
says() { grep -qF -- "$1" log || fail "no message says '$1'"; }
