"""A guess at the layout of a raw volume, from its name, its length and its grey values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

HEADERS = (0, 512, 1024, 2048, 4096)
"""Bytes that programs write before the voxels."""
TYPES = ("uint8", "uint16", "int16", "float32", "uint32", "int32", "float64")
SHORTEST, LONGEST = 16, 16384
FLATTEST = 64
"""How many times wider than thick a volume may be."""
_COMPARED = 2**13
_WIDTHS, _ALIKE = 2, 0.4
"""Widths that are tried, and likeness of rows from which on they are."""
_LEAST, _GOOD, _BETTER = 0.1, 0.6, 0.1
"""Likeness along every axis and over all from which on a layout is believed, and by which a less
usual one has to be better."""


@dataclass(frozen=True)
class RawLayout:
    """How the bytes of a raw volume may be read.

    Parameters
    ----------
    shape
        ``(z, y, x)``.
    dtype, byteorder
        Type of a voxel, such as "uint16", and "little" or "big".
    offset
        Bytes before the first voxel.
    """

    shape: tuple[int, int, int]
    dtype: str
    byteorder: str = "little"
    offset: int = 0

    @property
    def stored(self) -> np.dtype[np.generic]:
        """Type of a voxel in the file."""
        return np.dtype(self.dtype).newbyteorder("<" if self.byteorder == "little" else ">")

    @property
    def nbytes(self) -> int:
        """Length of a file of this layout."""
        z, y, x = self.shape
        return z * y * x * self.stored.itemsize + self.offset


def guess_layout(path: Path) -> RawLayout | None:
    """Guess how a raw volume is stored; None if nothing fits.

    Lengths are those in the name, or those of square slices, that make just the length of the
    file, or those of other slices without bytes before them, if these are clearly better. Among
    them that layout is chosen that makes neighbours along all axes most alike: a wrong type or
    length tears neighbours apart. Reads up to 8,192 values for each.

    Parameters
    ----------
    path
        The file.
    """
    size = path.stat().st_size
    best, most = None, _GOOD
    named = list(_named(path.name, size))
    for layout in (*named, *_square(size)):
        likeness = _likeness(path, layout)
        if likeness > most:
            best, most = layout, likeness + _BETTER
    if best not in named:
        found = [(_likeness(path, layout), layout) for layout in _oblong(path, size)]
        likeness, oblong = max(found, key=lambda pair: pair[0], default=(0.0, None))
        best = oblong if likeness > most else best
    return best


def middle_slice(path: Path, layout: RawLayout, edge: int = 256) -> NDArray[np.float32]:
    """Read the middle slice ``(y, x)``, thinned out to at most `edge` voxels a side."""
    volume = np.memmap(path, layout.stored, "r", layout.offset, layout.shape)
    z, y, x = layout.shape
    every = max(1, -(-max(y, x) // edge))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(volume[z // 2, ::every, ::every], np.float32)


def _named(name: str, size: int) -> Iterator[RawLayout]:
    """Layouts that the numbers of a file name make, and that have just its length."""
    text = name.lower()
    numbers = [int(n) for n in re.findall(r"\d+", text) if 1 < int(n) <= LONGEST]
    told = [kind for kind in TYPES if kind in text]
    bits = re.search(r"(8|16|32|64)[ _-]?bit", text)
    kinds = told or [k for k in TYPES if not bits or np.dtype(k).itemsize * 8 == int(bits[1])]
    triples = {t for i in range(len(numbers)) for t in permutations(numbers[i : i + 3], 3)}
    for x_y_z, kind, order, offset in product(
        sorted(triples), kinds, ("little", "big"), HEADERS[:1]
    ):
        layout = RawLayout((x_y_z[2], x_y_z[1], x_y_z[0]), kind, order, offset)
        if layout.nbytes == size:
            yield layout


def _square(size: int) -> Iterator[RawLayout]:
    """Layouts with slices as wide as they are high that have just the length of a file."""
    for offset, kind, order in product(HEADERS, TYPES, ("little", "big")):
        voxels, rest = divmod(size - offset, np.dtype(kind).itemsize)
        if rest or (order == "big" and np.dtype(kind).itemsize == 1):
            continue
        for n in range(SHORTEST, LONGEST + 1):
            z, rest = divmod(voxels, n * n)
            if not rest and n <= FLATTEST * z and z <= LONGEST:
                yield RawLayout((z, n, n), kind, order, offset)


def _oblong(path: Path, size: int) -> Iterator[RawLayout]:
    """Layouts of any slices, as wide as rows are most alike."""
    for kind, order in product(TYPES, ("little", "big")):
        voxels, rest = divmod(size, np.dtype(kind).itemsize)
        if rest or (order == "big" and np.dtype(kind).itemsize == 1):
            continue
        flat = RawLayout((1, 1, voxels), kind, order)
        row = _voxels(path, flat, voxels // 2, _COMPARED + LONGEST)
        widths = [n for n in range(SHORTEST, LONGEST + 1) if not voxels % n]
        alike = {n: _correlation(row[:_COMPARED], row[n : n + _COMPARED]) for n in widths}
        for x in sorted(widths, key=lambda n: -alike[n])[:_WIDTHS]:
            if alike[x] < _ALIKE:
                break
            for y in range(SHORTEST, LONGEST + 1):
                z, rest = divmod(voxels // x, y)
                if not rest and max(x, y) <= FLATTEST * z and 1 < z <= LONGEST:
                    yield RawLayout((z, y, x), kind, order)


def _likeness(path: Path, layout: RawLayout) -> float:
    """How alike neighbours along x, y and z are in the middle of the file, 0 to 3."""
    z, y, x = layout.shape
    start = (z // 2 * y + y // 3) * x
    here = _voxels(path, layout, start, _COMPARED)
    if layout.dtype in ("uint16", "uint32") and _is_signed(here, layout):
        return 0.0
    steps = (1, x, x * y if z > 2 else x)
    found = [_correlation(here, _voxels(path, layout, start + s, _COMPARED)) for s in steps]
    return sum(found) if min(found) > _LEAST else 0.0


def _is_signed(values: NDArray[np.float64], layout: RawLayout) -> bool:
    """Whether values below 0 were taken for very large ones."""
    whole = 2.0 ** (8 * layout.stored.itemsize)
    signed = np.where(values >= whole / 2, values - whole, values)
    return bool(signed.std() < 0.5 * values.std())


def _voxels(path: Path, flat: RawLayout, start: int, count: int) -> NDArray[np.float64]:
    offset = flat.offset + start * flat.stored.itemsize
    with path.open("rb") as file:
        file.seek(offset)
        raw = file.read(count * flat.stored.itemsize)
    whole = len(raw) // flat.stored.itemsize * flat.stored.itemsize
    with np.errstate(invalid="ignore", over="ignore"):
        return np.frombuffer(raw[:whole], flat.stored).astype(np.float64)


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Correlation of what both have; 0 where there is none, or no finite numbers."""
    n = min(len(first), len(second))
    with np.errstate(all="ignore"):
        found = np.corrcoef(first[:n], second[:n])[0, 1] if n > 1 else 0.0
    return float(found) if np.isfinite(found) else 0.0
