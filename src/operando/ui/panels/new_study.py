"""What was found in images, and what has to be known to make a study of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from operando.files import Description, describe, read
from operando.files.formats import HDF5_ENDINGS
from operando.study.create import SUFFIX
from operando.ui.forms.calibration import CalibrationForm
from operando.ui.forms.fields import ChoiceField, show_value
from operando.ui.forms.form import LABEL_WIDTH
from operando.ui.panels.histogram import GreyHistogram
from operando.ui.panels.panel import text_label
from operando.ui.panels.part_form import PartForm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.data import Series
    from operando.files.hdf5.layout import Found

AXES = (
    ("", "as the files say"),
    ("zyx", "one volume: z, y, x"),
    ("tzyx", "volumes in time: t, z, y, x"),
    ("tyx", "single slices, one per frame: t, y, x"),
    ("czyx", "channels of a volume: c, z, y, x"),
    ("tczyx", "everything: t, c, z, y, x"),
)
"""How the axes of a file may be read."""
SHOWN = 512
"""Longest edge of the slice that is shown, voxels."""


@dataclass(frozen=True)
class FoundImages:
    """Images that were looked at, with what they are."""

    paths: tuple[Path, ...]
    axes: str
    series: Series
    description: Description
    middle: NDArray[Any]
    hints: dict[str, Any] = field(default_factory=dict)
    datasets: tuple[tuple[str, str], ...] = ()


def found_images(paths: Sequence[Path], axes: str = "", **hints: Any) -> FoundImages:
    """Read headers and a few slices of images; may take a while.

    Of several data sets in an HDF5 file the largest is taken until the user chooses one.

    Parameters
    ----------
    paths
        What was chosen.
    axes
        How the axes of a file are to be read; empty for as it says.
    hints
        Further ones for `operando.files.read`, such as ``dataset``.

    Raises
    ------
    FileError, InputError
        If they cannot be opened as one series.
    """
    datasets = _datasets(paths)
    if len(datasets) > 1 and "dataset" not in hints:
        hints["dataset"] = max(datasets, key=lambda found: prod(found.shape)).name
    source = paths[0] if len(paths) == 1 else list(paths)
    series = read(source, axes=axes or None, **hints)
    choices = tuple((found.name, found.title) for found in datasets)
    description = describe(series)
    z, *edges = series.volume_shape
    every = max(1, -(-max(edges) // SHOWN))
    middle = np.asarray(series.data[0, 0, z // 2, ::every, ::every])
    return FoundImages(tuple(paths), axes, series, description, middle, hints, choices)


def _datasets(paths: Sequence[Path]) -> list[Found]:
    if paths[0].suffix.lower() not in HDF5_ENDINGS:
        return []
    from operando.files.hdf5.reader import list_datasets

    return list_datasets(paths[0])


class NewStudyForm(QWidget):
    """Shows what was found, asks for the rest, and for a name and place of the study.

    Parameters
    ----------
    parent
        Owner.

    Attributes
    ----------
    create, back : QPushButton
    """

    axes_chosen = Signal(object)
    """The user says how the axes of the files are to be read."""

    dataset_chosen = Signal(object)
    """The user chooses another data set of an HDF5 file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paths: tuple[Path, ...] = ()
        self.hints: dict[str, Any] = {}
        self._found: FoundImages | None = None
        self.facts = text_label()
        self.histogram = GreyHistogram()
        self.dataset = ChoiceField()
        self._dataset_label = QLabel("Data set")
        self.warnings = text_label()
        self.axes = ChoiceField(AXES)
        self.calibration = CalibrationForm()
        self.part = PartForm()
        self.name = QLineEdit()
        self.folder = QLineEdit()
        self.browse = QToolButton()
        self.browse.setText("…")
        self.hint = text_label()
        self.create = QPushButton("Create study")
        self.create.setMinimumHeight(30)
        self.back = QPushButton("Back")
        self._lay_out()
        self.axes.valueChanged.connect(self.axes_chosen)
        self.dataset.valueChanged.connect(self.dataset_chosen)
        self.browse.clicked.connect(self._choose_folder)
        self.name.textChanged.connect(self._check)
        self.folder.textChanged.connect(self._check)
        self.calibration.valueChanged.connect(self._on_calibration)
        self.part.valueChanged.connect(self._check)

    def set_images(self, found: FoundImages) -> None:
        """Show other images; a name that was typed is kept for the same files."""
        series = found.series
        again = found.paths == self.paths
        self.paths, self.hints = found.paths, found.hints
        self.histogram.set_description(found.description)
        self._show_datasets(found)
        self.facts.setText("\n".join(found.description.facts))
        self.warnings.setText("\n".join(f"⚠ {text}" for text in found.description.warnings))
        self.warnings.setVisible(bool(found.description.warnings))
        show_value(self.axes, found.axes)
        typed = self.calibration.voxel_size if again else None
        self.calibration.set_series(
            series.n_frames, series.voxel_size or typed, series.times, "as in the files"
        )
        self._found = found
        self._on_calibration()
        if not again:
            self.name.setText(series.name)
            self.folder.setText(str(free_place(found.paths[0].absolute().parent)))
        self._check()

    @property
    def path(self) -> Path:
        """Folder of the new study."""
        return Path(self.folder.text().strip()) / f"{self.name.text().strip()}{SUFFIX}"

    def value(self) -> dict[str, Any]:
        """Arguments for `operando.ui.opening.create_study`."""
        return {
            "path": self.path,
            "images": self.paths,
            "voxel_size": self.calibration.voxel_size,
            "times": self.calibration.times,
            "axes": self.axes.value(),
            **self.part.value(),
            **self.hints,
        }

    def obstacle(self) -> str:
        """Say what is missing; empty if the study can be made."""
        if self.calibration.voxel_size is None:
            return "Type the voxel size; sizes and areas are given in µm."
        if self.part.obstacle():
            return self.part.obstacle()
        if not self.name.text().strip() or not self.folder.text().strip():
            return "Name the study and the folder that it is made in."
        if self.path.exists():
            return f"{self.path.name} is there already; choose another name or open it."
        return ""

    def _lay_out(self) -> None:
        place = QHBoxLayout()
        place.setSpacing(4)
        place.addWidget(self.folder, 1)
        place.addWidget(self.browse)
        form = QFormLayout()
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        label = QLabel("Axes of a file")
        label.setMinimumWidth(LABEL_WIDTH)
        form.addRow(self._dataset_label, self.dataset)
        form.addRow(label, self.axes)
        names = QFormLayout()
        names.setSpacing(6)
        label = QLabel("Study name")
        label.setMinimumWidth(LABEL_WIDTH)
        names.addRow(label, self.name)
        names.addRow("In the folder", place)
        buttons = QHBoxLayout()
        buttons.addWidget(self.create, 1)
        buttons.addWidget(self.back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.facts)
        column.addWidget(self.histogram)
        column.addWidget(self.warnings)
        column.addLayout(form)
        column.addWidget(self.calibration)
        column.addWidget(self.part)
        column.addLayout(names)
        column.addLayout(buttons)
        column.addWidget(self.hint)

    def _show_datasets(self, found: FoundImages) -> None:
        several = len(found.datasets) > 1
        self._dataset_label.setVisible(several)
        self.dataset.setVisible(several)
        if several:
            self.dataset.set_choices(found.datasets)
            show_value(self.dataset, found.hints["dataset"])

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(
            self, "Folder in which the study is made", self.folder.text()
        )
        if path:
            self.folder.setText(path)

    def _on_calibration(self) -> None:
        if self._found is not None:
            series = self._found.series.with_calibration(self.calibration.voxel_size)
            self.part.set_series(series, self._found.middle)
        self._check()

    def _check(self) -> None:
        obstacle = self.obstacle()
        self.hint.setText(obstacle)
        self.hint.setVisible(bool(obstacle))
        self.create.setEnabled(not obstacle)


def free_place(folder: Path) -> Path:
    """Return the folder if it can be written to, else the user's own."""
    return folder if os.access(folder, os.W_OK) else Path.home()
