from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.data.classes import DEFAULT_CLASSES
from operando.steps import STEPS
from operando.steps.run import run_step
from operando.study.phases import create_phases

if TYPE_CHECKING:
    from operando import Study


def test_every_frame_phase_and_reading_has_a_row(study: Study) -> None:
    """Frame 0: a rod along x through pore. Frame 1: cut, with a gap that may be a bridge."""
    labels, probabilities = create_phases(
        study.product_path("phases/phases"), study.series, DEFAULT_CLASSES
    )
    truth = np.ones(labels.shape, np.uint8)
    truth[:, 10:20, 30:40] = 2
    truth[1, :, :, 30:34] = 1
    sure = np.stack([255 * (truth == k + 1) for k in range(len(DEFAULT_CLASSES))], 1)
    sure[1, :2, 10:20, 30:40, 30:34] = 127
    labels[:], probabilities[:] = truth, sure.astype(np.uint8)
    run_step(study, STEPS["connectivity"]())
    table = study.table("phases_connectivity").set_index(["frame", "phase", "reading"])
    name = DEFAULT_CLASSES[1].name
    assert table.loc[(0, name, "labels"), "percolating_x"] == 1
    assert table.loc[(0, name, "labels"), "percolating_z"] == 0
    assert table.loc[(1, name, "labels"), "percolating_x"] == 0
    assert table.loc[(1, name, "least"), "percolating_x"] == 0
    assert table.loc[(1, name, "most"), "percolating_x"] == 1
    assert table.loc[(1, name, "labels"), "clusters"] == 2
    voxel = study.voxel_size[0]
    sides = study.table("phases_interfaces").set_index(["frame", "phase", "other"])["area_um2"]
    wall = 4 * 10 * 64 * voxel**2
    got = sides.loc[(0, DEFAULT_CLASSES[0].name, name)]
    assert got == pytest.approx(wall, rel=0.12), "a square rod: its rounded edges count for less"
