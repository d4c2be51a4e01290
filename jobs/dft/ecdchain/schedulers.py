"""Who runs the jobs: this machine with some workers, or a batch system. Each material's stages depend on each
other (afterok); the last job, which collects, comes after all of them however they ended (afterany)."""
import getpass
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

from .base import FAILED, STOPPED, ChainError, read_json, write_file, write_json


def stage_command(work, *words):
    """The command of a job, as words."""
    return [sys.executable, '-m', 'ecdchain', *words[:1], work.folder, *words[1:]]


class Local:
    """Runs stages on this machine, some at a time; a stage starts when the one before it has succeeded."""

    def __init__(self, work, say):
        self.work, self.say = work, say
        self.guard = threading.Condition()
        self.children, self.stopped = {}, 0

    def run(self, chains):
        """chains: [[stage, ...]]. 0 when all have ended, STOPPED if a signal came."""
        waiting, busy = list(chains), [0]
        before = {s: signal.signal(s, self._stop) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        workers = [threading.Thread(target=self._work, args=(waiting, busy), daemon=True)
                   for _ in range(min(self.work.settings['chain']['workers'], len(waiting)))]
        try:
            for worker in workers:
                worker.start()
            while any(worker.is_alive() for worker in workers):
                time.sleep(0.05)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return STOPPED if self.stopped else 0

    def _work(self, waiting, busy):
        while True:
            with self.guard:
                if self.stopped or not waiting:
                    return
                chain = waiting.pop(0)
            for stage in chain:
                if self.stopped or not self._stage(stage):
                    break

    def _stage(self, stage):
        """True if it succeeded."""
        log = job_log(self.work, stage.material.name, stage.name)
        begin = time.time()
        with open(log, 'ab') as file:
            start = file.tell()
            environment = {'OMP_NUM_THREADS': '1', **os.environ}      # the workers share the cores
            child = subprocess.Popen(stage_command(self.work, 'stage', stage.material.name, stage.name),
                                     stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                     start_new_session=True, env=environment)
            with self.guard:
                self.children[child.pid] = child
            if self.stopped:
                self._end(child)
            code = child.wait()
            with self.guard:
                del self.children[child.pid]
        with open(log, encoding='utf-8', errors='replace') as file:
            file.seek(start)
            lines = file.read().strip().splitlines()
        word = 'done' if code == 0 else 'stopped' if self.stopped else 'FAILED'
        said = re.sub('^chain: ', '', lines[-1]) if lines else f'exit code {code}'
        self.say(f'{stage.label()} {word} after {time.time() - begin:.0f} s: {said}')
        return code == 0

    def _stop(self, number, _frame):
        self.stopped = number
        for child in list(self.children.values()):
            self._end(child)

    @staticmethod
    def _end(child):
        """The child and all that it started: at once, since a calculation that is cut off is made anew."""
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Batch:
    """A batch system. The class of each says how its scripts and commands look."""

    prefix = ''

    def __init__(self, work, say):
        self.work, self.say = work, say
        self.record = work.path('jobs', 'submitted.json')

    def submit(self, name, command, options, ok=(), ended=()):
        """The number of a job that runs command (words) in the folder of the chain, after all of ok have
        succeeded and all of ended have ended."""
        batch = self.work.settings['batch']
        log = job_log(self.work, *name)
        lines = ['#!/bin/sh'] + [f'{self.prefix} {o}' for o in self.head('-'.join(name), log)]
        lines += [f'{self.prefix} {o}' for text in (batch['options'], options) for o in split(text)]
        lines += split(batch['setup'])
        path = shlex.quote(os.environ.get('PYTHONPATH', ''))
        lines += [f'export PYTHONPATH={path} PYTHONDONTWRITEBYTECODE=1',
                  f'cd {shlex.quote(self.work.folder)} || exit 1',
                  'exec ' + ' '.join(shlex.quote(word) for word in command)]
        script = self.work.path('jobs', '-'.join(name) + '.sh')
        write_file(script, '\n'.join(lines) + '\n')
        submission = self.command(script, list(ok), list(ended))
        with open(script, encoding='utf-8') as file:
            try:
                done = subprocess.run(submission, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      text=True, check=False)
            except OSError as error:
                raise ChainError(f'{submission[0]}: {error.strerror}') from error
        number = self.number(done.stdout) if done.returncode == 0 else None
        if number is None:
            raise ChainError(f'{" ".join(submission)}: exit code {done.returncode}, no job: '
                             f'{(done.stderr or done.stdout).strip()}', FAILED)
        self._remember(number, name)
        return number

    def _remember(self, number, name):
        jobs = read_json(self.record) or []
        write_json(self.record, jobs + [{'job': number, 'name': list(name), 'time': time.strftime('%F %T')}])

    def active(self):
        """{(material, stage): number} of jobs that wait or run; the batch system is asked."""
        jobs = read_json(self.record) or []
        if not jobs:
            return {}
        command = self.query()
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ChainError(f'{command[0]}: {error}: it is not known which jobs still run') from error
        if done.returncode != 0 and done.stderr.strip() and 'No unfinished job' not in done.stderr:
            raise ChainError(f'{" ".join(command)}: exit code {done.returncode}: {done.stderr.strip()}')
        there = set(done.stdout.split())
        return {tuple(job['name']): job['job'] for job in jobs if job['job'] in there}

    @staticmethod
    def after(ok, ended):
        """Dependencies as Slurm and PBS write them."""
        kinds = (('afterok', ok), ('afterany', ended))
        return ','.join(':'.join([word, *numbers]) for word, numbers in kinds if numbers)

    def head(self, name, log):
        raise NotImplementedError

    def command(self, script, ok, ended):
        raise NotImplementedError

    def number(self, output):
        raise NotImplementedError

    def query(self):
        raise NotImplementedError


class Slurm(Batch):
    """Jobs whose dependency has failed are ended at once (--kill-on-invalid-dep), not left waiting."""

    prefix = '#SBATCH'

    def head(self, name, log):
        return [f'--job-name={name}', f'--output={log}', '--open-mode=append']

    def command(self, script, ok, ended):
        after = self.after(ok, ended)
        return ['sbatch', '--parsable', '--kill-on-invalid-dep=yes',
                *([f'--dependency={after}'] if after else []), script]

    def number(self, output):
        found = re.match(r'(\d+)', output.strip())
        return found.group(1) if found else None

    def query(self):
        return ['squeue', '--noheader', '--me', '--format=%i']


class PBS(Batch):
    """OpenPBS, PBS Pro. A job whose afterok fails is deleted by the server."""

    prefix = '#PBS'

    def head(self, name, log):
        return [f'-N {name[:15]}', '-j oe', f'-o {log}']

    def command(self, script, ok, ended):
        after = self.after(ok, ended)
        return ['qsub', *(['-W', f'depend={after}'] if after else []), script]

    def number(self, output):
        found = re.match(r'(\d+[\w.\[\]-]*)', output.strip())
        return found.group(1) if found else None

    def query(self):
        return ['qselect', '-u', getpass.getuser()]


class LSF(Batch):
    """The script goes to the standard input of bsub; -ti ends jobs whose dependency cannot come true."""

    prefix = '#BSUB'

    def head(self, name, log):
        return [f'-J {name}', f'-oo {log}']

    def command(self, script, ok, ended):
        parts = [f'done({n})' for n in ok] + [f'ended({n})' for n in ended]
        return ['bsub', *(['-ti', '-w', ' && '.join(parts)] if parts else [])]

    def number(self, output):
        found = re.search(r'<(\d+)>', output)
        return found.group(1) if found else None

    def query(self):
        return ['bjobs', '-noheader', '-o', 'jobid']


BATCH = {'slurm': Slurm, 'pbs': PBS, 'lsf': LSF}


def batch_of(work, say):
    """The batch system of a chain, None if it runs on this machine."""
    kind = BATCH.get(work.settings['chain']['scheduler'])
    return kind(work, say) if kind else None


def split(text):
    return [part.strip() for part in text.split(';') if part.strip()]


def job_log(work, *name):
    os.makedirs(work.path('jobs'), exist_ok=True)
    return work.path('jobs', '-'.join(name) + '.log')
