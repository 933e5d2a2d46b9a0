from __future__ import annotations

import numpy as np
import pytest

from operando.strain import CorrelationSettings, correlate
from operando.strain.grid.guess import Guess
from operando.strain.preview import enlarged, preview, preview_reduction

SPACING, WINDOW = (4, 4, 4), (11, 11, 11)
STRETCH = np.array([0.02, -0.01, 0.0])


class Kept(dict):
    def load(self, name):
        return self.get(name)

    def save(self, name, arrays):
        self[name] = arrays


def motion(points):
    return np.array([3.4, -2.3, 0.6]) + points * STRETCH


@pytest.fixture(scope="module")
def pair(texture):
    return texture.render(noise=0.04, seed=1), texture.render(motion, noise=0.04, seed=2)


@pytest.fixture(scope="module")
def kept():
    return Kept()


@pytest.fixture(scope="module")
def first(pair, kept):
    plan = CorrelationSettings()
    return preview(*pair, spacing=SPACING, window=WINDOW, settings=plan, store=kept)


def test_a_preview_is_right_to_a_tenth_of_a_voxel(first):
    error = first.displacement - motion(first.positions)
    assert first.valid.mean() > 0.9
    assert np.sqrt(np.mean(error[first.valid] ** 2)) < 0.1
    stretch = np.median(first.gradient[first.valid], axis=0)
    np.testing.assert_allclose(stretch, np.diag(STRETCH), atol=2e-3)


def test_its_lengths_are_those_of_the_whole_frames(first):
    assert first.spacing == (8, 8, 8)
    assert first.window == (22, 22, 22)
    centre = (first.positions[0] + first.positions[-1]) / 2
    np.testing.assert_allclose(centre, 31.5, atol=2)


def test_the_coarse_motion_is_kept_for_the_measurement(pair, first, kept, monkeypatch):
    import operando.strain.grid.guess as guesses

    assert list(kept) == ["start"]

    def refuse(*args):
        raise AssertionError("looked for the coarse motion again")

    monkeypatch.setattr(guesses, "register", refuse)
    field = correlate(*pair, spacing=8, window=WINDOW, store=Kept(kept))
    error = field.displacement - motion(field.positions)
    assert np.sqrt(np.mean(error[field.valid] ** 2)) < 0.02


def test_a_motion_that_bends_is_as_well_known_after_a_preview(texture):
    def bent(points):
        return 3 * np.cos(2 * np.pi * points[:, [2, 0, 1]] / 76)

    wide = type(texture).random((76, 76, 76), seed=4)
    pair = wide.render(noise=0.04, seed=1), wide.render(bent, noise=0.04, seed=2)
    kept, plain, plan = Kept(), Kept(), CorrelationSettings()
    preview(*pair, spacing=(5, 5, 5), window=WINDOW, settings=plan, store=kept)
    for store in (kept, plain):
        correlate(*pair, spacing=20, window=WINDOW, store=store)
    points = np.stack(np.meshgrid(*[np.arange(16.0, 64.0, 8.0)] * 3), axis=-1).reshape(-1, 3)
    start, coarse, wanted = (
        Guess.from_arrays(guess).at(points)[0]
        for guess in (kept["start"], kept["coarse"], plain["coarse"])
    )
    assert np.abs(start - wanted).max() > 1.0
    assert np.abs(coarse - wanted).max() < 0.1


@pytest.mark.parametrize(
    ("shape", "spacing", "window", "factor"),
    [
        ((64, 128, 128), 15, 21, 1),
        ((256, 256, 256), 15, 21, 2),
        ((512, 512, 512), 15, 21, 4),
        ((1024, 1024, 1024), 15, 21, 7),
        ((40, 900, 900), 5, 21, 1),
    ],
)
def test_copies_are_as_small_as_they_need_to_be(shape, spacing, window, factor):
    found = preview_reduction(shape, (spacing,) * 3, (window,) * 3)
    assert found == factor
    assert found == 1 or np.prod(shape) / found**3 <= 4_000_000


def test_enlarging_keeps_where_blocks_of_voxels_lie(first):
    larger = enlarged(first, 3)
    # the middle of the block of voxels 0, 1, 2 is voxel 1
    np.testing.assert_allclose(larger.positions, 3 * first.positions + 1)
    np.testing.assert_allclose(larger.displacement, 3 * first.displacement)
    np.testing.assert_array_equal(larger.gradient, first.gradient)
