"""From finished materials to labels.csv, samples/ID/CHGCAR, and the datasets."""
import csv
import io
import os
import shlex
import subprocess

from .base import BAD_DATA, FAILED, ChainError, digest, lock, read_json, write_file, write_json
from .settings import find_ecdnet
from .stages import DONE, FAILED as STAGE_FAILED, INTERRUPTED, RUNNING, stages_of

FIELDS = ('density', 'elf')


def collect(work, say):
    """Writes labels.csv, set_aside.csv and the links in samples/. (ids that are ready, {id: why set aside});
    with chain.until = static there are no labels, and a material is ready when its density is."""
    with lock(work.path('collect.lock'), f'{work.folder}: another process collects'):
        aside, finished = {}, {}
        for name in work.ids():
            stages = stages_of(work.material(name))
            states = {stage.name: stage.state() for stage in stages}
            if all(state == DONE for state, _ in states.values()):
                finished[name] = stages
                continue
            for stage, (state, reason) in states.items():
                if state in (STAGE_FAILED, INTERRUPTED, RUNNING):
                    aside[name] = f'{stage}: {reason or state}'
        labels = work.settings['chain']['until'] == 'elastic'
        rows = _moduli(work, finished) if labels and finished else {}
        for name in finished if labels else ():
            reason = _why_not(rows.get(name))
            if reason:
                aside[name] = f'elastic: {reason}'
        ready = [name for name in finished if name not in aside]
        for name in ready:
            _link(work, name, finished[name][1])
        if labels:
            _write_labels(work, [rows[name] for name in ready])
        _write_csv(work.path('set_aside.csv'), ['id', 'reason'], [[n, aside[n]] for n in sorted(aside)])
        say(f'{"labels.csv" if labels else "samples/"}: {len(ready)} of {len(work.ids())} materials'
            + (f'; set aside: {len(aside)}, see set_aside.csv' if aside else ''))
        return ready, aside


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
    """samples/ID/CHGCAR points to the file of the attempt that counts."""
    folder, result = static.result()
    data = result['data']
    os.makedirs(work.path('samples', name), exist_ok=True)
    for file in [data[kind] for kind in (*FIELDS, 'plus') if data.get(kind)]:
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


def _write_csv(path, header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(header)
    writer.writerows(rows)
    write_file(path, text.getvalue())


def prep(work, say):
    """The datasets of prep.fields; True if one was made or grew. ChainError with the code of ecdnet prep."""
    labels = work.path('labels.csv')
    with open(labels, encoding='utf-8', newline='') as file:
        ids = [row['id'] for row in csv.DictReader(file)]
    fields = [f for f in work.settings['prep']['fields'].replace(',', ' ').split() if f != 'none']
    unknown = [f for f in fields if f not in FIELDS]
    if unknown:
        raise ChainError(f"prep.fields: expected density, elf or none, found '{unknown[0]}'", 2)
    if not ids:
        say('prep: no labelled material')
        return False
    return any([_prep_field(work, field, ids, say) for field in fields])


def _prep_field(work, field, ids, say):
    settings = work.settings['prep']
    data = stages_of(work.material(ids[0]))[1].result()[1]['data']
    if not data.get(field):
        raise ChainError(f"prep.fields: engine {work.engine.name} writes no '{field}'")
    plus = data.get('plus', '') if field == 'density' else ''
    output, deck = work.path(field), work.path(f'prep-{field}.yaml')
    write_file(deck, '\n'.join([
        '# Made by the DFT chain: its samples as a dataset.', f'output: {_quoted(output)}', 'prep:',
        f'  files: {_quoted(work.path("samples", "{id}", data[field]))}',
        *([f'  plus: {_quoted(work.path("samples", "{id}", plus))}'] if plus else []),
        f'  labels: {_quoted(work.path("labels.csv"))}', f'  code: {work.engine.name}', '  format: vasp',
        f'  field: {field}']) + '\n')
    files = [file for file in (data[field], plus) if file]
    stamps = [_stamp(work.path('samples', name, file)) for name in ids for file in files]
    state = digest([_text(deck), _text(work.path('labels.csv')), settings['options'], stamps])
    made = work.path(f'prep-{field}.json')
    dataset = os.path.join(output, 'dataset.h5')
    if os.path.isfile(dataset) and (read_json(made) or {}).get('state') == state:
        say(f'{dataset}: up to date, {len(ids)} materials')
        return False
    words = shlex.split(settings['launcher']) + [find_ecdnet(work.settings), 'prep', deck, '--append',
                                                 *shlex.split(settings['options'])]
    with open(work.path(f'prep-{field}.log'), 'wb') as log:
        code = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                              check=False).returncode
    if code != 0:
        with open(log.name, encoding='utf-8', errors='replace') as file:
            raise ChainError(f'{" ".join(words)}: exit code {code}\n{file.read().strip()}',
                             code if code in (2, BAD_DATA, 75) else FAILED)
    write_json(made, {'state': state})
    say(f'{dataset}: {len(ids)} materials')
    return True


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
