#!/bin/sh
# ecdnet time: both networks, both optimisers, 1 and 2 ranks; the JSON adds up; wrong use exits with 2.
set -eu
if [ "$PYTHON" = no ] || [ "$MPIEXEC" = no ]; then
  echo "skipped: needs Python and mpirun, configure found Python $PYTHON, mpirun $MPIEXEC"
  exit 77
fi
export OMPI_MCA_rmaps_base_oversubscribe=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
small="-o time.steps=3 -o time.warmup=1 -o train.batch=5 -o prep.grid=12
  -o model.cnn2d.conv1_kernel=2 -o model.cnn2d.conv2_kernel=2 -o model.cnn2d.dense=[40,8]
  -o model.cnn3d.conv1_kernel=2 -o model.cnn3d.conv2_kernel=2 -o model.cnn3d.dense=[40,8]"

check_json() { # FILE MODEL OPTIMIZER RANKS
  "$PYTHON" - "$@" <<'EOF'
import json, sys
file, model, optimizer, ranks = sys.argv[1:]
t = json.load(open(file))
found = (t["model"], t["optimizer"], t["ranks"], t["batch"], t["steps"])
assert found == (model, optimizer, int(ranks), 5, 3), found
assert set(t["train"]["seconds"]) == {"forward", "backward", "reduce", "update"}
for phase in (t["train"], t["infer"]):
    seconds = 1e-3 * phase["step_ms"]
    assert seconds > 0 and abs(phase["samples_per_s"] * seconds / 5 - 1) < 1e-9
    for kind in ("nominal", "executed"):
        gflop = 5 * phase["gflop_%s_per_sample" % kind]
        assert gflop > 0 and abs(phase["gflops_%s" % kind] * seconds / gflop - 1) < 1e-9
    assert phase["gflop_executed_per_sample"] <= phase["gflop_nominal_per_sample"]
EOF
}

case_count=0
for model in cnn2d cnn3d magpie_cnn fusion; do
  for optimizer in adam sgd; do
    # shellcheck disable=SC2086
    "$ECDNET" time $model $small -o train.optimizer=$optimizer > "$folder/json"
    check_json "$folder/json" $model $optimizer 1
    case_count=$((case_count + 1))
  done
  # shellcheck disable=SC2086
  "$MPIEXEC" -n 2 "$ECDNET" time $model $small > "$folder/json"
  check_json "$folder/json" $model adam 2
  case_count=$((case_count + 1))
done

expect_usage() { # TEXT ARGUMENT...
  text=$1
  shift
  status=0
  "$ECDNET" time "$@" > "$folder/out" 2> "$folder/err" || status=$?
  if [ $status -ne 2 ] || ! grep -q -- "$text" "$folder/err"; then
    echo "time $*: exit $status, expected 2 and '$text'; found:" && cat "$folder/err" && exit 1
  fi
  case_count=$((case_count + 1))
}
expect_usage "expected a network" cnn4d
expect_usage "leaves nothing" cnn3d -o prep.grid=4
expect_usage "leaves nothing" cnn2d -o prep.grid=4
echo "$case_count cases agree"
