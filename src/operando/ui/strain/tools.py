"""What can be measured in the field that is shown: at a node, in regions, its noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from operando.errors import OperandoError
from operando.strain.reading.noise_floor import noise_floor
from operando.ui.forms.fields import ChoiceField
from operando.ui.jobs.background import Background
from operando.ui.panels.panel import text_label
from operando.ui.strain.region_table import RegionTable, regions_offered
from operando.ui.strain.table_dialog import TableDialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from operando.strain.reading.noise_floor import NoiseFloor
    from operando.ui.layers.study_results import StudyStrain
    from operando.ui.strain.node_reading import NodeReading

_HINT = "Click into the canvas to read the values of a node."


class StrainTools(QWidget):
    """Reads nodes that are clicked, sums up over regions, and tells the noise floor.

    Parameters
    ----------
    strain
        The fields of the study and their layers.
    parent
        Owner.

    Attributes
    ----------
    answer : QLabel
        What was measured last.
    """

    def __init__(self, strain: StudyStrain, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strain = strain
        self._background = Background(self)
        self._shown_pair: tuple[int, int] | None = None
        self.answer = text_label(_HINT)
        self.regions = ChoiceField()
        self.regions.setToolTip(
            "Shapes are drawn in a Shapes layer; phases and particles are those at the nodes"
        )
        self.statistics = QPushButton("Statistics…")
        self.statistics.setToolTip(
            "Mean, its error, and spread of what is shown in every region and frame, as a table"
        )
        self.noise = QPushButton("Noise floor")
        self.noise.setToolTip(
            "How much displacement and strain scatter between these two frames: "
            "the noise of the measurement, if the sample did not change between them"
        )
        row = QHBoxLayout()
        row.addWidget(self.regions, 1)
        row.addWidget(self.statistics)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.answer)
        layout.addLayout(row)
        layout.addWidget(self.noise)
        self.statistics.clicked.connect(self._on_statistics)
        self.noise.clicked.connect(self._on_noise)
        strain.changed.connect(self.refresh)
        strain.view.probed.connect(self._on_probed)
        self.refresh()

    def unlink(self) -> None:
        """Let go of the canvas, before this widget goes."""
        self._strain.changed.disconnect(self.refresh)
        self._strain.view.probed.disconnect(self._on_probed)

    def refresh(self) -> None:
        """Offer the regions that the study knows."""
        study = self._strain.study
        self.regions.set_choices(regions_offered(study) if study is not None else [])
        if self._strain.pair != self._shown_pair:
            self._shown_pair = self._strain.pair
            self.answer.setText(_HINT)

    def _on_probed(self, reading: NodeReading) -> None:
        z, y, x = reading.position_um
        where = f"Node at z {z:.2f}, y {y:.2f}, x {x:.2f} µm"
        self.answer.setText("\n".join([where, *reading.lines]))

    def _on_statistics(self) -> None:
        if self._background.is_busy:
            return
        view = self._strain.view
        title = f"{view.header} {view.since}, {self.regions.currentText()}"
        regions = RegionTable(self._strain, self.regions.value())

        def show(table: pd.DataFrame) -> None:
            self.statistics.setEnabled(True)
            TableDialog(title, table, "strain-regions.csv", self).show()

        def fail(error: Any) -> None:
            self.statistics.setEnabled(True)
            self.answer.setText(str(error))

        self.statistics.setEnabled(False)
        self._background.start(regions.compute, show, fail)

    def _on_noise(self) -> None:
        study, field, pair = self._strain.study, self._strain.measured, self._strain.pair
        if study is None or field is None or pair is None:
            return
        try:
            text = _noise_text(noise_floor(field, study.voxel_size), study.voxel_size)
        except OperandoError as error:
            self.answer.setText(str(error))
        else:
            self.answer.setText(
                f"If nothing changed between frame {pair[0]} and {pair[1]}, this is noise:\n{text}"
            )


def _noise_text(floor: NoiseFloor, voxel_size: Sequence[float]) -> str:
    """Put standard deviations into words."""
    lines = [
        f"displacement {axis} {voxels * size:.4f} µm = {voxels:.3f} voxel (predicted {sigma:.3f})"
        for axis, voxels, sigma, size in zip(
            "zyx", floor.displacement, floor.predicted, voxel_size, strict=True
        )
    ]
    normal = 100 * floor.strain.diagonal()
    shears = 100 * floor.strain[[0, 0, 1], [1, 2, 2]]
    return "\n".join(
        [
            *reversed(lines),
            f"strain xx, yy, zz {normal[2]:.3f}, {normal[1]:.3f}, {normal[0]:.3f} %",
            f"strain xy, xz, yz {shears[2]:.3f}, {shears[1]:.3f}, {shears[0]:.3f} %",
            f"standard deviations over {floor.nodes} nodes, rigid motion taken out",
        ]
    )
