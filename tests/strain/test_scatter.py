from __future__ import annotations

import numpy as np
import pytest

from operando.data import DisplacementField
from operando.data.displacement import NodeStatus
from operando.strain.scatter import neighbour_scatter

GRID = (6, 9, 9)
POSITIONS = 15.0 * np.stack(
    np.meshgrid(*(np.arange(n) for n in GRID), indexing="ij"), axis=-1
).reshape(-1, 3)
SIGMA = np.random.default_rng(0).uniform(0.01, 0.04, POSITIONS.shape)


def field(displacement: np.ndarray, status: np.ndarray | None = None) -> DisplacementField:
    n = len(POSITIONS)
    return DisplacementField(
        positions=POSITIONS,
        displacement=displacement,
        gradient=np.zeros((n, 3, 3)),
        sigma=SIGMA,
        zncc=np.ones(n),
        status=np.zeros(n, np.uint8) if status is None else status,
        grid_shape=GRID,
        spacing=(15.0, 15.0, 15.0),
        window=(21, 21, 21),
    )


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_is_the_true_error_over_the_predicted_one(factor: float) -> None:
    noise = factor * SIGMA * np.random.default_rng(1).normal(size=POSITIONS.shape)
    assert neighbour_scatter(field(noise)) == pytest.approx(factor, rel=0.06)


def test_a_smooth_motion_is_no_scatter() -> None:
    noise = SIGMA * np.random.default_rng(2).normal(size=POSITIONS.shape)
    still = neighbour_scatter(field(noise))
    bent = 3 + POSITIONS @ [[0.02, 0, 0.01], [0, -0.01, 0], [0.03, 0, 0]] + 1e-4 * POSITIONS**2
    assert neighbour_scatter(field(noise + bent)) == pytest.approx(still, abs=1e-3)


def test_nodes_that_could_not_be_measured_do_not_count() -> None:
    rng = np.random.default_rng(3)
    noise = SIGMA * rng.normal(size=POSITIONS.shape)
    bad = rng.random(len(POSITIONS)) < 0.1
    status = np.where(bad, NodeStatus.OUTLIER, NodeStatus.CONVERGED).astype(np.uint8)
    wild = np.where(bad[:, None], np.nan, noise)
    assert neighbour_scatter(field(wild, status)) == pytest.approx(1, rel=0.08)


def test_planes_do_where_neighbours_are_few() -> None:
    rng = np.random.default_rng(4)
    tilted = 0.02 * POSITIONS + 2 * SIGMA * rng.normal(size=POSITIONS.shape)
    status = np.where(rng.random(len(POSITIONS)) < 0.5, NodeStatus.OUTSIDE, NodeStatus.CONVERGED)
    sparse = field(tilted, status.astype(np.uint8))
    assert neighbour_scatter(sparse) == pytest.approx(2, rel=0.12)


def test_too_few_nodes_say_nothing() -> None:
    alone = np.full(len(POSITIONS), NodeStatus.NO_TEXTURE, np.uint8)
    alone[:12] = NodeStatus.CONVERGED
    assert np.isnan(neighbour_scatter(field(np.zeros_like(POSITIONS), alone)))
