"""The commands of chain.sh."""
import argparse
import contextlib
import os
import sys
import time

from . import collect, engines, importer, schedulers, status, structures
from .base import BAD_DATA, FAILED, STOPPED, USAGE, ChainError, EngineError, lock
from .settings import find_ecdnet, split_override
from .stages import DONE, FAILED as STAGE_FAILED, RUNNING, stages_of, stages_until
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
    run.add_argument('--dry-run', action='store_true', help='say what would be started; change nothing')
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
                     find_ecdnet, record=False)
    if work.settings['chain']['scheduler'] == 'local':
        work.engine.check()
    if arguments.dry_run:
        return dry_run(work, arguments)
    os.makedirs(work.folder, exist_ok=True)
    with lock_run(work):
        new = accept(work, arguments)[0]
        work.record()
        for structure in new:
            work.add(*structure)
        return start(work)


def lock_run(work):
    return lock(work.path('run.lock'), f'{work.folder}: another run works on this chain')


def accept(work, arguments):
    """(new structures, [[stage, ...]] of the materials that are there) of a run; ChainError where it is
    refused. Nothing is changed."""
    new = new_structures(work, arguments)
    active = active_jobs(work)
    keep_method(work, active)
    return new, plan(work, arguments.redo, active)


def dry_run(work, arguments):
    with lock_run(work) if os.path.isdir(work.folder) else contextlib.nullcontext():
        new, chains = accept(work, arguments)
    say(f'{len(work.ids()) + len(new)} materials, {len(chains) + len(new)} of them with something to do')
    for chain in chains:
        print(f'{chain[0].material.name}: {" ".join(stage.name for stage in chain)}')
    for name, *_ in new:
        print(f'{name}: {" ".join(stages_until(work))}')
    return 0


def active_jobs(work):
    batch = schedulers.batch_of(work, say)
    return batch.active() if batch else {}


def keep_method(work, active):
    """ChainError if the settings change what waiting jobs compute: they read them when they start."""
    jobs = [number for (_, stage), number in active.items() if stage in STAGES]
    if not jobs:
        return
    before = open_work(work.folder, engines.load)
    changed = [stage for stage in STAGES if before.method(stage) != work.method(stage)]
    if changed or before.strain_options() != work.strain_options():
        raise ChainError(f'{work.folder}: {len(jobs)} jobs still wait or run, and these settings change '
                         f'{changed[0] if changed else "elastic"}: wait for them or cancel them', USAGE)


def new_structures(work, arguments):
    """[(id, path, atoms)] to add. All that is wrong with the inputs is told at once, and is an error unless
    --skip-bad."""
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
    new = [structure for structure in usable if not work.has(*structure)]
    if pairs:
        say(f'{len(new)} structures {"would be " if arguments.dry_run else ""}added, '
            f'{len(usable) - len(new)} were there already')
    return new


def plan(work, redo, active=()):
    """[[stage, ...]] of each material that is to be started. ChainError if other settings made results."""
    chains, others, cell = [], {}, work.settings['chain']['cell']
    for name in work.ids():
        stages = stages_of(work.material(name))
        then = stages[0].material.about.get('cell', cell)
        if then != cell:
            raise ChainError(f'{work.folder}: there are structures of another chain.cell ({then} then, '
                             f'{cell} now): set it back, or choose another WORK', USAGE)
        for stage in stages:
            others.update(stage.other_method())
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


def start(work):
    """Starts what plan says; that other settings made results was seen to before."""
    batch = schedulers.batch_of(work, say)
    active = batch.active() if batch else {}
    chains = plan(work, True, active)
    say(f'{len(work.ids())} materials, {len(chains)} of them with something to do'
        + (f', {len(active)} jobs still wait or run' if active else ''))
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
        aside = {**{n: r for n, r in aside.items() if n not in ready}, **collect.prep(work, say)}
    for name, reason in aside.items():
        say(f'set aside: {name}: {reason}')
    return FAILED if aside else 0


def do_retry(arguments):
    work = open_work(arguments.work, engines.load)
    known = work.ids()
    unknown = [name for name in arguments.ids if name not in known]
    if unknown:
        raise ChainError(f'{work.folder}: no material {", ".join(unknown)}', USAGE)
    with lock_run(work):
        active = active_jobs(work)
        plan(work, False, active)
        chosen = {name: stages_of(work.material(name)) for name in arguments.ids or known}
        for name, stages in list(chosen.items()):
            busy = [s for s in stages if s.state()[0] == RUNNING or (name, s.name) in active]
            if busy and arguments.ids:
                raise ChainError(f'{busy[0].label()} runs or waits', USAGE)
            if busy:
                del chosen[name]
        unfit = collect.unfit(work)
        for name, stages in chosen.items():
            set_back(stages, arguments.stage, bool(arguments.ids), unfit.get(name))
        return start(work)


def set_back(stages, first, named, unfit):
    """A material's failures do not count any more. What is done is computed anew from the stage first on, if
    the material was named or something of it failed, and so is the stage unfit, whose result was refused."""
    failed = [stage for stage in stages if stage.state()[0] == STAGE_FAILED]
    from_here = False
    for stage in stages:
        from_here = from_here or stage.name == first and bool(named or failed or unfit)
        if from_here or stage.name == unfit:
            stage.supersede()
    for stage in failed:
        stage.forgive()


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
