from __future__ import annotations

import numpy as np

from operando.clean import remove_rings


def rings(shape, centre, seed=2):
    rng = np.random.default_rng(seed)
    y, x = np.indices(shape)
    radius = np.hypot(y - centre[0], x - centre[1])
    n = int(radius.max()) + 2
    heights = 20 * rng.standard_normal(n) * (rng.random(n) < 0.3)
    heights[:4] = 0
    return np.interp(radius, np.arange(n), heights).astype(np.float32)


def test_rings_go_and_the_image_stays(grains, compare):
    clean = grains[6]
    damaged = clean + rings(clean.shape, (79.5, 79.5))
    mended = remove_rings(damaged)
    assert compare(clean).removed(damaged, mended) > 0.75
    assert compare(clean).changed(mended) < 0.1
    assert compare(clean).changed(remove_rings(clean)) < 0.02


def test_the_axis_may_lie_elsewhere(grains, compare):
    clean = grains[6]
    damaged = clean + rings(clean.shape, (60.0, 95.0))
    right = remove_rings(damaged, centre=(60.0, 95.0))
    wrong = remove_rings(damaged)
    assert compare(clean).removed(damaged, right) > 0.7
    assert compare(clean).removed(damaged, wrong) < 0.3
