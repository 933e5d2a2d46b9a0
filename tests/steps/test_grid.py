from __future__ import annotations

import pytest

from operando.errors import InputError
from operando.steps import STEPS, load_recipe, make_step
from operando.steps.grid import expand_grid, free_names, make_steps, parse_grid


def test_settings_are_called_by_name_or_title() -> None:
    wanted = {"width": ["8", "16"], "learning_rate": ["0.001", "3e-3"], "seed": ["0"]}
    assert parse_grid("Width 8, 16; learning rate 0.001,3e-3; seed=0;") == wanted
    assert parse_grid("width: 8,16; learning_rate 0.001, 3e-3; SEED 0") == wanted
    assert parse_grid("patch depth 8, 16") == {"patch_depth": ["8", "16"]}
    assert parse_grid("") == {}


def test_every_combination_is_trained_once_under_its_own_name() -> None:
    step = STEPS["train"](settings={"effort": "quick"}, start="scratch")
    steps = expand_grid(step, "width 8, 16; seed 0, 1, 2", taken=["model", "model 3"])
    pairs = {(s.settings.width, s.settings.seed) for s in steps}
    assert pairs == {(w, s) for w in (8, 16) for s in (0, 1, 2)}
    assert [s.model for s in steps] == [f"model {k}" for k in (2, 4, 5, 6, 7, 8)]
    assert {(s.settings.effort, s.start) for s in steps} == {("quick", "scratch")}


def test_without_lists_it_is_one_training() -> None:
    step = STEPS["train"](model="mine")
    assert expand_grid(step, "") == [step]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("depth 3", "no setting called so in 'depth 3'"),
        ("width", "No value"),
        ("width 8, wide", "'wide'"),
        ("width 2", "'2'"),
        ("seed " + ",".join(map(str, range(101))), "101 runs of one step"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        expand_grid(STEPS["train"](), text)


def test_names_go_on_counting() -> None:
    assert free_names("model", {"model", "model 2"}, 2) == ["model 3", "model 4"]
    assert free_names("model 2", {"model 2"}) == ["model"]
    assert free_names("electrode 1A", ()) == ["electrode 1A"]


def test_a_name_that_ends_in_a_number_is_kept() -> None:
    assert free_names("NMC 811", {"NMC"}, 3) == ["NMC 811", "NMC 811 2", "NMC 811 3"]
    steps = expand_grid(STEPS["train"](model="NMC 811"), "seed 0, 1", taken=["NMC"])
    assert [s.model for s in steps] == ["NMC 811", "NMC 811 2"]


def test_a_recipe_may_hold_lists(tmp_path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "- step: train\n  settings: {model: try, settings: {width: [8, 16], seed: [1, 2]}}\n"
        "- step: segment\n  settings: {model: try 2}\n"
    )
    *trains, segment = load_recipe(path)
    assert [(s.model, s.settings.width, s.settings.seed) for s in trains] == [
        ("try", 8, 1),
        ("try 2", 8, 2),
        ("try 3", 16, 1),
        ("try 4", 16, 2),
    ]
    assert segment.model == "try 2"
    path.write_text("- step: train\n  settings: {model: NMC 811, settings: {seed: [1, 2]}}\n")
    assert [s.model for s in load_recipe(path)] == ["NMC 811", "NMC 811 2"]


def test_strain_takes_lists_of_frames() -> None:
    steps = make_steps("strain", {"reference": [0, 2], "deformed": [1, 3], "window": 31})
    assert [(s.reference, s.deformed, s.window) for s in steps] == [
        (0, 1, 31),
        (0, 3, 31),
        (2, 1, 31),
        (2, 3, 31),
    ]
    assert make_steps("strain", {"window": 31}) == [make_step("strain", {"window": 31})]


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(InputError, match="'deformed' is empty"):
        make_steps("strain", {"deformed": []})
