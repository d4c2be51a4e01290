#!/usr/bin/python3
"""Independent counterparts of ecdnet's models, trained alike on the same folds: scikit-learn's random forest,
PyTorch networks, and CGCNN after its article and public code (T. Xie, J. C. Grossman, PRL 120, 145301).

usage: twins.py MODEL DATASET RUN [--target T] [--seed N] [-o train.key=value]... [--init I] [--csv FILE]
                [--keep FOLDER]
       twins.py --check-cgcnn REFERENCE

MODEL is rf, magpie_cnn, cnn2d, cnn3d, fusion or cgcnn; DATASET a file that ecdnet prep made; RUN the
folder of fivefold.sh: the folds are those of RUN/fold0/predictions.csv, fold1, ... Of any model:
input/rf.yaml takes seconds. How to train is read from input/MODEL.yaml and changed by -o as in ecdnet;
widths are those of the decks as shipped. Weights start as in ecdnet (--init glorot), those of cgcnn as in
its public code (torch). One thread. Prints R2, RMSE and MAE of the pooled held-out predictions, for
fusion those of its parents too; --csv writes the predictions. --keep: what the parents of fusion give is
kept in that folder and used again.
--check-cgcnn: the twin of CGCNN against a reference file of its public code (tests/data/README.md). Wants
numpy, h5py and PyYAML, and of scikit-learn, PyTorch and pymatgen what the model needs.
"""
import argparse
import copy
import csv
import glob
import os
import sys

import h5py
import numpy as np
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..')
MAGPIE = 132
KNOWN = ('epochs', 'batch', 'optimizer', 'lr', 'lr_factor', 'lr_every', 'epsilon', 'momentum', 'weight_decay')
DEFAULTS = dict(epochs=60, batch=32, optimizer='adam', lr=5e-4, lr_factor=1.0, lr_every=0, epsilon=1e-7,
                momentum=0.0, weight_decay=0.0)
PUBLIC_CGCNN = dict(epochs=100, batch=256, optimizer='sgd', lr=0.01, lr_factor=0.1, lr_every=100,
                    momentum=0.9)
# Radius (A), neighbours, step of the Gaussians (A).
RADIUS, NEIGHBORS, STEP = 8.0, 12, 0.2


# --- data

class Dataset:
    def __init__(self, path, target):
        self.file = h5py.File(path, 'r')
        self.id = [text.decode() for text in self.file['id'][:]]
        self.formula = [text.decode() for text in self.file['formula'][:]]
        self.target = self.file[f'target/{target}'][:]
        self.graph = None

    def features(self):
        return self.file['feature/magpie'][:, :MAGPIE]

    def volumes(self, transform):
        """transform: 'log1p', 'sqrt' or 'none', of values of which negative ones count as 0."""
        volume = self.file['volume'][:]
        if transform == 'none':
            return volume
        np.maximum(volume, 0, out=volume)
        return getattr(np, transform)(volume, out=volume)

    def crystals(self):
        first, site = self.file['site/first'][:], self.file['site']
        number, frac, lattice = site['Z'][:], site['frac'][:], self.file['lattice'][:]
        for i, cell in enumerate(lattice):
            part = slice(first[i], first[i + 1])
            yield cell, frac[part], number[part]


def read_folds(run, data):
    """For each fold the places of the samples that train and of those held out."""
    place = {name: i for i, name in enumerate(data.id)}
    folds = []
    for path in sorted(glob.glob(f'{run}/fold*/predictions.csv')):
        with open(path, encoding='utf-8') as file:
            rows = list(csv.DictReader(file))
        part = {name: [place[row['id']] for row in rows if row['split'] == name] for name in ('train',
                'test')}
        folds.append((np.array(part['train']), np.array(part['test'])))
    if not folds:
        sys.exit(f'twins.py: no {run}/fold*/predictions.csv')
    if any(np.isnan(data.target[both]).any() for fold in folds for both in fold):
        sys.exit(f'twins.py: the folds of {run} hold samples without this target')
    held_out = np.concatenate([test for _, test in folds])
    if len(set(held_out)) != len(held_out):
        sys.exit(f'twins.py: {run}: a sample is held out twice')
    return folds


