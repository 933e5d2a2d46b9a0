from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.data import DisplacementField
from operando.ui.layers.study_results import StudyStrain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from operando.ui.session import Session

SHAPE, SPACING = (3, 5, 5), 8.0
NODES = np.stack(np.meshgrid(*[np.arange(n) for n in SHAPE], indexing="ij"), -1).reshape(-1, 3)
POSITIONS = NODES * SPACING + 6
N = len(NODES)


@pytest.fixture(scope="session")
def numbered_field() -> DisplacementField:
    """Nodes at 6, 14, 22 ... voxels; the correlation is the number along x, in tenths."""
    return DisplacementField(
        positions=POSITIONS,
        displacement=np.zeros((N, 3)),
        gradient=np.zeros((N, 3, 3)),
        sigma=np.full((N, 3), 0.01),
        zncc=NODES[:, 2] / 10,
        status=np.zeros(N, int),
        grid_shape=SHAPE,
        spacing=(SPACING,) * 3,
        window=(8, 8, 8),
    )


@pytest.fixture
def show_field(session: Session) -> Iterator[Callable[[DisplacementField], StudyStrain]]:
    """Keep a field of frame 0 to 1 in the study and show its strain."""
    shown = []

    def show(field: DisplacementField) -> StudyStrain:
        session.study.write_field("000-001", field)
        shown.append(StudyStrain(session))
        return shown[-1]

    yield show
    for strain in shown:
        strain.close()


@pytest.fixture
def strain(
    show_field: Callable[[DisplacementField], StudyStrain],
    uniform_stretch: Callable[[float], DisplacementField],
) -> StudyStrain:
    """A uniform stretch of 1 %, shown in the frame that it was measured in."""
    strain = show_field(uniform_stretch(0.01))
    strain.go_to_frame()
    return strain
