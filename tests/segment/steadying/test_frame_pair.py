from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.nets.frames import Frames
from operando.segment.steadying.frame_pair import FramePair

if TYPE_CHECKING:
    from collections.abc import Callable

    from operando.data import DisplacementField

    MakeField = Callable[[float, float, float], DisplacementField]

SHAPE = (16, 40, 40)
WHOLE = tuple(slice(0, n) for n in SHAPE)
CORE = tuple(slice(4, n - 4) for n in SHAPE)


@pytest.fixture
def scene(rng: np.random.Generator) -> np.ndarray:
    """Dark and bright halves with noise of 10 grey values; a cube turns bright in frame 1."""
    clean = np.full((2, *SHAPE), 50.0, np.float32)
    clean[..., 20:] = 150
    clean[1, 6:10, 10:16, 6:12] = 150
    return clean + rng.normal(0, 10, clean.shape).astype(np.float32)


def pair(images: np.ndarray, **options: object) -> FramePair:
    return FramePair(Frames(images), 0, 1, **options)  # type: ignore[arg-type]


def test_what_changed_is_told_from_noise(scene: np.ndarray) -> None:
    same = pair(scene).unchanged(WHOLE)
    cube = np.zeros(SHAPE, bool)
    cube[6:10, 10:16, 6:12] = True
    assert not same[cube].any()
    assert same[~cube].mean() == pytest.approx(0.866, abs=0.02), "1.5 sigma of a normal noise"


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 90.0), (2.5, 0.0), (0.2, -30.0)])
def test_brightness_and_contrast_of_a_frame_do_not_matter(
    scene: np.ndarray, gain: float, offset: float
) -> None:
    other = np.stack([scene[0], gain * scene[1] + offset])
    np.testing.assert_array_equal(pair(other).unchanged(WHOLE), pair(scene).unchanged(WHOLE))


@pytest.mark.parametrize("levels", [4, 8, 16])
def test_few_grey_levels_count_rounding_as_noise(scene: np.ndarray, levels: int) -> None:
    few = np.clip(scene // (256 / levels), 0, levels - 1).astype(np.uint8)
    same = pair(few).unchanged(WHOLE)
    cube = np.zeros(SHAPE, bool)
    cube[6:10, 10:16, 6:12] = True
    assert same[~cube].mean() > 0.75
    assert same[cube].mean() < 0.05


def test_identical_frames_are_unchanged_everywhere() -> None:
    image = np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE)
    assert pair(np.stack([image, image])).unchanged(WHOLE).all()


def test_a_dark_margin_around_the_field_of_view_is_no_measure_of_noise(
    scene: np.ndarray,
) -> None:
    """Two thirds of the volume are margin, as around a slim sample."""
    wide = np.zeros((2, 16, 40, 120), np.float32)
    wide[..., :40] = scene
    inside = pair(wide).unchanged((slice(0, 16), slice(0, 40), slice(0, 36)))
    np.testing.assert_allclose(
        inside.mean(), pair(scene).unchanged(WHOLE)[..., :36].mean(), atol=0.05
    )
    assert pair(wide).unchanged((slice(0, 16), slice(0, 40), slice(44, 120))).all()


def test_every_channel_has_to_be_unchanged(scene: np.ndarray, rng: np.random.Generator) -> None:
    still = np.stack([scene[0], scene[0] + rng.normal(0, 10, SHAPE)])
    both = np.stack([still, scene], axis=1)
    same = pair(both).unchanged(WHOLE)
    assert not same[6:10, 10:16, 6:12].any()
    assert pair(still).unchanged(WHOLE)[6:10, 10:16, 6:12].mean() > 0.6


def test_a_box_is_judged_as_within_the_whole(scene: np.ndarray, moved_by: MakeField) -> None:
    box = (slice(3, 11), slice(17, 40), slice(0, 22))
    for field in (None, moved_by(0.0, 1.3, -0.6)):
        made = pair(scene, field=field)
        np.testing.assert_array_equal(made.unchanged(box), made.unchanged(WHOLE)[box])


def test_motion_is_followed_there_and_back(rng: np.random.Generator, moved_by: MakeField) -> None:
    """A pattern that moves by (1, 2.5, -1) is unchanged along the motion, and changed without."""
    z, y, x = np.indices(SHAPE).astype(np.float32)

    def pattern(dz: float, dy: float, dx: float) -> np.ndarray:
        return 100 * np.sin((z - dz) / 2.5) * np.sin((y - dy) / 2.5) * np.cos((x - dx) / 3)

    images = np.stack([pattern(0, 0, 0), pattern(1, 2.5, -1)])
    images += rng.normal(0, 8, images.shape).astype(np.float32)
    field = moved_by(1.0, 2.5, -1.0)
    frames = Frames(images)
    assert FramePair(frames, 0, 1, field=field).unchanged(CORE).mean() > 0.8
    assert FramePair(frames, 1, 0, field=field).unchanged(CORE).mean() > 0.8
    back = FramePair(frames, 1, 0, field=field).places(CORE)
    np.testing.assert_allclose(back[:, 0, 0, 0], [3, 1.5, 5], atol=1e-4)


def test_what_comes_from_outside_the_image_is_not_unchanged(
    scene: np.ndarray, moved_by: MakeField
) -> None:
    field = moved_by(0.0, 5.0, 0.0)
    assert not pair(scene, field=field).unchanged(WHOLE)[:, -5:].any()
    other = FramePair(Frames(scene), 1, 0, field=field)
    assert not other.unchanged(WHOLE)[:, :5].any()
