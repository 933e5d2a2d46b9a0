from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.data.classes import DEFAULT_CLASSES
from operando.errors import InputError
from operando.steps import STEPS
from operando.steps.run import run_step
from operando.study.phases import create_phases, open_phases

if TYPE_CHECKING:
    from operando import Study

PORE, BINDER, PARTICLE = (c.name for c in DEFAULT_CLASSES)


@pytest.fixture
def damaged(study: Study) -> Study:
    """Two frames of pore with a rod of binder; in frame 1 it has a gap, and there are islands."""
    labels, probabilities = create_phases(
        study.product_path("phases/phases"), study.series, DEFAULT_CLASSES
    )
    whole = np.ones(labels.shape, np.uint8)
    whole[:, 15:17, 20:22] = 2
    whole[1, 15:17, 20:22, 30:32] = 1
    whole[1, 4:6, 4:6, 4:6] = 3
    whole[1, 24:27, 40:44, 40:44] = 3
    share = np.where(np.stack([whole == k + 1 for k in range(3)], axis=1), 220, 10)
    share[1, 1, 15:17, 20:22, 30:32] = 110
    labels[:], probabilities[:] = whole, share.astype(np.uint8)
    return study


def labels_of(study: Study, name: str) -> np.ndarray:
    return np.asarray(open_phases(study.product_path(f"phases/{name}"))[0])


def test_islands_go_and_gaps_close_in_a_new_segmentation(damaged: Study) -> None:
    before = labels_of(damaged, "phases")
    entry = run_step(damaged, STEPS["repair"](bridge_phase=BINDER))
    after = labels_of(damaged, "phases_repaired")
    np.testing.assert_array_equal(labels_of(damaged, "phases"), before)
    np.testing.assert_array_equal(after[0], before[0])
    changed = np.argwhere(after[1] != before[1])
    bridge = changed[after[1][tuple(changed.T)] == 2]
    assert sorted(bridge[:, 2].tolist()) == [30, 31]
    assert (after[1, 4:6, 4:6, 4:6] == 1).all(), "8 voxels"
    assert (after[1, 24:27, 40:44, 40:44] == 3).all(), "48 voxels"
    assert len(changed) == 8 + 2
    assert entry.values["islands_removed"] == 1
    assert entry.values["bridges_made"] == 1
    assert entry.values[f"{PORE}_voxels_gained"] == 8
    assert entry.values[f"{PORE}_voxels_lost"] == 2
    assert entry.values[f"{PARTICLE}_voxels_lost"] == 8
    table = damaged.table("phases_repaired").set_index(["frame", "phase"])
    assert table.loc[(1, BINDER), "bridges_made"] == 1
    assert table.loc[(0, BINDER), "bridges_made"] == 0
    assert table.loc[(1, PARTICLE), "islands_removed"] == 1
    assert table.loc[(1, BINDER), "fraction"] == pytest.approx((after[1] == 2).mean())


def test_probabilities_stay_those_of_the_model(damaged: Study) -> None:
    run_step(damaged, STEPS["repair"](bridge_phase=BINDER))
    pair = [
        np.asarray(open_phases(damaged.product_path(f"phases/{name}"))[1])
        for name in ("phases", "phases_repaired")
    ]
    np.testing.assert_array_equal(*pair)


def test_sizes_are_in_micrometres(damaged: Study) -> None:
    voxel = float(np.prod(damaged.voxel_size))
    for size, islands in ((0.0, 0), (8 * voxel, 0), (9 * voxel, 1), (49 * voxel, 2)):
        values = run_step(damaged, STEPS["repair"](island_um3=size)).values
        assert values["islands_removed"] == islands
    edge = damaged.voxel_size[0]
    for gap, bridges in ((1.9 * edge, 0), (2.1 * edge, 1)):
        step = STEPS["repair"](island_um3=0, bridge_phase=BINDER, gap_um=gap)
        assert run_step(damaged, step).values["bridges_made"] == bridges


def test_only_islands_of_the_chosen_phase_go(damaged: Study) -> None:
    step = STEPS["repair"](island_um3=1e6, island_phase=BINDER)
    run_step(damaged, step)
    (
        np.testing.assert_array_equal(
            labels_of(damaged, "phases_repaired"), labels_of(damaged, "phases")
        ),
        "the rod touches the sides",
    )


@pytest.mark.parametrize("settings", [{"result": "phases"}, {"bridge_phase": "glue"}])
def test_what_cannot_be_done_changes_nothing(damaged: Study, settings: dict[str, str]) -> None:
    before = labels_of(damaged, "phases")
    with pytest.raises(InputError):
        run_step(damaged, STEPS["repair"](**settings))
    np.testing.assert_array_equal(labels_of(damaged, "phases"), before)
    assert damaged.products("phases") == ["phases"]
