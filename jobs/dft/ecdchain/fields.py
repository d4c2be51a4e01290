"""Fields on grids: VASP's file layout, Fourier interpolation, the Gaussian filter."""
import gzip
import zlib

import numpy as np


def write_vasp(path, atoms, values):
    """CHGCAR layout. values: [nx, ny, nz], written as they are: a density goes in times the cell volume."""
    symbols = atoms.get_chemical_symbols()
    starts = [i for i, s in enumerate(symbols) if i == 0 or s != symbols[i - 1]]
    counts = np.diff(starts + [len(symbols)])
    lines = [atoms.get_chemical_formula(), '   1.00000000000000']
    lines += [' %22.16f%22.16f%22.16f' % tuple(row) for row in atoms.cell[:]]
    lines += [''.join('%5s' % symbols[i] for i in starts), ''.join('%6d' % n for n in counts), 'Direct']
    lines += ['%20.16f%20.16f%20.16f' % tuple(frac) for frac in atoms.get_scaled_positions()]
    lines += ['', ' %4d %4d %4d' % values.shape]
    flat = values.reshape(-1, order='F')
    whole = len(flat) // 5 * 5
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')
        np.savetxt(file, flat[:whole].reshape(-1, 5), fmt=' %.11E', delimiter='')
        if whole < len(flat):
            np.savetxt(file, flat[None, whole:], fmt=' %.11E', delimiter='')


def flaw(path):
    """What a file of the CHGCAR layout, plain or .gz, lacks: its header, values; '' if nothing."""
    try:
        with open(path, 'rb') as file:
            packed = file.read(2) == b'\x1f\x8b'
        with gzip.open(path) if packed else open(path, 'rb') as file:
            count = _points(file)
            if count < 1:
                return 'has no header of a CHGCAR'
            found = _count_words(file, count)
            return '' if found >= count else f'is cut off: {found} of {count} values'
    except FileNotFoundError:
        return 'was not written'
    except (OSError, EOFError, zlib.error) as error:
        return f'cannot be read: {error}'


def _points(file):
    """Reads the header; the number of points of the grid, 0 if it is none."""
    lines = [file.readline() for _ in range(6)]
    try:
        [float(word) for line in lines[1:5] for word in line.split()]
        if not lines[5].split()[0].isdigit():                    # symbols, since VASP 5
            lines.append(file.readline())
        sites = sum(int(word) for word in lines[-1].split())
        if file.readline().strip()[:1] in (b'S', b's'):
            file.readline()
        for _ in range(sites + 1):                               # and an empty line
            file.readline()
        nx, ny, nz = (int(word) for word in file.readline().split())
        return nx * ny * nz
    except (ValueError, IndexError):
        return 0


def _count_words(file, most):
    """Words from here on; not many more than most."""
    count, rest = 0, b''
    while count < most:
        block = file.read(1 << 20)
        words = (rest + block).split()
        rest = words.pop() if block and words and not block[-1:].isspace() else b''
        count += len(words)
        if not block:
            break
    return count


def frequencies(cell, shape):
    """[nx, ny, nz, 3] reciprocal vectors (1/A, with 2 pi) of the discrete Fourier transform."""
    whole = np.stack(np.meshgrid(*[np.fft.fftfreq(n) * n for n in shape], indexing='ij'), -1)
    return whole @ (2 * np.pi * np.linalg.inv(np.asarray(cell)).T)


def gaussian_filter(values, cell, sigma):
    """Convolution with a normalised Gaussian of deviation sigma (A)."""
    squared = (frequencies(cell, values.shape)**2).sum(-1)
    return np.fft.ifftn(np.fft.fftn(values) * np.exp(-0.5 * sigma**2 * squared)).real


def squared_gradient(values, cell):
    """|grad f|^2 by Fourier derivatives."""
    transform, vectors = np.fft.fftn(values), frequencies(cell, values.shape)
    return sum(np.fft.ifftn(1j * vectors[..., v] * transform).real**2 for v in range(3))


def resample(values, shape):
    """Trigonometric interpolation to another grid; what the smaller grid cannot hold is dropped, the unpaired
    coefficients of even grids included."""
    transform = np.fft.fftn(values)
    out = np.zeros(shape, complex)
    keep = [(min(a, b) - 1) // 2 for a, b in zip(values.shape, shape)]
    index = [np.r_[0:k + 1, -k:0] if k else np.array([0]) for k in keep]
    out[np.ix_(*index)] = transform[np.ix_(*index)]
    return np.fft.ifftn(out).real * (np.prod(shape) / np.prod(values.shape))


def grid_shape(cell, spacing):
    """Points along each axis for a spacing (A) at most: even, of factors 2, 3, 5, 7, 11 alone."""
    def good(n):
        for factor in (2, 3, 5, 7, 11):
            while n % factor == 0:
                n //= factor
        return n == 1

    shape = []
    for length in np.linalg.norm(np.asarray(cell), axis=1):
        n = max(2, 2 * int(np.ceil(length / spacing / 2)))
        while not good(n):
            n += 2
        shape.append(n)
    return tuple(shape)
