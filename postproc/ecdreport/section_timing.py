"""Timings and parallel efficiency of trainings and farms."""
import statistics

from . import plots
from .context import slug
from .html import Section, cell, escape, folded, number, table
from .runs import section as deck_group


def timing_section(report):
    trained = [(label, run) for label, run in report.named() if run.logs]
    parts = []
    if trained:
        parts.append(training_part(report, trained))
    for label, bench in report.named('bench'):
        parts.append(farm_part(report, label, bench))
    text = '\n'.join(filter(None, parts))
    return Section('timings', 'Timings and parallel efficiency', text) if text else None


def training_part(report, trained):
    phases = plots.all_phases([run.logs for _, run in trained])
    efficiency = efficiencies([run for _, run in trained])
    rows, spent = [], []
    for (label, run), share in zip(trained, efficiency):
        seconds = plots.phase_seconds(run.logs)
        rows.append([cell(escape(label)), cell(escape(cores_text(run))), number(sum(map(len, run.logs)), 0),
                     number(rate(run), 0), number(percent(share), 0), number(percent(computing(seconds)), 1),
                     number(sum(seconds.values()), 1)])
        spent.append([cell(escape(label)), *(number(seconds.get(name), 1) for name in phases)])
    head = ('run', 'ranks × threads', 'epochs', 'samples/s', 'efficiency (%)', 'computing (%)', 'time (s)')
    figure = report.figures.add(
        plots.timings([run.logs for _, run in trained], [label for label, _ in trained]), 'timings',
        'Time of all epochs by phase, as rank 0 measured it.', 'Seconds by phase for each run')
    text = ('<p>samples/s: training samples, median over the epochs, all ranks together. Efficiency: '
            'samples/s a core, against that of the run of the same network and batch on the fewest cores. '
            'Computing: share of forward, backward and update in the time of the steps; the rest waits for '
            'the exchange of gradients.</p>')
    return text + table(head, rows, css='numeric') + figure + folded(
        'Seconds by phase', table(('run', *map(escape, phases)), spent, css='numeric'))


def rate(run):
    known = [float(e['samples_per_s']) for log in run.logs for e in log if e['samples_per_s'] is not None]
    return statistics.median(known) if known else None


def percent(share):
    return None if share is None else 100 * share


def computing(seconds):
    work = sum(seconds.get(name, 0) for name in ('forward', 'backward', 'update'))
    steps = work + seconds.get('exchange', 0)
    return work / steps if steps > 0 else None


def cores(run):
    """(ranks, threads) of the last epoch; None where the log does not say."""
    last = run.logs[-1][-1]
    ranks, threads = last.get('ranks'), last.get('threads')
    return (ranks, threads) if ranks and threads else None


def cores_text(run):
    return '–' if cores(run) is None else '{} × {}'.format(*cores(run))


def efficiencies(runs):
    """For each run its samples/s a core over those of the like run on the fewest cores; None where no other
    is like."""
    groups = {}
    for run in runs:
        if cores(run) and rate(run):
            groups.setdefault(likeness(run), []).append(run)
    return [efficiency(run, groups.get(likeness(run), [])) for run in runs]


def likeness(run):
    """Runs with the same of these do the same work for each sample."""
    train, data = deck_group(run.deck, 'train'), deck_group(run.deck, 'data')
    kind = run.kind
    return repr((kind, deck_group(run.deck, 'model').get(kind), train.get('batch'), train.get('augment'),
                 train.get('optimizer'), data.get('target'), run.deck.get('backend')))


def efficiency(run, like):
    def count(r):
        return cores(r)[0] * cores(r)[1]
    if len(like) < 2:
        return None
    least = min(like, key=count)
    return (rate(run) / count(run)) / (rate(least) / count(least))


# ---- Farms ----

def farm_part(report, label, bench):
    text = f'<h3>Benchmark {escape(label)}</h3>' if bench.pieces or bench.farm else ''
    if bench.farm:
        rows = [[number(k, 0), number(c['ranks'], 0), number(c.get('threads'), 0), number(c['groups'], 0),
                 number(c['pieces'], 0), number(c['wall_s'], 1), number(sum(c['busy_s']), 1),
                 number(percent(c['efficiency']), 1)] for k, c in enumerate(bench.farm, start=1)]
        head = ('call', 'ranks', 'threads', 'groups', 'trainings', 'wall (s)', 'busy, all groups (s)',
                'efficiency (%)')
        text += table(head, rows, caption='Efficiency: busy time over wall time, of all ranks.',
                      css='numeric')
        text += report.figures.add(plots.farm_times(bench.farm), f'farm-{slug(label)}',
                                   'Time in which each group of ranks trained, and the wall time of the '
                                   'call.',
                                   f'Busy and idle time of the groups of {label}')
    return text + piece_table(bench)


def piece_table(bench):
    """Seconds of the finished trainings by model."""
    rows = []
    for model in bench.models:
        seconds = [float(p['seconds']) for p in bench.pieces
                   if p['model'] == model and p['state'] == 'done' and p['seconds']]
        if seconds:
            rows.append([cell(escape(bench.label(model))), number(len(seconds), 0),
                         number(statistics.median(seconds), 1), number(max(seconds), 1),
                         number(sum(seconds), 1)])
    head = ('model', 'trainings', 'median (s)', 'longest (s)', 'sum (s)')
    return table(head, rows, caption='Wall time of the trainings', css='numeric') if rows else ''
