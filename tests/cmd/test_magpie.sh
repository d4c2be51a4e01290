#!/bin/sh
# ecdnet magpie: the table that it prints, what it says of bad formulas.
data=${top_srcdir:?}/tests/data/magpie.csv
case $data in /*) ;; *) data=$PWD/$data ;; esac
command=magpie
. "${top_srcdir:?}/tests/cmd/common.sh"

# The reference's rows by name: the same header, the same numbers.
{ printf '# formulas\r\n\n' && sed 1d "$data" | cut -d, -f1; } >list.txt
run 0 --file list.txt
awk -F, 'NR == FNR { line[FNR] = $0; next }
  FNR == 1 { if ($0 != line[1]) { print "the header differs"; exit bad = 1 }; next }
  { split(line[FNR], want, ",")
    for (i = 1; i <= 146; ++i) {
      if (i == 1 || want[i] == "nan") good = $i == (i == 1 ? want[i] : "")
      else { d = $i - want[i]; w = want[i] < 0 ? -want[i] : want[i] + 0; d = d < 0 ? -d : d
        good = $i != "" && (d <= 1e-12 || d <= 1e-10 * w) }
      if (!good) { print "row " FNR ", cell " i ": " $i ", expected " want[i]; exit bad = 1 } } }
  END { exit bad || FNR != NR - FNR }' "$data" out >differences || { cat differences; fail "the reference"; }
says "warning: formula 'He': the element table lacks MeltingT, Electronegativity of He"
[ "$(grep -c warning log)" -eq 2 ] || fail "expected warnings of He and Ar alone"

run 0 NaN 'CuSO4*5H2O'
[ "$(wc -l <out)" -eq 3 ] && sed -n 2p out | grep -q '^NaN,7,11,' || fail "two formulas"
run 3 MgO 'Na+' RfO2
says "magpie: 2 of 3 formulas are bad:"
says "formula 'Na+': position 3: '+': a charge mark"
says "formula 'RfO2': the element table lacks MendeleevNumber, AtomicWeight,"
[ -s out ] && fail "something was printed"
printf '\357\273\277MgO\n\nXx2\n' >bad.txt
run 3 --file bad.txt
says "1 of 2 formulas are bad"
says "bad.txt:3: formula 'Xx2': position 1: 'Xx': no element has this symbol; did you mean 'Xe'?"
printf '# none\n' >empty.txt
run 3 --file empty.txt
says "empty.txt: no formula in it"
run 3 --file nowhere.txt
says "nowhere.txt: cannot open"
run 2
says "expected formulas, or --file LIST.txt"
run 2 --file
says "--file: expected a path after it"
"$ECDNET" info --file x >out 2>log && fail "--file with another command"
says "--file belongs to 'magpie'"

# Printed once, whatever the number of ranks.
if [ "${MPIEXEC:-no}" != no ]; then
  export OMPI_MCA_rmaps_base_oversubscribe=1
  $MPIEXEC -n 3 "$ECDNET" magpie NaCl >out 2>log || fail "three ranks"
  [ "$(grep -c '^NaCl,' out)" -eq 1 ] || fail "not printed once"
fi
[ "$failed" -eq 0 ]
