from __future__ import annotations

import pytest
import yaml

from operando.errors import FileError
from operando.study.record import (
    Entry,
    Recipe,
    read_entries,
    replay_order,
    write_entries,
)


def entry(step, inputs=(), outputs=(), **changes):
    return Entry(step=step, inputs=dict.fromkeys(inputs, "x"), outputs=tuple(outputs), **changes)


def test_round_trip_through_yaml(tmp_path):
    written = [entry("train", ["images"], ["models/model"], settings={"seed": 3}, seconds=1.5)]
    write_entries(tmp_path / "recipe.yaml", written)
    assert read_entries(tmp_path / "recipe.yaml") == written


def test_a_hand_written_recipe_needs_step_and_settings_only(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("- step: train\n  settings: {model: mine}\n- step: segment\n")
    entries = read_entries(path)
    assert [(e.step, e.settings) for e in entries] == [
        ("train", {"model": "mine"}),
        ("segment", {}),
    ]


def test_a_later_run_supersedes_an_earlier_one_of_the_same_output(tmp_path):
    recipe = Recipe(tmp_path / "recipe.yaml")
    for step in (
        entry("train", (), ["models/a"]),
        entry("train", (), ["models/b"]),
        entry("train", (), ["models/a"]),
    ):
        recipe.add(step)
    assert [e.superseded for e in recipe.entries] == [True, False, False]


def test_replay_puts_makers_before_users_and_leaves_superseded_out():
    segment = entry("segment", ["models/m"], ["phases/p"])
    old = entry("train", ["images"], ["models/m"], superseded=True)
    train = entry("train", ["images"], ["models/m"])
    strain = entry("strain", ["images"], ["strain/000-001"])
    assert replay_order([old, segment, strain, train]) == [strain, train, segment]


def test_a_step_that_reads_what_it_writes_is_not_waited_for():
    again = entry("train", ["models/m"], ["models/m"])
    assert replay_order([again]) == [again]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("step: train", "not a list"),
        ("- {settings: {}}", "Step 1"),
        ("- {step: a, wrong: 1}", "wrong"),
    ],
)
def test_what_is_no_recipe_is_refused(tmp_path, text, words):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(FileError, match=words):
        read_entries(path)


def test_the_file_is_plain_yaml(tmp_path):
    path = tmp_path / "recipe.yaml"
    Recipe(path).add(entry("strain", ["images"], ["strain/000-001"], values={"error": 0.5}))
    assert yaml.safe_load(path.read_text())[0]["values"] == {"error": 0.5}


def test_a_run_whose_only_product_is_gone_for_good_is_not_run_again(tmp_path):
    recipe = Recipe(tmp_path / "recipe.yaml")
    recipe.add(entry("train", outputs=["models/a"]))
    recipe.add(entry("segment", outputs=["phases/a", "tables/a"]))
    for product in ("models/a", "phases/a"):
        recipe.supersede(product)
    assert [e.superseded for e in recipe.entries] == [True, False]
