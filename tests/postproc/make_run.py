"""Makes small output folders and a dataset as ecdnet writes them: synthetic numbers, real layout."""
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
SPLIT = ['test', 'train', 'train', 'validation', 'train', 'test']
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


def metrics_of(split):
    pairs = [(m[2], p) for m, p, s in zip(MATERIALS, PREDICTED, SPLIT)
             if split in ('all', s) and m[2] == m[2]]
    target, predicted = np.array(pairs).T
    error = predicted - target
    variation = ((target - target.mean()) ** 2).sum()
    return {'r2': 1 - (error ** 2).sum() / variation if variation > 0 else None,
            'rmse': float(np.sqrt((error ** 2).mean())), 'mae': float(np.abs(error).mean()),
            'n': len(pairs)}


def write_log(path, epochs, ranks=1, more=None):
    """more: for each epoch what its line holds instead."""
    with open(path, 'w') as log:
        for k in range(1, epochs + 1):
            entry = {'epoch': k, 'train_loss': 80 / k, 'train_loss_scaled': 1 / k,
                     'validation_loss': 85 / k + (k > 4) * 9, 'test_loss': 90 / k, 'error': 'mae', 'lr': 5e-4,
                     'samples_per_s': (100 + k) * ranks ** 0.5, 'ranks': ranks, 'threads': 2,
                     'seconds': {'forward': 0.5, 'backward': 1.0, 'exchange': 0.25, 'test': 0.0}}
            entry.update(more(k) if more else {})
            log.write(json.dumps(entry) + '\n')


def make_run(folder, dataset, epochs=6, finished=True, target='bulk', ranks=1):
    folder = Path(folder)
    folder.mkdir(parents=True)
    deck = f'title: "Synthetic <run>"\noutput: {folder}\ndata:\n  file: {dataset}\nmodel:\n  kind: cnn2d\n'
    (folder / 'deck.yaml').write_text(deck)
    write_log(folder / 'train.jsonl', epochs, ranks)
    if not finished:
        return
    with open(folder / 'predictions.csv', 'w', newline='') as file:
        rows = csv.writer(file, lineterminator='\n')
        rows.writerow(['id', 'formula', 'split', 'target', 'predicted'])
        for m, split, predicted in zip(MATERIALS, SPLIT, PREDICTED):
            rows.writerow([m[0], m[1], split, '' if m[2] != m[2] else m[2], predicted])
    metrics = {'target': target, 'unit': 'GPa', 'program': 'ecdnet 0.0.test',
               **{split: metrics_of(split) for split in ('train', 'validation', 'test', 'all')}}
    (folder / 'metrics.json').write_text(json.dumps(metrics))
    with h5py.File(folder / 'model.h5', 'w') as f:
        f.attrs.update(schema='ecdnet-model', network='cnn2d', program='ecdnet 0.0.test')


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


def make_ensemble(folder, dataset):
    make_run(folder, dataset)
    folder = Path(folder)
    (folder / 'train.jsonl').unlink()
    for k in (1, 2, 10):
        (folder / 'members' / str(k)).mkdir(parents=True)
        write_log(folder / 'members' / str(k) / 'train.jsonl', 3)
    (folder / 'parents' / 'magpie_cnn').mkdir(parents=True)
    write_log(folder / 'parents' / 'magpie_cnn' / 'train.jsonl', 4)


def text_array(values):
    return np.array([v.encode() for v in values], 'S16').astype(h5py.string_dtype('utf-8', 16))


def make_maps(path, count=len(MATERIALS)):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, 'w') as f:
        f.attrs.update(schema='ecdnet-maps', schema_version=1, program='ecdnet 0.0.test',
                       model='a <b>/model.h5')
        f['id'] = text_array([m[0] for m in MATERIALS[:count]])
        f['formula'] = text_array([m[1] for m in MATERIALS[:count]])
        f['map'] = np.arange(count * 3 * 64, dtype='f4').reshape(count, 3, 8, 8) % 50


