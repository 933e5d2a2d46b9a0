from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from operando.files.volumes.raw_guess import RawLayout, guess_layout, middle_slice

if TYPE_CHECKING:
    from pathlib import Path


def _grains(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    smooth = gaussian_filter(rng.standard_normal(shape), 3)
    return smooth / smooth.std() + 0.3 * rng.standard_normal(shape)


@pytest.mark.parametrize(
    "layout",
    [
        RawLayout((64, 96, 96), "uint16"),
        RawLayout((30, 128, 128), "uint8", offset=512),
        RawLayout((57, 75, 75), "float32", "big"),
        RawLayout((57, 75, 75), "int16", "little", 1024),
        RawLayout((40, 90, 120), "uint8"),
        RawLayout((48, 100, 70), "int16", "big"),
        RawLayout((60, 48, 110), "float32"),
        RawLayout((31, 84, 126), "int16"),
        RawLayout((40, 64, 80), "uint16"),
    ],
    ids=str,
)
def test_the_layout_is_found_from_length_and_grey_values(
    tmp_path: Path, rng: np.random.Generator, layout: RawLayout
) -> None:
    grains = _grains(rng, layout.shape)
    if layout.dtype.startswith("u"):
        grains = np.clip(30 * grains + 120, 0, 255)
    elif layout.dtype == "int16":
        grains = 500 * grains
    path = tmp_path / "scan.raw"
    path.write_bytes(bytes(layout.offset) + grains.astype(layout.stored).tobytes())
    assert guess_layout(path) == layout
    assert layout.nbytes == path.stat().st_size
    assert np.allclose(middle_slice(path, layout), grains[layout.shape[0] // 2], atol=1)


def test_lengths_in_the_name_are_used(tmp_path: Path, rng: np.random.Generator) -> None:
    grains = _grains(rng, (40, 90, 120))
    path = tmp_path / "cell_7_120x90x40_float32.raw"
    grains.astype("<f4").tofile(path)
    assert guess_layout(path) == RawLayout((40, 90, 120), "float32")


def test_noise_is_no_volume(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "scan.raw"
    path.write_bytes(rng.bytes(2 * 64**3))
    assert guess_layout(path) is None


def test_of_a_large_slice_every_so_many_voxels_are_shown(tmp_path: Path) -> None:
    volume = np.arange(3 * 20 * 50, dtype=np.uint16).reshape(3, 20, 50)
    path = tmp_path / "scan.raw"
    volume.tofile(path)
    shown = middle_slice(path, RawLayout((3, 20, 50), "uint16"), edge=25)
    assert np.array_equal(shown, volume[1, ::2, ::2])
