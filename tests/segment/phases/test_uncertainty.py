from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from operando.segment.phases.uncertainty import SHARED, fraction_intervals


def _two_classes(first: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.stack([first, 1 - first])).astype(np.uint8)


def _smooth(rng: np.random.Generator, shape: tuple[int, ...], sharpness: float) -> np.ndarray:
    field = gaussian_filter(rng.normal(size=shape), 4)
    return 1 / (1 + np.exp(-sharpness * field / field.std()))


def _draw(rng: np.random.Generator, p: np.ndarray, cube: int) -> float:
    """Fraction of a truth that follows the probabilities, with errors as large as cubes."""
    coarse = rng.uniform(size=[-(-n // cube) for n in p.shape])
    for axis in range(3):
        coarse = np.repeat(coarse, cube, axis=axis)
    return float((coarse[tuple(slice(0, n) for n in p.shape)] < p).mean())


@pytest.mark.parametrize("sharpness", [1.0, 4.0])
@pytest.mark.parametrize("cube", [1, 8, 16])
def test_the_truth_lies_within(rng: np.random.Generator, sharpness: float, cube: int) -> None:
    """Whatever the reach of errors up to that of the cubes, 95 % of truths lie within."""
    p = _smooth(rng, (48, 64, 64), sharpness)
    interval = fraction_intervals(_two_classes(p))
    truths = np.array([_draw(rng, p, cube) for _ in range(200)])
    inside = (interval.low[0] <= truths) & (truths <= interval.high[0])
    assert inside.mean() >= 0.93


def test_it_is_no_wider_than_errors_of_that_reach_make_it(rng: np.random.Generator) -> None:
    p = np.full((64, 64, 64), 0.6)
    interval = fraction_intervals(_two_classes(p), shared=0)
    assert interval.high[0] == interval.fraction[0] == 1
    truths = [_draw(rng, p, 16) for _ in range(400)]
    width = (interval.expected[0] - interval.low[0]) / 1.96
    assert width == pytest.approx(np.std(truths), rel=0.15)


def test_a_large_frame_is_no_surer_than_its_model(rng: np.random.Generator) -> None:
    """Errors that all go one way do not average out, however many voxels there are."""
    p = _smooth(rng, (96, 96, 96), 4.0)
    spread = SHARED * np.sqrt(p * (1 - p))
    noise = rng.uniform(size=p.shape)
    truths = np.array([(noise < p + s * spread).mean() for s in rng.normal(size=200)])
    interval = fraction_intervals(_two_classes(p))
    inside = (interval.low[0] <= truths) & (truths <= interval.high[0])
    assert inside.mean() >= 0.93
    narrow = fraction_intervals(_two_classes(p), shared=0)
    assert ((narrow.low[0] <= truths) & (truths <= narrow.high[0])).mean() < 0.7


def test_certain_probabilities_leave_nothing_open() -> None:
    p = np.zeros((20, 30, 25))
    p[:5] = 1
    interval = fraction_intervals(_two_classes(p))
    for values in (interval.fraction, interval.expected, interval.low, interval.high):
        np.testing.assert_allclose(values, [0.25, 0.75])


def test_labels_that_hide_a_class_widen_it() -> None:
    """A class of probability 0.4 everywhere is never counted, but may be there."""
    interval = fraction_intervals(_two_classes(np.full((32, 32, 32), 0.4)))
    assert interval.fraction[0] == interval.low[0] == 0
    assert interval.expected[0] == pytest.approx(0.4, abs=0.01)
    assert interval.high[0] > 0.4


def test_it_grows_with_the_reach_of_errors(rng: np.random.Generator) -> None:
    p = _two_classes(_smooth(rng, (32, 64, 64), 1.0))
    widths = [np.ptp(np.stack([i.low, i.high]), axis=0)[0] for i in (
        fraction_intervals(p, block=block) for block in (4, 8, 16)
    )]  # fmt: skip
    assert widths[0] < widths[1] < widths[2]


def test_what_was_not_imaged_does_not_count(rng: np.random.Generator) -> None:
    """Cubes without probabilities around an image change nothing."""
    alone = _two_classes(_smooth(rng, (32, 32, 32), 2))
    around = np.pad(alone, ((0, 0), (0, 16), (16, 0), (0, 32)))
    found, expected = fraction_intervals(around), fraction_intervals(alone)
    for name in ("fraction", "expected", "low", "high"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name))
