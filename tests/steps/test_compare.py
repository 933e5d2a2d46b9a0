from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.data.classes import DEFAULT_CLASSES
from operando.errors import InputError
from operando.files import write_tiff
from operando.steps import STEPS, step_status
from operando.steps.run import run_step
from operando.study.phases import create_phases

if TYPE_CHECKING:
    from pathlib import Path

    from operando import Study
    from operando.samples import Electrode


@pytest.fixture
def segmented(study: Study, electrode: Electrode) -> Study:
    """Right everywhere but in the last quarter of frame 1, which is all pore."""
    labels, _ = create_phases(study.product_path("phases/phases"), study.series, DEFAULT_CLASSES)
    wrong = electrode.phases.copy()
    wrong[1, 24:] = 1
    labels[:] = wrong
    return study


def _reference(path: Path, labels: np.ndarray) -> str:
    write_tiff(path, labels, axes="tzyx"[-labels.ndim :])
    return str(path)


def test_every_frame_is_scored(segmented: Study, electrode: Electrode, tmp_path: Path) -> None:
    truth = electrode.phases.astype(np.uint8)
    reference = _reference(tmp_path / "truth.tif", truth)
    result = run_step(segmented, STEPS["compare"](reference=reference))
    table = segmented.table("phases_agreement")
    first, second = (table[table["frame"] == t] for t in (0, 1))
    np.testing.assert_array_equal(first["dice"], 1)
    np.testing.assert_array_equal(first["boundary_um"], 0)
    assert (second["dice"] < 1).all()
    pore = truth[1, 24:] == 1
    assert result.values["accuracy"] == pytest.approx(1 - (~pore).sum() / truth.size)


def test_scores_of_a_reference_that_was_changed_are_out_of_date(
    segmented: Study, electrode: Electrode, tmp_path: Path
) -> None:
    truth = electrode.phases.astype(np.uint8)
    reference = _reference(tmp_path / "truth.tif", truth)
    run_step(segmented, STEPS["compare"](reference=reference))
    assert step_status(segmented, "compare").state == "done"
    truth[0, 0] = 1
    _reference(tmp_path / "truth.tif", truth)
    assert step_status(segmented, "compare").state == "out of date"


def test_one_frame_may_be_scored(segmented: Study, electrode: Electrode, tmp_path: Path) -> None:
    reference = _reference(tmp_path / "truth.tif", electrode.phases[1].astype(np.uint8))
    run_step(segmented, STEPS["compare"](reference=reference, frame=1))
    assert set(segmented.table("phases_agreement")["frame"]) == {1}


def test_frames_without_labels_are_left_out(
    segmented: Study, electrode: Electrode, tmp_path: Path
) -> None:
    truth = electrode.phases.astype(np.uint8)
    truth[0] = 0
    reference = _reference(tmp_path / "truth.tif", truth)
    run_step(segmented, STEPS["compare"](reference=reference))
    assert set(segmented.table("phases_agreement")["frame"]) == {1}
    nothing = _reference(tmp_path / "nothing.tif", np.zeros_like(truth))
    with pytest.raises(InputError, match="labels no voxel"):
        run_step(segmented, STEPS["compare"](reference=nothing))


def test_labels_may_be_real_numbers_with_nan_or_less_than_0_where_unknown(
    segmented: Study, electrode: Electrode, tmp_path: Path
) -> None:
    truth = electrode.phases.astype(np.float32)
    truth[1, 24:] = np.nan
    truth[1, 20:24] = -1
    run_step(segmented, STEPS["compare"](reference=_reference(tmp_path / "truth.tif", truth)))
    table = segmented.table("phases_agreement")
    np.testing.assert_array_equal(table["dice"], 1)
    assert table["reference_voxels"].sum() == (truth > 0).sum()
    truth[0, 3, 4, 5] = 1.6
    doubtful = _reference(tmp_path / "doubtful.tif", truth)
    with pytest.raises(InputError, match=r"the value 1\.6, which is no class"):
        run_step(segmented, STEPS["compare"](reference=doubtful))


def test_it_refuses_what_does_not_fit(segmented: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No reference"):
        run_step(segmented, STEPS["compare"]())
    many = _reference(tmp_path / "many.tif", np.full((32, 64, 64), 7, np.uint8))
    with pytest.raises(InputError, match="label 7"):
        run_step(segmented, STEPS["compare"](reference=many))
    with pytest.raises(InputError, match="frame 5 wanted"):
        run_step(segmented, STEPS["compare"](reference=many, frame=5))
    assert "phases_agreement" not in segmented.products("tables")
