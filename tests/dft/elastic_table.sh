#!/bin/sh
# The tables of elastic constants in doc/dft_chain.md ("What came out"): the chain with GPAW, by its defaults and by the method of
# input/fcc-open, against the labels there and experiment. Not in the suite: it takes a quarter of an hour of a core and more.
# In a build folder:
#   make check TESTS=tests/dft/elastic_table.sh; cat tests/dft/elastic_table.log
# MATERIALS='MgO Si' and METHODS='defaults fcc-open' choose some of it, RUNS=folder keeps the runs and goes on with them, WORKERS=4
# runs as many calculations at a time.
# Exit codes: 0; 1 a constant by the method of input/fcc-open is 5 %, and 3 GPa, or more from the one there; 77 no GPAW.
set -u
. "$top_srcdir/tests/dft/chain.sh"
"$ECDNET_PYTHON" -c 'import gpaw' 2>/dev/null || { echo "skipped: $ECDNET_PYTHON has no GPAW (install_deps.sh --dft)"; exit 77; }
data=$(cd "$top_srcdir" && pwd)/input/fcc-open
runs=${RUNS:-$work/runs}
for method in ${METHODS:-defaults fcc-open}; do
  mkdir -p "$work/in/$method" "$runs"
  for material in ${MATERIALS:-MgO Mg2Si NaCl Al Si}; do
    id=$(awk -F, -v formula="$material" '$2 == formula { print $1 }' "$data/labels.csv")
    if [ -n "$id" ]; then
      gzip -dc "$data/$id.CHGCAR.gz" | sed '/^ *$/,$d' >"$work/in/$method/$material.vasp"
    elif [ "$method" = defaults ]; then
      structure "$material" "$work/in/$method/$material.vasp"
    fi
  done
  [ -n "$(ls "$work/in/$method")" ] || continue
  set --
  [ "$method" = defaults ] || set -- -o chain.relax=none -o gpaw.cutoff_ev=450 -o gpaw.kpoint_density=3
  expect 0 chain run "$runs/$method" --structures "$work/in/$method" --engine gpaw --workers "${WORKERS:-1}" -o prep.fields=none "$@"
done

"$ECDNET_PYTHON" - "$runs" "$data/labels.csv" <<'END'
import csv, glob, json, sys
NAMES = ('bulk', 'shear', 'c11', 'c12', 'c44')
EXPERIMENT = {'MgO': (160, 131, 297, 96, 156), 'Al': (76, 26, 107, 61, 28), 'Si': (98, 67, 166, 64, 80)}

def line(*cells):
    print('| ' + ' | '.join(cells) + ' |')

def numbers(values, form='.1f'):
    return [format(float(v), form) for v in values]

runs, path = sys.argv[1:]
with open(path, encoding='utf-8') as file:
    labels = {row['formula']: [float(row[f'{name}_gpa']) for name in NAMES] for row in csv.DictReader(file)}
far = []
line('', 'by', 'K, GPa', 'G', 'c11', 'c12', 'c44')
line('---', '---', *['---'] * 5)
for method in ('defaults', 'fcc-open'):
    for name in sorted(glob.glob(f'{runs}/{method}/moduli/elastic/*.json')):
        with open(name, encoding='utf-8') as file:
            found = json.load(file)
        formula, constants = found['id'], found['standard']['constants_gpa']
        values = [found['moduli'][f'{m}_gpa']['hill'] for m in ('bulk', 'shear')]
        values += [constants[c] for c in NAMES[2:]]
        line(formula, 'the chain, ' + method, *numbers(values))
        if formula in labels:
            line('', 'input/fcc-open', *numbers(labels[formula]))
            if method == 'fcc-open':
                far += [f'{formula}: {what} {v:.1f}, {w:.1f} there' for what, v, w in
                        zip(NAMES, values, labels[formula]) if abs(v - w) > max(0.05 * w, 3)]
        if formula in EXPERIMENT and method == 'defaults':
            line('', 'experiment', *numbers(EXPERIMENT[formula], '.0f'))
print('\n'.join(far))
sys.exit(bool(far))
END
