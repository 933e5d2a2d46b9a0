from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from operando import Study
from operando.errors import Cancelled, InputError, StudyError
from operando.steps import load_recipe, make_step, run_step, step_status
from operando.steps.clean import CLEAN_STEPS
from operando.study import Entry
from operando.study.phases import create_phases


def test_a_cleaned_set_keeps_type_and_grid_and_is_read_by_later_steps(study):
    entry = run_step(study, make_step("denoise", {"method": "tv"}))
    assert entry.outputs == ("images/denoised",)
    series = study.image_series("images/denoised")
    assert series.data.dtype == study.series.data.dtype
    assert series.data.shape == study.series.data.shape
    strain = run_step(
        study, make_step("strain", {"images": "images/denoised", "window": 15, "spacing": 8})
    )
    assert strain.inputs == {"images/denoised": entry.id}
    run_step(study, make_step("denoise", {"method": "tv", "strength": 0.5}))
    assert step_status(study, "strain").state == "out of date"


def test_a_margin_is_not_imaged_from_then_on(tmp_path, electrode):
    """In integers there is no NaN: the set, and what is made of it, is float32."""
    frames = np.asarray(electrode.images)[:2].copy()
    y, x = np.indices(frames.shape[2:])
    outside = np.hypot(y - y.mean(), x - x.mean()) > y.max() / 2
    frames[..., outside] = 0
    with Study.create(tmp_path / "cell", frames, voxel_size=(0.1, 0.1, 0.1)) as study:
        run_step(study, make_step("margin", {}))
        run_step(study, make_step("intensity", {"images": "images/without-margin"}))
        for name in ("without-margin", "matched"):
            image = study.image_series(f"images/{name}").frame(1)
            np.testing.assert_array_equal(np.isnan(image), np.broadcast_to(outside, image.shape))


def test_a_stopped_run_goes_on_and_the_source_stays(study):
    step = make_step("spots", {})
    before = study.series.frame(0)
    calls = []

    def stop(progress):
        calls.append(progress.done)
        if progress.done == 1 and progress.message == step.title:
            raise Cancelled

    with pytest.raises(Cancelled):
        run_step(study, step, stop)
    assert study.image_sets == ["images"]
    run_step(study, step)
    assert study.image_sets == ["images", "images/without-spots"]
    np.testing.assert_array_equal(study.series.frame(0), before)


def test_steps_chain_and_the_recipe_repeats_them(study):
    run_step(study, make_step("intensity", {}))
    run_step(study, make_step("stripes", {"images": "images/matched"}))
    first = study.image_series("images/without-stripes").frame(1)
    study.remove("images/without-stripes")
    study.remove("images/matched")
    steps = load_recipe(study.recipe_path)
    assert [step.name for step in steps] == ["intensity", "stripes"]
    for step in steps:
        run_step(study, step)
    np.testing.assert_array_equal(study.image_series("images/without-stripes").frame(1), first)


@pytest.fixture
def segmented(study, electrode):
    """The study with its true phases as a segmentation."""
    labels, _ = create_phases(
        study.product_path("phases/phases"), study.series, study.strokes().classes
    )
    labels[:] = electrode.phases
    study.add_entry(Entry(step="segment", outputs=("phases/phases",)))
    return study


def test_other_phases_are_masked(segmented, electrode):
    names = [c.name for c in segmented.strokes().classes]
    settings = {"keep": f"{names[1]}, {names[2]}", "value": 7, "margin": 0}
    entry = run_step(segmented, make_step("mask", settings))
    assert set(entry.inputs) == {"images", "phases/phases"}
    masked = segmented.image_series("images/masked").frame(1)
    kept = np.isin(electrode.phases[1], (2, 3))
    np.testing.assert_array_equal(masked[kept], segmented.series.frame(1)[kept])
    assert (masked[~kept] == 7).all()
    segmented.add_entry(Entry(step="segment", outputs=("phases/phases",)))
    assert step_status(segmented, "mask").state == "out of date"


def test_a_mask_keeps_a_margin_and_knows_its_phases(segmented, electrode):
    run_step(segmented, make_step("mask", {"margin": 2, "value": -5}))
    names = [c.name for c in segmented.strokes().classes]
    far = distance_transform_edt(electrode.phases[0] != names.index("particle") + 1) > 2
    masked, before = (segmented.image_series(s).frame(0) for s in ("images/masked", "images"))
    expected = np.clip(-5, *_limits(before.dtype))
    np.testing.assert_array_equal(masked, np.where(far, expected, before))
    with pytest.raises(InputError, match="no phase 'wood'"):
        run_step(segmented, make_step("mask", {"keep": "wood"}))


def test_a_mask_needs_a_segmentation(study):
    with pytest.raises(StudyError, match="needs phases/phases"):
        run_step(study, make_step("mask", {}))


def _limits(dtype):
    info = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    return info.min, info.max


def test_a_set_is_not_made_of_itself(study):
    run_step(study, make_step("intensity", {}))
    with pytest.raises(InputError, match="cannot be made of itself"):
        run_step(study, make_step("intensity", {"images": "images/matched"}))


@pytest.mark.parametrize(
    "name", [s.name for s in CLEAN_STEPS if s.name not in {"denoise-learned", "mask"}]
)
def test_every_operation_runs_with_its_defaults(study, name):
    run_step(study, make_step(name, {}))
    (made,) = study.image_sets[1:]
    cleaned, source = study.image_series(made).frame(0), study.series.frame(0)
    assert np.corrcoef(cleaned.ravel(), source.ravel())[0, 1] > 0.7
