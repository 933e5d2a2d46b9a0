from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

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


def parts_of_rings(n, length, seed):
    """Thirty parts of rings of one length (degrees), one to four voxels wide."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((n, n)) - (n - 1) / 2
    radius, angle = np.hypot(y, x), np.degrees(np.arctan2(y, x))
    out = np.zeros((n, n), np.float32)
    for _ in range(30):
        shape = np.exp(-(((radius - rng.uniform(25, n / 2)) / rng.uniform(0.6, 2)) ** 2))
        height = rng.choice([-1, 1]) * rng.uniform(10, 30)
        out += height * shape * ((angle - rng.uniform(0, 360)) % 360 < length)
    return out


@pytest.mark.parametrize(("size", "goes", "stays"), [(8, 0.65, 0.01), (4, 0.35, 0.05)])
def test_parts_of_rings_go_and_the_image_stays(compare, size, goes, stays):
    texture = gaussian_filter(np.random.default_rng(5).standard_normal((320, 320)), size)
    clean = (100 + 100 * gaussian_filter((texture > 0).astype(np.float32), 0.7)).astype(np.float32)
    damaged = clean + parts_of_rings(320, 60, 3)
    whole, parts = remove_rings(damaged), remove_rings(damaged, arc=60)
    assert compare(clean).removed(damaged, whole) < 0.25
    assert compare(clean).removed(damaged, parts) > goes
    assert compare(clean).changed(remove_rings(clean, arc=60)) < stays


def test_whole_rings_go_as_well_when_parts_are_looked_for(grains, compare):
    clean = grains[6]
    damaged = clean + rings(clean.shape, (79.5, 79.5))
    assert compare(clean).removed(damaged, remove_rings(damaged, arc=90)) > 0.7


def test_parts_of_rings_go_among_noise(compare):
    rng = np.random.default_rng(5)
    texture = gaussian_filter(rng.standard_normal((320, 320)), 8)
    clean = 100 + 100 * gaussian_filter((texture > 0).astype(float), 0.7)
    noisy = (clean + 15 * rng.standard_normal(clean.shape)).astype(np.float32)
    damaged = noisy + parts_of_rings(320, 60, 3)
    assert compare(noisy).removed(damaged, remove_rings(damaged, arc=60)) > 0.4
    assert compare(noisy).changed(remove_rings(noisy, arc=60)) < 0.05
