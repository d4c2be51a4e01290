"""From finished materials to labels.csv, samples/ID/CHGCAR, and the datasets."""
import csv
import io
import os
import shlex
import subprocess

from .base import BAD_DATA, FAILED, ChainError, digest, lock, read_json, write_file, write_json
from .settings import find_ecdnet
from .stages import DONE, READY, stages_of
from .work import FILES

FIELDS = ('density', 'elf')


def collect(work, say):
    """Writes labels.csv, set_aside.csv and the links in samples/. (ids that are ready, {id: why set aside});
    with chain.until = static there are no labels, and a material is ready when its density is. Ready ones are
    set aside too where prep has refused their files."""
    with lock(work.path('collect.lock'), f'{work.folder}: another process collects'):
        aside, finished = {}, {}
        for name in work.ids():
            stages = stages_of(work.material(name))
            open_stage = next((stage for stage in stages if stage.state()[0] != DONE), None)
            if open_stage is None:
                finished[name] = stages
            else:
                aside[name] = f'{open_stage.name}: {_not_done(open_stage)}'
        labels = work.settings['chain']['until'] == 'elastic'
        rows = _moduli(work, finished) if labels and finished else {}
        for name in finished if labels else ():
            reason = _why_not(rows.get(name))
            if reason:
                aside[name] = f'elastic: {reason}'
        ready = [name for name in finished if name not in aside]
        for name in work.ids():
            _link(work, name, finished[name][1] if name in ready else None)
        if labels:
            _write_labels(work, [rows[name] for name in ready])
            aside.update(_refused(work, ready))
        _write_aside(work, aside)
        say(f'{"labels.csv" if labels else "samples/"}: {len(ready)} of {len(work.ids())} materials'
            + (f'; set aside: {len(aside)}, see set_aside.csv' if aside else ''))
        return ready, aside


def _not_done(stage):
    state, reason = stage.state()
    others = '; '.join(f'{k}: {then} then, {now} now' for k, (then, now) in stage.other_method().items())
    if state == READY and others:
        return f'made with other settings ({others})'
    return reason or ('not done' if state == READY else state)


def unfit(work):
    """{id: stage} of materials whose stages are done and whose result of that one was refused."""
    found = {}
    for name, reason in collect(work, lambda text: None)[1].items():
        kind = reason.split(':')[0]
        if all(stage.state()[0] == DONE for stage in stages_of(work.material(name))):
            found[name] = 'static' if kind in FIELDS else kind
    return found


def _refused(work, ready):
    """{id: why} of files that prep has left out and that are the same since."""
    refused = {}
    for field in _fields(work):
        made = read_json(work.path(f'prep-{field}.json')) or {}
        for name, (files, reason) in made.get('refused', {}).items():
            if name in ready and all(_stamp(work.path('samples', name, f)) == s for f, s in files.items()):
                refused.setdefault(name, reason)
    return refused


def _fields(work):
    return [f for f in work.settings['prep']['fields'].replace(',', ' ').split() if f != 'none']


