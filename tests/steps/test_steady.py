from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando import Study
from operando.data.classes import DEFAULT_CLASSES
from operando.errors import Cancelled, InputError
from operando.steps import STEPS
from operando.steps.run import run_step
from operando.study.phases import create_phases, open_phases

if TYPE_CHECKING:
    from pathlib import Path

    from operando.compute.progress import Progress
    from operando.samples import Electrode


@pytest.fixture
def segmented(study: Study, electrode: Electrode) -> Study:
    """The truth, doubted anew in every frame in random cubes of 3 voxels."""
    rng = np.random.default_rng(0)
    path = study.product_path("phases/phases")
    labels, probabilities = create_phases(path, study.series, DEFAULT_CLASSES)
    sure = np.stack([electrode.phases == k + 1 for k in range(len(DEFAULT_CLASSES))], axis=1)
    noise = rng.normal(0, 0.35, (*sure.shape[:2], 11, 22, 22))
    score = sure + np.kron(noise, np.ones((3, 3, 3)))[:, :, :32, :64, :64]
    score = np.exp(4 * score)
    probabilities[:] = np.rint(255 * score / score.sum(axis=1, keepdims=True)).astype(np.uint8)
    labels[:] = (score.argmax(axis=1) + 1).astype(np.uint8)
    return study


def test_flicker_falls_while_the_source_stays(segmented: Study, electrode: Electrode) -> None:
    path = segmented.product_path("phases/phases")
    before = [np.asarray(array) for array in open_phases(path)[:2]]
    entry = run_step(segmented, STEPS["steady"]())
    assert entry.values["pairs_not_followed"] == 0
    assert entry.values["flicker_after"] < 0.6 * entry.values["flicker_before"]
    for was, now in zip(before, open_phases(path)[:2], strict=True):
        np.testing.assert_array_equal(was, np.asarray(now))
    after, means, classes = open_phases(segmented.product_path("phases/phases_steady"))
    assert classes == DEFAULT_CLASSES
    right = [(np.asarray(x) == electrode.phases).mean() for x in (before[0], after)]
    assert right[1] > right[0] + 0.01
    top = np.asarray(means).max(axis=1)
    own = np.take_along_axis(np.asarray(means), np.asarray(after)[:, None] - 1, axis=1)[:, 0]
    np.testing.assert_array_equal(top, own)
    table = segmented.table("phases_steady").set_index(["frame", "phase"])
    first, last = table.loc[0], table.loc[1]
    assert (first["flicker_after"] < first["flicker_before"]).all()
    assert last["flicker_after"].isna().all(), "no frame comes after the last"


def test_without_motion_the_frames_are_taken_as_they_lie(segmented: Study) -> None:
    values = run_step(segmented, STEPS["steady"](motion="none", limit=0.5)).values
    assert 0.2 < values["unchanged_fraction"] < 0.5, "half a sigma holds 38 % of a normal noise"


def test_no_segmentation_is_written_over(segmented: Study) -> None:
    labels = np.asarray(segmented.open_array("phases/phases"))
    with pytest.raises(InputError, match="'phases' would take the place"):
        run_step(segmented, STEPS["steady"](result="phases"))
    np.testing.assert_array_equal(labels, np.asarray(segmented.open_array("phases/phases")))


def test_a_result_may_be_made_again_but_not_in_place_of_another(segmented: Study) -> None:
    run_step(segmented, STEPS["steady"](motion="none"))
    run_step(segmented, STEPS["steady"](motion="none", limit=1.0))
    with pytest.raises(InputError, match="would take the place"):
        run_step(segmented, STEPS["steady"](phases="phases_steady", result="phases"))


@pytest.mark.parametrize(
    ("shape", "word"), [((1, 8, 16, 16), "one frame"), ((3, 1, 16, 16), "single")]
)
def test_what_is_no_series_of_volumes_is_refused(
    tmp_path: Path, shape: tuple[int, ...], word: str
) -> None:
    with Study.create(tmp_path / "cell", np.zeros(shape, np.uint8), voxel_size=(1, 1, 1)) as made:
        create_phases(made.product_path("phases/phases"), made.series, DEFAULT_CLASSES)
        with pytest.raises(InputError, match=word):
            run_step(made, STEPS["steady"]())


def test_a_stopped_run_goes_on_and_ends_the_same(segmented: Study) -> None:
    step = STEPS["steady"](motion="none")

    def stop(progress: Progress) -> None:
        if progress.message == "Counting what flickers":
            raise Cancelled

    with pytest.raises(Cancelled):
        run_step(segmented, step, stop)
    assert segmented.products("phases") == ["phases"]
    run_step(segmented, step)
    resumed = np.asarray(segmented.open_array("phases/phases_steady"))
    run_step(segmented, STEPS["steady"](motion="none", result="again"))
    np.testing.assert_array_equal(resumed, np.asarray(segmented.open_array("phases/again")))
