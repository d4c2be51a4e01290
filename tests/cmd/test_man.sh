#!/bin/sh
# The manual page keeps step with the program: every command, option and exit code of the help texts is in it, its
# version is the program's, and it formats without a warning.
page=${top_srcdir:?}/doc/ecdnet.1
help=$("${ECDNET:?}" help) || exit 1
code=0
missing() {
  echo "doc/ecdnet.1 does not have $1"
  code=1
}

commands=$(echo "$help" | sed -n 's/^  \([a-z][a-z]*\)  *[a-z].*/\1/p')
[ "$(echo "$commands" | wc -w)" -ge 6 ] || { echo "cannot read the commands from: $help"; exit 1; }
for command in $commands; do
  grep -q "^\.SS $command\( \|\$\)" "$page" || missing "the command $command"
done

codes=$(echo "$help" | sed -n '/^Exit codes/,$p' | grep -oE '(^|[ ,])[0-9]+ ' | tr -cd '0-9\n')
[ "$(echo "$codes" | wc -w)" -eq 5 ] || { echo "expected 5 exit codes in: $help"; exit 1; }
for number in $codes; do
  sed -n '/^\.SH EXIT STATUS/,/^\.SH ENV/p' "$page" | grep -q "^\.B $number\$" || missing "exit code $number"
done

texts=$("$ECDNET" help; for command in $commands; do
  [ "$command" = help ] || "$ECDNET" help "$command"
done)
for option in $(echo "$texts" | grep -oE -- '--[a-z]+' | sort -u) -o --version --help; do
  grep -qF -- "$(echo "$option" | sed 's/-/\\-/g')" "$page" || missing "the option $option"
done

version=$("$ECDNET" --version | sed -n '1s/^ecdnet //p')
grep -q "^\.TH .*\"ecdnet $version\"" "$page" || missing "version $version in its first line"

if command -v man >/dev/null 2>&1; then
  warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
  [ -z "$warnings" ] || { echo "man: $warnings"; code=1; }
else
  echo "no man here: format not checked"
fi
exit $code
