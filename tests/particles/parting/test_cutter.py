from __future__ import annotations

import numpy as np
import pytest

from operando.particles.cutting.cell_shapes import AIM, VOLUME
from operando.particles.labels.sure import Solid
from operando.particles.parting.cutter import BlockCutter
from operando.particles.settings import SplitSettings

RADIUS = 10


@pytest.fixture(scope="module")
def ids() -> np.ndarray:
    """Two balls that touch, and one that a crack cuts in two."""
    z, y, x = np.indices((24, 24, 72))
    out = np.zeros(z.shape, np.int32)
    for k, centre in enumerate((11, 31, 58), start=1):
        out[(z - 12) ** 2 + (y - 12) ** 2 + (x - centre) ** 2 <= RADIUS**2] = k
    out[..., 58] = 0
    return out


def certain(solid: np.ndarray) -> Solid:
    return Solid.certain(solid.__getitem__)


def likely(solid: np.ndarray) -> Solid:
    whole = tuple(slice(0, n) for n in solid.shape)
    return Solid.likely(solid.__getitem__, np.where(solid, 0.97, 0.02), [whole])


def cutter(source: Solid, shape: tuple[int, ...], edge: int | None = None) -> BlockCutter:
    return BlockCutter(source, None, shape, (1.0, 1.0, 1.0), SplitSettings(), edge=edge)


def test_parts_lie_in_one_particle_each_and_know_it(ids) -> None:
    parts, own, typical = cutter(certain(ids > 0), ids.shape).find_parts(ids)
    assert own[0] == 0
    assert set(own[1:]) == {1, 2, 3}
    # What is solid of the parts of a particle is all of it.
    volume = np.bincount(own, parts.shapes.sums[:, 0])
    np.testing.assert_allclose(volume[1:], np.bincount(ids.ravel())[1:], rtol=0.02)
    # The crack brings the surface nearer; without it a ball of this size would give its diameter.
    assert 1.2 * RADIUS < typical < 2.1 * RADIUS


@pytest.mark.parametrize("known_as", [certain, likely])
def test_blocks_are_cut_as_the_whole_is(ids, known_as) -> None:
    source = known_as(ids > 0)
    whole, whole_own, typical = cutter(source, ids.shape).find_parts(ids)
    parts, own, same = cutter(source, ids.shape, edge=20).find_parts(ids)
    assert same == pytest.approx(typical)
    assert sorted(zip(own, parts.count, strict=True)) == sorted(
        zip(whole_own, whole.count, strict=True)
    )
    order, whole_order = np.lexsort((parts.count, own)), np.lexsort((whole.count, whole_own))
    np.testing.assert_allclose(parts.shapes.sums[order], whole.shapes.sums[whole_order], rtol=1e-6)


def test_parts_of_what_is_likely_aim_at_the_centre_of_their_particle(ids) -> None:
    parts, own, _ = cutter(likely(ids > 0), ids.shape).find_parts(ids)
    sums = parts.shapes.sums
    for particle, x in enumerate((11, 31, 58), start=1):
        held = sums[own == particle].sum(axis=0)
        assert np.linalg.norm(held[AIM] / held[VOLUME] - [12, 12, x]) < 0.2 * RADIUS


@pytest.mark.parametrize("solid", [False, True])
def test_there_are_no_parts_where_all_is_solid_or_nothing_is(ids, solid) -> None:
    assert cutter(certain(np.full(ids.shape, solid)), ids.shape, edge=20).find_parts(ids) is None
