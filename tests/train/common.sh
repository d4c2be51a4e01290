# shellcheck shell=sh disable=SC2034 # what it sets is read by the scripts that source it
# Sourced by the scripts that train: a work folder, decks of small networks, helpers.
[ "$MPIEXEC" != no ] || { echo "skipped: no mpirun was found by configure"; exit 77; }
"$PYTHON" -c 'import h5py, numpy' 2>/dev/null || { echo "skipped: $PYTHON lacks h5py or numpy"; exit 77; }
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
make_dataset=$(cd "$top_builddir" && pwd)/tests/train/make_dataset
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

failed=0
fail() {
  echo "FAILED: $*"
  failed=$((failed + 1))
}

# ranks RANKS ARGUMENT...: ecdnet, under mpirun if there are several; the output in the file log, the exit code in $code.
ranks() {
  number=$1
  shift
  code=0
  if [ "$number" -eq 1 ]; then
    "$ECDNET" "$@" >log 2>&1 || code=$?
  else
    $MPIEXEC -n "$number" "$ECDNET" "$@" >log 2>&1 || code=$?
  fi
}

# expect CODE WHAT [TEXT...]: the last command's exit code, and what its output must hold.
expect() {
  wanted=$1 what=$2
  shift 2
  [ "$code" -eq "$wanted" ] || { fail "$what: exit code $code, expected $wanted"; cat log; }
  for text in "$@"; do
    grep -qF -- "$text" log || { fail "$what: the output lacks '$text'"; cat log; }
  done
}

# once TEXT: the last command printed it once, whatever the number of ranks.
once() {
  [ "$(grep -cF -- "$1" log)" -eq 1 ] || { fail "'$1' is not printed once"; cat log; }
}

cat >cnn2d.yaml <<END
data: {file: d.h5}
model:
  kind: cnn2d
  cnn2d: {squeeze: 6, excite: 3, conv1_filters: 8, conv1_kernel: 2, conv2_filters: 12, conv2_kernel: 5, dense: [24, 8]}
train: {epochs: 5, batch: 9, checkpoint_share: 1, bucket_mb: 0.002}
END
cat >cnn3d.yaml <<END
data: {file: d.h5}
model:
  kind: cnn3d
  cnn3d: {conv1_filters: 8, conv1_kernel: 2, conv2_filters: 12, conv2_kernel: 2, dense: [24, 8]}
train: {epochs: 5, batch: 9, checkpoint_share: 1, bucket_mb: 0.002}
END
cat >magpie_cnn.yaml <<END
data: {file: d.h5}
model:
  kind: magpie_cnn
  magpie_cnn: {conv1_filters: 6, conv2_filters: 8, conv3_filters: 10, dense: [12, 8]}
train: {epochs: 5, batch: 9, checkpoint_share: 1, bucket_mb: 0.002}
END
cat >fusion.yaml <<END
data: {file: d.h5}
model:
  kind: fusion
  magpie_cnn: {conv1_filters: 6, conv2_filters: 8, conv3_filters: 10, dense: [12, 8]}
  cnn2d: {squeeze: 6, excite: 3, conv1_filters: 8, conv1_kernel: 2, conv2_filters: 12, conv2_kernel: 5, dense: [24, 8]}
  fusion: {magpie_epochs: 4, volume_epochs: 3, dense: [16, 8]}
train: {epochs: 5, batch: 9, lr: 0.001, checkpoint_share: 1, bucket_mb: 0.002}
END
cat >cgcnn.yaml <<END
data: {file: d.h5}
model:
  kind: cgcnn
  cgcnn: {neighbors: 8, radius: 6, step: 0.5, embedding: 12, convolutions: 2, hidden: 16}
train: {epochs: 5, batch: 9, optimizer: sgd, lr: 0.01, momentum: 0.9, checkpoint_share: 1, bucket_mb: 0.002}
END
