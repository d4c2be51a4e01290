"""chain.sh import: a folder of VASP runs becomes labels, links to the charge densities, a deck for prep, and
a table of all that is wrong."""
import csv
import io
import os
import shlex
import subprocess
import sys
from collections import defaultdict

from .base import BAD_DATA, ChainError, write_file, write_json
from .runs import check_together, misfits, read_labels, read_runs
from .settings import COMMON, Settings, find_ecdnet
from .stages import yaml_structure

SHOWN = 6                 # materials of a kind of problem that are printed


def add_options(command):
    add = command.add_argument
    add('runs', metavar='RUNS', help='a folder with a folder for each material: ID/CHGCAR, ID/OUTCAR')
    add('--out', required=True, metavar='DIR', help='where labels.csv, samples/, prep.yaml go')
    add('--labels', metavar='FILE', help='CSV with moduli (id, formula, bulk_gpa or K_VRH, ...); without it '
        'they come from the elastic tensors in the OUTCARs')
    add('--density', choices=('valence', 'all'), default='valence',
        help='valence: CHGCAR; all: AECCAR0 + AECCAR2')
    add('--elf', action='store_true', help='samples of the ELF (ELFCAR), not of the density')
    add('--ions', choices=('relaxed', 'clamped'), default='relaxed', help='whose elastic tensor')
    add('--functional', metavar='NAME', help='keep this one (PBE, PBEsol, LDA, ...); else the most frequent')
    add('--skip-bad', action='store_true', help='go on without the materials that have errors')
    add('--prep', action='store_true', help='make the dataset too (ecdnet prep --append)')
    add('--prep-options', default='', metavar='OPTIONS', help="as in '-o prep.grid=60'")
    add('--launcher', default='mpirun -n 1', help='how ecdnet prep is started')


def run(arguments, say):
    charge = {'valence': 'CHGCAR', 'all': 'AECCAR0'}[arguments.density]
    materials = read_runs(arguments.runs, charge, arguments.ions)
    labels, faults = read_labels(arguments.labels) if arguments.labels else ({}, [])
    os.makedirs(arguments.out, exist_ok=True)
    ecdnet = find_ecdnet(Settings(COMMON))
    _take_labels(materials, labels, arguments.labels)
    lines = _take_faults(materials, faults)
    _take_tensors(ecdnet, materials, arguments)
    check_together(materials, arguments.functional, arguments.elf)
    usable = [m for m in materials if m.usable()]
    _report(materials, lines, usable, labels, arguments)
    wrong, bad = [], len(materials) - len(usable)
    if bad:
        wrong.append(f'{bad} of {len(materials)} materials cannot be used')
    if lines:
        wrong.append(f'{arguments.labels}: {len(lines)} bad lines of no material in {arguments.runs}')
    if not usable or wrong and not arguments.skip_bad:
        hint = ' (--skip-bad goes on without them)' if usable else ''
        raise ChainError(f'{"; ".join(wrong)}{hint}; all that is wrong is in '
                         f'{os.path.join(arguments.out, "problems.csv")}', BAD_DATA)
    deck = _write(usable, arguments)
    words = [*shlex.split(arguments.launcher), ecdnet, 'prep', deck, '--append',
             *shlex.split(arguments.prep_options)]
    if not arguments.prep:
        say(f'next: {" ".join(shlex.quote(word) for word in words)}')
        return 0
    sys.stdout.flush()
    return subprocess.run(words, stdin=subprocess.DEVNULL, check=False).returncode


def _take_labels(materials, labels, path):
    for m in materials:
        if m.name not in labels or m.atoms is None:
            continue
        formula, m.bulk, m.shear = labels[m.name]
        m.source = os.path.abspath(path)
        if formula and not _same_formula(formula, m):
            m.error('label of another material', f'the label says {formula}, the file {m.formula()}')


def _take_faults(materials, faults):
    """Faults of the table of labels become errors of their materials; those of no material are returned."""
    known = {m.name: m for m in materials}
    for name, fault in faults:
        if name in known:
            known[name].error('bad label', fault)
            known[name].label_faults = True
    return [(name, fault) for name, fault in faults if name not in known]


def _same_formula(text, m):
    from ase.formula import Formula
    try:
        return Formula(text.replace(' ', '')).reduce()[0].count() == Formula(m.formula()).reduce()[0].count()
    except Exception:          # fractions and the like: ecdnet prep compares them
        return True


