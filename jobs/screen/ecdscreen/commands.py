"""The commands of screen.sh."""
import argparse
import math
import os
import shlex
import sys

from ecdchain import commands as chain_commands
from ecdchain import engines, schedulers
from ecdchain.base import FAILED, USAGE, ChainError, lock, read_json, write_json
from ecdchain.commands import add_command, exit_code, overrides, say
from ecdchain.settings import find_ecdnet
from ecdchain.work import FINISH, open_work

from . import ranking, verify
from .files import Candidates, read_table
from .work import DEFAULTS, open_screen

FOLDER = 'the folder of the screening'
VERIFY = ('screen', 'verify')           # the job after the chain's last


def parser():
    top = argparse.ArgumentParser(
        prog='screen.sh', description='A trained model ranks candidates, and the DFT chain verifies the best '
        'of them (doc/screening.md).',
        epilog='Exit codes: 0 done; 1 failed, set aside or nothing left to compare; 2 usage; 3 bad input '
        'data; 75 stopped.')
    commands = top.add_subparsers(dest='command', required=True, metavar='COMMAND')
    about = 'predict, rank, verify the best by DFT, compare; again: what is missing'
    run = add_command(commands, 'run', about, FOLDER)
    run.add_argument('--model', metavar='MODEL.h5', help='the trained model')
    run.add_argument('--candidates', nargs='+', metavar='WHAT',
                     help='a dataset, or charge files: a path with {id}, a folder, files')
    run.add_argument('--dataset', metavar='DATASET.h5',
                     help="the model's training set (where it was at its training)")
    run.add_argument('--top', type=_at_least(1, int), metavar='N',
                     help=f'how many are verified ({DEFAULTS["top"]})')
    run.add_argument('--goal', type=_goal, metavar='GOAL',
                     help='which are the best: high, low, a number of GPa (the nearest to it), uncertain '
                     f'({DEFAULTS["goal"]})')
    run.add_argument('--kappa', type=_at_least(0, float), metavar='K',
                     help=f'uncertainties that are added to what is ranked ({DEFAULTS["kappa"]:g})')
    run.add_argument('--max-atoms', type=_at_least(0, int), metavar='N',
                     help=f'candidates with more atoms are left out; 0: none are ({DEFAULTS["max_atoms"]})')
    run.add_argument('--launcher', metavar='WORDS', help="how ecdnet predict is started, e.g. 'mpirun -n 8'")
    run.add_argument('--rank-only', action='store_true', help='predict, rank and choose; start no DFT')
    chain = run.add_argument_group('of the DFT chain (chain.sh run --help)')
    for name in ('--engine', '--scheduler', '--workers', '--settings'):
        chain.add_argument(name)
    chain.add_argument('-o', dest='options', action='append', default=[], metavar='SECTION.KEY=VALUE')
    add_command(commands, 'verify', 'the comparison, of what DFT is done', FOLDER)
    add_command(commands, 'status', 'a table of the chosen: predicted, DFT, what is not done', FOLDER)
    return top


def _at_least(least, kind):
    def parse(text):
        value = kind(text)
        if not least <= value < math.inf:
            raise argparse.ArgumentTypeError(f'expected a number, at least {least}, found {text}')
        return value
    parse.__name__ = 'whole number' if kind is int else 'number'
    return parse


def _goal(text):
    if text not in ranking.GOALS:
        try:
            finite = math.isfinite(float(text))
        except ValueError:
            finite = False
        if not finite:
            raise argparse.ArgumentTypeError(
                f"expected {', '.join(ranking.GOALS)} or a number of GPa, found '{text}'")
    return text


def do_run(arguments):
    def absolute(path):
        return path and os.path.abspath(path)
    screen = open_screen(arguments.work, {
        'model': absolute(arguments.model), 'dataset': absolute(arguments.dataset),
        'candidates': arguments.candidates and [absolute(word) for word in arguments.candidates],
        **{name: getattr(arguments, name) for name in DEFAULTS}})
    with lock(screen.path('run.lock'), f'{screen.folder}: another run works on this screening'):
        chain = open_chain(screen, arguments)
        candidates = Candidates(screen['candidates'])
        predict(screen, chain, candidates)
        choose(screen, chain, candidates)
        if arguments.rank_only:
            return 0
        code = chain_commands.main(['run', chain.folder, '--structures', screen.path('structures')])
        if code not in (0, FAILED):
            return code
        batch = batch_of(chain)
        if batch and batch.active():
            return submit_verify(screen, chain, batch)
        return max(code, do_verify(arguments))


