"""The report of ecdnet runs.

inputs.py tells what a folder holds; each kind of output has one reader:
  runs.py (train, predict)   bench.py   embedding.py (embed)   maps.py   dataset.py (prep)
files.py, text.py, elements.py, classes.py help them.
style.py    colours and figure settings       figures.py   stores figures, embeds them
plots.py    curves, scores, timings           parity.py    predicted against DFT moduli
scatter.py  t-SNE                             squares.py   squeeze-and-excitation maps
density.py  planes, surfaces, clouds          html.py      tables and the page's frame
cli.py      the command line                  context.py   what the sections work from

A new part of the page is a function that returns a Section, listed in SECTIONS of sections.py.
"""
