"""Compares two runs. usage: compare.py same|near A B

same: parameters, predictions and losses bit for bit (times may differ); near: losses to 1e-5 relative."""
import json
import sys

import h5py
import numpy


KEYS = ("epoch", "train_loss", "train_loss_scaled", "validation_loss", "test_loss", "lr")


def losses(folder):
    with open(folder + "/train.jsonl") as lines:
        return [[json.loads(line)[key] for key in KEYS] for line in lines]


def parameters(folder):
    with h5py.File(folder + "/model.h5", "r") as model:
        return model["/parameter"][...]


def predictions(folder):
    with open(folder + "/predictions.csv", "rb") as table:
        return table.read()


how, a, b = sys.argv[1:]
first, second = losses(a), losses(b)
if len(first) != len(second) or len(first) == 0:
    sys.exit(f"{a} has {len(first)} epochs, {b} has {len(second)}")
if how == "near":
    pairs = [pair for one, other in zip(first, second) for pair in zip(one[1:5], other[1:5])]
    if any((x is None) != (y is None) for x, y in pairs):
        sys.exit(f"{a} and {b} have not the same losses")
    worst = max(abs(x / y - 1) for x, y in pairs if x is not None)
    if not worst <= 1e-5:
        sys.exit(f"losses of {a} and {b} differ by {worst:.3g} relative")
    sys.exit()
if first != second:
    sys.exit(f"losses of {a} and {b} differ: {first[-1]} and {second[-1]}")
if parameters(a).tobytes() != parameters(b).tobytes():
    sys.exit(f"parameters of {a} and {b} differ by {numpy.abs(parameters(a) - parameters(b)).max():.3g}")
if predictions(a) != predictions(b):
    sys.exit(f"predictions of {a} and {b} differ")
