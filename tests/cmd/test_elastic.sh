#!/bin/sh
# ecdnet elastic: the cells to compute, stresses put to them, the files that come of it, labels that prep takes; what
# it says of bad files.
top=$(cd "${top_srcdir:?}" && pwd)
command=elastic
. "$top/tests/cmd/common.sh"
prints() { grep -qF -- "$1" "${2:-out}" || fail "${2:-out} lacks '$1'"; }

# Strains of rock salt, and stresses of c11 300, c12 100, c44 150 GPa put to them, as a driver of a DFT code does.
mkdir mp-1265 && cd mp-1265 || exit 1
printf 'MgO\n1.0\n0 2.1 2.1\n2.1 0 2.1\n2.1 2.1 0\nMg O\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n' >POSCAR
run 0 --strains POSCAR -o elastic.amplitude=0.001
prints '"laue_class": "m-3m"'
prints '"name": "s1-"'
awk '/"name": "s1[+-]"/ { s = /s1\+/ ? 1 : -1
    printf "      \"stress\": [%.4f, %.4f, %.4f, %.4f, 0, 0],\n", s * 0.3, s * 0.1, s * 0.1, s * 0.15 }
  /"schema"/ { print; print "  \"ions\": \"relaxed\","; next } { print }' out >elastic.json
cd ..
run 0 -o output=runs/a mp-1265/elastic.json
prints 'mp-1265  MgO  space group 225, Laue class m-3m (cubic), ions relaxed: ok'
prints 'bulk modulus, GPa'
awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) at[$i] = i; next }
  function near(name, value) { d = $at[name] - value; if (d < -0.5 || d > 0.5) { print name ": " $at[name]; bad = 1 } }
  { near("bulk_gpa", 166.67); near("shear_gpa", 127.5); near("c11_gpa", 300); near("c12_gpa", 100)
    near("c44_gpa", 150); near("c14_gpa", 0) }
  END { exit bad || NR != 2 || $at["id"] != "mp-1265" || $at["quality"] != "ok" }' runs/a/labels.csv ||
  fail "labels.csv: $(cat runs/a/labels.csv)"
prints '"quality": "ok"' runs/a/elastic/mp-1265.json
run 0 --strains mp-1265/POSCAR -o elastic.strains_format=csv -o elastic.both_signs=false
[ "$(cat out)" = 'name,f11,f12,f13,f21,f22,f23,f31,f32,f33
s1+,1.01,0,0,0,1,0.005,0,0.005,1' ] || fail "strains as CSV"

# prep takes such labels.
"$ECDNET" prep -o prep.files="$top/input/fcc-open/mp-1265.CHGCAR.gz" -o prep.labels=runs/a/labels.csv -o prep.grid=8 -o output=runs/p >out 2>log ||
  fail "prep with these labels"
"$ECDNET" info runs/p/dataset.h5 >out 2>log || fail "info"
prints 'bulk      1 known, 166.7'

# A tensor in YAML, an unstable one, one that is under-determined, and files that are bad: the rest is written.
tensor() {
  printf 'ions: clamped\nstructure: {file: mp-1265/POSCAR}\nstiffness_format: {unit: kbar, order: vasp}\nstiffness:\n'
  printf ' - [%s, %s, %s, 0, 0, 0]\n' 3000 1000 1000 1000 3000 1000 1000 1000 3000
  printf ' - [0, 0, 0, %s, 0, 0]\n - [0, 0, 0, 0, %s, 0]\n - [0, 0, 0, 0, 0, %s]\n' "$1" "$1" "$1"
}
tensor 1500 >good.yaml
tensor -1500 >weak.yaml
printf 'ions: relaxed\nstructure: {file: mp-1265/POSCAR}\nstrains: [{voigt: [0.01, 0, 0, 0, 0, 0], %s}]\n' \
  'stress: [3, 1, 1, 0, 0, 0]' >few.yaml
tensor 1500 | sed 's/kbar/bar/' >unit.yaml
tensor 1500 | sed 's/1000/nan/' >nan.yaml
tensor 1500 | sed '1i id: good' >twice.yaml
run 3 -o output=runs/b good.yaml weak.yaml few.yaml unit.yaml nan.yaml twice.yaml none.yaml
says 'elastic: 5 of 7 files gave no stiffness:'
says 'few.yaml: the strains do not determine c44 of Laue class m-3m (1 strain, rank 2 of 3)'
says "unit.yaml:3:26: unit: expected GPa, kbar,"
says "found 'bar'"
says "nan.yaml:5:11: stiffness: expected a finite number, found 'nan'"
says "twice.yaml: id 'good' is that of an earlier file, too"
says 'none.yaml'
[ "$(grep -c 'ecdnet: error' log)" -eq 1 ] || fail "one error message"
prints 'NOT stable: the smallest eigenvalue of the stiffness is -300.00 GPa; c44 = -150, expected more than 0'
[ "$(cut -d, -f1-5 runs/b/labels.csv | tr '\n' ' ')" = "id,formula,bulk_gpa,shear_gpa,quality \
good,MgO,166.666667,127.5,ok weak,MgO,,,unstable few,MgO,,,under_determined " ] ||
  fail "labels: $(cat runs/b/labels.csv)"
ls runs/b/elastic >out
[ "$(tr '\n' ' ' <out)" = 'good.json weak.json ' ] || fail "files of each material"
[ -n "$(find runs -name '*.tmp*')" ] && fail "something was left behind"

# Every key of the JSON file is JSON, in the eyes of another reader.
if [ "${PYTHON:-no}" != no ]; then
  "$PYTHON" -c 'import json, sys
for name in sys.argv[1:]: json.load(open(name), parse_constant=lambda word: sys.exit(word))' \
    runs/b/elastic/good.json runs/b/elastic/weak.json mp-1265/elastic.json >out 2>log || fail "JSON"
fi

# A large stress of the undeformed cell is worth a warning.
sed 's/"strains": \[/"reference": {"stress": [20, 20, 20, 0, 0, 0]}, &/' mp-1265/elastic.json >stressed.json
run 0 -o output=runs/d stressed.json
says 'warning: stressed.json: the undeformed cell has a stress of 20 GPa'

# Stresses in kbar taken for GPa: the energies tell, and nothing else does.
awk '/"name": "s1[+-]"/ { print; s = /s1\+/ ? 1 : -1 # (3e-3 0.1 0.1 0.1 0.15) of e_xx 0.001, g_yz 0.001, in 18.522 A^3
    printf "      \"stress\": [%.4f, %.4f, %.4f, %.4f, 0, 0],\n", s * 3, s * 1, s * 1, s * 1.5
    print "      \"energy\": 0.000026009,"; next }
  /"strains"/ { print "  \"reference\": {\"stress\": [0, 0, 0, 0, 0, 0], \"energy\": 0}," }
  /"stress":/ { next } { print }' mp-1265/elastic.json >kbar.json
