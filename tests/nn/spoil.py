"""Copies a reference file with one fault.
usage: spoil.py FROM TO nan|inf|change|remove NAME   (of a dataset: all values, the first one, itself)"""
import shutil
import sys

import h5py
import numpy as np

source, to, fault, name = sys.argv[1:]
shutil.copyfile(source, to)
with h5py.File(to, 'a') as file:
    if fault == 'remove':
        del file[name]
    elif fault == 'change':
        file[name][(0,) * file[name].ndim] += 1e-3
    else:
        file[name][...] = np.full(file[name].shape, float(fault))