def _take_tensors(ecdnet, materials, arguments):
    """Moduli of the tensors, where the table of labels has none; else the two are compared."""
    folder = os.path.join(arguments.out, 'moduli')
    for m in materials:
        for kind, detail in misfits(m) if m.tensor and m.atoms is not None else []:
            (m.error if m.bulk is None and m.shear is None else m.note)(kind, detail)
            m.tensor, m.label_faults = None, True
    rows = _moduli(ecdnet, [m for m in materials if m.tensor and m.atoms is not None], folder, arguments.ions)
    for m in materials:
        row = rows.get(m.name, {})
        by_tensor = float(row['bulk_gpa']) if row.get('bulk_gpa') else None
        if m.bulk is not None or m.shear is not None:
            if m.bulk and by_tensor and abs(by_tensor / m.bulk - 1) > 0.1:
                m.note('label and tensor differ', f'bulk {m.bulk:g} and {by_tensor:.1f} GPa')
        elif m.tensor and row.get('quality') != 'ok':
            m.error('bad elastic tensor', f'{row.get("quality", "refused")}, see {folder}')
        elif m.tensor:
            m.bulk, m.shear, m.source = by_tensor, float(row['shear_gpa']), m.tensor_run.path
        elif m.atoms is not None and not m.label_faults:
            m.error('missing label', 'neither a label nor an elastic tensor')


def _moduli(ecdnet, materials, folder, ions):
    """{id: row of labels.csv} of ecdnet elastic."""
    if not materials:
        return {}
    os.makedirs(os.path.join(folder, 'input'), exist_ok=True)
    paths = []
    for m in materials:
        paths.append(os.path.join(folder, 'input', f'{m.name}.json'))
        write_json(paths[-1], {
            'schema': 1, 'id': m.name, 'structure': yaml_structure(m.atoms), 'ions': ions,
            'source': os.path.abspath(m.tensor_run.path), 'stiffness': m.tensor,
            'stiffness_format': {'unit': 'kbar', 'order': 'vasp'}})
    done = subprocess.run([ecdnet, 'elastic', '-o', f'output={folder}', *paths], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    write_file(os.path.join(folder, 'elastic.log'), done.stdout)
    if done.returncode not in (0, BAD_DATA):
        raise ChainError(f'ecdnet elastic: exit code {done.returncode}: {done.stdout.strip()}')
    with open(os.path.join(folder, 'labels.csv'), encoding='utf-8', newline='') as file:
        return {row['id']: row for row in csv.DictReader(file)}


def _report(materials, lines, usable, labels, arguments):
    """problems.csv, and the same grouped for the reader. lines: (id, detail) of the table of labels."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['id', 'level', 'problem', 'detail'])
    groups = defaultdict(list)
    for m in materials:
        for level, kind, detail in m.problems:
            writer.writerow([m.name, level, kind, detail])
            groups[(level, kind)].append((m.name, detail))
    for name, detail in lines:
        writer.writerow([name, 'error', 'bad line of the labels', detail])
        groups[('error', 'bad line of the labels')].append((name, detail))
    unmatched = sorted(set(labels) - {m.name for m in materials})
    for name in unmatched:
        writer.writerow([name, 'note', 'label without a run', ''])
    write_file(os.path.join(arguments.out, 'problems.csv'), text.getvalue())
    print(f'{len(materials)} materials in {arguments.runs}, {len(usable)} of them can be used')
    for level in ('error', 'note'):
        for (its_level, kind), entries in groups.items():
            if its_level == level:
                print(f'  {level}: {kind} ({len(entries)})')
                for name, detail in entries[:SHOWN]:
                    print(f'    {name}: {detail}')
                if len(entries) > SHOWN:
                    print(f'    ... {len(entries) - SHOWN} more in problems.csv')
    if unmatched:
        print(f'  note: label without a run ({len(unmatched)}): {", ".join(unmatched[:SHOWN])}'
              + (', ...' if len(unmatched) > SHOWN else ''))


def _write(usable, arguments):
    """labels.csv, samples/ID/*, prep.yaml; the path of the deck."""
    out = os.path.abspath(arguments.out)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['id', 'formula', 'bulk_gpa', 'shear_gpa', 'functional', 'label_source'])
    for m in usable:
        writer.writerow([m.name, m.formula(), *('' if v is None else f'{v:g}' for v in (m.bulk, m.shear)),
                         m.run.functional if m.run else '', m.source])
        for name, path in (('density', m.charge), ('plus', m.plus), ('elf', m.elf)):
            if path:
                _link(os.path.join(out, 'samples', m.name, name), path)
    write_file(os.path.join(out, 'labels.csv'), text.getvalue())
    field = 'elf' if arguments.elf else 'density'
    plus = ['  plus: "' + os.path.join(out, 'samples', '{id}', 'plus') + '"'] \
        if arguments.density == 'all' and not arguments.elf else []
    deck = os.path.join(out, 'prep.yaml')
    write_file(deck, '\n'.join([
        f'# Made by chain.sh import from {os.path.abspath(arguments.runs)}.', f'output: "{out}"', 'prep:',
        '  files: "' + os.path.join(out, 'samples', '{id}', field) + '"', *plus,
        f'  labels: "{os.path.join(out, "labels.csv")}"', '  code: vasp', '  format: vasp',
        f'  field: {field}']) + '\n')
    return deck


def _link(path, target):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = path + '.new'
    if os.path.lexists(temporary):
        os.unlink(temporary)
    os.symlink(os.path.abspath(target), temporary)
    os.replace(temporary, path)

