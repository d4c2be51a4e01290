#!/bin/sh
# Fivefold cross-validation of one deck: five held-out trainings, then R2, RMSE and MAE of the pooled
# held-out predictions.
#   usage: tests/bench/fivefold.sh ECDNET DECK DATASET OUTDIR RANKS [-o key=value]...
# Finished folds are kept, so the script can be stopped and called again.
set -e
[ $# -ge 5 ] || { sed -n '2,5p' "$0"; exit 2; }
ecdnet=$1 deck=$2 dataset=$3 out=$4 ranks=$5
shift 5
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
for fold in 0 1 2 3 4; do
  folder=$out/fold$fold
  [ -s "$folder/metrics.json" ] && continue
  mkdir -p "$folder"
  mpirun --oversubscribe -n "$ranks" "$ecdnet" train "$deck" -o data.file="$dataset" \
    -o data.split=fold -o data.folds=5 -o data.fold=$fold -o output="$folder" "$@" \
    >"$folder/log" 2>&1 || { tail -5 "$folder/log"; exit 1; }
done
"${PYTHON:-/usr/bin/python3}" - "$out" <<'PY'
import csv, math, sys
rows = [r for k in range(5) for r in csv.DictReader(open(f'{sys.argv[1]}/fold{k}/predictions.csv'))
        if r['split'] == 'test']
t = [float(r['target']) for r in rows]
p = [float(r['predicted']) for r in rows]
n, mean = len(t), sum(t) / len(t)
ss = sum((a - b) ** 2 for a, b in zip(t, p))
print(f'{n} held-out samples: R2 {1 - ss / sum((a - mean) ** 2 for a in t):.4f}, '
      f'RMSE {math.sqrt(ss / n):.2f} GPa, MAE {sum(abs(a - b) for a, b in zip(t, p)) / n:.2f} GPa')
PY
