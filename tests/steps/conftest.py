from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.study.phases import create_phases

if TYPE_CHECKING:
    from operando import Study
    from operando.samples import Electrode


@pytest.fixture
def segmented(study: Study, electrode: Electrode) -> Study:
    """The small study with its true phases, probable but not certain."""
    path = study.product_path("phases/phases")
    labels, probabilities = create_phases(path, study.series, study.strokes().classes)
    labels[:] = electrode.phases
    for k in range(3):
        probabilities[:, k] = np.where(electrode.phases == k + 1, 200, 27)
    return study
