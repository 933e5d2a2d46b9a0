"""Damaged files: one sentence, or voxels of the right shape; never anything else."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import OperandoError
from operando.files import create_image, read

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

VARIANTS = 150
"""Of each file; with 17 kinds of files, Zarr and HDF5 2800 in all."""
HDF5_VARIANTS = 60
"""Each takes a process of its own."""


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut a file short, or change one to four of its bytes, most often near its start."""
    if rng.random() < 0.3:
        return content[: int(rng.integers(0, len(content)))]
    changed = bytearray(content)
    reach = len(content) if rng.random() < 0.4 else min(len(content), 700)
    for at in rng.integers(0, reach, int(rng.integers(1, 5))):
        changed[at] = (
            changed[at] ^ (1 << rng.integers(8)) if rng.random() < 0.5 else rng.integers(256)
        )
    return bytes(changed)


def outcome(path: Path, shape: tuple[int, ...]) -> str:
    """Read all voxels; whatever is no `OperandoError` fails the test."""
    try:
        series = read(path)
        # One thread: what is left of a failed read must not meet the next, shorter file.
        voxels = series.data.compute(scheduler="synchronous")
    except OperandoError as error:
        return "refused" if "\n" not in str(error) else "refused in several lines"
    assert voxels.shape == series.data.shape
    assert voxels.dtype == series.data.dtype
    return "read" if voxels.shape == shape else "other shape"


def test_damaged_files(image_file: Path, volume: NDArray[np.uint16]) -> None:
    content = image_file.read_bytes()
    rng = np.random.default_rng(zlib.crc32(image_file.name.encode()))
    outcomes = []
    variants = HDF5_VARIANTS if image_file.suffix in (".h5", ".nxs") else VARIANTS
    for _ in range(variants):
        image_file.write_bytes(damaged(content, rng))
        outcomes.append(outcome(image_file, (1, 1, *volume.shape)))
    assert outcomes.count("refused") > variants // 10
    assert set(outcomes) <= {"refused", "read"}


def test_damaged_zarr(tmp_path: Path, volume: NDArray[np.uint16]) -> None:
    path = tmp_path / "image.zarr"
    array = create_image(path, volume.shape, volume.dtype, axes="zyx", voxel_size=(1, 1, 1))
    array[:] = volume
    files = [p for p in path.rglob("*") if p.is_file()]
    rng = np.random.default_rng(0)
    outcomes = []
    for _ in range(VARIANTS):
        victim = files[rng.integers(len(files))]
        content = victim.read_bytes()
        victim.write_bytes(damaged(content, rng))
        outcomes.append(outcome(path, (1, 1, *volume.shape)))
        victim.write_bytes(content)
    assert outcomes.count("refused") > VARIANTS // 4
    # A digit of the shape may change to another one that is sound in itself.
    assert outcomes.count("other shape") < VARIANTS // 10


@pytest.mark.parametrize("ending", [".tif", ".h5", ".txrm", ".nii", ".mrc", ".edf", ".am", ".nrrd"])
def test_noise_and_nothing(tmp_path: Path, ending: str, rng: np.random.Generator) -> None:
    path = tmp_path / f"noise{ending}"
    for n in (0, 1, 100, 5000):
        path.write_bytes(rng.bytes(n))
        assert outcome(path, ()) == "refused"