def open_chain(screen, arguments):
    """The chain of this screening, with volumes as the model takes them."""
    folder = screen.path('dft')
    options = []
    if screen.model.takes_volumes:
        if screen.model.field not in ('density', 'elf'):
            raise ChainError(f"{screen['model']}: takes the field '{screen.model.field}', which the chain "
                             'does not make', USAGE)
        prepared = ' '.join(f'-o prep.{name}={value}' for name, value in screen.model.preparation.items())
        options = [('prep', 'fields', screen.model.field), ('prep', 'options', prepared)]
    options = [] if os.path.isfile(os.path.join(folder, 'chain.ini')) else options
    options += overrides(arguments)
    chain = open_work(folder, engines.load, arguments.settings or '', options, find_ecdnet)
    if screen.model.takes_volumes and chain.engine.name != screen.model.code:
        raise ChainError(f"{screen['model']}: takes charge densities of '{screen.model.code}', and engine "
                         f"'{chain.engine.name}' makes others: its verification would be refused", USAGE)
    return chain


def predict(screen, chain, candidates):
    """WORK/predict/predictions.csv, once for a model file and candidates, and again when some are added."""
    info = os.stat(screen['model'])
    state = {'model': [info.st_size, info.st_mtime_ns], 'candidates': candidates.listing()}
    made = screen.path('predict', 'predicted.json')
    before = read_json(made)
    if before and before['model'] != state['model']:
        raise ChainError(f"{screen['model']} has changed since it ranked these candidates; choose another "
                         'WORK', USAGE)
    added = len(set(state['candidates']) - set(before['candidates'])) if before else 0
    if before and not added:
        return
    say(f'{added} candidates are new: ecdnet predict again, for all' if before else 'ecdnet predict')
    screen.call('predict', shlex.split(screen['launcher']) + [
        find_ecdnet(chain.settings), 'predict', '-o', f'predict.model={screen["model"]}', '-o',
        f'output={screen.folder}', '-o', 'prep.on_error=skip', *screen['candidates']])
    with open(screen.path('predict.log'), encoding='utf-8', errors='replace') as log:
        bad = sum('left out: ' in line for line in log)
    if bad:
        say(f'{bad} candidates cannot be predicted: {screen.path("predict.log")} says why')
    write_json(made, state)


def choose(screen, chain, candidates):
    """ranked.csv and the structures of those that are to be verified."""
    predictions = read_table(screen.path('predict', 'predictions.csv'))
    rows = ranking.rank(predictions, screen['goal'], screen['kappa'])
    chooser = ranking.Chooser(screen.model, screen.training, candidates, chain.engine, screen['max_atoms'])
    chosen = chooser.choose(rows, screen['top'])
    screen.write_table('ranked.csv', ranking.COLUMNS, rows)
    ranking.write_structures(screen.path('structures'), chosen)
    left_out = sum(1 for row in rows if row['choice'] not in ('', ranking.CHOSEN))
    say(f'{len(chosen)} of {len(rows)} candidates are chosen'
        + (f', {left_out} before them left out' if left_out else '') + ': ranked.csv says which and why')
    if not chosen:
        raise ChainError(f'{screen.path("ranked.csv")}: no candidate is left to verify', FAILED)


def batch_of(chain):
    kind = schedulers.BATCH.get(chain.settings['chain']['scheduler'])
    return kind(chain, say) if kind else None


def submit_verify(screen, chain, batch):
    """A job after the chain's last; none where one waits already."""
    active = batch.active()
    if VERIFY in active or FINISH not in active:
        say(f'comparison: job {active[VERIFY]}' if VERIFY in active else
            'comparison: run again, or screen.sh verify, when the jobs of the chain have ended')
        return 0
    command = [sys.executable, '-m', 'ecdscreen', 'verify', screen.folder]
    job = batch.submit(VERIFY, command, chain.settings['batch']['collect'], ended=[active[FINISH]])
    say(f'comparison: job {job} after {active[FINISH]}')
    return 0


def do_verify(arguments):
    screen = open_screen(arguments.work)
    chain = open_work(screen.path('dft'), engines.load)
    rows = verify.benchmark(screen, chain, say)
    verify.show(rows, screen.model.target, sys.stdout)
    if any(row['dft_gpa'] and not row['dropped'] for row in rows):
        return 0
    say('nothing is compared: all that is verified is in the training set')
    return FAILED


def do_status(arguments):
    screen = open_screen(arguments.work)
    chain = open_work(screen.path('dft'), engines.load)
    verify.show(verify.rows_of(screen, chain), screen.model.target, sys.stdout)
    return 0


def main(words=None):
    arguments = parser().parse_args(words)
    do = {'run': do_run, 'verify': do_verify, 'status': do_status}
    return exit_code('screen', do[arguments.command], arguments)
