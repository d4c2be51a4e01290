"""Small charge files for tests: rock salt crystals in CHGCAR form, and their labels.
usage: make_files.py FOLDER COUNT [EDGE...]
EDGE: points along a, in turn; the other axes have 2 and 4 more."""
import math
import os
import sys

PAIRS = [("Na", "N", "NaN"), ("Mg", "O", "MgO"), ("Ti", "C", "TiC"), ("K", "F", "KF"), ("Ga", "As", "AsGa")]
folder, count = sys.argv[1], int(sys.argv[2])
edges = [int(x) for x in sys.argv[3:]] or [10, 12, 9]
os.makedirs(folder, exist_ok=True)


def wave(index, points, phase, periods):
    return math.cos(2 * math.pi * periods * index / points + phase)


labels = ["id,formula,bulk_gpa,shear_gpa"]
for m in range(count):
    first, second, formula = PAIRS[m % len(PAIRS)]
    if m % len(PAIRS) == 0 and m > 0:
        first, second, formula = "Ca", "O", "CaO"
    half = 2 + 0.01 * m
    edge = edges[m % len(edges)]
    n = (edge, edge + 2, edge + 4)
    rows = [f"{formula} m{m:03d}", "1.0", f"0 {half} {half}", f"{half} 0 {half}", f"{half} {half} 0",
            f"{first} {second}", "1 1", "Direct", "0 0 0", "0.5 0.5 0.5", "", f"{n[0]} {n[1]} {n[2]}"]
    volume = 2 * half**3
    values = [volume * (1 + 0.5 * wave(x, n[0], m, 1) * wave(y, n[1], 0, 2) + 0.4 * wave(z, n[2], m, 1))
              for z in range(n[2]) for y in range(n[1]) for x in range(n[0])]
    for i in range(0, len(values), 5):
        rows.append(" ".join(f"{v:.11E}" for v in values[i:i + 5]))
    with open(os.path.join(folder, f"m{m:03d}.CHGCAR"), "w") as file:
        file.write("\n".join(rows) + "\n")
    shear = "" if m == 1 else f"{40 + m}"
    labels.append(f"m{m:03d},{formula},{100 + m},{shear}")
with open(os.path.join(folder, "labels.csv"), "w") as file:
    file.write("\n".join(labels) + "\n")
