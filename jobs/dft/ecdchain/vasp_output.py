"""What a VASP run says of itself: OUTCAR, read line by line, plain or .gz; vasprun.xml through pymatgen."""
import gzip
import os
import re

from .base import EngineError

# The first letters of LEXCH and GGA, as the OUTCAR has them.
FUNCTIONALS = {'PE': 'PBE', 'PS': 'PBEsol', 'CA': 'LDA', '91': 'PW91', 'RP': 'RPBE', 'RE': 'revPBE',
               'AM': 'AM05', 'BF': 'BEEF', 'MK': 'optB86b', 'BO': 'optB88', 'OR': 'optPBE', 'ML': 'vdW-DF2'}
TENSORS = {'relaxed': 'TOTAL ELASTIC MODULI', 'clamped': 'SYMMETRIZED ELASTIC MODULI'}
FIRST = ('stress_kbar', 'pressure_kbar', 'volume', 'energy_ev', 'magnetization')
COMPLAINTS = ('VERY BAD NEWS', 'ZBRENT: fatal', 'internal error', 'EDDDAV', 'Error reading',
              'BRMIX: very serious', 'POSMAP internal', 'out of memory', 'Segmentation fault')


class Run:
    """One run. Everything is None, empty or 0 where the file does not say."""

    def __init__(self, path):
        self.path = path
        self.complete = False         # the closing table of times is there
        self.ionic_steps, self.unconverged = 0, []   # steps; those that have no self-consistency, from 1
        self.relaxed = False          # reached the required accuracy
        self.optimizes, self.nsw = False, 0
        # Of the last step; of finite differences (IBRION = 5 to 8), where that is a displaced one, the first.
        self.stress_kbar = None       # XX YY ZZ XY YZ ZX, positive under compression
        self.pressure_kbar, self.first_pressure_kbar = None, None    # the second: always of the first step
        self.volume = None            # A^3
        self.sites = None             # NIONS
        self.energy_ev = None
        self.tensors = {}             # relaxed, clamped: 6 x 6, kbar, order XX YY ZZ XY YZ ZX
        self.spins = None
        self.noncollinear = False
        self.encut = None
        self.functional = None
        self.titles = []              # of the POTCARs
        self.magnetization = None

    def stress_gpa(self):
        """ASE's sign and order; None where the file has none."""
        if self.stress_kbar is None:
            return None
        xx, yy, zz, xy, yz, zx = self.stress_kbar
        return [-0.1 * s for s in (xx, yy, zz, yz, zx, xy)]

    def refuse(self, relaxed=False):
        """EngineError unless the run came to its end and all of it converged."""
        if not self.complete:
            raise EngineError(f'{os.path.basename(self.path)} has no end: the run was cut off')
        # What an optimization went through does not matter, only where it came to.
        bad = [step for step in self.unconverged if step == self.ionic_steps or not self.optimizes]
        if bad:
            steps = ', '.join(map(str, bad[:5])) + (', ...' if len(bad) > 5 else '')
            raise EngineError(f'no self-consistency in ionic step {steps}')
        if relaxed and not self.relaxed:
            raise EngineError(f'the relaxation has not converged in {self.ionic_steps} steps')


def read_outcar(path):
    run, reader = Run(path), _Reader()
    try:
        opener = gzip.open if path.endswith('.gz') else open
        with opener(path, 'rt', encoding='utf-8', errors='replace') as file:
            for line in file:
                reader.take(run, line)
    except (OSError, EOFError) as error:
        raise EngineError(f'{path}: {error}') from error
    if not reader.seen:
        raise EngineError(f'{path}: this is no OUTCAR')
    reader.end(run)
    return run


