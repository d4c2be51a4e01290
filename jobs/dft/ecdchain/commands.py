"""The commands of chain.sh."""
import argparse
import os
import sys
import time

from . import collect, engines, importer, schedulers, status, structures
from .base import BAD_DATA, FAILED, STOPPED, USAGE, ChainError, EngineError, lock
from .settings import find_ecdnet, split_override
from .stages import DONE, FAILED as STAGE_FAILED, RUNNING, stages_of
from .work import FINISH, STAGES, open_work


def say(text):
    print(time.strftime('[%H:%M:%S] ') + text, flush=True)


def parser():
    top = argparse.ArgumentParser(
        prog='chain.sh', description='From crystal structures to labelled samples with a DFT code, as '
        'dependent jobs (doc/dft_chain.md).',
        epilog='Exit codes: 0 done; 1 failed or set aside; 2 usage; 3 bad input data; 75 stopped.')
    commands = top.add_subparsers(dest='command', required=True, metavar='COMMAND')
    run = add_command(commands, 'run', 'add structures, then start all that is missing or has failed')
    run.add_argument('--structures', action='append', default=[], metavar='PATH',
                     help='a folder, a structure file, or a list of paths (.txt, .csv)')
    run.add_argument('--engine', help='gpaw, vasp, or a Python file (chain.engine)')
    run.add_argument('--scheduler', help='local, slurm, pbs or lsf (chain.scheduler)')
    run.add_argument('--workers', help='local: jobs at a time (chain.workers)')
    run.add_argument('--settings', metavar='FILE', help='an INI file like WORK/chain.ini with what differs')
    run.add_argument('-o', dest='options', action='append', default=[], metavar='SECTION.KEY=VALUE',
                     help='a setting, recorded in WORK/chain.ini')
    run.add_argument('--skip-bad', action='store_true', help='go on without structures that cannot be used')
    run.add_argument('--redo', action='store_true', help='make results anew that other settings made')
    run.add_argument('--dry-run', action='store_true', help='say what would be started')
    show = add_command(commands, 'status', 'a table of what is done, runs, failed')
    show.add_argument('--csv', action='store_true', help='as CSV')
    retry = add_command(commands, 'retry', 'what was set aside, or given materials, once more')
    retry.add_argument('ids', nargs='*', metavar='ID', help='materials (all that were set aside)')
    retry.add_argument('--from', dest='stage', choices=STAGES, help='make this stage and those after it anew')
    for name, about in (('collect', 'labels.csv and the links to the charge densities of what is done'),
                        ('prep', 'the datasets'), ('finish', 'collect, then prep')):
        add_command(commands, name, about)
    about = 'a folder of finished VASP runs: labels, a deck for prep, and all that is wrong'
    importer.add_options(commands.add_parser('import', help=about, description=about))
    stage = add_command(commands, 'stage', 'one stage of one material: what the jobs call')
    stage.add_argument('id')
    stage.add_argument('stage', choices=STAGES)
    return top


def add_command(commands, name, about, folder='the folder of the chain'):
    command = commands.add_parser(name, help=about, description=about)
    command.add_argument('work', metavar='WORK', help=folder)
    return command


def overrides(arguments):
    """[(section, key, text)] of -o, --engine, --scheduler and --workers."""
    return [split_override(text) for text in arguments.options] + [
        ('chain', name, getattr(arguments, name)) for name in ('engine', 'scheduler', 'workers')
        if getattr(arguments, name) is not None]


def do_run(arguments):
    if not arguments.structures and not os.path.isfile(os.path.join(arguments.work, 'chain.ini')):
        raise ChainError(f'{arguments.work}: a new chain needs --structures', USAGE)
    work = open_work(arguments.work, engines.load, arguments.settings or '', overrides(arguments),
                     find_ecdnet)
    if work.settings['chain']['scheduler'] == 'local':
        work.engine.check()
    with lock(work.path('run.lock'), f'{work.folder}: another run works on this chain'):
        add_structures(work, arguments)
        return start(work, arguments)


def add_structures(work, arguments):
    """All that is wrong with the inputs is told at once; nothing is added then, unless --skip-bad."""
    pairs = [pair for where in arguments.structures for pair in structures.find(where)]
    good, problems = structures.read_all(pairs, work.settings['chain']['cell'])
    usable = []
    for name, path, atoms in good:
        try:
            work.engine.check_structure(atoms)
            usable.append((name, path, atoms))
        except EngineError as error:
            problems.append(f'{path}: {error}')
    for problem in problems:
        print(f'chain: {problem}', file=sys.stderr)
    if problems and not arguments.skip_bad:
        raise ChainError(f'{len(problems)} of {len(pairs)} structures cannot be used, nothing was started '
                         '(--skip-bad goes on without them)', BAD_DATA)
    added = sum([work.add(name, path, atoms) for name, path, atoms in usable])
    if pairs:
        say(f'{added} structures added, {len(usable) - added} were there already')


