"""What the network makes of the slice in view: feature maps of every level, and kernels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout

from operando.segment import Model
from operando.segment.models.insides import FeatureMaps, feature_maps, first_kernels, middle_part
from operando.ui import navigation
from operando.ui.forms.fields import ChoiceField
from operando.ui.jobs.background import Background
from operando.ui.layers.factory import limits_of
from operando.ui.panels.panel import heading, text_label
from operando.ui.segment.mosaic import Mosaic
from operando.ui.segment.result_box import ResultBox
from operando.ui.segment.train_form import labelled_row
from operando.ui.strokes.slice_learner import newest_basis

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qtpy.QtWidgets import QWidget

    from operando.errors import OperandoError
    from operando.study import Study
    from operando.ui.session import Session

_WIDTH, _MAPS_HEIGHT, _KERNELS_HEIGHT = 620, 400, 110
LAYER_NAME = "feature map"


@dataclass(frozen=True)
class Insides:
    """What was found in a part of a slice."""

    frame: int
    z: int
    part: tuple[slice, slice]
    levels: list[FeatureMaps]
    kernels: NDArray[np.float32]


class InsideBox(ResultBox):
    """Shows the feature maps of the model in use in a window; a click lays one over the image.

    Parameters
    ----------
    session
        The study and its viewer.
    parent
        Owner.

    Attributes
    ----------
    dialog : QDialog
    level : ChoiceField
        Whose maps are shown.
    maps, kernels : Mosaic
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(
            session,
            "Look inside",
            "Feature maps of the model in the slice in view, level by level, and the kernels of "
            "its first layer",
            parent,
        )
        self._background = Background(self)
        self._found: Insides | None = None
        self.dialog = QDialog(self)
        self.dialog.setWindowTitle("Inside the model")
        self.level = ChoiceField()
        self.level.setToolTip("From the image down to coarse features, and up again to the classes")
        self.maps, self.kernels = Mosaic(_WIDTH, _MAPS_HEIGHT), Mosaic(_WIDTH, _KERNELS_HEIGHT)
        self.place = text_label()
        self._kernels_text = text_label(
            "The first filters, which read the grey values: white voxels count for a feature, "
            "black ones against it, grey ones not at all."
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.dialog.reject)
        column = QVBoxLayout(self.dialog)
        for widget in (
            labelled_row("Level", self.level),
            self.place,
            self.maps,
            heading("Kernels"),
            self._kernels_text,
            self.kernels,
            buttons,
        ):
            column.addWidget(widget)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        self.button.clicked.connect(self.look)
        self.level.valueChanged.connect(self._show_level)
        self.maps.clicked.connect(self.lay_over)

    def is_there(self) -> bool:
        """Tell whether the study has a model."""
        study = self._session.study
        return study is not None and bool(study.products("models"))

    def look(self) -> None:
        """Run the model on the slice in view, in a thread, and open the window."""
        study, viewer = self._session.study, self._session.viewer
        if study is None or navigation.time_axis(viewer) is None or self._background.is_busy:
            return
        frame = navigation.current_frame(viewer, len(study.times))
        z = navigation.current_slice(viewer, study.series.volume_shape[0], study.voxel_size[0])
        self.button.setEnabled(False)
        self.say("Running the model on this slice …")
        self._background.start(
            partial(look_inside, study, frame, z), partial(self._on_found, study), self._on_failed
        )

    def lay_over(self, number: int) -> None:
        """Show a map of the chosen level as a layer over the images."""
        from napari.layers import Image

        layers, found = self._session.layers, self._found
        if layers is None or found is None:
            return
        one = found.levels[self.level.value()]
        data = one.maps[number][None, None]
        scale = layers.placement["scale"]
        starts = (found.frame, found.z, *(side.start for side in found.part))
        where = [start * step for start, step in zip(starts, scale, strict=True)]
        if not self.is_shown():
            self.layer = Image(
                data, colormap="magma", opacity=0.7, multiscale=False, **layers.placement
            )
        self.layer.data, self.layer.translate = data, where
        self.layer.contrast_limits = limits_of(data)
        self.layer.name = f"{LAYER_NAME} {number + 1} of {one.level}"
        self.show_above(self.layer)

    def forget(self) -> None:
        """Close the window and take the layer away."""
        self._found = None
        self.dialog.close()
        self.say("")
        super().forget()

    def _on_found(self, study: Study, found: Insides) -> None:
        self.button.setEnabled(self.is_there())
        self.say("")
        if study is not self._session.study:
            return
        self._found = found
        self.level.set_choices([(k, level_text(one)) for k, one in enumerate(found.levels)])
        self.kernels.set_images(flat_kernels(found.kernels), common=True)
        self._show_level()
        self.dialog.show()
        self.dialog.raise_()

    def _on_failed(self, error: OperandoError) -> None:
        self.button.setEnabled(self.is_there())
        self.say(f"⚠ {error}")

    def _show_level(self) -> None:
        found = self._found
        if found is None or self.level.value() is None:
            return
        one = found.levels[self.level.value()]
        self.maps.set_images(one.maps)
        y, x = one.maps.shape[1:]
        self.place.setText(
            f"{len(one.maps)} maps of frame {found.frame}, slice z {found.z} ({y} × {x} voxels in "
            "its middle), each between its own black and white. Click one to lay it over the image."
        )


def look_inside(study: Study, frame: int, z: int) -> Insides:
    """Run the model in use on the middle of a slice of the newest images; no window is touched.

    Raises
    ------
    InputError
        If the model is a random forest.
    """
    basis = newest_basis(study)
    model = Model.load(study.product_path(f"models/{basis.model}"))
    series = study.image_series(basis.images)
    part = middle_part(series.volume_shape[1:])
    levels = feature_maps(model, series.data, frame, z, part)
    return Insides(frame, z, part, levels, first_kernels(model))


def level_text(one: FeatureMaps) -> str:
    """Name a level and say how coarse it is."""
    if max(one.coarseness) == 1:
        return f"{one.level} · a value in every voxel"
    return f"{one.level} · a value in {' × '.join(map(str, one.coarseness))} voxels"


def flat_kernels(kernels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay the slices of every kernel ``(n, z, y, x)`` side by side: ``(n, y, z * x)``."""
    n, z, y, x = kernels.shape
    return kernels.transpose(0, 2, 1, 3).reshape(n, y, z * x)