class _Reader:
    """The state between lines."""

    def __init__(self):
        self.seen, self.step, self.reached = False, 0, True
        self.table, self.rows = None, []
        self.words = {}
        self.round, self.changes = 0, []      # of self-consistency; what the last one changed, eV
        self.undisplaced = None       # what FIRST names, of the first step

    def take(self, run, line):
        if self.table:
            self._row(run, line)
            return
        if ' Iteration ' in line:
            found = re.search(r'Iteration\s+(\d+)\(\s*(\d+)\)', line)
            if found and int(found.group(1)) != self.step:
                self._close_step(run)
                self.step, self.reached = int(found.group(1)), False
            if found:
                self.round, self.changes = int(found.group(2)), []
        elif 'total energy-change' in line:
            self.changes = [abs(float(n)) for n in re.findall(r'-?\d*\.\d+E[-+]\d+', line)]
        elif 'EDIFF is reached' in line:
            self.reached = True
        elif 'reached required accuracy' in line:
            run.relaxed = True
        elif 'General timing and accounting' in line:
            run.complete = True
        elif ' in kB ' in line:
            numbers = re.findall(r'-?\d+\.\d+', line)
            run.stress_kbar = [float(n) for n in numbers] if len(numbers) == 6 else run.stress_kbar
        elif 'external pressure' in line:
            run.pressure_kbar = _number(line, 'pressure =')
            if run.first_pressure_kbar is None:
                run.first_pressure_kbar = run.pressure_kbar
        elif 'volume of cell' in line:
            run.volume = _number(line, 'cell :')
        elif 'free  energy   TOTEN' in line:
            run.energy_ev = _number(line, '=')
        elif 'number of electron' in line and 'magnetization' in line:
            run.magnetization = _number(line, 'magnetization')
        elif 'ELASTIC MODULI' in line:
            kinds = [kind for kind, title in TENSORS.items() if title in line]
            self.table, self.rows = (kinds[0] if kinds else None), []
        else:
            self._header(run, line)

    def _header(self, run, line):
        if line.startswith(' vasp.') or 'INCAR:' in line:
            self.seen = True
        if 'LDA+U is selected' in line:
            self.words['LDAU'] = 'T'
        if 'NIONS =' in line:
            run.sites = int(_number(line, 'NIONS =') or 0) or None
        found = re.match(r'\s+(ISPIN|ENCUT|LEXCH|GGA|NSW|NELM|EDIFF|IBRION|LNONCOLLINEAR|LHFCALC|METAGGA|'
                         r'LDAU|TITEL|LUSE_VDW|IVDW|LVDW)\s*=\s*(.*)', line)
        if not found:
            return
        name, value = found.groups()
        if name == 'TITEL':
            if value.strip() not in run.titles:
                run.titles.append(value.strip())
        else:
            word = value.split()[0].rstrip(';') if value.split() else ''
            if name != 'LEXCH' or 'internal' not in value:         # VASP has a number of its own, too
                self.words[name] = word
        self.seen = True

    def _row(self, run, line):
        numbers = re.findall(r'-?\d+\.\d+', line)
        if re.match(r'\s*[XYZ][XYZ]\s', line) and len(numbers) == 6:
            self.rows.append([float(n) for n in numbers])
        elif self.rows or line.strip() == '':
            self.table = None
        if len(self.rows) == 6:
            run.tensors[self.table] = self.rows
            self.table = None

    def _close_step(self, run):
        if self.step and (not self.reached or self._exhausted()):
            run.unconverged.append(self.step)
        if self.step and self.undisplaced is None:
            self.undisplaced = {name: getattr(run, name) for name in FIRST}

    def _exhausted(self):
        """VASP 5 says that EDIFF is reached also where it has only done all of its NELM rounds."""
        most, small = _value(self.words, 'NELM', int), _value(self.words, 'EDIFF', float)
        if not most or self.round < most:
            return False
        return not (small and self.changes and max(self.changes) < abs(small))

    def end(self, run):
        self._close_step(run)
        run.ionic_steps = self.step
        words = self.words
        if words.get('IBRION') in ('5', '6', '7', '8'):
            vars(run).update(self.undisplaced or {})
        run.spins = _value(words, 'ISPIN', int)
        run.encut = _value(words, 'ENCUT', float)
        run.noncollinear = _is_true(words.get('LNONCOLLINEAR'))
        run.nsw = _value(words, 'NSW', int) or 0
        run.optimizes = words.get('IBRION') in ('1', '2', '3') and run.nsw > 0
        run.functional = _functional(words)


