"""The usual Python way from CHGCAR files to n^3 volumes: pymatgen reads, scipy interpolates (trilinear,
periodic), h5py writes. Prints files per second, everything but imports included, on disk (fsync) as ecdnet's
dataset is.   usage: peer_prep.py OUT.h5 N FILE..."""
import os
import sys
import time
import warnings

import h5py
import numpy as np
from pymatgen.io.vasp.outputs import Chgcar
from scipy.ndimage import map_coordinates

warnings.filterwarnings("ignore")
out, n, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
start = time.perf_counter()
with h5py.File(out, "w") as file:
    volumes = file.create_dataset("volume", (len(names), n, n, n), "f4", chunks=(1, n, n, n), fletcher32=True)
    for i, name in enumerate(names):
        charge = Chgcar.from_file(name)
        density = charge.data["total"] / charge.structure.volume
        points = np.meshgrid(*[np.arange(n) * (m / n) for m in density.shape], indexing="ij")
        volumes[i] = map_coordinates(density, points, order=1, mode="grid-wrap")
with open(out, "rb") as written:
    os.fsync(written.fileno())
print(f"{len(names) / (time.perf_counter() - start):.2f}")