def _moduli(work, finished):
    """{id: row of labels.csv} of ecdnet elastic, which makes all averages; '' : its messages."""
    command = [find_ecdnet(work.settings), 'elastic', '-o', f'output={work.path("moduli")}',
               *[stages[2].elastic_path() for stages in finished.values()]]
    os.makedirs(work.path('moduli'), exist_ok=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    write_file(work.path('moduli', 'elastic.log'), done.stdout)
    if done.returncode not in (0, BAD_DATA):
        raise ChainError(f'ecdnet elastic: exit code {done.returncode}: {done.stdout.strip()}')
    with open(work.path('moduli', 'labels.csv'), encoding='utf-8', newline='') as file:
        return {row['id']: row for row in csv.DictReader(file)}


def _why_not(row):
    if row is None:
        return 'refused by ecdnet elastic (moduli/elastic.log)'
    if row['quality'] != 'ok':
        return f'quality {row["quality"]} (moduli/elastic/{row["id"]}.json)'
    return '' if row['bulk_gpa'] and row['shear_gpa'] else 'no moduli'


def _link(work, name, static):
    """samples/ID/CHGCAR points to the file of the attempt that counts; without static no link is left."""
    place = work.path('samples', name)
    if static is None:
        for file in os.listdir(place) if os.path.isdir(place) else ():
            if os.path.islink(os.path.join(place, file)):
                os.unlink(os.path.join(place, file))
        return
    folder, result = static.result()
    data = result['data']
    os.makedirs(place, exist_ok=True)
    for file in [data[kind] for kind in FILES if data.get(kind)]:
        path = work.path('samples', name, file)
        target = os.path.relpath(os.path.join(folder, file), os.path.dirname(path))
        if not os.path.islink(path) or os.readlink(path) != target:
            temporary = path + '.new'
            if os.path.lexists(temporary):
                os.unlink(temporary)
            os.symlink(target, temporary)
            os.replace(temporary, path)


def _write_labels(work, rows):
    names = list(rows[0]) if rows else ['id', 'formula', 'bulk_gpa', 'shear_gpa', 'quality']
    _write_csv(work.path('labels.csv'), names, [[row[n] for n in names] for row in rows])


def _write_aside(work, aside):
    _write_csv(work.path('set_aside.csv'), ['id', 'reason'], [[n, aside[n]] for n in sorted(aside)])


def read_table(path):
    """{id: row} of a CSV table, {} where there is none."""
    try:
        with open(path, encoding='utf-8', newline='') as file:
            return {row['id']: row for row in csv.DictReader(file)}
    except FileNotFoundError:
        return {}


def _write_csv(path, header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(header)
    writer.writerows(rows)
    write_file(path, text.getvalue())


def prep(work, say):
    """Makes the datasets of prep.fields. {id: why} of materials that one of them lacks, which set_aside.csv
    has too. ChainError with the code of ecdnet prep."""
    with open(work.path('labels.csv'), encoding='utf-8', newline='') as file:
        ids = [row['id'] for row in csv.DictReader(file)]
    if not ids:
        say('prep: no labelled material')
        return {}
    refused = {}
    for field in _fields(work):
        refused = {**_prep_field(work, field, ids, say), **refused}
    aside = {name: row['reason'] for name, row in read_table(work.path('set_aside.csv')).items()}
    _write_aside(work, {**{n: r for n, r in aside.items() if n not in ids}, **refused})
    return refused


def _prep_field(work, field, ids, say):
    """{id: why} of the materials that the dataset lacks."""
    settings = work.settings['prep']
    static = stages_of(work.material(ids[0]))[1].result()
    if static is None:
        raise ChainError(f'{ids[0]}: the charge density is not there any more; collect again')
    data = static[1]['data']
    if not data.get(field):
        raise ChainError(f"prep.fields: engine {work.engine.name} writes no '{field}'")
    plus = data.get('plus', '') if field == 'density' else ''
    output, deck = work.path(field), work.path(f'prep-{field}.yaml')
    write_file(deck, '\n'.join([
        '# Made by the DFT chain: its samples as a dataset.', f'output: {_quoted(output)}', 'prep:',
        f'  files: {_quoted(work.path("samples", "{id}", data[field]))}',
        *([f'  plus: {_quoted(work.path("samples", "{id}", plus))}'] if plus else []),
        f'  labels: {_quoted(work.path("labels.csv"))}', f'  code: {work.engine.name}', '  format: vasp',
        f'  field: {field}', '  on_error: skip']) + '\n')
    files = [file for file in (data[field], plus) if file]
    stamps = {name: {file: _stamp(work.path('samples', name, file)) for file in files} for name in ids}
    state = digest([_text(deck), _text(work.path('labels.csv')), settings['options'], stamps])
    made = read_json(work.path(f'prep-{field}.json')) or {}
    dataset = os.path.join(output, 'dataset.h5')
    if os.path.isfile(dataset) and made.get('state') == state:
        refused = {name: reason for name, (_, reason) in made.get('refused', {}).items()}
        say(f'{dataset}: up to date, {_size(output, len(ids) - len(refused))} materials')
        return refused
    words = shlex.split(settings['launcher']) + [find_ecdnet(work.settings), 'prep', deck, '--append',
                                                 *shlex.split(settings['options'])]
    rejects = os.path.join(output, 'rejected.csv')
    before = _stamp(rejects)
    with open(work.path(f'prep-{field}.log'), 'wb') as log:
        code = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                              check=False).returncode
    all_bad = code == BAD_DATA and _stamp(rejects) != before
    if code != 0 and not all_bad:
        with open(log.name, encoding='utf-8', errors='replace') as file:
            raise ChainError(f'{" ".join(words)}: exit code {code}\n{file.read().strip()}',
                             code if code in (2, BAD_DATA, 75) else FAILED)
    refused = {name: f'{field}: {row["reason"]}' for name, row in read_table(rejects).items() if name in ids}
    write_json(work.path(f'prep-{field}.json'), {
        'state': state, 'refused': {name: [stamps[name], reason] for name, reason in refused.items()}})
    if os.path.isfile(dataset) or not all_bad:
        say(f'{dataset}: {_size(output, len(ids) - len(refused))} materials')
    else:
        say(f'{dataset}: not made, prep refused all files')
    return refused


def _size(output, otherwise):
    """Materials of the dataset in a folder, of the summary there."""
    return len(read_table(os.path.join(output, 'prep-summary.csv'))) or otherwise


def _text(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def _quoted(path):
    return '"' + path.replace('\\', '\\\\').replace('"', '\\"') + '"'


def _stamp(path):
    """What changes when the file does; a missing file is left to prep's message."""
    try:
        info = os.stat(path)
        return [os.path.realpath(path), info.st_size, info.st_mtime_ns]
    except OSError:
        return [path]