run 0 -o output=runs/e kbar.json
says 'warning: kbar.json: the energies differ by 90 % from those of the stiffness'
prints 'ions relaxed: ok'
sed '/"ions"/a "stress_format": {"unit": "kbar"},' kbar.json >right.json
run 0 -o output=runs/e right.json
grep -q warning log && fail "a warning about right energies"

# A later call adds to labels.csv; a material again replaces its row, and one that is bad now loses what it had.
ids() { cut -d, -f1 "runs/f/$1" | tr '\n' ' '; }
tensor 1500 | sed '1i id: "b, c"' >comma.yaml
run 0 -o output=runs/f good.yaml comma.yaml
sed -n 3p runs/f/labels.csv >row
tensor 1600 | sed '1i id: good' >again.yaml
run 0 -o output=runs/f mp-1265/elastic.json
says 'labels.csv: 2 rows of earlier calls for other materials stay'
[ "$(ids labels.csv)" = 'id good "b mp-1265 ' ] || fail "rows of two calls: $(cat runs/f/labels.csv)"
run 0 -o output=runs/f again.yaml
[ "$(ids labels.csv)" = 'id "b mp-1265 good ' ] || fail "a row replaced: $(cat runs/f/labels.csv)"
grep -qx '"b, c",MgO,166.666667,127.5,ok.*' runs/f/labels.csv && grep -qxF "$(cat row)" runs/f/labels.csv ||
  fail "a row of an earlier call has changed"
grep -q '^good,MgO,166.666667,132.516' runs/f/labels.csv || fail "the old row of good: $(cat runs/f/labels.csv)"
sed 's/kbar/bar/' again.yaml >worse.yaml
run 3 -o output=runs/f worse.yaml
[ "$(ids labels.csv)" = 'id "b mp-1265 ' ] || fail "the row of a bad file: $(cat runs/f/labels.csv)"
[ "$(ls runs/f/elastic)" = "b, c.json
mp-1265.json" ] || fail "the JSON of a bad file stays"
printf 'id,bulk_gpa\ngood,100\n' >runs/f/labels.csv
run 3 -o output=runs/f good.yaml
says 'runs/f/labels.csv: expected the table of an earlier ecdnet elastic, to add to it, found another one'
[ "$(cat runs/f/labels.csv)" = 'id,bulk_gpa
good,100' ] || fail "another table was changed"

run 2
says 'elastic: expected either input files or --strains STRUCTURE, found neither'
run 2 --strains mp-1265/POSCAR good.yaml
says 'found both'
run 2 --strains
says '--strains: expected a structure after it'
run 3 --strains none
says 'none'
run 2 -o elastic.amplitude=1 --strains mp-1265/POSCAR
says 'elastic.amplitude'
"$ECDNET" info --strains x >out 2>log && fail "--strains with another command"
says "--strains belongs to 'elastic'"
touch file
run 1 -o output=file good.yaml

# Printed and written once, whatever the number of ranks; all ranks agree on the exit code.
if [ "${MPIEXEC:-no}" != no ]; then
  export OMPI_MCA_rmaps_base_oversubscribe=1
  $MPIEXEC -n 3 "$ECDNET" elastic -o output=runs/c good.yaml >out 2>log || fail "three ranks"
  [ "$(grep -c '^good  MgO' out)" -eq 1 ] && [ "$(wc -l <runs/c/labels.csv)" -eq 2 ] || fail "not once"
  code=0
  $MPIEXEC -n 2 "$ECDNET" elastic -o output=runs/c few.yaml >out 2>log || code=$?
  [ "$code" -eq 3 ] && [ "$(grep -c 'do not determine' log)" -eq 1 ] || fail "a bad file on two ranks: $code"
fi
[ "$failed" -eq 0 ]