def standardized(values, train, axis):
    """With mean and deviation over the training samples; constant columns are only centred."""
    mean = values[train].mean(axis=axis, dtype=np.float64)
    deviation = values[train].std(axis=axis, dtype=np.float64)
    deviation = np.where(deviation > 1e-12 * abs(mean), deviation, 1.0)
    return ((values - mean.astype(values.dtype)) / deviation.astype(values.dtype)).astype(np.float32)


# --- networks (volumes: peer_torch.py)

def networks():
    """Those that torch is needed for: a forest does without."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class MagpieNet(nn.Module):
        """132 features and 12 zeros as a 12 x 12 image."""

        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 48, 3)
            self.conv3 = nn.Conv2d(48, 64, 3)
            self.dense1, self.dense2, self.out = nn.Linear(256, 48), nn.Linear(48, 32), nn.Linear(32, 1)

        def latent(self, x):
            x = F.pad(x, (0, 144 - MAGPIE)).reshape(-1, 1, 12, 12)
            x = F.avg_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
            x = F.relu(self.conv3(x)).flatten(1)
            return F.relu(self.dense2(F.relu(self.dense1(x))))

        def forward(self, x):
            return self.out(self.latent(x))[:, 0]

    class FusionNet(nn.Module):
        """On the latents of two trained parents."""

        def __init__(self):
            super().__init__()
            widths = (64, 128, 64, 32, 1)
            self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(widths, widths[1:]))

        def forward(self, x):
            for layer in self.layers[:-1]:
                x = F.relu(layer(x))
            return self.layers[-1](x)[:, 0]

    class GraphConvolution(nn.Module):
        """Gated messages from the neighbours, batch norms before the gate and after the sum."""

        def __init__(self, width, edge):
            super().__init__()
            self.fc_full = nn.Linear(2 * width + edge, 2 * width)
            self.bn1, self.bn2 = nn.BatchNorm1d(2 * width), nn.BatchNorm1d(width)

        def forward(self, atom, edge, neighbor):
            count, most = neighbor.shape
            own = atom.unsqueeze(1).expand(count, most, atom.shape[1])
            message = self.fc_full(torch.cat([own, atom[neighbor], edge], dim=2))
            message = self.bn1(message.flatten(0, 1)).view(count, most, -1)
            gate, core = message.chunk(2, dim=2)
            message = (torch.sigmoid(gate) * F.softplus(core)).sum(dim=1)
            return F.softplus(atom + self.bn2(message))

    class CrystalGraphNet(nn.Module):
        """Parameters are named as in the public code."""

        def __init__(self, width=64, convolutions=3, hidden=128, atom=92, edge=41):
            super().__init__()
            self.embedding = nn.Linear(atom, width)
            self.convs = nn.ModuleList(GraphConvolution(width, edge) for _ in range(convolutions))
            self.conv_to_fc, self.fc_out = nn.Linear(width, hidden), nn.Linear(hidden, 1)

        def forward(self, batch):
            atom, edge, neighbor, crystal, atoms = batch
            x = self.embedding(atom)
            for convolution in self.convs:
                x = convolution(x, edge, neighbor)
            mean = x.new_zeros(len(atoms), x.shape[1]).index_add(0, crystal, x) / atoms[:, None]
            return self.fc_out(F.softplus(self.conv_to_fc(F.softplus(mean))))[:, 0]

    return MagpieNet, FusionNet, CrystalGraphNet


def volume_net(model, deck):
    sys.path.insert(0, HERE)
    import peer_torch
    if model == 'cnn2d':
        return peer_torch.PlanesNet()
    return peer_torch.VolumeNet(deck['model']['cnn3d']['pool'] == 'same')


def initialize(net, how):
    """glorot: as ecdnet; torch: as PyTorch made it, which is how the public CGCNN starts."""
    from torch import nn
    for layer in net.modules():
        if how == 'glorot' and isinstance(layer, (nn.Linear, nn.Conv2d, nn.Conv3d)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)


# --- crystal graphs

def atom_vectors():
    widths = (19, 7, 10, 10, 12, 10, 10, 4, 10)
    with open(f'{ROOT}/data/cgcnn_atoms.csv', encoding='utf-8') as file:
        rows = [row for row in csv.reader(line for line in file if not line.startswith('#'))][1:]
    vector = {}
    for row in rows:
        blocks = [np.arange(width) == int(cell) if cell else np.zeros(width, bool)
                  for width, cell in zip(widths, row[2:])]
        vector[int(row[1])] = np.concatenate(blocks).astype(np.float32)
    return vector


def neighbors(lattice, frac, number):
    """Of each site the nearest ones: places and distances (A)."""
    from pymatgen.core import Lattice, Structure
    structure = Structure(Lattice(lattice), number, frac)
    index, distance = [], []
    for found in structure.get_all_neighbors(RADIUS):
        if len(found) < NEIGHBORS:
            sys.exit(f'twins.py: a site of {structure.composition} has only {len(found)} neighbours')
        nearest = sorted(found, key=lambda site: site.nn_distance)[:NEIGHBORS]
        index.append([site.index for site in nearest])
        distance.append([site.nn_distance for site in nearest])
    return np.array(index), np.array(distance)


def gaussians(distance):
    centre = np.arange(0, RADIUS + STEP, STEP)
    return np.exp(-((distance[..., None] - centre) / STEP) ** 2)


def make_graphs(data):
    import torch
    vector, graphs = atom_vectors(), []
    for lattice, frac, number in data.crystals():
        index, distance = neighbors(lattice, frac, number)
        atom = np.array([vector[int(z)] for z in number])
        graphs.append((torch.tensor(atom), torch.tensor(gaussians(distance).astype(np.float32)),
                torch.tensor(index)))
    return graphs


def join_graphs(graphs):
    """Crystals side by side: atoms, edges, neighbours, whose crystal an atom is of, atoms of each crystal."""
    import torch
    size = torch.tensor([len(atom) for atom, _, _ in graphs])
    start = torch.cumsum(size, 0) - size
    neighbor = torch.cat([index + first for (_, _, index), first in zip(graphs, start)])
    return (torch.cat([atom for atom, _, _ in graphs]), torch.cat([edge for _, edge, _ in graphs]), neighbor,
            torch.repeat_interleave(torch.arange(len(graphs)), size), size)


# --- training

def fit(net, take, target, train, settings, loss):
    """take(places) -> a batch; target is standardised by the samples that train. Returns mean, deviation."""
    import torch
    mean, deviation = target[train].mean(), target[train].std()
    scaled = torch.tensor((target - mean) / deviation, dtype=torch.float32)
    if settings['optimizer'] == 'adam':
        optimizer = torch.optim.Adam(net.parameters(), lr=settings['lr'], eps=settings['epsilon'],
                                     weight_decay=settings['weight_decay'])
    else:
        optimizer = torch.optim.SGD(net.parameters(), lr=settings['lr'], momentum=settings['momentum'],
                                    weight_decay=settings['weight_decay'])
    net.train()
    for epoch in range(settings['epochs']):
        if settings['lr_every'] > 0:
            for group in optimizer.param_groups:
                group['lr'] = settings['lr'] * settings['lr_factor'] ** (epoch // settings['lr_every'])
        for places in torch.tensor(train)[torch.randperm(len(train))].split(settings['batch']):
            optimizer.zero_grad(set_to_none=True)
            loss(net(take(places)), scaled[places]).backward()
            optimizer.step()
    return mean, deviation


def apply(net, take, places, function=None, chunk=32):
    import torch
    net.eval()
    with torch.no_grad():
        parts = [(function or net)(take(part)) for part in torch.tensor(places).split(chunk)]
    return torch.cat(parts).numpy().astype(np.float64)


def forest_fold(data, train, test, seed):
    from sklearn.ensemble import RandomForestRegressor
    feature = data.features()
    return {'rf': RandomForestRegressor(50, random_state=seed).fit(feature[train], data.target[train])
            .predict(feature[test])}


def fold_inputs(model, data, train, deck):
    """take(places) of the samples as the network reads them."""
    import torch
    if model == 'magpie_cnn':
        values = torch.tensor(standardized(data.features(), train, 0))
    elif model in ('cnn2d', 'cnn3d'):
        values = torch.tensor(standardized(data.volumes(deck['data']['transform']), train, None))
    else:
        data.graph = data.graph or make_graphs(data)
        return lambda places: join_graphs([data.graph[i] for i in places])
    return lambda places: values[places]


def network_fold(model, data, train, test, plan):
    """Predictions of the held-out samples, and the network with what it reads."""
    from torch.nn import functional as F
    magpie_net, _, graph_net = networks()
    net = {'magpie_cnn': magpie_net, 'cgcnn': graph_net}.get(model, lambda: volume_net(model, plan.deck))()
    initialize(net, plan.init)
    take = fold_inputs(model, data, train, plan.deck)
    mean, deviation = fit(net, take, data.target, train, plan.settings,
            F.mse_loss if model == 'cgcnn' else F.l1_loss)
    return {model: mean + deviation * apply(net, take, test)}, net, take


def latents_of_parent(model, data, train, test, plan, kept):
    """Of all samples (samples, 32), and the parent's predictions; from the file if it is there."""
    if kept and os.path.exists(kept):
        with np.load(kept) as file:
            return file['latent'], file['predicted']
    predicted, net, take = network_fold(model, data, train, test, plan)
    if model == 'cnn2d':
        latent = cnn2d_latent(net)
    else:
        latent = net.latent
    values = apply(net, take, np.arange(len(data.id)), latent)
    if kept:
        np.savez(kept, latent=values, predicted=predicted[model])
    return values, predicted[model]


