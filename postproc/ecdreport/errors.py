"""Errors of the report."""


class InputError(Exception):
    """A run folder, dataset or option that cannot be used; the text says what and where. Exit code 3."""
