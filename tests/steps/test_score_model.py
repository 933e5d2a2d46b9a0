from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import InputError
from operando.files import write_tiff
from operando.segment import Model, predict, pretrained
from operando.steps import STEPS
from operando.steps.run import run_step

if TYPE_CHECKING:
    from pathlib import Path

    from operando import Study
    from operando.samples import Electrode


@pytest.fixture
def modelled(study: Study) -> Study:
    pretrained().save(study.product_path("models/ready made"))
    return study


def _step(path: Path, labels: np.ndarray, frame: int = 0) -> object:
    write_tiff(path, labels, axes="tzyx"[-labels.ndim :])
    return STEPS["score-model"](model="ready made", reference=str(path), frame=frame, device="cpu")


def test_a_model_is_scored_without_touching_the_segmentation(
    modelled: Study, electrode: Electrode, tmp_path: Path
) -> None:
    truth = electrode.phases[1].astype(np.uint8)
    result = run_step(modelled, _step(tmp_path / "truth.tif", truth, frame=1))
    table = modelled.table("ready made_score")
    assert set(table["frame"]) == {1}
    model = Model.load(modelled.product_path("models/ready made"))
    labels = predict(model, electrode.images[1], device="cpu").argmax(0) + 1
    right = float((labels == truth).mean())
    assert result.values["accuracy"] == pytest.approx(right, abs=1e-3)
    assert modelled.products("phases") == []


def test_its_own_labels_are_perfect(modelled: Study, electrode: Electrode, tmp_path: Path) -> None:
    model = Model.load(modelled.product_path("models/ready made"))
    labels = (predict(model, electrode.images[0], device="cpu").argmax(0) + 1).astype(np.uint8)
    result = run_step(modelled, _step(tmp_path / "own.tif", labels))
    assert result.values["accuracy"] == 1
    table = modelled.table("ready made_score")
    np.testing.assert_allclose(table["interface_um2"], table["reference_interface_um2"])


def test_it_refuses_a_reference_with_other_classes(modelled: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="label 7"):
        run_step(modelled, _step(tmp_path / "many.tif", np.full((32, 64, 64), 7, np.uint8)))
    assert modelled.products("tables") == []
