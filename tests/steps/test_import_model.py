from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import FileError
from operando.segment import Model, predict, pretrained
from operando.segment.models.bioimage import export_package
from operando.steps import STEPS, load_recipe, run_step
from operando.steps.training_runs import model_in_use

if TYPE_CHECKING:
    from pathlib import Path

    from operando import Study
    from operando.samples import Electrode


def test_an_imported_model_answers_as_it_did(
    study: Study, electrode: Electrode, tmp_path: Path
) -> None:
    model = pretrained(cracks=True)
    export_package(model, tmp_path / "model.zip")
    step = STEPS["import-model"](package=str(tmp_path / "model.zip"), model="theirs")
    assert run_step(study, step).summary == "knows pore, binder, particle, crack"
    back = Model.load(study.product_path("models/theirs"))
    image = electrode.images[0]
    np.testing.assert_array_equal(
        predict(back, image, device="cpu"), predict(model, image, device="cpu")
    )
    assert load_recipe(study.recipe_path) == [step]


def test_the_folder_of_a_model_will_do(study: Study, tmp_path: Path) -> None:
    pretrained(cracks=True).save(tmp_path / "theirs")
    run_step(study, STEPS["import-model"](package=str(tmp_path / "theirs"), model="theirs"))
    assert len(Model.load(study.product_path("models/theirs")).classes) == 4
    with pytest.raises(FileError, match="There is no model"):
        run_step(study, STEPS["import-model"](package=str(tmp_path), model="none"))
    assert model_in_use(study) == "theirs"


def test_what_is_no_package_leaves_the_model_that_was_there(study: Study, tmp_path: Path) -> None:
    pretrained().save(study.product_path("models/model"))
    (tmp_path / "model.zip").write_bytes(b"no zip")
    with pytest.raises(FileError, match=r"model\.zip cannot be read"):
        run_step(study, STEPS["import-model"](package=str(tmp_path / "model.zip")))
    assert len(Model.load(study.product_path("models/model")).classes) == 3
    assert study.entries == []
