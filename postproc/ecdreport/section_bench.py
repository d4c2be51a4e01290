"""Tables and figures of benchmarks."""
import math
from collections import Counter

from . import plots
from .bench import PROTOCOLS, best_published
from .context import slug
from .html import Section, cell, escape, folded, number, table
from .runs import section
from .section_runs import class_note, parity_part


def bench_section(report):
    parts = []
    benches = report.named('bench')
    for label, bench in benches:
        title = str(bench.deck.get('title') or PROTOCOLS.get(bench.protocol, 'benchmark').capitalize())
        if len(benches) > 1 or bench.deck.get('title'):
            parts.append(f'<h3>{escape(title)} ({escape(label)})</h3>')
        parts.append(one_bench(report, label, bench))
    return Section('benchmark', 'Benchmark', '\n'.join(parts)) if parts else None


def one_bench(report, label, bench):
    parts = [description(bench), main_table(bench), other_tables(bench)]
    if len(bench.models) > 1:
        parts.append(report.figures.add(
            plots.scores(bench), f'scores-{slug(label)}',
            f'R<sup>2</sup> on held-out materials, {escape(label)}'
            + ('; hollow marks: the article, on its own data.' if bench.published else '.'),
            f'R2 of {len(bench.models)} models in {len(bench.rows)} rows of {label}'))
    parts.append(bench_parity(report, label, bench))
    parts.append(bench_curves(report, label, bench))
    return '\n'.join(parts)


def description(bench):
    done = sum(p['state'] == 'done' for p in bench.pieces)
    failed = [p for p in bench.pieces if p['state'] == 'failed']
    text = (f'<p>{escape(PROTOCOLS.get(bench.protocol, bench.protocol)).capitalize()}: {done} of '
            f'{len(bench.pieces)} trainings are done. R<sup>2</sup> and RMSE of the held-out predictions, '
            'averaged over the repeats. <strong>Bold</strong>: the best of a row (largest R<sup>2</sup>, of '
            'equal ones the smallest RMSE).')
    if bench.published:
        text += (' Small, below ours: the article (Zhao et al., J. Phys. Chem. C 2020, 124, 17262), on its '
                 'own dataset of 2170 materials.')
    if any(bench.partial(score) for score in bench.scores.values()):
        text += (f' (n of {bench.repeats}): only n repeats are finished, and the figures are theirs; such a '
                 'row names no best.')
    text += '</p>' + external_text(bench)
    if failed:
        rows = [[cell(escape(p['piece'])), cell(escape(p['message']))] for p in failed]
        text += f'<p class="note">{len(failed)} trainings failed.</p>' + folded(
            'Failed trainings', table(('training', 'message'), rows, css='wrap'))
    return text


def external_text(bench):
    """How many materials were tested, and what was dropped of the external dataset and why."""
    if bench.protocol != 'external' or bench.external is None:
        return ''
    count = len(bench.external)
    text = f'{count} external material{"s" if count != 1 else ""}'
    if bench.dropped is not None:
        reasons = Counter(row['reason'] for row in bench.dropped)
        text += f'; {len(bench.dropped)} dropped' if reasons else '; none dropped'
        text += ': ' if reasons else ''
        text += ', '.join(f'{number_of} {escape(reason_text(bench, reason))}'
                          for reason, number_of in reasons.most_common())
    listed = escape(bench.folder / 'external-dropped.csv')
    return f'<p>{text}' + (f' (<code>{listed}</code>)' if bench.dropped else '') + '.</p>'


def reason_text(bench, reason):
    if reason == 'atoms':
        limit = section(bench.deck, 'bench').get('max_atoms')
        return f'with more than {limit} atoms' if limit else 'with too many atoms'
    return 'in the training set too' if reason == 'in the training set' else reason


def pair(r2, rmse):
    if math.isnan(rmse):
        return '–'
    return (f'{r2:.3f} / {rmse:.1f}' if not math.isnan(r2) else f'– / {rmse:.1f}').replace('-', '−')


def strong(text, best):
    return f'<strong>{text}</strong>' if best else text


def main_table(bench):
    counts = {model: [0, 0] for model in bench.models}
    rows, compared, published_rows = [], 0, 0
    for row in bench.rows:
        best = best_published(bench, row)
        published_rows += best is not None
        scores = {m: bench.scores[row, m] for m in bench.models if (row, m) in bench.scores}
        compared += any(score.best for score in scores.values())
        cells = [cell(escape(row.element))] if row.element else []
        cells.append(cell(escape(row.target)))
        cells.append(number(max(score.n for score in scores.values()), 0))
        for model in bench.models:
            cells.append(score_cell(bench, scores.get(model), model == best))
            counts[model][0] += model in scores and scores[model].best
            counts[model][1] += model == best
        rows.append(cells)
    elements = any(row.element for row in bench.rows)
    if len(bench.models) > 1:
        rows.append(count_row(bench, counts, compared, published_rows, 3 if elements else 2))
    head = ['element'] if elements else []
    head += ['modulus', 'n', *(escape(bench.label(m)) for m in bench.models)]
    return table(head, rows, caption='R<sup>2</sup> / RMSE (GPa)',
                 css='bench elements' if elements else 'bench')


