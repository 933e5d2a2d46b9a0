from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from operando.data import DisplacementField, NodeStatus
from operando.errors import InputError
from operando.strain.reading.noise_floor import noise_floor

SHAPE = (12, 12, 12)
NOISE = np.array([0.01, 0.02, 0.03])
STRAIN_NOISE = 0.004


def _static(valid: int = 12**3) -> DisplacementField:
    """Two scans between which the sample was moved and turned by a degree."""
    rng = np.random.default_rng(0)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in SHAPE], indexing="ij"), -1)
    positions = nodes.reshape(-1, 3) * 10.0
    n = len(positions)
    turn = Rotation.from_euler("z", 1, degrees=True).as_matrix()
    status = np.full(n, NodeStatus.NO_TEXTURE, int)
    status[:valid] = NodeStatus.CONVERGED
    noise = rng.normal(size=(n, 3)) * NOISE
    wrong = np.where(status[:, None] == NodeStatus.CONVERGED, 0, 50)
    return DisplacementField(
        positions=positions,
        displacement=positions @ turn.T - positions + [3.0, -1.0, 2.0] + noise + wrong,
        gradient=np.broadcast_to(turn - np.eye(3), (n, 3, 3))
        + turn @ (STRAIN_NOISE * rng.normal(size=(n, 3, 3))),
        sigma=np.broadcast_to(NOISE, (n, 3)),
        zncc=np.ones(n),
        status=status,
        grid_shape=SHAPE,
        spacing=(10.0,) * 3,
        window=(11, 11, 11),
    )


@pytest.mark.parametrize("valid", [12**3, 800])
def test_noise_is_found_under_motion(valid: int) -> None:
    found = noise_floor(_static(valid))
    np.testing.assert_allclose(found.displacement, NOISE, rtol=0.1)
    np.testing.assert_allclose(found.predicted, NOISE, rtol=1e-5)
    # a shear is the mean of two independent slopes
    expected = STRAIN_NOISE * np.where(np.eye(3), 1, np.sqrt(0.5))
    np.testing.assert_allclose(found.strain, expected, rtol=0.1)
    assert found.nodes == valid


def test_few_nodes_are_refused() -> None:
    with pytest.raises(InputError, match="Only 9 nodes"):
        noise_floor(_static(9))
