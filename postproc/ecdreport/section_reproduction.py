"""Commands, decks and versions."""
import platform
import shlex

import h5py
import matplotlib
import numpy as np

from .html import Section, cell, code, escape, folded, table


def reproduction_section(report):
    parts = ['<p>Run from the same working directory; the same seed, ranks and threads give the same '
             'result bit for bit.</p>', code('\n'.join(commands(report)))]
    if report.dataset is not None and report.dataset.attributes.get('deck'):
        parts.append(folded(f'Deck of {report.dataset.path}', code(report.dataset.attributes['deck'])))
    for label, source in zip(report.labels, report.sources):
        if source.deck_text:
            parts.append(folded(f'Deck of {label}', code(source.deck_text)))
    for label, bench in report.named('bench'):
        for model in bench.models:
            if (run := first_result(bench, model)) is not None:
                parts.append(folded(f'Effective deck of {model} in {label}', code(run.deck_text)))
    for part in ('run', 'embedding'):
        for label, item in report.named(part):
            if item.deck_text:
                parts.append(folded(f'Effective deck of {label}', code(item.deck_text)))
    parts.append(table(('part', 'version'), [[cell(escape(a)), cell(escape(b))]
                                             for a, b in versions(report)], css='wrap'))
    return Section('reproduction', 'Decks, versions, commands', '\n'.join(parts))


def commands(report):
    lines = []
    if report.dataset is not None:
        lines.append('mpirun -n RANKS ecdnet prep PREP.yaml'
                     f'    # makes {report.dataset.path}; its deck is below')
    for source in report.sources:
        if source.bench is not None:
            lines.append(bench_command(source))
    for _, run in report.named():
        lines.append(f'mpirun -n RANKS ecdnet {"train" if run.trained else "predict"} '
                     f'{quoted(run.folder / "deck.yaml")}')
    for _, maps in report.named('maps'):
        folder = maps.path.parent.parent if maps.path.parent.name == 'maps' else maps.path.parent
        lines.append(f'mpirun -n RANKS ecdnet maps -o predict.model={quoted(maps.model)} -o '
                     f'output={quoted(folder)} '
                     + (quoted(report.dataset.path) if report.dataset is not None else 'DATASET.h5'))
    for _, embedding in report.named('embedding'):
        lines.append(f'mpirun -n RANKS ecdnet embed {quoted(embedding.folder / "deck.yaml")}')
    return [*lines, shlex.join(report.command)]


def bench_command(source):
    """As it was called. Where that is not recorded: its deck.yaml holds every key, and a benchmark's deck
    goes over those of its models, so that what was started is the deck that the tables are named by."""
    bench = source.bench
    if bench.command:
        return f'mpirun -n RANKS {bench.command}    # trainings that are there stay'
    deck = source.deck_path or f'{bench.name}.yaml'
    return (f'mpirun -n RANKS ecdnet bench {quoted(deck)} -o output={quoted(bench.folder)}    # trainings '
            'that are there stay; further overrides (-o KEY=VALUE) are not recorded')


def first_result(bench, model):
    results = (bench.result(row, model) for row in bench.rows)
    return next((run for run in results if run is not None), None)


def quoted(path):
    return shlex.quote(str(path))


def versions(report):
    found = {}
    for label, run in report.named():
        found.setdefault(str(run.metrics.get('program', 'unknown')), []).append(label)
    rows = [(f'trained by ({", ".join(labels)})', program) for program, labels in found.items()]
    for label, bench in report.named('bench'):
        runs = filter(None, (first_result(bench, model) for model in bench.models))
        rows += [(f'benchmark ({label})', program)
                 for program in dict.fromkeys(str(run.metrics.get('program', 'unknown')) for run in runs)]
    for label, maps in report.named('maps'):
        rows.append((f'maps ({label})', maps.program))
    for label, embedding in report.named('embedding'):
        rows.append((f'embedding ({label})', embedding.summary.get('program', 'unknown')))
    if report.dataset is not None:
        rows.append(('dataset prepared by', report.dataset.attributes.get('program', 'unknown')))
    tools = (f'Python {platform.python_version()}, NumPy {np.__version__}, h5py {h5py.__version__}, '
             f'Matplotlib {matplotlib.__version__}')
    return [*rows, ('this report', tools)]