def score_cell(bench, score, best_of_article):
    if score is None:
        return '<td class="number">–</td>'
    text = strong(pair(score.r2, score.rmse), score.best) + finished(bench, score)
    if not math.isnan(score.published[1]):
        text += f'<br><small>{strong(pair(*score.published), best_of_article)}</small>'
    return f'<td class="number" data-value="{score.r2!r}">{text}</td>'


def finished(bench, score):
    """How many repeats there are of a cell that lacks some."""
    return f' <small>({score.repeats} of {bench.repeats})</small>' if bench.partial(score) else ''


def count_row(bench, counts, compared, published_rows, first):
    title = f'best of {compared} rows'
    if published_rows:
        title += f'<br><small>article: of {published_rows}</small>'
    cells = [f'<th scope="row" colspan="{first}">{title}</th>']
    for model in bench.models:
        ours, theirs = counts[model]
        cells.append(f'<td class="number" data-value="{ours}">{ours}'
                     + (f'<br><small>{theirs}</small>' if published_rows else '') + '</td>')
    return cells


def other_tables(bench):
    """MAE, and mean and deviation over the repeats."""
    rows, spread = [], []
    for row in bench.rows:
        names = [cell(escape(' '.join(filter(None, (row.element, row.target)))))]
        scores = [bench.scores.get((row, model)) for model in bench.models]
        known = [s.mae for s in scores if s and not math.isnan(s.mae) and not bench.partial(s)]
        least = min(known) if len(known) == len(scores) > 1 else None
        rows.append(names + [with_repeats(bench, s, bold_number(s.mae if s else None, 2, least))
                             for s in scores])
        for k, (title, digits) in enumerate((('R<sup>2</sup>', 3), ('RMSE', 2), ('MAE', 2))):
            spread.append([cell(f'{escape(" ".join(filter(None, (row.element, row.target))))}, {title}'),
                           *(with_repeats(bench, s, spread_cell(s, k, digits)) for s in scores)])
    head = ['', *(escape(bench.label(m)) for m in bench.models)]
    text = folded('Mean absolute errors', table(head, rows, caption='MAE (GPa)', css='numeric'))
    if any(s.repeats > 1 for s in bench.scores.values()):
        text += folded('Mean and standard deviation over the repeats', table(head, spread, css='numeric'))
    files = ', '.join(f'<code>{escape(bench.folder / "tables" / (bench.name + end))}</code>'
                      for end in ('.md', '.tex', '.csv'))
    return text + f'<p>The same as Markdown, LaTeX and CSV: {files}.</p>'


def bold_number(value, digits, least):
    text = number(value, digits)
    return text.replace('">', '"><strong>', 1).replace('</td>', '</strong></td>') if value == least else text


def with_repeats(bench, score, text):
    """A finished cell."""
    return text.replace('</td>', f'{finished(bench, score)}</td>') if score else text


def spread_cell(score, k, digits):
    if score is None or score.repeats < 2 or math.isnan(score.mean[k]):
        return number(None, digits)
    text = f'{score.mean[k]:.{digits}f} ± {score.deviation[k]:.{digits}f}'.replace('-', '−')
    return f'<td class="number" data-value="{score.mean[k]!r}">{text}</td>'


def bench_parity(report, label, bench):
    parts = []
    for model in bench.models:
        panels = {target: points for target in bench.targets if (points := bench.predictions(model, target))}
        if not panels:
            continue
        extra = ' A material counts once for each left-out element that it contains.' \
            if any(row.element for row in bench.rows) else ''
        parts.append(f'<h4>{escape(bench.label(model))}</h4>' + parity_part(
            report, f'parity-{slug(label)}-{slug(model)}', f'{bench.label(model)}, held-out materials',
            panels, extra))
    if not parts:
        return ''
    return f'<h3>Held-out predictions, {escape(label)}</h3>' + class_note(report) + ''.join(parts)


def bench_curves(report, label, bench):
    panels = [(f'{bench.label(model)}, {target}', target, logs) for model in bench.models
              for target in bench.targets if (logs := bench.curves(model, target))]
    if not panels:
        return ''
    return f'<h3>Learning curves, {escape(label)}</h3>' + report.figures.add(
        plots.bench_curves(panels), f'learning-{slug(label)}',
        'Loss after each epoch: median (line) and range (band) over the finished trainings of a model.',
        f'Learning curves of the trainings of {label}')