def plan(work, redo, active=()):
    """[[stage, ...]] of each material that is to be started. ChainError if other settings made results."""
    chains, others = [], {}
    for name in work.ids():
        stages = stages_of(work.material(name))
        for stage in stages:
            others.update({k: v for k, v in stage.other_method().items()})
        open_stages = [s for s in stages if s.state()[0] != DONE]
        busy = any(s.state()[0] == RUNNING or (name, s.name) in active for s in stages)
        given_up = any(s.state()[0] == STAGE_FAILED and s.given_up() for s in open_stages)
        if open_stages and not busy and not given_up:
            chains.append(open_stages)
    if others and not redo:
        changes = '; '.join(f'{k}: {then} then, {now} now' for k, (then, now) in sorted(others.items()))
        raise ChainError(f'{work.folder}: there are results of other settings ({changes}). --redo makes them '
                         'anew, in new folders; or set the settings back, or choose another WORK', USAGE)
    return chains


def start(work, arguments):
    scheduler = work.settings['chain']['scheduler']
    batch = schedulers.BATCH[scheduler](work, say) if scheduler in schedulers.BATCH else None
    active = batch.active() if batch else {}
    chains = plan(work, arguments.redo, active)
    say(f'{len(work.ids())} materials, {len(chains)} of them with something to do'
        + (f', {len(active)} jobs still wait or run' if active else ''))
    if arguments.dry_run:
        for chain in chains:
            print(f'{chain[0].material.name}: {" ".join(stage.name for stage in chain)}')
        return 0
    if batch:
        return submit(work, batch, chains, active)
    code = schedulers.Local(work, say).run(chains)
    if code == STOPPED:
        say('stopped; run again to go on')
        return code
    return finish(work)


def submit(work, batch, chains, active):
    """A job for each stage; the last one collects what there is when all have ended, however they did."""
    if not chains:
        if not active:
            return finish(work)
        say('nothing to submit')
        return 0
    settings, last = work.settings['batch'], [job for name, job in active.items() if name[1] in STAGES]
    for chain in chains:
        before = []
        for stage in chain:
            name = (stage.material.name, stage.name)
            number = batch.submit(name, schedulers.stage_command(work, 'stage', *name), settings[stage.name],
                                  ok=before)
            say(f'{stage.label()}: job {number}' + (f' after {before[0]}' if before else ''))
            before = [number]
        last += before
    number = batch.submit(FINISH, schedulers.stage_command(work, 'finish'), settings['collect'], ended=last)
    say(f'collect and prep: job {number} after all of them')
    return 0


def finish(work):
    """Collects and prepares; FAILED if a material is set aside."""
    ready, aside = collect.collect(work, say)
    if work.settings['chain']['until'] == 'elastic':
        collect.prep(work, say)
    for name, reason in aside.items():
        say(f'set aside: {name}: {reason}')
    return FAILED if len(ready) < len(work.ids()) else 0


def do_retry(arguments):
    work = open_work(arguments.work, engines.load)
    known = work.ids()
    unknown = [name for name in arguments.ids if name not in known]
    if unknown:
        raise ChainError(f'{work.folder}: no material {", ".join(unknown)}', USAGE)
    with lock(work.path('run.lock'), f'{work.folder}: another run works on this chain'):
        for name in arguments.ids or known:
            for stage in stages_of(work.material(name)):
                anew = arguments.stage and STAGES.index(stage.name) >= STAGES.index(arguments.stage)
                if stage.state()[0] == RUNNING:
                    raise ChainError(f'{stage.label()} runs', USAGE)
                if anew and (arguments.ids or stage.state()[0] == STAGE_FAILED):
                    stage.supersede()
                elif stage.state()[0] == STAGE_FAILED:
                    stage.forgive()
        arguments.redo, arguments.dry_run = False, False
        return start(work, arguments)


def do_stage(arguments):
    work = open_work(arguments.work, engines.load)
    stage = next((s for s in stages_of(work.material(arguments.id)) if s.name == arguments.stage), None)
    if stage is None:
        raise ChainError(f"{arguments.stage}: chain.until is {work.settings['chain']['until']}", USAGE)
    if stage.state()[0] == DONE:
        print('was done already')
        return 0
    print(stage.run())
    return 0


def do_import(arguments):
    return importer.run(arguments, say)


def do_other(arguments):
    work = open_work(arguments.work, engines.load)
    if arguments.command == 'status':
        status.show(work, arguments.csv, sys.stdout)
        return 0
    if arguments.command == 'collect':
        collect.collect(work, say)
        return 0
    if arguments.command == 'prep':
        collect.prep(work, say)
        return 0
    finish(work)         # it has done its work where a material is set aside: jobs may depend on it
    return 0


def exit_code(program, do, arguments):
    """What do(arguments) returns; errors are told in the name of the program, and have their codes."""
    try:
        return do(arguments)
    except (ChainError, EngineError, OSError) as error:
        if not isinstance(error, BrokenPipeError):
            print(f'{program}: {error}', file=sys.stderr)
        return getattr(error, 'code', FAILED)
    except KeyboardInterrupt:
        return STOPPED


def main(words=None):
    """The exit code of chain.sh with these words (those of the command line)."""
    arguments = parser().parse_args(words)
    do = {'run': do_run, 'retry': do_retry, 'stage': do_stage, 'import': do_import}
    return exit_code('chain', do.get(arguments.command, do_other), arguments)
