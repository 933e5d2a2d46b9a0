from __future__ import annotations

import numpy as np
import pytest

from operando.strain import CorrelationSettings, correlate
from operando.strain.growing import GrowingField
from operando.strain.preview import preview

SHAPE, SPACING, WINDOW = (36, 40, 110), (5, 5, 5), (11, 11, 11)
PLAN = CorrelationSettings(tile=64)


class Kept(dict):
    def load(self, name):
        return self.get(name)

    def save(self, name, arrays):
        self[name] = arrays


def motion(points):
    return np.array([1.2, -3.4, 2.1]) + 0.6 * np.sin(2 * np.pi * points[:, [2, 0, 1]] / 90)


@pytest.fixture(scope="module")
def pair(texture):
    long = type(texture).random(SHAPE, seed=9)
    return long.render(noise=0.04, seed=1), long.render(motion, noise=0.04, seed=2)


@pytest.fixture
def growing(pair, monkeypatch):
    import operando.strain.growing as module
    import operando.strain.preview as first

    monkeypatch.setattr(module, "_SECONDS_BETWEEN", -1.0)
    monkeypatch.setattr(module, "_SECONDS_PER_NODE", -1.0)
    monkeypatch.setattr(first, "_FAST_NODES", 100)
    shown = []
    store = Kept()
    start = preview(*pair, spacing=(3, 3, 3), window=(9, 9, 9), settings=PLAN, store=store)

    def show(field):
        shown.append((field.displacement.copy(), field.valid.copy()))

    return GrowingField(store, start, SHAPE, SPACING, WINDOW, PLAN, show), shown


def rmse(displacement, valid, positions):
    return np.sqrt(np.mean((displacement - motion(positions))[valid] ** 2))


def test_tile_after_tile_replaces_the_preview(pair, growing):
    store, shown = growing
    positions = store.field.positions
    before = rmse(store.field.displacement, store.field.valid, positions)
    final = correlate(*pair, spacing=SPACING, window=WINDOW, settings=PLAN, store=store)
    assert len(shown) == 2
    errors = [before, *(rmse(u, valid, positions) for u, valid in shown)]
    assert before < 0.3
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.06
    assert final.grid_shape == store.field.grid_shape
    np.testing.assert_array_equal(final.positions, positions)


def test_tiles_that_were_kept_are_shown_too(pair, growing):
    store, shown = growing
    correlate(*pair, spacing=SPACING, window=WINDOW, settings=PLAN, store=store)
    last = shown[-1][0]
    again = []
    second = GrowingField(
        store._store, store.field, SHAPE, SPACING, WINDOW, PLAN, lambda f: again.append(f)
    )
    second.field.displacement[:] = 0
    for name in ("tile-0", "tile-1"):
        assert second.load(name) is not None
    np.testing.assert_array_equal(again[-1].displacement, last)
