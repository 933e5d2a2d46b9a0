from __future__ import annotations

from typing import TYPE_CHECKING

from operando import Study
from operando.steps import STEPS
from operando.study.record import Entry
from operando.ui.layers.images_read import images_read

if TYPE_CHECKING:
    import pytest


def test_images_are_those_that_were_segmented(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ran(name: str, **settings: str) -> None:
        step = STEPS[name](**settings)
        entry = Entry(step=name, settings=step.model_dump(), outputs=step.outputs(study))
        study.add_entry(entry)

    assert images_read(study, "phases/phases") == ("images", 0)
    ran("segment", images="images/denoised")
    ran("repair")
    assert images_read(study, "phases/phases_repaired") == ("images", 0), "the set is gone"
    monkeypatch.setattr(Study, "image_sets", ["images", "images/denoised"])
    for name in ("phases", "phases_repaired"):
        assert images_read(study, f"phases/{name}") == ("images/denoised", 0)
