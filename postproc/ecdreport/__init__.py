"""The report of ecdnet runs.

runs.py      reads run folders            dataset.py   reads the dataset file
style.py     colours and figure settings  figures.py   stores figures, embeds them
plots.py     curves, parity, timings      density.py   pictures of charge densities
html.py      tables and page frame        sections.py  what the page says, section by section
cli.py       the command line

A new part of the report is a function in sections.py that returns a Section, listed in SECTIONS.
"""
