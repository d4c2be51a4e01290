"""The settings of a chain, WORK/chain.ini: every key has a default, a type and a line that explains it."""
import configparser
import difflib
import os
import textwrap
from dataclasses import dataclass

from .base import USAGE, ChainError


@dataclass(frozen=True)
class Key:
    """One setting. The default's type is the key's; choices, where given, are all that is allowed; words: a
    text of some of these."""
    name: str
    default: object
    help: str
    choices: tuple = ()
    minimum: float = None
    words: tuple = ()


COMMON = {
    'chain': (
        Key('engine', 'gpaw', 'who computes: gpaw, vasp, or the path of a Python file with an engine'),
        Key('scheduler', 'local', 'who runs the jobs', ('local', 'slurm', 'pbs', 'lsf')),
        Key('workers', 1, 'local: jobs at a time', minimum=1),
        Key('cell', 'primitive', 'cell of the calculations: primitive (spglib) or the one of the file',
            ('primitive', 'as_given')),
        Key('relax', 'cell', 'what is relaxed: cell (and sites), sites, or none',
            ('cell', 'sites', 'none')),
        Key('until', 'elastic', 'the last stage; static: charge densities without labels',
            ('static', 'elastic')),
        Key('attempts', 2, 'run starts a failed stage again until it has failed so many times; then it is '
            'set aside until retry', minimum=1),
        Key('ecdnet', '', 'the ecdnet program; empty: found by chain.sh'),
    ),
    'elastic': (
        Key('amplitude', 0.005, 'largest component of a strain (ecdnet elastic --strains); engines that make '
            'the tensor themselves (vasp) do not use amplitude, both_signs, steps', minimum=1e-5),
        Key('both_signs', True, 'strains of both signs: the error is of second order'),
        Key('steps', 1, 'strains of amplitude, amplitude/2, ...', minimum=1),
        Key('ions', 'relaxed', 'sites in the deformed cells: relaxed or clamped', ('relaxed', 'clamped')),
    ),
    'prep': (
        Key('fields', 'density', 'datasets to make: density, elf, or density elf; none: stop after collect',
            words=('density', 'elf', 'none')),
        Key('launcher', 'mpirun -n 1', 'how ecdnet prep is started'),
        Key('options', '-o prep.grid=60', 'more options of ecdnet prep; -o prep.on_error=stop: no dataset '
            'while one density is bad'),
    ),
    'batch': (
        Key('options', '', 'options of every job, as after #SBATCH, #PBS or #BSUB; several: separated by ;'),
        Key('relax', '', 'more options of the relax jobs'),
        Key('static', '', 'more options of the static jobs'),
        Key('elastic', '', 'more options of the elastic jobs'),
        Key('collect', '', 'more options of the jobs that collect and prepare'),
        Key('setup', '', 'shell commands at the start of each job, such as module load; separated by ;'),
    ),
}


class Settings:
    """Values by section and key; sections are those of COMMON and the engine's own."""

    def __init__(self, sections):
        self.keys = {section: {key.name: key for key in keys} for section, keys in sections.items()}
        self.values = {section: {key.name: key.default for key in keys} for section, keys in sections.items()}

    def __getitem__(self, section):
        return self.values[section]

    def set(self, section, name, text, where):
        """Takes a value from text; where it came from is told in errors."""
        if section not in self.keys:
            raise ChainError(f'{where}: no section [{section}]{_near(section, self.keys)}', USAGE)
        if name not in self.keys[section]:
            raise ChainError(f'{where}: no key {section}.{name}{_near(name, self.keys[section])}', USAGE)
        self.values[section][name] = _parse(self.keys[section][name], text, f'{where}: {section}.{name}')

    def read(self, path):
        for section, name, text in read_ini(path):
            self.set(section, name, text, path)

    def text(self):
        """What chain.ini has."""
        lines = ['# Settings of this chain (doc/dft_chain.md). Results of different methods are not mixed:',
                 '# after a change run says which there are, and makes them anew with --redo.']
        for section, keys in self.keys.items():
            lines += ['', f'[{section}]']
            for key in keys.values():
                about = key.help + (f' ({", ".join(key.choices)})' if key.choices else '')
                lines += ['# ' + line for line in textwrap.wrap(about, 100)]
                lines.append(f'{key.name} = {_text(self.values[section][key.name])}'.rstrip())
        return '\n'.join(lines) + '\n'


def read_ini(path):
    """(section, name, text) of each key of a file."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    try:
        with open(path, encoding='utf-8') as file:
            parser.read_file(file)
    except OSError as error:
        raise ChainError(f'{path}: {error.strerror}', USAGE) from error
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ChainError(f'{path}: {" ".join(str(error).split())}', USAGE) from error
    return [(section, name, text) for section in parser.sections() for name, text in parser[section].items()]


def split_override(text):
    """-o section.key=value."""
    left, equals, value = text.partition('=')
    section, dot, name = left.strip().partition('.')
    if not equals or not dot:
        raise ChainError(f"-o: expected section.key=value, found '{text}'", USAGE)
    return section, name, value.strip()


def _parse(key, text, where):
    kind = type(key.default)
    value = text
    if kind is bool:
        words = {'true': True, 'yes': True, 'on': True, '1': True,
                 'false': False, 'no': False, 'off': False, '0': False}
        if text.lower() not in words:
            raise ChainError(f"{where}: expected true or false, found '{text}'", USAGE)
        return words[text.lower()]
    if kind in (int, float):
        try:
            value = kind(text)
        except ValueError as error:
            what = 'a whole number' if kind is int else 'a number'
            raise ChainError(f"{where}: expected {what}, found '{text}'", USAGE) from error
        if value != value or key.minimum is not None and value < key.minimum:
            raise ChainError(f"{where}: expected at least {key.minimum}, found {text}", USAGE)
    for word in text.replace(',', ' ').split() if key.words else ():
        if word not in key.words:
            raise ChainError(f"{where}: expected {', '.join(key.words)}, found '{word}'", USAGE)
    if key.choices and value not in key.choices:
        raise ChainError(f"{where}: expected {', '.join(key.choices)}, found '{text}'", USAGE)
    return value


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _near(name, names):
    close = difflib.get_close_matches(name, list(names), 1)
    return f"; do you mean '{close[0]}'?" if close else f' (there are: {", ".join(names)})'


def find_ecdnet(settings):
    """The ecdnet program: the setting, ECDNET, the build folders of this tree, where it is installed."""
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', '..'))
    named = settings['chain']['ecdnet'] or os.environ.get('ECDNET', '')
    folders = [os.path.join(root, folder) for folder in ('build', 'build-test', '../../bin')]
    folders += os.environ.get('PATH', '').split(os.pathsep)
    tries = [named] if named else [os.path.join(folder, 'ecdnet') for folder in folders]
    for path in tries:
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    place = f'at {named}' if named else 'built here or in the PATH'
    raise ChainError(f'no ecdnet program {place}: build it, or say where with -o chain.ecdnet=PATH', USAGE)
