from __future__ import annotations

from typing import TYPE_CHECKING

from operando.segment import Model
from operando.steps import STEPS, load_recipe, run_step

if TYPE_CHECKING:
    from operando import Study

SMALL = {"network": "separable", "width": 4, "patch": 16, "patch_depth": 8}


def test_it_keeps_a_model_that_needs_no_strokes(study: Study) -> None:
    step = STEPS["learn-images"](settings=SMALL, device="cpu")
    run_step(study, step)
    kept = Model.load(study.product_path("models/images"))
    assert [c.name for c in kept.classes] == ["pore", "binder", "particle", "crack"]
    assert "strokes/strokes" not in step.inputs(study)
    assert load_recipe(study.recipe_path) == [step]


def test_a_training_goes_on_from_it(study: Study) -> None:
    run_step(study, STEPS["learn-images"](settings=SMALL, device="cpu"))
    train = STEPS["train"](start="images", settings={**SMALL, "effort": "instant"}, device="cpu")
    assert "models/images" in train.inputs(study)
    run_step(study, train)
    assert Model.load(study.product_path("models/model")).architecture.network == "separable"
