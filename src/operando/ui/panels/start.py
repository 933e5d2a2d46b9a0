"""What the panel Data shows while no study is open."""

from __future__ import annotations

from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from operando.ui.panels.panel import text_label


class StartView(QWidget):
    """Buttons that open images, a study or the sample.

    Parameters
    ----------
    parent
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder = QPushButton("Folder of images…")
        self.folder.setToolTip(
            "TIFFs (one per slice in a folder per frame, or one per frame), or an OME-Zarr"
        )
        self.files = QPushButton("Image files…")
        self.files.setToolTip("One file with everything, or one per frame")
        self.study = QPushButton("Open study…")
        self.study.setToolTip("A folder that ends in .operando")
        self.sample = QPushButton("Open sample")
        self.sample.setToolTip("A synthetic electrode with strokes and a voltage curve")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(
            text_label(
                "Begin with the tomograms of one sample: a folder of TIFFs, an OME-Zarr, or files "
                "of HDF5, Zeiss and many other formats. "
                "They are read where they lie and never changed."
            )
        )
        grid = QGridLayout()
        grid.setSpacing(6)
        for row, (title, buttons) in enumerate(
            {"New": (self.folder, self.files), "Existing": (self.study, self.sample)}.items()
        ):
            grid.addWidget(QLabel(title), row, 0)
            for column_number, button in enumerate(buttons, 1):
                button.setMinimumHeight(30)
                grid.addWidget(button, row, column_number)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        column.addLayout(grid)
        column.addWidget(text_label("Or drop a folder or files here."))
