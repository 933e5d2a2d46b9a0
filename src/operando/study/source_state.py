"""Whether the images of a study are still those that its results were made of."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from operando.files.folders import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

WHOLE_BYTES = 2**25
"""Images up to this size are read whole."""
MOST_FILES = 2000
SAMPLES = 256
SAMPLE_BYTES = 2**14
SAMPLED_AT = (0.381, 0.618, 0.137, 0.873, 0.0, 1.0)
"""Of the length of a file; none of them is where slices usually begin."""
WATCHED = 200


def source_state(sources: Sequence[Path]) -> str:
    """Digest of names, sizes and voxels of the files, which a copy elsewhere has as well.

    Times are left out, as many ways to copy files change them. Of more than 32 MB a sample of
    the voxels of every frame is read: images that were reconstructed or filtered anew differ in
    it, a few voxels that were changed inside a large file need not.

    Parameters
    ----------
    sources
        Files and folders; of about 2000 files in a folder, of every frame alike, name and size
        count.
    """
    files = [file for source in sources for file in _files(source, source.name, MOST_FILES)]
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
        sampled = _spread(there, SAMPLES)
        places = SAMPLED_AT[: SAMPLES // len(sampled)]
        for path in sampled:
            for sample in _samples(path, places):
                digest.update(sample)
    return digest.hexdigest()[:12]


def source_versions(sources: Sequence[Path]) -> object:
    """Tell, without reading any, whether files may have changed since the last look at them."""
    inside = (sorted(source.iterdir())[:WATCHED] if source.is_dir() else () for source in sources)
    return [
        file_version(path)
        for source, frames in zip(sources, inside, strict=True)
        for path in (source, *frames)
    ]


def file_version(path: Path) -> tuple[int, int, int] | None:
    """Tell one state of a file from another; None if it is not there."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _files(path: Path, name: str, most: int) -> Iterator[tuple[str, Path]]:
    """About so many files of a folder, as many from each folder inside, and how many there are."""
    if not path.is_dir():
        yield name, path
        return
    entries = visible(path)
    chosen = _spread(entries, most)
    if len(chosen) < len(entries):
        yield f"{name} of {len(entries)}", path
    for entry in chosen:
        yield from _files(entry, f"{name}/{entry.name}", max(1, most // len(chosen)))


def _spread(items: Sequence[Path], most: int) -> Sequence[Path]:
    """Up to so many, at equal distances."""
    n = min(most, len(items))
    return [items[k * len(items) // n] for k in range(n)]


def _samples(path: Path, places: Sequence[float]) -> Iterator[bytes]:
    size = path.stat().st_size
    with path.open("rb") as file:
        for place in places:
            file.seek(int(place * max(size - SAMPLE_BYTES, 0)))
            yield file.read(SAMPLE_BYTES)
