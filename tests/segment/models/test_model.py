from __future__ import annotations

import json
import os
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from operando.errors import FileError
from operando.segment import Model

if TYPE_CHECKING:
    from pathlib import Path


def test_comes_back_from_disk(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "deep" / "model")
    again = Model.load(tmp_path / "deep" / "model")
    assert replace(again, weights={}, curve=0) == replace(model, weights={}, curve=0)
    np.testing.assert_array_equal(again.curve, model.curve)
    assert again.weights.keys() == model.weights.keys()
    for name, values in again.weights.items():
        np.testing.assert_array_equal(values, model.weights[name])


def test_card_and_curve_can_be_read_by_others(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    card = json.loads((tmp_path / "model" / "model.json").read_text())
    assert [c["name"] for c in card["classes"]] == ["class 1", "class 2", "class 3"]
    assert card["seed"] == 0
    assert card["channels"] == 1
    curve = pd.read_parquet(tmp_path / "model" / "curve.parquet")
    assert list(curve) == ["step", "loss", "held_out_loss", "held_out_dice"]
    assert len(curve) == card["scores"]["steps"]


def test_replaces_an_older_model(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    replace(model, voxel_size=(1.0, 2.0, 3.0)).save(tmp_path / "model")
    assert Model.load(tmp_path / "model").voxel_size == (1.0, 2.0, 3.0)
    assert os.listdir(tmp_path) == ["model"]


def test_survives_pickling(model: Model) -> None:
    again = pickle.loads(pickle.dumps(model))
    assert again.architecture == model.architecture


def test_a_folder_without_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no model in"):
        Model.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors", "curve.parquet"])
def test_a_damaged_model_is_refused(model: Model, tmp_path: Path, name: str) -> None:
    model.save(tmp_path / "model")
    file = tmp_path / "model" / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(FileError, match="damaged"):
        Model.load(tmp_path / "model")


def test_a_newer_model_is_refused(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    card = tmp_path / "model" / "model.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"format": 99}))
    with pytest.raises(FileError, match=r"format 99.*update napari-operando"):
        Model.load(tmp_path / "model")


def test_a_place_that_cannot_be_written_is_named(model: Model, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        model.save(tmp_path / "file" / "model")


def test_a_folder_of_other_things_is_not_replaced(model: Model, tmp_path: Path) -> None:
    (tmp_path / "scan.tif").write_text("scan")
    with pytest.raises(FileError, match="something else than a model; name a new folder"):
        model.save(tmp_path)
    assert os.listdir(tmp_path) == ["scan.tif"]
