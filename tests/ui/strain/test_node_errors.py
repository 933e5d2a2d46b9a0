from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from operando.data import DisplacementField, NodeStatus
from operando.ui.strain.node_errors import node_errors
from operando.ui.strain.node_quantities import NODE_QUANTITIES, node_values

VOXEL = (0.2, 0.2, 0.2)
NORMAL = (0.6, 0.0, 0.8)
NOISE, SIGMA = 2e-4, (0.01, 0.02, 0.03)
N = 4000


@pytest.fixture(scope="module")
def field() -> DisplacementField:
    """Nodes of one and the same small deformation, measured with independent errors."""
    rng = np.random.default_rng(0)
    gradient = np.array([[0.01, 0.002, 0.0], [0.004, -0.006, 0.003], [0.001, 0.0, 0.015]])
    status = np.zeros(N, int)
    status[3] = NodeStatus.OUTLIER
    return DisplacementField(
        positions=np.zeros((N, 3)),
        displacement=np.array([1.0, -2.0, 0.5]) + SIGMA * rng.standard_normal((N, 3)),
        gradient=gradient + NOISE * rng.standard_normal((N, 3, 3)),
        sigma=np.tile(SIGMA, (N, 1)),
        zncc=np.full(N, 0.9),
        status=status,
        grid_shape=(10, 20, 20),
        spacing=(8.0,) * 3,
        window=(11, 11, 11),
        gradient_sigma=np.full((N, 3, 3), NOISE),
    )


@pytest.mark.parametrize(
    "name", [q.name for q in NODE_QUANTITIES if q.name not in ("error", "zncc")]
)
def test_predictions_are_the_scatter_of_many_measurements(
    field: DisplacementField, name: str
) -> None:
    values = node_values(field, name, VOXEL, NORMAL)
    errors = node_errors(field, name, VOXEL, NORMAL)
    assert errors is not None
    assert np.isnan(errors.ravel()[3])
    assert float(np.nanstd(values)) == pytest.approx(float(np.nanmedian(errors)), rel=0.06)


def test_where_nothing_is_predicted_nothing_is_said(field: DisplacementField) -> None:
    assert node_errors(field, "zncc", VOXEL) is None
    unknown = replace(field, gradient_sigma=None)
    assert node_errors(unknown, "strain_xx", VOXEL) is None
    assert node_errors(unknown, "displacement_z", VOXEL) is not None
