from __future__ import annotations

import pytest

from operando.steps import is_up_to_date, left_to_run, make_step, outdated_runs, step_status
from operando.study import Entry

STEP = make_step("strain", {})


@pytest.fixture
def done(study):
    """Pretend that a chain of steps ran: what counts here is the record, not the science."""
    for name, step, inputs in (
        ("models/model", "train", ("images", "strokes/strokes")),
        ("tables/phases", "segment", ("images", "models/model")),
        ("tables/particles", "particles", ("tables/phases",)),
    ):
        path = study.product_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        study.add_entry(
            Entry(
                step=step,
                inputs={p: study.fingerprint(p) for p in inputs},
                outputs=(name,),
                summary=f"{step} done",
            )
        )
    return study


def states(study):
    return [step_status(study, name).state for name in ("train", "segment", "particles", "strain")]


def test_what_ran_is_done(done):
    assert states(done) == ["done", "done", "done", "not yet"]
    assert step_status(done, "segment").summary == "segment done"


def test_a_new_stroke_puts_everything_after_it_out_of_date(done):
    done.strokes().paint((slice(0, 1), slice(3, 4), slice(0, 2), slice(0, 2)), 1)
    assert states(done) == ["out of date", "out of date", "out of date", "not yet"]


def test_training_again_brings_only_the_model_up_to_date(done):
    done.strokes().paint((slice(0, 1), slice(3, 4), slice(0, 2), slice(0, 2)), 1)
    done.add_entry(
        Entry(
            step="train",
            inputs={p: done.fingerprint(p) for p in ("images", "strokes/strokes")},
            outputs=("models/model",),
        )
    )
    assert states(done)[:3] == ["done", "out of date", "out of date"]


def test_new_times_put_nothing_out_of_date_and_a_new_voxel_size_all(done):
    """No result is computed from times: tables tell their present ones."""
    done.calibrate(times=[2 * t + 1 for t in done.times])
    assert states(done)[:3] == ["done", "done", "done"]
    z, y, x = done.voxel_size
    done.calibrate(voxel_size=(2 * z, y, x))
    assert states(done)[:3] == ["out of date", "out of date", "out of date"]


def test_a_result_that_was_deleted_is_not_done(done):
    done.remove("tables/particles")
    assert states(done)[2] == "not yet"


def test_what_is_left_to_run(study):
    """A training that ran is left out; what reads something that will be made anew is not."""
    train = make_step("train", {})
    segment, other = make_step("segment", {}), make_step("segment", {"phases": "other"})
    steps = [train, segment, other]
    assert left_to_run(study, steps) == steps
    for step in (train, segment):
        for product in step.outputs(study):
            study.product_path(product).mkdir(parents=True)
        study.add_entry(
            Entry(
                step=step.name,
                settings=step.model_dump(mode="json"),
                inputs={p: study.fingerprint(p) for p in step.inputs(study)},
                outputs=step.outputs(study),
            )
        )
    assert left_to_run(study, steps) == [other]
    seed = make_step("train", {"settings": {"seed": 1}})
    assert left_to_run(study, [seed, segment]) == [seed, segment]


def test_up_to_date_means_the_same_settings(study):
    study.product_path("strain/000-001").mkdir(parents=True)
    study.add_entry(
        Entry(
            step="strain",
            settings=STEP.model_dump(mode="json"),
            inputs={"images": study.fingerprint("images")},
            outputs=("strain/000-001",),
        )
    )
    assert is_up_to_date(study, STEP)
    assert not is_up_to_date(study, make_step("strain", {"window": 31}))


def test_labels_kept_to_compare_with_do_not_stand_for_the_segmentation(done):
    for product in ("phases/phases", "phases/model 2"):
        done.product_path(product).mkdir(parents=True)
        entry = Entry(step="segment", outputs=(product,), summary=product)
        done.add_entry(entry)
    assert step_status(done, "segment").summary == "phases/phases"


def test_every_field_counts_that_was_measured(done):
    """One of two fields was measured anew after the images had changed, the other was not."""
    for pair, images in (("000-001", "before"), ("000-002", done.fingerprint("images"))):
        done.product_path(f"strain/{pair}").mkdir(parents=True)
        entry = Entry(
            step="strain", inputs={"images": images}, outputs=(f"strain/{pair}",), summary=pair
        )
        done.add_entry(entry)
    assert step_status(done, "strain").summary == "000-001 out of date · 000-001"
    assert [entry.summary for entry in outdated_runs(done)] == ["000-001"]
    done.remove("strain/000-001")
    assert step_status(done, "strain").summary == "000-002"
    assert outdated_runs(done) == []


def test_what_is_left_counts_where_the_last_was_deleted(done):
    for pair in ("000-001", "000-002"):
        done.product_path(f"strain/{pair}").mkdir(parents=True)
        done.add_entry(Entry(step="strain", outputs=(f"strain/{pair}",), summary=pair))
    done.remove("strain/000-002")
    assert step_status(done, "strain").summary == "000-001"
