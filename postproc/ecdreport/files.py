"""Reads texts, CSV tables, JSON and HDF5 attributes; what cannot be read is an InputError that names the
file."""
import csv
import json
import math

import h5py

from .errors import InputError


def read_text(path):
    try:
        return path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f'{path}: cannot be read: {error}') from None


def read_json(path):
    """An object."""
    try:
        value = json.loads(read_text(path))
    except ValueError as error:
        raise InputError(f'{path}: damaged: {error}') from None
    if not isinstance(value, dict):
        raise InputError(f'{path}: damaged: expected an object, found {type(value).__name__}')
    return value


def read_json_lines(path, keys=()):
    """A list of objects that have the keys."""
    found = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            entry = json.loads(line)
            missing = [key for key in keys if key not in entry]
        except (ValueError, TypeError) as error:
            raise InputError(f'{path}:{number}: not a JSON line: {error}') from None
        if missing:
            raise InputError(f'{path}:{number}: {missing[0]} missing')
        found.append(entry)
    return found


def read_table(path, columns):
    """Rows of a CSV file as {column: text}; columns are those that it must have, others may follow."""
    try:
        with open(path, newline='', encoding='utf-8') as file:
            reader = csv.reader(file)
            header = next(reader, [])
            missing = [name for name in columns if name not in header]
            if missing:
                raise InputError(f'{path}: line 1: expected a column {missing[0]}, found '
                                 f'{",".join(header)[:80] or "nothing"}')
            return header, [checked(row, header, path, n) for n, row in enumerate(reader, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f'{path}: cannot be read: {error}') from None


def checked(row, header, path, number):
    if len(row) != len(header):
        raise InputError(f'{path}: row {number}: expected {len(header)} cells, found {len(row)}')
    return {**dict(zip(header, row)), None: f'{path}: row {number}'}


def as_number(row, column):
    """Of a row of read_table; NaN where the cell is empty."""
    try:
        return float(row[column]) if row[column] else math.nan
    except ValueError as error:
        raise InputError(f'{row[None]}: {column}: {error}') from None


def read_attributes(path):
    """Root attributes of an HDF5 file as Python values."""
    try:
        with h5py.File(path, 'r') as file:
            return {key: plain(value) for key, value in file.attrs.items()}
    except OSError as error:
        raise InputError(f'{path}: not a readable HDF5 file: {error}') from None


def plain(value):
    if isinstance(value, bytes):
        return value.decode('utf-8', 'replace')
    return value.item() if hasattr(value, 'item') and getattr(value, 'size', 1) == 1 else value
