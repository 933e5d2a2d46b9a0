from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from operando.errors import FileError, OperandoError
from operando.files import read
from operando.files.tiff.checks import page_offsets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VOLUME = np.random.default_rng(8).integers(0, 250, (9, 14, 17), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("tifffile")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(before)


@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}])
def test_offsets_agree_with_tifffile(tmp_path: Path, options: dict[str, object]) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, VOLUME, compression="zlib", **options)
    with tifffile.TiffFile(path) as tif:
        assert page_offsets(path).tolist() == [p.offset for p in tif.pages]


def test_a_circle_of_pages_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0" + struct.pack("<IHI", 8, 0, 8))
    with pytest.raises(FileError, match="circle"):
        page_offsets(path)


KINDS = {
    "mapped": {},
    "packed": {"compression": "zlib"},
    "imagej": {"imagej": True},
    "plain": {"metadata": None, "contiguous": False},
    "plain packed": {"metadata": None, "compression": "lzw"},
    "tiled": {"tile": (16, 16), "compression": "zlib"},
    "ome": {"ome": True, "metadata": {"axes": "ZYX"}, "compression": "zlib"},
    "big": {"bigtiff": True, "byteorder": ">", "rowsperstrip": 4},
}


def damaged(whole: bytes, rng: np.random.Generator, n: int) -> Iterator[bytes]:
    """Truncated files, and files with bytes flipped, mostly outside the pixels."""
    for i in range(n):
        if i % 4 == 0:
            yield whole[: int(rng.integers(0, len(whole)))]
            continue
        changed = bytearray(whole)
        for _ in range(int(rng.integers(1, 4))):
            at = int(
                rng.integers(0, min(len(whole), 700)) if i % 2 else rng.integers(0, len(whole))
            )
            changed[at] ^= 1 << int(rng.integers(0, 8))
        yield bytes(changed)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_refused_or_have_the_right_shape(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, VOLUME, photometric="minisblack", **KINDS[kind])
    whole = path.read_bytes()
    rng = np.random.default_rng(sorted(KINDS).index(kind))
    refused = 0
    for content in damaged(whole, rng, 60):
        path.write_bytes(content)
        try:
            series = read(path)
            values = np.asarray(series.data)
        except OperandoError:
            refused += 1
            continue
        # Nothing in a plain file says how many pages there should be.
        count = values.shape[0] * values.shape[1] * values.shape[2]
        assert count == len(VOLUME) or (kind.startswith("plain") and count < len(VOLUME))
        assert values.shape[3:] == VOLUME.shape[1:]
    assert refused >= 15
