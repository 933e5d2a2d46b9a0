from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.components import ViewerModel

from operando.data import DEFAULT_CLASSES
from operando.steps import STEPS, run_step
from operando.study.phases import create_phases
from operando.ui.layers.study_layers import StudyLayers

if TYPE_CHECKING:
    from operando import Study
    from operando.samples import Electrode


def test_a_segmentation_lies_above_cleaned_images(study: Study, electrode: Electrode) -> None:
    """Else images that were made of the recorded ones would cover it."""
    viewer = ViewerModel()
    layers = StudyLayers(viewer, study, lambda work: work())
    run_step(study, STEPS["spots"]())
    layers.update("spots")
    labels, _ = create_phases(study.product_path("phases/phases"), study.series, DEFAULT_CLASSES)
    labels[:] = np.asarray(electrode.phases)
    layers.update("segment")
    names = [layer.name for layer in viewer.layers]
    images = max(k for k, name in enumerate(names) if "·" in name)
    probabilities = [k for k, name in enumerate(names) if "probability" in name]
    assert images < min(probabilities)
    assert max(probabilities) < names.index("phases") < names.index("strokes")
    layers.close()
    assert not viewer.layers


def test_an_opened_study_shows_only_its_newest_images(study: Study) -> None:
    """Older ones would be seen where the newest were not imaged."""
    run_step(study, STEPS["spots"]())
    run_step(study, STEPS["align"](images="images/without-spots"))
    viewer = ViewerModel()
    layers = StudyLayers(viewer, study, lambda work: work())
    shown = {layer.name: layer.visible for layer in viewer.layers if "·" in layer.name}
    assert list(shown.values()) == [False, False, True]
    assert list(shown)[-1].endswith("aligned")
    layers.close()


def test_lengths_can_be_read_off_the_canvas(study: Study) -> None:
    viewer = ViewerModel()
    layers = StudyLayers(viewer, study, lambda work: work())
    assert viewer.canvas.overlays.scale_bar.visible
    assert str(viewer.layers[0].units[-1]) == "micrometer"
    layers.close()
