"""Whether the images of a study are still those that its results were made of."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING

from operando.files.folders import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

WHOLE_BYTES = 2**25
"""Images up to this size are read whole."""
MOST_FILES = 2000
SAMPLED_FILES = 8
SAMPLE_BYTES = 2**14
SAMPLED_AT = (0.0, 0.137, 0.381, 0.618, 0.873, 1.0)
"""Of the length of a file; none of them is where slices usually begin."""


def source_state(sources: Sequence[Path]) -> str:
    """Digest of names, sizes and voxels of the files, which a copy elsewhere has as well.

    Times are left out, as many ways to copy files change them. Of more than 32 MB a sample of
    the voxels is read: images that were reconstructed or filtered anew differ in it, a few
    voxels that were changed inside a large file need not.

    Parameters
    ----------
    sources
        Files and folders; of a folder the first 2000 files count.
    """
    files = [file for source in sources for file in islice(_files(source, source.name), MOST_FILES)]
    digest = hashlib.sha256()
    sizes = []
    for name, path in files:
        size = path.stat().st_size if path.is_file() else -1
        digest.update(f"{name} {size}\n".encode())
        sizes.append(size)
    there = [path for (_, path), size in zip(files, sizes, strict=True) if size >= 0]
    if sum(sizes) <= WHOLE_BYTES:
        for path in there:
            digest.update(path.read_bytes())
    else:
        for k in range(min(SAMPLED_FILES, len(there))):
            for sample in _samples(there[k * len(there) // min(SAMPLED_FILES, len(there))]):
                digest.update(sample)
    return digest.hexdigest()[:12]


def file_version(path: Path) -> tuple[int, int, int] | None:
    """Tell one state of a file from another; None if it is not there."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _files(path: Path, name: str) -> Iterator[tuple[str, Path]]:
    if not path.is_dir():
        yield name, path
        return
    for entry in visible(path):
        yield from _files(entry, f"{name}/{entry.name}")


def _samples(path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    with path.open("rb") as file:
        for place in SAMPLED_AT:
            file.seek(int(place * max(size - SAMPLE_BYTES, 0)))
            yield file.read(SAMPLE_BYTES)