def cnn2d_latent(net):
    """What its last dense layer reads."""
    seen = {}
    net.dense.layers[-1].register_forward_hook(lambda layer, given, out: seen.update(latent=given[0]))

    def function(x):
        net(x)
        return seen['latent']
    return function


def fusion_fold(data, train, test, plan, kept):
    import torch
    from torch.nn import functional as F
    parts, result = [], {}
    for model, name in (('magpie_cnn', 'magpie'), ('cnn2d', 'volume')):
        parent = copy.deepcopy(plan)
        own = plan.deck['model']['fusion']
        epochs, every = int(own[f'{name}_epochs']), plan.settings['lr_every']
        parent.settings.update(epochs=epochs, lr=float(own[f'{name}_lr']),
                               lr_every=-(-every * epochs // plan.settings['epochs']))
        latent, result[model] = latents_of_parent(model, data, train, test, parent,
                kept and f'{kept}.{model}.npz')
        parts.append(latent)
    values = torch.tensor(np.concatenate(parts, axis=1), dtype=torch.float32)
    net = networks()[1]()
    initialize(net, plan.init)
    mean, deviation = fit(net, lambda places: values[places], data.target, train, plan.settings, F.l1_loss)
    result['fusion'] = mean + deviation * apply(net, lambda places: values[places], test)
    return result


class Plan:
    """How a model is trained: the deck's train group under the options."""

    def __init__(self, model, options, init):
        path = f'{ROOT}/input/{model}.yaml'
        self.deck = {}
        if os.path.exists(path):
            with open(path, encoding='utf-8') as file:
                self.deck = yaml.safe_load(file)
        elif model != 'cgcnn':
            sys.exit(f'twins.py: no {path}')
        self.settings = dict(DEFAULTS, **({} if self.deck else PUBLIC_CGCNN))
        given = dict(self.deck.get('train', {}))
        for option in options:
            key, _, value = option.partition('=')
            if not key.startswith('train.') or key[6:] not in KNOWN or not value:
                sys.exit(f'twins.py: -o {option}: expected train.KEY=VALUE, KEY one of {", ".join(KNOWN)}')
            given[key[6:]] = value
        for key, value in given.items():
            if key in KNOWN:
                self.settings[key] = type(DEFAULTS[key])(value)
        self.init = init or ('torch' if model == 'cgcnn' else 'glorot')


def scores(target, predicted):
    error = predicted - target
    return (1 - (error ** 2).sum() / ((target - target.mean()) ** 2).sum(), np.sqrt((error ** 2).mean()),
            abs(error).mean())


def write_predictions(path, data, folds, predicted):
    with open(path, 'w', encoding='utf-8', newline='') as file:
        table = csv.writer(file, lineterminator='\n')
        table.writerow(['id', 'formula', 'fold', 'target'] + list(predicted))
        for fold, (_, test) in enumerate(folds):
            for i in test:
                table.writerow([data.id[i], data.formula[i], fold, '%.9g' % data.target[i]] +
                               ['%.9g' % values[i] for values in predicted.values()])


def cross_validate(options):
    data = Dataset(options.dataset, options.target)
    folds = read_folds(options.run, data)
    plan = Plan(options.model, options.o, options.init)
    predicted = {}
    for k, (train, test) in enumerate(folds):
        if options.model == 'rf':
            result = forest_fold(data, train, test, options.seed)
        else:
            import torch
            torch.set_num_threads(1)
            torch.manual_seed(1000 * options.seed + k)
            kept = options.keep and f'{options.keep}/{options.target}-{options.seed}-{k}'
            result = (fusion_fold(data, train, test, plan, kept) if options.model == 'fusion' else
                      network_fold(options.model, data, train, test, plan)[0])
        for model, values in result.items():
            predicted.setdefault(model, np.full(len(data.id), np.nan))[test] = values
            print('%s fold %d: R2 %.4f, RMSE %.2f, MAE %.2f' % (model, k, *scores(data.target[test], values)),
                  file=sys.stderr, flush=True)
    held_out = np.concatenate([test for _, test in folds])
    for model, values in predicted.items():
        print('%s %s seed %d: %d held-out samples: R2 %.4f, RMSE %.2f GPa, MAE %.2f GPa' %
              (model, options.target, options.seed, len(held_out), *scores(data.target[held_out],
                      values[held_out])))
    if options.csv:
        write_predictions(options.csv, data, folds, predicted)


# --- the check of CGCNN

def largest_difference(found, expected):
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    return abs(found - expected).max() / max(abs(expected).max(), 1e-300)


def check_graphs(file):
    worst = 0.0
    for name in file.attrs['order']:
        crystal = file[f'crystal/{name}']
        _, distance = neighbors(crystal['lattice'][:], crystal['frac'][:], crystal['Z'][:])
        worst = max(worst, largest_difference(distance, crystal['nbr_dist'][:]))
    every = np.concatenate([file[f'crystal/{name}/nbr_dist'][:] for name in file.attrs['order']])
    return {'neighbour distances': worst, 'Gaussians': largest_difference(gaussians(every),
            file['nbr_fea'][:])}


def check_network(file):
    """Training and evaluation with the file's graphs and parameters, in double."""
    import torch
    graphs, first = [], 0
    for name in file.attrs['order']:
        index = file[f'crystal/{name}/nbr_idx'][:]
        part = slice(first, first + len(index))
        graphs.append((torch.tensor(file['atom_fea'][part]), torch.tensor(file['nbr_fea'][part]),
                torch.tensor(index)))
        first = part.stop
    width, hidden = file['param/embedding.weight'].shape[0], file['param/conv_to_fc.weight'].shape[0]
    net = networks()[2](width=width, hidden=hidden).double()
    net.load_state_dict({name: torch.tensor(file[f'param/{name}'][:]) for name in file['param']},
            strict=False)
    batch, worst = join_graphs(graphs), {}
    predicted = net.train()(batch)
    loss = torch.nn.functional.mse_loss(predicted, torch.tensor(file['y'][:]))
    loss.backward()
    worst['training prediction'] = largest_difference(predicted.detach(), file['train/pred'][:])
    worst['loss'] = largest_difference(loss.item(), file['train/mse'][()])
    # The gradients of biases before a batch norm are 0 but for rounding.
    worst['gradients'] = max(largest_difference(value.grad, file[f'train/grad/{name}'][:])
                             for name, value in net.named_parameters() if not name.endswith('fc_full.bias'))
    worst['running statistics'] = max(largest_difference(value, file[f'train/buffer/{name}'][()])
                                      for name, value in net.named_buffers())
    worst['evaluation'] = largest_difference(net.eval()(batch).detach(), file['eval/pred'][:])
    return worst


def check_cgcnn(path):
    with h5py.File(path, 'r') as file:
        worst = {**check_graphs(file), **check_network(file)}
    for name, difference in worst.items():
        print(f'{name}: largest difference {difference:.1e}{"" if difference < 1e-9 else " (large)"}')
    return any(difference >= 1e-9 for difference in worst.values())


def main():
    if sys.argv[1:2] == ['--check-cgcnn'] and len(sys.argv) == 3:
        sys.exit(check_cgcnn(sys.argv[2]))
    parser = argparse.ArgumentParser(usage=__doc__.split('usage: ')[1])
    parser.add_argument('model', choices=('rf', 'magpie_cnn', 'cnn2d', 'cnn3d', 'fusion', 'cgcnn'))
    parser.add_argument('dataset')
    parser.add_argument('run')
    parser.add_argument('--target', choices=('bulk', 'shear'), default='bulk')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('-o', action='append', default=[])
    parser.add_argument('--init', choices=('glorot', 'torch'))
    parser.add_argument('--csv')
    parser.add_argument('--keep')
    cross_validate(parser.parse_args())


if __name__ == '__main__':
    main()
