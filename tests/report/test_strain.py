from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando import Study
from operando.data import DisplacementField
from operando.report.strain import HEAD, pair_table

if TYPE_CHECKING:
    from pathlib import Path


def field(sigma: tuple[float, float, float]) -> DisplacementField:
    nodes = np.stack(np.meshgrid(*map(np.arange, (2, 3, 3)), indexing="ij"), -1).reshape(-1, 3)
    n = len(nodes)
    return DisplacementField(
        positions=4.0 * nodes,
        displacement=np.zeros((n, 3)),
        gradient=np.zeros((n, 3, 3)),
        sigma=np.tile(sigma, (n, 1)),
        zncc=np.ones(n),
        status=np.zeros(n, np.uint8),
        grid_shape=(2, 3, 3),
        spacing=(4.0, 4.0, 4.0),
        window=(5, 5, 5),
    )


@pytest.mark.parametrize("edge", [1.0, 10.0])
def test_errors_are_in_micrometres_also_where_voxels_are_no_cubes(
    tmp_path: Path, edge: float
) -> None:
    """All components are known to 0.05 µm, however long the voxels are."""
    volumes = np.random.default_rng(0).random((2, 4, 12, 12)).astype(np.float32)
    study = Study.create(tmp_path / "study", volumes, voxel_size=(edge, 1, 1))
    text = pair_table(study, {"000-001": field((0.05 / edge, 0.05, 0.05))})
    cells = re.findall("<td>(.*?)</td>", text)
    assert cells[HEAD.index("its error (µm)")] == "0.05"
