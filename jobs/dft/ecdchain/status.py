"""The table of a chain: what is done, what runs, what was set aside and why."""
import csv
import os

from .base import ChainError
from .collect import read_table
from .schedulers import batch_of
from .stages import DONE, FAILED, INTERRUPTED, READY, RUNNING, WAITS, stages_of
from .work import FINISH, STAGES


def table(work):
    """([{id, formula, relax, static, elastic, bulk_gpa, shear_gpa, note}], a line on the batch system)."""
    jobs, about = {}, ''
    batch = batch_of(work, print)
    try:
        jobs = batch.active() if batch else {}
    except ChainError as error:
        about = str(error)
    labels, aside = read_table(work.path('labels.csv')), read_table(work.path('set_aside.csv'))
    rows = []
    for name in work.ids():
        material = work.material(name)
        row = {'id': name, 'formula': material.about.get('formula', ''), **dict.fromkeys(STAGES, '-')}
        notes = []
        for stage in stages_of(material):
            state, reason = stage.state()
            job = jobs.get((name, stage.name))
            if job and state in (READY, WAITS, FAILED, INTERRUPTED):
                state, reason = 'running' if state == INTERRUPTED else 'queued', f'job {job}'
            row[stage.name] = '-' if state == WAITS else state
            if state == FAILED:
                reason += '' if not stage.given_up() else ' (set aside)'
            if reason:
                notes.append(f'{stage.name}: {reason}')
        row['bulk_gpa'], row['shear_gpa'] = labels.get(name, {}).get('bulk_gpa', ''), labels.get(
            name, {}).get('shear_gpa', '')
        if all(row[s] == DONE for s in STAGES) and (name in aside or name not in labels):
            notes.append(aside[name]['reason'] if name in aside else 'not collected yet')
        row['note'] = '; '.join(notes)
        rows.append(row)
    if FINISH in jobs:
        about = f'collect and prep: job {jobs[FINISH]}'
    return rows, about


def show(work, as_csv, out):
    rows, about = table(work)
    names = ['id', 'formula', 'relax', 'static', 'elastic', 'bulk_gpa', 'shear_gpa', 'note']
    if as_csv:
        writer = csv.DictWriter(out, names, lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
        return
    titles = dict(zip(names, ['id', 'formula', 'relax', 'static', 'elastic', 'K, GPa', 'G, GPa', '']))
    lines = [titles] + [{**row, 'bulk_gpa': _short(row['bulk_gpa']), 'shear_gpa': _short(row['shear_gpa'])}
                        for row in rows]
    width = {n: max(len(line[n]) for line in lines) for n in names}
    for line in lines:
        out.write('  '.join(line[n].rjust(width[n]) if n.endswith('gpa') else line[n].ljust(width[n])
                            for n in names).rstrip() + '\n')
    count = {state: sum(state in (r['relax'], r['static'], r['elastic']) for r in rows)
             for state in (RUNNING, 'queued', FAILED, INTERRUPTED)}
    labelled = sum(bool(r['bulk_gpa']) for r in rows)
    out.write(f'{len(rows)} materials: {labelled} labelled'
              + ''.join(f', {n} {state}' for state, n in count.items() if n) + '\n')
    for field in ('density', 'elf'):
        path = work.path(field, 'dataset.h5')
        if os.path.isfile(path):
            out.write(f'dataset: {path}\n')
    if about:
        out.write(f'{about}\n')


def _short(text):
    return f'{float(text):.1f}' if text else '-'
