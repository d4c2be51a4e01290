"""Errors, files that are never half written, locks, numbers as JSON."""
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import tempfile

FAILED, USAGE, BAD_DATA, STOPPED = 1, 2, 3, 75
TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)      # what flock says of a lock that is held


class ChainError(Exception):
    """What the user is told, and the exit code: 1 failed, 2 usage, 3 bad data."""

    def __init__(self, message, code=FAILED):
        super().__init__(message)
        self.code = code


class EngineError(Exception):
    """A calculation failed or is not to be trusted; the message is the reason that the tables show."""


def write_file(path, text):
    """Writes to a temporary name, syncs, renames: readers see the old or the new file."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=folder, prefix='.' + os.path.basename(path))
    try:
        with os.fdopen(handle, 'w', encoding='utf-8') as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path, data):
    write_file(path, json.dumps(data, indent=1, default=_plain) + '\n')


def read_json(path):
    """None where the file is missing; a broken file is an error that names it."""
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ChainError(f'{path}: not JSON: {error}', BAD_DATA) from error


def _plain(value):
    if hasattr(value, 'tolist'):
        return value.tolist()
    raise TypeError(f'{type(value)} in a JSON file')


def digest(data):
    """A short name of what JSON data say, the same for the same data."""
    text = json.dumps(data, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextlib.contextmanager
def lock(path, message):
    """Holds a lock file; a ChainError with the message if another process has it. File systems without locks
    are taken as they are."""
    with open(path, 'a', encoding='utf-8') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in TAKEN:
                raise ChainError(message) from error
        yield


def is_locked(path):
    try:
        with open(path, encoding='utf-8') as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except OSError as error:
        return error.errno in TAKEN
