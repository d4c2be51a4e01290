"""The chosen materials after DFT: the external validation of the model, prediction and DFT side by side."""
import glob
import os
import shlex
import shutil
import statistics
import subprocess
import sys

from ecdchain import status
from ecdchain.base import BAD_DATA, FAILED, ChainError, read_json, write_file, write_json
from ecdchain.settings import find_ecdnet

from .files import Dataset, number, read_table

COLUMNS = ('rank', 'id', 'formula', 'predicted_gpa', 'uncertainty_gpa', 'dft_gpa', 'error_gpa',
           'predicted_relaxed_gpa', 'note')
DROPPED = 'external-dropped.csv'         # of ecdnet bench, in WORK/verify
UNRANKED = {'rank': '', 'predicted_gpa': '', 'uncertainty_gpa': ''}
# Columns of the table on the terminal.
TITLES = {'rank': 'rank', 'id': 'id', 'formula': 'formula', 'predicted_gpa': 'predicted',
          'uncertainty_gpa': '+-', 'dft_gpa': 'DFT', 'error_gpa': 'error', 'note': ''}


def rows_of(screen, chain):
    """Rows of verified.csv: the materials of the chain, best first. error: predicted when ranked, minus DFT;
    predicted_relaxed: the model for the charge density that the chain computed; dropped: relaxed into a
    material of the training set."""
    ranked = {row['id']: row for row in read_table(screen.path('ranked.csv'))}
    again = {row['id']: row['predicted'] for row in _results(screen)}
    dropped = {row['id']: f'dropped: {row["reason"]}' + (f' ({row["same_as"]})' if row['same_as'] else '')
               for row in read_table(screen.path('verify', DROPPED))}
    rows = []
    for state in status.table(chain)[0]:
        row = {**ranked.get(state['id'], UNRANKED), 'id': state['id'], 'formula': state['formula'],
               'dft_gpa': state[f'{screen.model.target}_gpa'], 'note': _note(state),
               'predicted_relaxed_gpa': again.get(state['id'], '')}
        row['dropped'] = state['id'] in dropped
        row['note'] = '; '.join(filter(None, (row['note'], dropped.get(state['id']))))
        predicted, dft = number(row['predicted_gpa']), number(row['dft_gpa'])
        row['error_gpa'] = '' if None in (predicted, dft) else f'{predicted - dft:.4f}'
        rows.append(row)
    return sorted(rows, key=lambda row: (int(row['rank'] or 0), row['id']))


def _note(state):
    """Why there is no modulus (yet)."""
    if state['note'] or state['bulk_gpa']:
        return state['note']
    return next((f'{stage}: {state[stage]}' for stage in ('relax', 'static', 'elastic')
                 if state[stage] not in ('done', '-')), 'not started')


def write(screen, chain):
    rows = rows_of(screen, chain)
    screen.write_table('verified.csv', COLUMNS, rows)
    return rows


def show(rows, target, out):
    """The table for the terminal, and the mean of the errors, of those that are not dropped."""
    lines = [TITLES] + [{name: _short(row[name]) if name.endswith('_gpa') else str(row[name])
                         for name in TITLES} for row in rows]
    width = {name: max(len(line[name]) for line in lines) for name in TITLES}
    for line in lines:
        cells = [line[name].ljust(width[name]) if name in ('id', 'formula', 'note')
                 else line[name].rjust(width[name]) for name in TITLES]
        out.write('  '.join(cells).rstrip() + '\n')
    errors = [float(row['error_gpa']) for row in rows if row['error_gpa'] and not row['dropped']]
    dropped = sum(row['dropped'] for row in rows)
    out.write(f'{len(errors)} of {len(rows)} verified' + (f', {dropped} dropped' if dropped else '')
              + f'; {target} modulus, GPa')
    if errors:
        mae = statistics.fmean(map(abs, errors))
        out.write(f'; mean error {statistics.fmean(errors):+.1f}, MAE {mae:.1f}')
    out.write('\n')


def _short(text):
    return f'{float(text):.1f}' if text else '-'


def dataset_path(screen, chain):
    return chain.path('elf' if screen.model.field == 'elf' else 'density', 'dataset.h5')


def _results(screen):
    """The predictions of the external validation: of one model and modulus."""
    found = glob.glob(screen.path('verify', 'results', '*', 'predictions.csv'))
    return read_table(found[0]) if found else []


def benchmark(screen, chain, say):
    """verified.csv; ecdnet bench and the report on what the chain has labelled, where that was not done
    already."""
    write(screen, chain)
    dataset = dataset_path(screen, chain)
    if not os.path.isfile(dataset) or not read_table(chain.path('labels.csv')):
        raise ChainError(f'{chain.folder}: no material is verified yet', FAILED)
    info = os.stat(dataset)
    state = [info.st_size, info.st_mtime_ns]
    if read_json(screen.path('verify', 'verified.json')) != state:
        shutil.rmtree(screen.path('verify'), ignore_errors=True)
        deck = screen.path('verify.yaml')
        write_file(deck, _deck(screen, dataset))
        _bench(screen, chain, dataset, deck)
        write_json(screen.path('verify', 'verified.json'), state)
        if _results(screen):
            say(f'external validation: {screen.path("verify", "tables", "verify.md")}')
    rows = write(screen, chain)
    if _results(screen):
        _report(screen, say)
    return rows


def _bench(screen, chain, dataset, deck):
    """ecdnet bench, which stops where it drops all materials; then DROPPED is written here."""
    try:
        screen.call('verify', shlex.split(chain.settings['prep']['launcher'])
                    + [find_ecdnet(chain.settings), 'bench', deck])
    except ChainError as error:
        if error.code != BAD_DATA or 'no material is left' not in str(error):
            raise
        verified = Dataset(dataset)
        os.makedirs(screen.path('verify'), exist_ok=True)
        rows = [{'id': name, 'reason': 'in the training set',
                 'same_as': screen.training.same(verified.atoms(name))} for name in verified.ids]
        screen.write_table(os.path.join('verify', DROPPED), ('id', 'reason', 'same_as'), rows)


def _deck(screen, dataset):
    quoted = [path.replace('\\', '\\\\').replace('"', '\\"')
              for path in (screen.path('verify'), screen['dataset'], dataset, screen['model'])]
    return '\n'.join([
        '# Made by jobs/screen: the model that chose these materials, against their DFT moduli.',
        f'title: "Verification of screened materials, {screen.model.target} modulus"',
        f'output: "{quoted[0]}"', 'data:', f'  file: "{quoted[1]}"', 'bench:', '  protocol: external',
        f'  external: "{quoted[2]}"', f'  models: ["{quoted[3]}"]', f'  targets: [{screen.model.target}]',
        '  repeats: 1', '  max_atoms: 0']) + '\n'


def _report(screen, say):
    """WORK/report.html, where this Python can make it."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..')
    program = os.path.join(root, 'postproc', 'report.py')
    if not os.path.isfile(program) or subprocess.run([sys.executable, '-c', 'import matplotlib'], check=False,
                                                     stderr=subprocess.DEVNULL).returncode:
        say('no report: postproc/report.py and matplotlib make it')
        return
    screen.call('report', [sys.executable, os.path.normpath(program), screen.path('verify'), '-o',
                           screen.path('report.html')])
    say(f'report: {screen.path("report.html")}')