def make_embedding(folder, names=('magpie', 'volume')):
    """Test sets of two elements; the last sample belongs to neither part of the second."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    with open(folder / 'embedding.csv', 'w', newline='') as file:
        rows = csv.writer(file, lineterminator='\n')
        rows.writerow(['id', 'formula', 'N', 'Si', *(f'{n}_{a}' for n in names for a in 'xy')])
        for k, m in enumerate(MATERIALS):
            parts = ['test' if 'N' in m[1] else 'train', 'none' if k == 5 else 'test' if k == 1 else 'train']
            rows.writerow([*m[:2], *parts, *(0.5 * k * (j + 1) for j in range(2 * len(names)))])
    mixing = [{'set': s, 'train': 4, 'test': 2, 'input': 0.25, 'map': 0.5, 'random': 0.8}
              for s in ('N', 'Si')]
    one = {'features': 132, 'kl': None, 'trustworthiness': 0.97, 'iterations': 1000, 'mixing': mixing,
           'seconds': {'pca': 0.5, 'descent': 1.0}}
    summary = {'program': 'ecdnet 0.0.test', 'neighbors': 12, **{name: one for name in names}}
    (folder / 'embed.json').write_text(json.dumps(summary))
    (folder / 'deck.yaml').write_text('output: runs/map\n')


BENCH_HEAD = ('element,target,model,kind,n,repeats,r2,rmse,mae,r2_mean,rmse_mean,mae_mean,r2_sd,rmse_sd,'
              'mae_sd,r2_fold_mean,rmse_fold_mean,mae_fold_mean,r2_fold_sd,rmse_fold_sd,mae_fold_sd,best,'
              'published_r2,published_rmse')
PIECE_HEAD = 'piece,model,target,held_out,repeat,state,train,test,r2,rmse,mae,seconds,ranks,message'


def make_bench(folder, elements=('',)):
    """Two models, both moduli; of the second model one training failed, and nothing is there for shear."""
    folder = Path(folder)
    (folder / 'tables').mkdir(parents=True)
    protocol = 'loeo' if elements[0] else 'kfold'
    (folder / 'deck.yaml').write_text(f'title: "Bench & <co>"\nbench:\n  protocol: {protocol}\n')
    table, pieces = [BENCH_HEAD], [PIECE_HEAD]
    for element in elements:
        for target in ('bulk', 'shear'):
            table.append(f'{element},{target},rf,rf,6,2,-1.5,20.125,10.5,0.8,21,11,0.01,1,0.5,,,,,,,'
                         f'{int(target == "shear")},0.943,18.721')
            got = '6,2,0.91,19,9,0.9,20,10,0.02,2,1' if target == 'bulk' else '0,0' + ',' * 9
            table.append(f'{element},{target},net <1>,cnn2d,{got},,,,,,,{int(target == "bulk")},0.912,23.401')
            for model in ('rf', 'net <1>'):
                done = model == 'rf' or target == 'bulk'
                name = '-'.join(filter(None, (model, target, element)))
                pieces.append(f'{name},{model},{target},fold0,0,' + ('done,5,1,0.9,20,10,2.5,1,' if done else
                              'failed,5,1,,,,,0,"loss is not a number, <epoch> 3"'))
                if not done:
                    continue
                make_forest(folder / 'results' / name, 'dataset.h5')
                (folder / 'results' / name / 'model.h5').unlink()
                if model != 'rf':
                    (folder / 'pieces' / name).mkdir(parents=True)
                    write_log(folder / 'pieces' / name / 'train.jsonl', 3)
    (folder / 'tables' / 'table2.csv').write_text('\n'.join(table) + '\n')
    (folder / 'pieces.csv').write_text('\n'.join(pieces) + '\n')
    farm = {'ranks': 4, 'threads': 1, 'groups': 2, 'pieces': 3, 'wall_s': 10, 'busy_s': [9, 7],
            'efficiency': 0.8}
    idle = {**farm, 'pieces': 0, 'wall_s': 0.125, 'busy_s': [0, 0], 'efficiency': 0}
    (folder / 'farm.jsonl').write_text(''.join(json.dumps(call) + '\n' for call in (farm, idle, farm)))


def make_external(folder, dropped=(('m-7', 'in the training set'), ('m-8', 'atoms'), ('m-9', 'atoms'))):
    """Two materials, of two repeats out of three, and some that were dropped."""
    make_bench(folder)
    folder = Path(folder)
    (folder / 'deck.yaml').write_text('bench:\n  protocol: external\n  repeats: 3\n  max_atoms: 30\n')
    (folder / 'external.csv').write_text('id,formula\nm-1,NaN\nm-2,Mg2Si\n')
    rows = ['id,formula,atoms,reason,same_as', *(f'{name},NaN,50,{reason},' for name, reason in dropped)]
    (folder / 'external-dropped.csv').write_text('\n'.join(rows) + '\n')
