"""Where the segmentation differs from another one, and how much in the frame in view."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QHBoxLayout, QPushButton

from operando.errors import InputError, OperandoError
from operando.segment.scoring.scores import dice
from operando.ui import navigation
from operando.ui.forms.fields import ChoiceField
from operando.ui.jobs.background import Background
from operando.ui.layers.beside import layers_beside
from operando.ui.layers.difference import DIFFERENCE_NAME, Difference, difference_layer
from operando.ui.layers.images_read import images_read
from operando.ui.layers.in_viewer import add_layers, remove_layers
from operando.ui.layers.lookups import FrameArray
from operando.ui.layers.study_results import PARTICLES
from operando.ui.segment.result_box import PHASES, ResultBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Labels, Layer
    from numpy.typing import NDArray
    from qtpy.QtWidgets import QWidget

    from operando.data import LabelClass
    from operando.study import Study
    from operando.ui.session import Session

_OWN = "of this study: "
_TIP = "Colour the voxels that differ by the class the other gives them"


class DifferenceBox(ResultBox):
    """Holds the segmentation against another one of the study, or against a layer of labels.

    Parameters
    ----------
    session
        The study and its viewer.
    parent
        Owner.

    Attributes
    ----------
    other : QComboBox
        What to compare with.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "Show difference", _TIP, parent)
        self._classes: tuple[LabelClass, ...] = ()
        self._name = ""
        self._tables: dict[int, NDArray[np.int64]] = {}
        self._background = Background(self)
        self.other = ChoiceField()
        self.other.setToolTip(
            "Another segmentation of this study, or a layer of labels on the same voxels with the "
            "classes 1, 2, … in the same order; 0 is not counted"
        )
        self.beside = QPushButton("Side by side")
        self.beside.setCheckable(True)
        self.beside.setToolTip(
            "Show the other over the same images to the right; the sliders go through both"
        )
        self._pair: tuple[Layer, ...] = ()
        row = QHBoxLayout()
        row.addWidget(self.button, 1)
        row.addWidget(self.beside, 1)
        self.column.insertWidget(0, self.other)
        self.column.insertLayout(1, row)
        self.button.clicked.connect(self.show_layer)
        self.beside.toggled.connect(self._on_beside)
        layers = session.viewer.layers.events
        layers.inserted.connect(self._on_layers)
        layers.removed.connect(self._on_layers)
        session.viewer.dims.events.current_step.connect(self._count)
        session.study_changed.connect(self._on_study)

    def close_box(self) -> None:
        """Take the layer away and listen no more."""
        layers = self._session.viewer.layers.events
        layers.inserted.disconnect(self._on_layers)
        layers.removed.disconnect(self._on_layers)
        self._session.viewer.dims.events.current_step.disconnect(self._count)
        self._session.study_changed.disconnect(self._on_study)
        self._on_study()
        super().close_box()

    def refresh(self) -> None:
        """Offer what the segmentation can be compared with, if there is anything."""
        study = self._session.study
        names = list(self._candidates(study)) if study is not None and self.is_there() else []
        self.other.set_choices([(name, name) for name in names])
        self.setVisible(bool(names))

    def show_layer(self) -> None:
        """Show where the segmentation differs from what is chosen."""
        found, layers = self._open_other(), self._session.layers
        if found is None or layers is None:
            return
        name, other = found
        labels, _, classes = self.open_result()
        self.forget()
        self._name, self._classes = name, classes
        difference = Difference(labels, other, len(classes))
        self.show_above(difference_layer(difference, classes, layers.placement))
        self._count()

    def show_beside(self) -> None:
        """Show what is chosen over a copy of the images, to the right of the segmentation."""
        found, layers = self._open_other(), self._session.layers
        if found is None or layers is None or layers.phases is None:
            self.beside.setChecked(False)
            return
        viewer = self._session.viewer
        _, _, classes = self.open_result()
        self._take_away()
        name = found[0].removeprefix(_OWN)
        image = layers.image_of(*images_read(self._session.study, f"phases/{PHASES}"))
        pair = layers_beside(image, found[1], classes, name, layers.placement)
        add_layers(viewer, *pair)
        self._pair = pair
        layers.phases.visible = True
        for layer in viewer.layers:
            if covers_phases(layer.name):
                layer.visible = False
        layers.raise_strokes()
        viewer.reset_view()

    def _on_beside(self, shown: bool) -> None:
        if shown:
            self.show_beside()
        elif self._pair:
            self._take_away()
            self._session.viewer.reset_view()

    def _take_away(self) -> None:
        """Take away what stands beside the segmentation."""
        pair, self._pair = self._pair, ()
        remove_layers(self._session.viewer, *pair)

    def _open_other(self) -> tuple[str, Any] | None:
        """Name and labels of what is chosen; None, and the reason in the text, if it cannot be."""
        study, name = self._session.study, self.other.currentText()
        candidates = self._candidates(study) if study is not None else {}
        if study is None or name not in candidates or not self.is_there():
            return None
        try:
            return name, self._open(study, candidates[name], self.open_result()[2])
        except OperandoError as error:
            self.say(f"⚠ {error}")
            return None

    def _candidates(self, study: Study) -> dict[str, Any]:
        """Products (text) and layers, by the name they are offered under."""
        from napari.layers import Labels

        layers = self._session.layers
        shape = tuple(study.series.data.shape[k] for k in (0, 2, 3, 4))
        own = [] if layers is None else [layers.painter.layer, layers.phases]
        found: dict[str, Any] = {
            f"{_OWN}{name}": name for name in study.products("phases") if name != PHASES
        }
        for layer in self._session.viewer.layers:
            foreign = isinstance(layer, Labels) and not any(layer is x for x in own)
            if not foreign or layer.multiscale or layer.name == PARTICLES:
                continue
            if not isinstance(layer.data, FrameArray) and layer.data.shape in (shape, shape[1:]):
                found[layer.name] = layer
        return found

    def _open(self, study: Study, chosen: Any, classes: Sequence[LabelClass]) -> Any:
        if not isinstance(chosen, str):
            return chosen.data
        labels, _, others = study.phases(chosen)
        own_names, names = ([c.name for c in some] for some in (classes, others))
        if own_names != names:
            raise InputError(
                f"The classes of {chosen} are {', '.join(names)}, not {', '.join(own_names)}",
                "choose a segmentation with the same classes",
            )
        return labels

    def _count(self, event: Any = None) -> None:
        """Say how much differs in the frame in view; counted in a thread, once per frame."""
        del event
        study, layer = self._session.study, self.layer
        if study is None or layer is None:
            return
        frame = navigation.current_frame(self._session.viewer, len(study.times))
        if frame in self._tables:
            self.say(difference_text(self._tables[frame], self._classes, self._name, frame))
            return
        self.say(f"Comparing frame {frame}…")
        if not self._background.is_busy:
            self._background.start(
                partial(layer.data.confusion, frame),
                partial(self._on_counted, layer, frame),
                partial(self._on_failed, layer),
            )

    def _on_counted(self, layer: Labels, frame: int, table: NDArray[np.int64]) -> None:
        if layer is self.layer:
            self._tables[frame] = table
        self._count()

    def _on_failed(self, layer: Labels, error: OperandoError) -> None:
        if layer is self.layer:
            self.say(f"⚠ {error}")
        else:
            self._count()

    def _on_layers(self, event: Any = None) -> None:
        del event
        if self.layer is not None and not self.is_shown():
            self.forget()
        if self._pair and self._pair[-1] not in self._session.viewer.layers:
            self._take_away()
            self.beside.setChecked(False)
        self.refresh()

    def _on_study(self) -> None:
        self._take_away()
        self.beside.setChecked(False)

    def _on_products(self, step_name: str) -> None:
        """Forget a difference that may be outdated."""
        if step_name != "connectivity":
            self.forget()

    def forget(self) -> None:
        """Take the layers and what was counted away."""
        self._tables = {}
        self.say("")
        super().forget()


def covers_phases(name: str) -> bool:
    """Tell by the name of a layer whether its colours would mix with those of the phases."""
    return name in (PARTICLES, DIFFERENCE_NAME) or name.endswith(f"· {PARTICLES}")


def difference_text(
    table: NDArray[np.int64], classes: Sequence[LabelClass], name: str, frame: int
) -> str:
    """Say how much of a frame differs, from the confusion table of `Difference`."""
    total = int(table.sum())
    if not total:
        return f"Frame {frame}: no voxel has a class in both."
    share = 100 * (1 - float(np.trace(table)) / total)
    scores = ", ".join(
        f"{c.name} –" if np.isnan(value) else f"{c.name} {value:.3f}"
        for c, value in zip(classes, dice(table)[: len(classes)], strict=True)
    )
    return (
        f"Frame {frame}: {share:.2f} % of the {total:,} voxels with a class in both differ from "
        f"“{name}”. Dice: {scores}."
    )
