from __future__ import annotations

import numpy as np
import pytest

from operando.samples import ElectrodeSettings, make_electrode
from operando.segment import predict, pretrained
from operando.segment.painting.suggest import CELL, suggest_regions
from operando.segment.phases.labels import to_uint8


def _certain(shape: tuple[int, ...]) -> np.ndarray:
    """One class everywhere, without doubt."""
    probabilities = np.zeros(shape, np.uint8)
    probabilities[:, 0] = 255
    return probabilities


def test_goes_where_the_model_errs(rng: np.random.Generator) -> None:
    """A calibrated model errs where it doubts: far more in what is suggested than elsewhere."""
    shape = (2, 6, 160, 160)
    doubtful = np.zeros(shape, bool)
    for t, z, y, x in zip(*(rng.integers(0, n, 24) for n in (2, 6, 10, 10)), strict=True):
        doubtful[t, z, CELL * y : CELL * (y + 1), CELL * x : CELL * (x + 1)] = True
    first = np.where(doubtful, rng.uniform(0.4, 0.6, shape), rng.uniform(0.93, 1, shape))
    wrong = rng.uniform(size=shape) > np.maximum(first, 1 - first)
    probabilities = to_uint8(np.stack([first, 1 - first], axis=1).astype(np.float32))
    regions = suggest_regions(probabilities, count=6)
    inside = [wrong[r.frame, r.z, slice(*r.y), slice(*r.x)].mean() for r in regions]
    assert len(regions) == 6
    assert np.mean(inside) > 4 * wrong.mean()
    assert all(r.between == (1, 2) for r in regions)


def test_a_real_network_errs_there() -> None:
    """The model that ships with the package, on an electrode made with another seed."""
    electrode = make_electrode(ElectrodeSettings(shape=(16, 96, 96), frames=1), seed=23)
    answer = predict(pretrained(), electrode.images[0], device="cpu")
    wrong = answer.argmax(0) + 1 != electrode.phases[0]
    regions = suggest_regions(to_uint8(answer)[None], count=6)
    inside = [wrong[r.z, slice(*r.y), slice(*r.x)].mean() for r in regions]
    assert np.mean(inside) > 1.5 * wrong.mean()


def test_spreads_over_frames_and_away_from_strokes() -> None:
    probabilities = _certain((4, 2, 8, 64, 64))
    probabilities[:, :, :, :32, :32] = 128
    regions = suggest_regions(probabilities, count=4)
    assert len({r.frame for r in regions}) >= 3
    all_slices = [(0, z) for z in range(8)]
    assert suggest_regions(probabilities, painted=all_slices, count=1)[0].frame != 0
    assert all(r.y[1] <= 32 and r.x[1] <= 32 for r in regions)


def test_prefers_what_stands_for_more() -> None:
    """Of two equally doubtful kinds of place, the common one comes first."""
    probabilities = _certain((1, 3, 4, 256, 32))
    probabilities[:, :, :, :160] = np.array([128, 127, 0], np.uint8).reshape(3, 1, 1, 1)
    probabilities[:, :, :, 224:] = np.array([128, 0, 127], np.uint8).reshape(3, 1, 1, 1)
    regions = suggest_regions(probabilities, count=8)
    assert regions[0].between == (1, 2)
    assert (1, 3) in [r.between for r in regions]


def test_names_the_most_doubtful_pair() -> None:
    probabilities = _certain((1, 3, 1, 32, 32))
    probabilities[0, :, 0] = np.array([10, 120, 125], np.uint8).reshape(3, 1, 1)
    (region,) = suggest_regions(probabilities, count=1)
    assert region.between == (2, 3)
    assert region.centre == (0, CELL / 2, CELL / 2)
    assert region.doubt == pytest.approx(1 - 5 / 255, abs=1e-6)


def test_reads_a_bounded_number_of_slices() -> None:
    class Counting:
        shape = (3, 2, 5000, 40, 40)

        def __init__(self) -> None:
            self.read = 0

        def __getitem__(self, key: tuple[object, ...]) -> np.ndarray:
            self.read += 1
            return np.full((2, 40, 40), 127, np.uint8)[(slice(None), *key[3:])]

    counting = Counting()
    first, second = suggest_regions(counting, count=2)
    assert counting.read <= 242
    assert (first.frame, first.z) != (second.frame, second.z)


def test_says_nothing_when_all_is_certain() -> None:
    assert suggest_regions(_certain((1, 2, 3, 40, 40))) == []


def test_nothing_is_to_be_painted_where_nothing_was_imaged() -> None:
    probabilities = _certain((2, 2, 6, 64, 64))
    probabilities[..., 32:] = 0
    assert not suggest_regions(probabilities)
    probabilities[1, :, 3, 16:32, :16] = 128
    (only,) = suggest_regions(probabilities)
    assert (only.frame, only.z, only.y, only.x) == (1, 3, (16, 32), (0, 16))
