from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from operando.data import DisplacementField
from operando.data.displacement import NodeStatus
from operando.strain.field.scatter import neighbour_scatter

GRID = (6, 9, 9)
WINDOW = 21
NODES = np.stack(np.meshgrid(*(np.arange(n) for n in GRID), indexing="ij"), axis=-1).reshape(-1, 3)
SIGMA = np.random.default_rng(0).uniform(0.01, 0.04, NODES.shape)


def field(
    displacement: np.ndarray, status: np.ndarray | None = None, spacing: int = 15
) -> DisplacementField:
    n = len(NODES)
    return DisplacementField(
        positions=spacing * NODES,
        displacement=displacement,
        gradient=np.zeros((n, 3, 3)),
        sigma=SIGMA,
        zncc=np.ones(n),
        status=np.zeros(n, np.uint8) if status is None else status,
        grid_shape=GRID,
        spacing=(float(spacing),) * 3,
        window=(WINDOW,) * 3,
    )


def window_errors(spacing: int, seed: int) -> np.ndarray:
    """Means over windows of voxels that know nothing of each other, times SIGMA."""
    rng = np.random.default_rng(seed)
    edges = [(n - 1) * spacing + WINDOW for n in GRID]
    errors = []
    for axis in range(3):
        means = uniform_filter(rng.normal(size=edges).astype(np.float32), WINDOW)
        at = tuple((spacing * NODES + WINDOW // 2).T)
        errors.append(SIGMA[:, axis] * means[at] * WINDOW**1.5)
    return np.stack(errors, axis=1)


@pytest.mark.parametrize("spacing", [8, 15, 21])
@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_is_the_true_error_over_the_predicted_one(factor: float, spacing: int) -> None:
    """Whether windows share voxels or not."""
    noise = factor * window_errors(spacing, seed=1)
    assert neighbour_scatter(field(noise, spacing=spacing)) == pytest.approx(factor, rel=0.1)


def test_a_smooth_motion_is_no_scatter() -> None:
    noise, at = window_errors(15, seed=2), 15 * NODES
    still = neighbour_scatter(field(noise))
    bent = 3 + at @ [[0.02, 0, 0.01], [0, -0.01, 0], [0.03, 0, 0]] + 1e-4 * at**2
    assert neighbour_scatter(field(noise + bent)) == pytest.approx(still, abs=1e-3)


def test_nodes_that_could_not_be_measured_do_not_count() -> None:
    rng = np.random.default_rng(3)
    noise = window_errors(15, seed=3)
    bad = rng.random(len(NODES)) < 0.1
    status = np.where(bad, NodeStatus.OUTLIER, NodeStatus.CONVERGED).astype(np.uint8)
    wild = np.where(bad[:, None], np.nan, noise)
    assert neighbour_scatter(field(wild, status)) == pytest.approx(1, rel=0.08)


def test_planes_do_where_neighbours_are_few() -> None:
    rng = np.random.default_rng(4)
    tilted = 0.3 * NODES + 2 * window_errors(15, seed=4)
    status = np.where(rng.random(len(NODES)) < 0.5, NodeStatus.OUTSIDE, NodeStatus.CONVERGED)
    sparse = field(tilted, status.astype(np.uint8))
    assert neighbour_scatter(sparse) == pytest.approx(2, rel=0.25)


def test_too_few_nodes_say_nothing() -> None:
    alone = np.full(len(NODES), NodeStatus.NO_TEXTURE, np.uint8)
    alone[:12] = NodeStatus.CONVERGED
    assert np.isnan(neighbour_scatter(field(np.zeros(NODES.shape), alone)))
