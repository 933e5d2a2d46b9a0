from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from operando.data import DisplacementField
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from operando import Study


@pytest.fixture
def session(study: Study) -> Iterator[Session]:
    """A session in which the small study is open; a test module may fill the study before."""
    session = Session(ViewerModel())
    session.show_study(study)
    yield session
    session.close()


@pytest.fixture(scope="session")
def uniform_stretch() -> Callable[..., DisplacementField]:
    """Make a field of 3 x 5 x 5 nodes, all stretched by the same share from the origin."""

    def make(stretch: float, spacing: float = 8.0) -> DisplacementField:
        shape = (3, 5, 5)
        nodes = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1).reshape(-1, 3)
        positions, n = nodes * spacing + 6, len(nodes)
        return DisplacementField(
            positions=positions,
            displacement=positions * stretch,
            gradient=np.tile(np.eye(3) * stretch, (n, 1, 1)),
            sigma=np.full((n, 3), 0.01),
            zncc=np.full(n, 0.9),
            status=np.zeros(n, int),
            grid_shape=shape,
            spacing=(spacing,) * 3,
            window=(11, 11, 11),
        )

    return make
