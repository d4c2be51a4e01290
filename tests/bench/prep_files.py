"""Plain CHGCAR files for tests/bench/prep.sh.   usage: prep_files.py FOLDER COUNT EDGE FILE.gz...
COUNT copies of the files in turn, and with EDGE > 0 one made-up EDGE^3 grid for each ten of them."""
import gzip
import os
import sys

import numpy as np

folder, count, edge, names = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
os.makedirs(folder)
for i in range(count):
    name = names[i % len(names)]
    with gzip.open(name, "rb") as source, open(f"{folder}/c{i:05d}.CHGCAR", "wb") as target:
        target.write(source.read())
for i in range(count // 10 if edge > 0 else 0):
    x = np.arange(edge) * (2 * np.pi / edge)
    rho = 100 * (2 + np.cos(x)[:, None, None] + np.sin(2 * x)[:, None] * np.cos(x + i))
    flat = rho.transpose(2, 1, 0).ravel()
    with open(f"{folder}/g{i:05d}.CHGCAR", "w") as target:
        target.write("made up\n1.0\n8 0 0\n0 8 0\n0 0 8\nNa Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n\n")
        target.write(f"{edge} {edge} {edge}\n")
        rest = flat.size % 5
        np.savetxt(target, flat[: flat.size - rest].reshape(-1, 5), fmt="%.11E")
        np.savetxt(target, flat[flat.size - rest:][None], fmt="%.11E")
