from __future__ import annotations

import errno

import numpy as np
import pytest

from operando import Study
from operando.errors import Cancelled, FileError, InputError, OperandoError, StudyError
from operando.steps import STEPS, load_recipe, make_step, run_step, step_status
from operando.steps.damage import MapDamage
from operando.study import Entry

STRAIN = {"window": 15, "spacing": 8}


def test_a_step_is_recorded_with_what_it_needs_to_be_repeated(study):
    entry = run_step(study, make_step("strain", STRAIN))
    assert study.entries == [entry]
    assert entry.settings["window"] == 15
    assert entry.inputs == {"images": study.fingerprint("images")}
    assert entry.outputs == ("strain/000-001",)
    assert {"python", "numpy", "numba"} <= set(entry.versions)


def test_the_recipe_repeats_the_numbers(study):
    run_step(study, make_step("strain", STRAIN))
    first = study.field("000-001")
    study.remove("strain/000-001")
    for step in load_recipe(study.recipe_path):
        run_step(study, step)
    second = study.field("000-001")
    np.testing.assert_array_equal(first.displacement, second.displacement)
    np.testing.assert_array_equal(first.sigma, second.sigma)


def test_what_a_step_lacks_is_named(study):
    with pytest.raises(StudyError, match="Segment needs models/model"):
        run_step(study, make_step("segment", {}))
    assert study.entries == []


@pytest.mark.parametrize("step", ["strain", STEPS["strain"], {"step": "strain"}, None])
def test_what_is_no_step_is_said(study, step):
    with pytest.raises(InputError, match=r"is no step; make one with operando.steps.make_step"):
        run_step(study, step)
    with pytest.raises(InputError, match=r"is no study; open one with operando.Study.open"):
        run_step(str(study.path), make_step("strain"))


@pytest.mark.parametrize("settings", ["window", [15], 15])
def test_settings_that_have_no_names_are_refused(settings):
    with pytest.raises(InputError, match=r"are no settings of the step 'strain'; give them by nam"):
        make_step("strain", settings)


def test_a_recipe_in_the_home_folder_is_found(study, monkeypatch):
    run_step(study, make_step("strain", STRAIN))
    monkeypatch.setenv("HOME", str(study.path.parent))
    monkeypatch.setenv("USERPROFILE", str(study.path.parent))
    assert load_recipe(f"~/{study.path.name}/recipe.yaml") == [make_step("strain", STRAIN)]


def test_a_read_only_study_is_not_written(study):
    path = study.path
    study.close()
    with (
        Study.open(path, read_only=True) as looking,
        pytest.raises(StudyError, match="reading only"),
    ):
        run_step(looking, make_step("strain", STRAIN))


def test_a_run_that_is_cancelled_half_way_does_not_pass_for_the_one_before(segmented):
    """The map is new by then, the tables that belong to it are not."""
    run_step(segmented, make_step("particles", {"split": {"method": "watershed"}}))
    run_step(segmented, make_step("damage", {"block": 0.8}))
    assert step_status(segmented, "damage").state == "done"

    def stop(*args):
        raise Cancelled

    with pytest.raises(Cancelled):
        run_step(segmented, make_step("damage", {"block": 0.4}), stop)
    assert step_status(segmented, "damage").state == "done"
    with pytest.MonkeyPatch.context() as stopped:
        stopped.setattr(MapDamage, "_profiles", stop)
        with pytest.raises(Cancelled):
            run_step(segmented, make_step("damage", {"block": 0.4}))
    assert step_status(segmented, "damage").state == "not yet"


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("quality", {"channel": 3}, "no channel 3; the last one is 0"),
        ("strain", {"channel": 1}, "no channel 1; the last one is 0"),
        ("intensity", {"result": "a/b"}, "names no product"),
        ("intensity", {"result": ".."}, "names no product"),
        ("repair", {"result": "particles"}, "tables/particles, which holds something else"),
        ("repair", {"result": "cycling"}, "tables/cycling, which holds something else"),
    ],
)
def test_what_would_fail_in_the_end_is_said_before(segmented, monkeypatch, name, settings, words):
    segmented.add_entry(Entry(step="particles", outputs=("tables/particles",)))
    monkeypatch.setattr(STEPS[name], "run", None)
    with pytest.raises(InputError, match=words):
        run_step(segmented, make_step(name, settings))


def test_a_full_disk_is_said_in_one_sentence(study, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(STEPS["intensity"], "run", full)
    with pytest.raises(FileError, match="was full before Match grey values had ended; free some"):
        run_step(study, make_step("intensity", {}))


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("stain", {}, r"no step 'stain'; use one of .*train"),
        ("strain", {"window": 3}, "'window' of the step 'strain' cannot be 3"),
        ("strain", {"windw": 21}, "windw"),
        ("train", {"settings": {"effort": "maximal"}}, "settings.effort"),
    ],
)
def test_wrong_steps_and_settings_are_named(name, settings, words):
    with pytest.raises(InputError, match=words):
        make_step(name, settings)


@pytest.mark.parametrize("name", STEPS)
def test_settings_survive_the_recipe_and_are_described(name):
    step = STEPS[name]()
    assert make_step(name, step.model_dump(mode="json")) == step
    for field in STEPS[name].model_fields.values():
        assert field.title
        assert field.description


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "There is no recipe"),
        ("", "holds no step; start every step with"),
        ("hello", "not a list of steps"),
        ("- step: [", "not YAML"),
        ("- step: nope", "no step 'nope'; use one of"),
        ("- step: strain\n  settings: {window: -3}", "'window' .* cannot be -3"),
    ],
)
def test_what_is_no_recipe_is_refused_in_one_line(tmp_path, text, words):
    path = tmp_path / "recipe.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(OperandoError, match=words) as caught:
        load_recipe(str(path))
    assert "\n" not in str(caught.value)
