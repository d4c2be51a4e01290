"""The folder of a screening.

WORK/screen.json       the model, its training set, the candidates, and how they are chosen
WORK/predict           what ecdnet predict left: predictions.csv, deck.yaml
WORK/ranked.csv        all candidates, best first, and what was decided about each
WORK/structures        ID.vasp of those that were chosen
WORK/dft               the DFT chain that verifies them (doc/dft_chain.md)
WORK/verify            the model's external validation on them (ecdnet bench); verify.yaml is its deck
WORK/verified.csv      prediction and DFT side by side; report.html
"""
import csv
import io
import os
import shlex
import subprocess

from ecdchain.base import BAD_DATA, FAILED, STOPPED, USAGE, ChainError, read_json, write_file, write_json

from .files import Dataset, read_model

# What a run of a screening may not change later: another model or other candidates are another screening.
FIXED = ('model', 'dataset', 'candidates')
DEFAULTS = {'top': 5, 'goal': 'high', 'kappa': 0.0, 'max_atoms': 40, 'launcher': ''}


class Screen:
    """One WORK folder with what was asked of it."""

    def __init__(self, folder, asked):
        self.folder, self.asked = os.path.abspath(folder), asked
        self.model = read_model(asked['model'])
        self.training = Dataset(asked['dataset'])

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def __getitem__(self, name):
        return self.asked[name]

    def write_table(self, name, columns, rows):
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, extrasaction='ignore', lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
        write_file(self.path(name), text.getvalue())

    def call(self, name, words):
        """Runs a command; its output goes to WORK/name.log, and to the error where it fails."""
        log = self.path(name + '.log')
        with open(log, 'wb') as file:
            try:
                code = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                                      check=False).returncode
            except OSError as error:
                raise ChainError(f'{words[0]}: {error.strerror}', USAGE) from error
        if code:
            with open(log, encoding='utf-8', errors='replace') as file:
                said = file.read().strip()[-4000:]
            raise ChainError(f'{shlex.join(words)}: exit code {code}\n{said}',
                             code if code in (USAGE, BAD_DATA, STOPPED) else FAILED)


def open_screen(folder, given=None):
    """given: what the command line says of FIXED and DEFAULTS (None: nothing); recorded. Without it the
    folder must be a screening's."""
    path = os.path.join(folder, 'screen.json')
    recorded = read_json(path)
    if recorded is None and given is None:
        raise ChainError(f'{folder}: no screening is here (no screen.json); start one with run', USAGE)
    asked = {**DEFAULTS, **(recorded or {})}
    for name, value in (given or {}).items():
        if value is None:
            continue
        if recorded and name in FIXED and value != recorded[name]:
            raise ChainError(f'{folder}: is a screening with --{name} {_said(recorded[name])}, not '
                             f'{_said(value)}; choose another WORK', USAGE)
        asked[name] = value
    missing = [name for name in ('model', 'candidates') if not asked.get(name)]
    if missing:
        raise ChainError(f'{folder}: a new screening needs --{" and --".join(missing)}', USAGE)
    if not asked.get('dataset'):
        asked['dataset'] = os.path.abspath(read_model(asked['model']).dataset)
        if not os.path.isfile(asked['dataset']):
            raise ChainError(f"{asked['model']}: its training set was {asked['dataset']}, which is not "
                             'there: say where it is with --dataset', USAGE)
    screen = Screen(folder, asked)
    lost = sorted(screen.model.trained - set(screen.training.ids))
    if lost:
        raise ChainError(f"{asked['dataset']}: not what {asked['model']} was trained on, which holds "
                         f"'{lost[0]}'", BAD_DATA)
    if given is not None and asked != recorded:
        os.makedirs(folder, exist_ok=True)
        write_json(path, asked)
    return screen


def _said(value):
    return ' '.join(value) if isinstance(value, list) else value
