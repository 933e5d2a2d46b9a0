from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.data import DisplacementField

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def uniform_stretch() -> Callable[[float], DisplacementField]:
    """Make a field of 3 x 5 x 5 nodes, all stretched by the same share from the origin."""
    shape = (3, 5, 5)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    positions = nodes.reshape(-1, 3) * 8.0 + 6
    n = len(positions)

    def make(stretch: float) -> DisplacementField:
        return DisplacementField(
            positions=positions,
            displacement=positions * stretch,
            gradient=np.tile(np.eye(3) * stretch, (n, 1, 1)),
            sigma=np.full((n, 3), 0.01),
            zncc=np.full(n, 0.9),
            status=np.zeros(n, int),
            grid_shape=shape,
            spacing=(8.0,) * 3,
            window=(11, 11, 11),
        )

    return make
