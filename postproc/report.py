#!/usr/bin/env python3
"""Writes the report of finished runs: one self-contained HTML page, and every figure as PDF and PNG.

  python3 postproc/report.py RUN... -o report.html      (--help tells the rest)

Exit codes: 0 done, 2 bad usage, 3 a run folder or dataset that is missing, unfinished or damaged.
"""
import sys

from ecdreport.cli import main

if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
