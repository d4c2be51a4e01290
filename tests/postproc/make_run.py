"""Makes small run folders and a dataset as ecdnet writes them: synthetic numbers, real layout."""
import csv
import json
from pathlib import Path

import h5py
import numpy as np

GRID = 12
#            id      formula  bulk   shear  cubic edge (A), (Z, fraction of the primitive cell)
MATERIALS = [('m-1', 'NaN', 34.8, 18.3, 5.1), ('m-2', 'Mg2Si', 55.0, 46.0, 6.35),
             ('m-3', 'WC', 360.0, 102.0, 4.38), ('m-4', 'K2Sn', 7.3, 2.8, 8.65),
             ('m,5', 'a<b>&"c"', float('nan'), 1.0, 4.0), ('m-6', 'GaN', 170.0, 90.0, 4.55)]
SPLIT = ['test', 'train', 'train', 'train', 'train', 'test']
PREDICTED = [40.0, 56.0, 350.0, 7.0, 90.0, 201.0]


def make_dataset(path):
    count = len(MATERIALS)
    edges = np.array([m[4] for m in MATERIALS])
    axes = np.arange(GRID) / GRID
    x, y, z = np.meshgrid(axes, axes, axes, indexing='ij')
    wave = sum(np.cos(2 * np.pi * v) for v in (x, y, z))
    with h5py.File(path, 'w') as f:
        f.attrs.update(schema='ecdnet-dataset', schema_version=1, program='ecdnet 0.0.test', grid=GRID,
                       deck='prep:\n  grid: 12\n', field='density', cell='conventional',
                       method='fourier', code='gpaw')
        f.create_dataset('volume', chunks=(1, GRID, GRID, GRID), fletcher32=True, dtype='f4',
                         data=np.exp(wave)[None] * edges[:, None, None, None] / 5)
        f['lattice'] = edges[:, None, None] / 2 * (1 - np.eye(3))
        f['cell'] = edges[:, None, None] * np.eye(3)
        f['site/first'] = np.arange(count + 1) * 2
        f['site/Z'] = np.tile(np.array([11, 7], 'i4'), count)
        f['site/frac'] = np.tile([[0.0] * 3, [0.5] * 3], (count, 1))
        for name, column in (('id', 0), ('formula', 1)):
            values = [m[column].encode() for m in MATERIALS]
            f.create_dataset(name, data=np.array(values, 'S16').astype(h5py.string_dtype('utf-8', 16)))
        f['target/bulk'] = [m[2] for m in MATERIALS]
        f['target/shear'] = [m[3] for m in MATERIALS]
        for name in ('minimum', 'maximum', 'integral_before', 'integral_after'):
            f[f'stats/{name}'] = np.ones(count)


def metrics_of(split, splits):
    pairs = [(m[2], p) for m, p, s in zip(MATERIALS, PREDICTED, splits)
             if split in ('all', s) and m[2] == m[2]]
    if not pairs:
        return {'r2': None, 'rmse': None, 'mae': None, 'n': 0}
    target, predicted = np.array(pairs).T
    error = predicted - target
    spread = ((target - target.mean()) ** 2).sum()
    return {'r2': 1 - (error ** 2).sum() / spread if spread > 0 else None,
            'rmse': float(np.sqrt((error ** 2).mean())), 'mae': float(np.abs(error).mean()),
            'n': len(pairs)}


def make_run(folder, dataset, epochs=6, finished=True, splits=SPLIT, more=None):
    """more: for each epoch what its line of train.jsonl holds besides."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    deck = f'title: "Synthetic <run>"\noutput: {folder}\ndata:\n  file: {dataset}\nmodel:\n  kind: cnn2d\n'
    (folder / 'deck.yaml').write_text(deck)
    with open(folder / 'train.jsonl', 'w') as log:
        for k in range(1, epochs + 1):
            entry = {'epoch': k, 'train_loss': 80 / k, 'train_loss_scaled': 1 / k,
                     'test_loss': 90 / k, 'lr': 5e-4, 'samples_per_s': 100 + k,
                     'seconds': {'forward': 0.5, 'backward': 1.0, 'exchange': 0.25, 'test': 0.0}}
            entry.update(more(k) if more else {})
            log.write(json.dumps(entry) + '\n')
    if not finished:
        return
    with open(folder / 'predictions.csv', 'w', newline='') as file:
        rows = csv.writer(file, lineterminator='\n')
        rows.writerow(['id', 'formula', 'split', 'target', 'predicted'])
        for m, split, predicted in zip(MATERIALS, splits, PREDICTED):
            rows.writerow([m[0], m[1], split, '' if m[2] != m[2] else m[2], predicted])
    metrics = {'target': 'bulk', 'unit': 'GPa', 'program': 'ecdnet 0.0.test',
               **{split: metrics_of(split, splits) for split in ('train', 'test', 'all')}}
    if more:
        metrics.update({split: metrics_of(split, splits) for split in ('validation', 'none')})
    (folder / 'metrics.json').write_text(json.dumps(metrics))
    with h5py.File(folder / 'model.h5', 'w') as f:
        f.attrs.update(schema='ecdnet-model', network='cnn2d', program='ecdnet 0.0.test')


def make_validated(folder, dataset, error='rmse'):
    """A run with validation samples, whose third epoch of five is the best; the fourth was not timed."""
    def more(k):
        return {'validation_loss': [50, 40, 30, 30, 60][k - 1], 'error': error,
                'samples_per_s': None if k == 4 else 100 + k}
    splits = ['test', 'validation', 'validation', 'train', 'train', 'test']
    make_run(folder, dataset, epochs=5, splits=splits, more=more)


def make_forest(folder, dataset):
    """What `ecdnet train` leaves of a random forest: no log, an uncertainty of each prediction."""
    make_run(folder, dataset)
    folder = Path(folder)
    (folder / 'train.jsonl').unlink()
    lines = (folder / 'predictions.csv').read_text().splitlines()
    rows = [f'{line},{cell}' for line, cell in zip(lines, ['uncertainty', 1.5, 2, 3, 4, '', 6])]
    (folder / 'predictions.csv').write_text('\n'.join(rows) + '\n')
    with h5py.File(folder / 'model.h5', 'a') as f:
        f.attrs['network'] = 'rf'


def make_prediction(folder, run):
    """What `ecdnet predict` leaves: no log, no model; nothing known of the training split."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    metrics = json.loads((Path(run) / 'metrics.json').read_text())
    metrics['train'] = metrics['none'] = {'r2': None, 'rmse': None, 'mae': None, 'n': 0}
    (folder / 'metrics.json').write_text(json.dumps(metrics))
    for name in ('deck.yaml', 'predictions.csv'):
        (folder / name).write_bytes((Path(run) / name).read_bytes())
