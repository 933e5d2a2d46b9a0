from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from operando.segment import Model, TrainSettings, model_card, pretrained, train

if TYPE_CHECKING:
    from pathlib import Path


def test_it_tells_data_strokes_scores_and_settings(model: Model) -> None:
    told = replace(
        model,
        voxel_size=(0.5, 0.25, 0.25),
        percentiles=(2.0, 98.0),
        settings={"patch": 48, "seed": 7, "electrodes": 160},
        scores={"strokes": 12, "stroke_voxels": 3456, "held_out_dice": 0.91, "steps": 90},
    )
    card = model_card(told)
    for text in (
        "1. `class 1`\n2. `class 2`\n3. `class 3`",
        "Channels: 1\n",
        "Voxel size: 0.5 × 0.25 × 0.25 µm (z × y × x)",
        "percentiles 2 and 98",
        "12 strokes with 3,456 voxels",
        "Dice on strokes held out: 0.910",
        "Patch size (voxel): 48",
        "- `electrodes`: 160",
        "## What it is not for",
    ):
        assert text in card, text


def test_it_says_how_a_model_answers_and_learnt(model: Model) -> None:
    assert f"batches trained: {len(model.curve)}" in model_card(model)
    instant = replace(
        model,
        architecture=replace(model.architecture, second_opinion=True),
        settings={"effort": "instant"},
        scores={"steps": 1, "best_step": 1},
    )
    card = model_card(instant)
    assert "asks a random forest and a regression" in card
    assert "No batch was trained: its last layer was fitted" in card
    assert "batches trained" not in card
    forest = replace(model, architecture=replace(model.architecture, network="forest", width=100))
    assert "Random forest of 100 trees" in model_card(forest)
    assert "patches of" not in model_card(forest)


def test_what_is_not_known_is_said_to_be_so(model: Model) -> None:
    card = model_card(replace(model, voxel_size=None, settings={}, scores={}))
    assert "Voxel size: not known" in card
    assert "how good it is was not measured" in card
    assert card.count("Not recorded.") == 2


def test_it_lies_beside_the_weights_and_can_be_lost(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    readme = tmp_path / "model" / "README.md"
    assert readme.read_text("utf-8") == model_card(model)
    readme.unlink()
    assert model_card(Model.load(tmp_path / "model")) == model_card(model)


def test_the_model_of_the_package_has_one() -> None:
    assert model_card(pretrained()).startswith("# Segmentation model: pore, binder, particle\n")


def test_it_says_what_training_started_from(model: Model, scene: object, tmp_path: Path) -> None:
    settings = TrainSettings(effort="instant", patch=32, patch_depth=8)
    shipped = train(scene.image, scene.strokes, settings=settings, device="cpu")
    shipped.save(tmp_path / "first try")
    known = Model.load(tmp_path / "first try")
    further = train(
        scene.image, scene.strokes, start=tmp_path / "first try", settings=settings, device="cpu"
    )
    ships = "started from the weights that ship with the package."
    assert f"It {ships}" in model_card(known)
    assert f"It started from the model `first try`, which {ships}" in model_card(further)
    assert "It started from random weights." in model_card(model)
    assert "What it started from was not recorded." in model_card(pretrained())