def elements(titles):
    """Those of TITELs such as PAW_PBE Mg_pv 13Apr2007."""
    return {element(title) for title in titles}


def element(title):
    words = title.split()
    found = re.match('[A-Z][a-z]?', words[min(1, len(words) - 1)]) if words else None
    return found.group() if found else ''


def _value(words, name, kind):
    """None where the word is missing or no number, as in a careless INCAR that VASP echoes."""
    try:
        return kind(words[name])
    except (KeyError, ValueError):
        return None


def _functional(words):
    name = words.get('GGA', '--')
    name = words.get('LEXCH', '') if name in ('--', '') else name
    if not name:
        return None
    name = FUNCTIONALS.get(name.upper()[:2], name)
    meta = words.get('METAGGA', 'F').upper()
    if meta not in ('F', '--', '.FALSE.', 'NONE'):
        name = meta
    if _is_true(words.get('LHFCALC')):
        name += ' hybrid'
    if _is_true(words.get('LDAU')):
        name += '+U'
    if words.get('IVDW', '0') not in ('0', 'F') or any(_is_true(words.get(n)) for n in ('LUSE_VDW', 'LVDW')):
        name += '+vdW'
    return name


def _is_true(word):
    """VASP's own T, or an INCAR's .TRUE., which VASP 6 echoes."""
    return (word or '').upper().lstrip('.').startswith('T')


def _number(line, after):
    found = re.search(re.escape(after) + r'\s*(-?\d+\.?\d*(?:[Ee][-+]?\d+)?)', line)
    return float(found.group(1)) if found else None


def read_vasprun(path):
    """The same from a vasprun.xml, which has no elastic tensor."""
    try:
        import warnings
        from pymatgen.io.vasp import Vasprun
    except ImportError as error:
        raise EngineError(f'{path}: reading it needs pymatgen (python3-pymatgen)') from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            xml = Vasprun(path, parse_dos=False, parse_eigen=False, parse_potcar_file=False)
    except Exception as error:
        raise EngineError(f'{path}: {type(error).__name__}: {error}') from error
    run = Run(path)
    run.complete = True
    run.ionic_steps = len(xml.ionic_steps)
    run.unconverged = [] if xml.converged_electronic else [run.ionic_steps]
    run.nsw = int(xml.parameters.get('NSW', 0))
    run.optimizes = int(xml.parameters.get('IBRION', -1)) in (1, 2, 3) and run.nsw > 0
    run.relaxed = bool(xml.converged_ionic)
    run.volume = float(xml.final_structure.volume)
    run.sites = len(xml.final_structure)
    run.energy_ev = float(xml.final_energy)
    run.spins = int(xml.parameters.get('ISPIN', 1))
    run.noncollinear = bool(xml.parameters.get('LNONCOLLINEAR', False))
    run.encut = float(xml.parameters.get('ENMAX', xml.incar.get('ENCUT', 0))) or None
    run.functional = _xml_functional(xml)
    run.titles = list(xml.potcar_symbols)
    return run


def _xml_functional(xml):
    gga = str(xml.parameters.get('GGA', '--')).strip().upper()
    if gga in ('', '--'):
        gga = 'CA' if any(title.split()[0] in ('PAW', 'US') for title in xml.potcar_symbols) else 'PE'
    words = {'GGA': gga, 'METAGGA': str(xml.incar.get('METAGGA', 'F')),
             'LHFCALC': 'T' if xml.parameters.get('LHFCALC') else 'F', 'LDAU': 'T' if xml.is_hubbard else 'F',
             'LUSE_VDW': 'T' if xml.incar.get('LUSE_VDW') else 'F', 'IVDW': str(xml.incar.get('IVDW', 0))}
    return _functional(words)


def complaint(path):
    """The first line of VASP's standard output that tells of an error; else its last line."""
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            lines = [' '.join(line.split()) for line in file if line.strip()]
    except OSError:
        lines = []
    errors = [line for line in lines if any(word in line for word in COMPLAINTS)]
    return (errors or lines[-1:] or ['no output'])[0]
