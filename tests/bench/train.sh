#!/bin/sh
# Training speed beside PyTorch: the same networks, batch, optimiser (Adam) and one thread each. Runs alternate, so that
# both see the same machine; medians over the rounds and the ratio are printed.
#   usage: [ECDNET=build/ecdnet] [PYTHON=/usr/bin/python3] tests/bench/train.sh [ROUNDS [BATCH [STEPS]]]
set -eu
rounds=${1:-3} batch=${2:-32} steps=${3:-7}
here=$(dirname "$0")
: "${ECDNET:=ecdnet}" "${PYTHON:=/usr/bin/python3}"
export OMP_NUM_THREADS=1
"$PYTHON" -c 'import torch' 2> /dev/null || {
  echo "train.sh: $PYTHON has no torch (Debian: apt-get install python3-torch)" >&2
  exit 77
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

ours() { # MODEL
  case $1 in
    cnn2d) set -- cnn2d ;;
    *) set -- cnn3d -o "model.cnn3d.pool=${1#cnn3d_}" ;;
  esac
  "$ECDNET" time "$@" -o "train.batch=$batch" -o "time.steps=$steps" -o time.warmup=2 \
    -o train.optimizer=adam |
    "$PYTHON" -c 'import json, sys; print(1e-3 * json.load(sys.stdin)["train"]["step_ms"])'
}

for model in cnn2d cnn3d_same cnn3d_valid; do
  round=0
  while [ $round -lt "$rounds" ]; do
    ours $model >> "$folder/$model.ours"
    "$PYTHON" "$here/peer_torch.py" $model "$batch" "$steps" >> "$folder/$model.torch"
    round=$((round + 1))
  done
done

"$PYTHON" - "$folder" "$batch" "$rounds" <<'EOF'
import platform
import statistics
import sys

import torch

folder, batch, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
cpu = [l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")]
print(f"training samples/s, one thread, batch {batch}, median of {rounds} alternating rounds;")
print(f"PyTorch {torch.__version__}, {cpu[0] if cpu else platform.machine()}")
print(f"{'network':12} {'ecdnet':>8} {'PyTorch':>8} {'ratio':>6}")
for model in ("cnn2d", "cnn3d_same", "cnn3d_valid"):
    rate = {}
    for who in ("ours", "torch"):
        seconds = [float(line) for line in open(f"{folder}/{model}.{who}")]
        rate[who] = batch / statistics.median(seconds)
    print(f"{model:12} {rate['ours']:8.1f} {rate['torch']:8.1f} {rate['ours'] / rate['torch']:6.2f}")
EOF
