#!/usr/bin/python3
"""Training steps of ecdnet's two networks in PyTorch, for tests/bench/train.sh.

usage: peer_torch.py MODEL BATCH STEPS
MODEL is cnn2d, cnn3d_same or cnn3d_valid. Prints the median seconds of a step on one thread.
"""
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

DENSE = (4096, 4096, 128, 128, 128, 32, 1)


class Dense(nn.Module):
    """Fully connected part: ReLU between the layers, a scalar out."""

    def __init__(self, features):
        super().__init__()
        widths = (features,) + DENSE
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(widths, widths[1:]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)[:, 0]


class VolumeNet(nn.Module):
    """cnn3d: two convolutions with stride = kernel, a max pool, dense layers."""

    def __init__(self, same):
        super().__init__()
        self.same = same
        self.conv1 = nn.Conv3d(1, 200, 5, stride=5)
        self.conv2 = nn.Conv3d(200, 400, 4, stride=4)
        self.dense = Dense(400 * (8 if same else 1))

    def forward(self, volume):
        x = F.relu(self.conv1(volume.unsqueeze(1)))
        x = F.max_pool3d(F.relu(self.conv2(x)), 2, ceil_mode=self.same)
        return self.dense(x.flatten(1))


class Plane(nn.Module):
    """One branch of cnn2d; the channels of its input are one axis of the volume."""

    def __init__(self):
        super().__init__()
        self.squeeze = nn.Conv2d(60, 24, 1)
        self.se1, self.se2 = nn.Linear(24, 4), nn.Linear(4, 24)
        self.conv1 = nn.Conv2d(24, 64, 6, stride=6)
        self.conv2 = nn.Conv2d(64, 128, 5, stride=2)

    def forward(self, x):
        u = F.relu(self.squeeze(x))
        scale = torch.sigmoid(self.se2(F.relu(self.se1(u.mean(dim=(2, 3))))))
        x = F.relu(self.conv1(u * scale[:, :, None, None]))
        return F.relu(self.conv2(F.max_pool2d(x, 2))).flatten(1)


class PlanesNet(nn.Module):
    """cnn2d: a branch for each axis, dense layers."""

    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList(Plane() for _ in range(3))
        self.dense = Dense(3 * 128)

    def forward(self, volume):
        orders = (0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)
        parts = [b(volume.permute(order)) for b, order in zip(self.branches, orders)]
        return self.dense(torch.cat(parts, dim=1))


def seconds_of_steps(model, batch, steps, warmup=2):
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4, eps=1e-7)
    volume, target = torch.rand(batch, 60, 60, 60) * 2 - 1, torch.rand(batch)
    for step in range(warmup + steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        F.l1_loss(model(volume), target).backward()
        optimizer.step()
        if step >= warmup:
            yield time.perf_counter() - start


def main():
    name, batch, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = PlanesNet() if name == "cnn2d" else VolumeNet(name == "cnn3d_same")
    print(statistics.median(seconds_of_steps(model, batch, steps)))


if __name__ == "__main__":
    main()
