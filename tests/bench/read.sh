#!/bin/sh
# Reading CHGCAR text: ecdnet against pymatgen, one core each, plain and gzip. One JSON line for each.
#   usage: tests/bench/read.sh BUILD_FOLDER [N]     N^3 points (default 200: 146 MB of text)
set -eu
[ $# -ge 1 ] || { sed -n '2,3p' "$0"; exit 2; }
build=$1 n=${2:-200}
make -s -C "$build" tests/bench/read_grid
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$build/tests/bench/read_grid" make "$folder/CHGCAR" "$n"
"$build/tests/bench/read_grid" make "$folder/CHGCAR.small" $((n / 2))
gzip -k "$folder/CHGCAR.small"
for file in CHGCAR CHGCAR.small CHGCAR.small.gz; do "$build/tests/bench/read_grid" "$folder/$file"; done
"${PYTHON:-/usr/bin/python3}" - "$folder/CHGCAR.small" "$folder/CHGCAR.small.gz" <<'PY'
import json, os, sys, time, warnings
warnings.simplefilter('ignore')
try:
    from pymatgen.io.vasp.outputs import Chgcar
except ImportError:
    sys.exit('pymatgen is missing (Debian: apt-get install python3-pymatgen): ecdnet alone was timed')
size = os.path.getsize(sys.argv[1]) * 1e-6
for path in sys.argv[1:]:
    seconds, busy = [], []
    for _ in range(3):
        start, ticks = time.perf_counter(), time.process_time()
        grid = Chgcar.from_file(path)
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - ticks)
    median, cpu = sorted(seconds)[1], sorted(busy)[1]
    print(json.dumps({'reader': 'pymatgen', 'file': path, 'text_mb': round(size, 1), 'seconds': round(median, 4),
                      'cpu_seconds': round(cpu, 4), 'mb_per_s': round(size / median, 1),
                      'mb_per_cpu_s': round(size / cpu, 1), 'electrons': float(grid.data['total'].mean())}))
PY
