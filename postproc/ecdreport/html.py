"""HTML pieces: text, tables, the page's frame. All text goes through escape()."""
import html
import math
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    anchor: str
    title: str
    body: str   # HTML


def escape(text):
    return html.escape(str(text), quote=True)


def formula(text):
    """Mg2Si with subscripts, as HTML."""
    return re.sub(r'(?<=[A-Za-z)])(\d+(?:\.\d+)?)', r'<sub>\1</sub>', escape(text))


def number(value, digits, sign=False):
    """A table cell's number; a dash where there is none. The full value is in data-value."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return '<td class="number" data-value="">–</td>'
    text = f'{value:{"+" if sign else ""}.{digits}f}'.replace('-', '−')
    return f'<td class="number" data-value="{float(value)!r}">{text}</td>'


def cell(content, kind='td'):
    return f'<{kind}>{content}</{kind}>'


def table(head, rows, caption='', css=''):
    """head: HTML texts; rows: lists of finished cells (<td>...</td>)."""
    top = ''.join(f'<th scope="col">{text}</th>' for text in head)
    body = '\n'.join('<tr>' + ''.join(row) + '</tr>' for row in rows)
    title = f'<caption>{caption}</caption>' if caption else ''
    return (f'<div class="scroll"><table class="{css}">{title}<thead><tr>{top}</tr></thead>\n'
            f'<tbody>{body}</tbody></table></div>')


def code(text):
    return f'<pre><code>{escape(text)}</code></pre>'


def folded(title, content):
    """Shown on a click, and always on paper: for that it follows its <details> and is hidden by CSS, since no
    style sheet opens a closed <details> in all browsers."""
    return (f'<div class="fold"><details><summary>{escape(title)}</summary></details>\n'
            f'<div class="folded">{content}</div></div>')


def page(title, lead, sections, footer):
    links = ''.join(f'<li><a href="#{s.anchor}">{escape(s.title)}</a></li>' for s in sections)
    body = '\n'.join(f'<section id="{s.anchor}"><h2>{escape(s.title)}</h2>\n{s.body}\n</section>'
                     for s in sections)
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<title>{escape(title)}</title>\n<style>{CSS}</style>\n</head>\n<body>\n'
            f'<header><h1>{escape(title)}</h1>\n{lead}\n<nav><ul>{links}</ul></nav></header>\n'
            f'<main>\n{body}\n</main>\n<footer>{footer}</footer>\n</body>\n</html>\n')


CSS = '''
:root { --ink: #1b1f24; --quiet: #57606a; --line: #d0d7de; --tint: #f5f7f9; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1.25rem 3rem; color: var(--ink);
  background: #fff; font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Helvetica, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; padding-bottom: .2rem;
  border-bottom: 2px solid var(--accent); }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
h4 { font-size: 1rem; margin: 1rem 0 .2rem; }
p { margin: .5rem 0; max-width: 48rem; }
.lead { color: var(--quiet); }
.note { border-left: 4px solid #e69f00; background: #fff8e6; padding: .4rem .8rem; }
nav ul { list-style: none; padding: 0; margin: 1rem 0 0; display: flex; flex-wrap: wrap;
  gap: .3rem 1.2rem; }
a { color: var(--accent); }
table { border-collapse: collapse; margin: .6rem 0; font-size: .94rem; }
caption { text-align: left; color: var(--quiet); font-size: .88rem; padding-bottom: .3rem; }
td { white-space: nowrap; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left; }
thead th { border-bottom: 2px solid var(--ink); font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.metrics th:nth-child(n+5), .numeric th:nth-child(n+2), .outliers th:nth-child(n+5),
.bench thead th:nth-child(n+2), .elements thead th:nth-child(n+3) { text-align: right; }
.elements thead th:nth-child(2) { text-align: left; }
.bench small { color: var(--quiet); }
.bench tbody tr:last-child th { text-align: left; }
.wrap td { white-space: normal; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.pair { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: flex-start; }
figure { margin: .8rem 0; }
.pair figure { flex: 1 1 22rem; min-width: 0; }
img { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--quiet); font-size: .88rem; margin-top: .3rem; max-width: 46rem; }
pre { background: var(--tint); border: 1px solid var(--line); border-radius: 4px; padding: .6rem .8rem;
  white-space: pre-wrap; overflow-wrap: anywhere;
  font: .82rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
details { margin: .6rem 0; }
summary { cursor: pointer; color: var(--accent); }
@media screen { details:not([open]) + .folded { display: none; } }
footer { margin-top: 3rem; color: var(--quiet); font-size: .85rem; border-top: 1px solid var(--line);
  padding-top: .6rem; }
@media print {
  @page { margin: 16mm 14mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  details { margin: .8rem 0 0; }
  summary { color: inherit; font-weight: 600; list-style: none; }
  summary::-webkit-details-marker { display: none; }
  .folded pre { columns: 3; column-gap: 1em; font-size: 6.2pt; line-height: 1.25; }
  a { color: inherit; text-decoration: none; }
  figure, table, tr, .pair, .fold { break-inside: avoid; }
  figure img { max-height: 190mm; object-fit: contain; object-position: left; }
  .pair img { max-height: 66mm; }
  h2, h3, h4, h2 + p, h3 + p { break-after: avoid; }
  .scroll { overflow: visible; } th, td { padding: .2rem .5rem; }
  .pair figure { flex: 0 0 47%; }
}
'''
