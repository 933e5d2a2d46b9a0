from __future__ import annotations

from datetime import datetime

import dask.array as da
import numpy as np

from operando.data import Series
from operando.files import describe

RNG = np.random.default_rng(2)


def series(values: np.ndarray, **known: object) -> Series:
    return Series(data=da.from_array(values, chunks=(1, 1, 1, -1, -1)), **known)


def test_facts() -> None:
    found = describe(
        series(np.zeros((3, 1, 4, 50, 60), np.uint8), voxel_size=(0.1,) * 3, times=(0, 1, 2.5))
    )
    assert found.facts == (
        "3 frames of 4 × 50 × 60 voxels (z, y, x)",
        "36.0 kB, uint8",
        "Voxel size: 0.1 × 0.1 × 0.1 µm (z, y, x)",
        "Frame times: 0 to 2.5 h",
    )
    assert found.warnings == ("The middle slice is of one grey value.",)


def test_what_is_missing() -> None:
    found = describe(series(RNG.random((2, 1, 3, 9, 9))))
    assert "Voxel size: not in the files" in found.facts
    assert "Frame times: not in the files" in found.facts
    assert len(found.warnings) == 2
    single = describe(series(RNG.random((1, 1, 3, 9, 9)), voxel_size=(1, 1, 1)))
    assert not single.warnings


def test_voxels_that_are_no_cubes() -> None:
    found = describe(series(RNG.random((1, 1, 3, 9, 9)), voxel_size=(3, 1, 1)))
    assert found.warnings == ("The voxels are not cubes (3 × 1 × 1 µm).",)


def test_few_grey_levels() -> None:
    image = RNG.integers(0, 100, (1, 1, 1, 200, 200)).astype(np.uint16)
    wide = RNG.integers(0, 9999, (1, 1, 1, 200, 200)).astype(np.uint16)
    assert any("16 bits but only 100 grey" in w for w in describe(series(image)).warnings)
    assert not any("grey" in w for w in describe(series(image.astype(np.uint8))).warnings)
    assert not any("grey" in w for w in describe(series(wide)).warnings)


def test_channels_that_may_be_slices() -> None:
    image = RNG.integers(0, 255, (1, 40, 1, 9, 9))
    names = tuple(map(str, range(40)))
    assert any('axes "zyx"' in w for w in describe(series(image, channels=names)).warnings)


def test_frames_of_different_voxel_size() -> None:
    metadata = ({"voxel_size": (1, 1, 1)}, {"voxel_size": (1, 1, 2)})
    found = describe(series(RNG.random((2, 1, 2, 3, 3)), metadata=metadata, times=(0, 1)))
    assert any("differs between files (2 values)" in w for w in found.warnings)


def test_values_that_are_no_numbers() -> None:
    values = RNG.random((1, 1, 4, 5, 6), dtype=np.float32)
    values[0, 0, 2, 3, 4] = np.nan
    assert any("1 voxel that is no number" in w for w in describe(series(values)).warnings)
    values[0, 0, 2, :2, 0] = np.inf
    assert any("3 voxels that are no numbers" in w for w in describe(series(values)).warnings)


def test_remarks_of_the_reader_are_told_once() -> None:
    known = {"notes": ("these are projections",), "guessed": ("lengths are millimetres",)}
    found = describe(series(RNG.random((2, 1, 3, 9, 9)), metadata=(known, known)))
    assert found.facts[-1] == "Assumed: lengths are millimetres"
    assert found.warnings[0] == "These are projections."


def test_a_frame_that_is_missing_in_time() -> None:
    times = (0.0, 1.0, 2.0, 4.0, 5.0)
    found = describe(series(RNG.random((5, 1, 3, 9, 9)), times=times, voxel_size=(1, 1, 1)))
    assert found.warnings == ("A frame may be missing between 2 and 3: 2 h apart, the others 1 h.",)


def test_a_shifted_frame_is_told() -> None:
    from scipy import ndimage

    texture = ndimage.gaussian_filter(RNG.normal(size=(1, 120, 120)), (0, 2, 2))
    frames = np.stack([texture, texture + 1e-4, np.roll(texture, 9, 1)])[:, None]
    found = describe(series(frames, voxel_size=(1, 1, 1), times=(0, 1, 2)))
    assert any("frame 2 by about 9 × 0 voxels" in w for w in found.warnings)


def test_the_histogram_counts_every_voxel_of_the_slices_it_saw() -> None:
    image = RNG.integers(0, 1000, (2, 1, 1, 60, 70)).astype(np.uint16)
    found = describe(series(image))
    assert found.counts.sum() == image.size
    assert np.array_equal(found.counts, np.histogram(image, found.edges)[0])
    assert len(set(np.diff(found.edges))) == 1


def test_the_histogram_has_no_comb_where_only_some_values_occur() -> None:
    """Eight bits that were stretched to sixteen fill every bin alike."""
    image = (256 * (np.arange(2**16) % 256)).astype(np.uint16).reshape(1, 1, 1, 256, 256)
    found = describe(series(image))
    assert set(found.counts.tolist()) == {512}


def test_frames_that_were_taken_in_another_order() -> None:
    taken = [{"acquired": datetime(2024, 5, day)} for day in (1, 3, 2)]
    images = RNG.random((3, 1, 2, 3, 3))
    found = describe(series(images, metadata=tuple(taken), times=(0, 1, 2)))
    assert any("taken in another order" in w for w in found.warnings)
    found = describe(series(images, metadata=tuple(taken[:2] + taken[1:2]), times=(0, 1, 2)))
    assert not any("taken in another order" in w for w in found.warnings)
