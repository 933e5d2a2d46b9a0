"""Brush, eraser and hand, and how large the brush is; follows the layer both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from operando.ui.forms.fields import ChoiceField, IntField, Slider, show_value
from operando.ui.forms.form import LABEL_WIDTH

if TYPE_CHECKING:
    from operando.ui.strokes.painter import StrokePainter

_LARGEST_BRUSH = 100
_TOOLS = {
    "paint": ("Brush", "Paint strokes of the chosen class (P)"),
    "erase": ("Eraser", "Take strokes away (E)"),
    "pan_zoom": ("Move", "Move and zoom the image (Z)"),
}


class BrushTools(QWidget):
    """Chooses the tool and the brush of a painter's layer.

    Parameters
    ----------
    parent
        Owner.

    Attributes
    ----------
    modes : dict
        A button per tool.
    brush : IntField
        Diameter of the brush in voxels.
    reach : ChoiceField
        Whether the brush is flat (2) or a ball (3).
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._painter: StrokePainter | None = None
        self._group = QButtonGroup(self)
        self.modes = {name: QPushButton(text) for name, (text, _) in _TOOLS.items()}
        self.brush = IntField(1, _LARGEST_BRUSH)
        self.brush.setSuffix(" voxels")
        self.slider = Slider(1, _LARGEST_BRUSH)
        self.reach = ChoiceField([(2, "in this slice only"), (3, "as a ball, through slices")])
        self._lay_out()
        self._group.buttonClicked.connect(self._on_tool)
        self.brush.valueChanged.connect(self._on_brush)
        self.slider.valueChanged.connect(self._on_brush)
        self.reach.valueChanged.connect(self._on_reach)

    def set_painter(self, painter: StrokePainter | None) -> None:
        """Follow another painter, or none."""
        for old, connect in ((self._painter, False), (painter, True)):
            if old is None:
                continue
            events = old.layer.events
            for event in (events.mode, events.brush_size, events.n_edit_dimensions):
                (event.connect if connect else event.disconnect)(self._show)
        self._painter = painter
        self._show()

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(4)
        for name, button in self.modes.items():
            button.setCheckable(True)
            button.setToolTip(_TOOLS[name][1])
            self._group.addButton(button)
            tools.addWidget(button, 1)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        grid.addLayout(tools, 0, 0, 1, 3)
        grid.addWidget(QLabel("Brush size"), 1, 0)
        grid.addWidget(self.slider, 1, 1)
        grid.addWidget(self.brush, 1, 2)
        grid.addWidget(QLabel("Paint"), 2, 0)
        grid.addWidget(self.reach, 2, 1, 1, 2)

    def _show(self, event: Any = None) -> None:
        del event
        if self._painter is None:
            return
        layer = self._painter.layer
        chosen = self.modes.get(str(layer.mode))
        self._group.setExclusive(False)
        for button in self.modes.values():
            button.setChecked(button is chosen)
        self._group.setExclusive(chosen is not None)
        for widget in (self.brush, self.slider):
            show_value(widget, round(layer.brush_size))
        show_value(self.reach, min(max(layer.n_edit_dimensions, 2), 3))

    def _on_tool(self, button: QPushButton) -> None:
        if self._painter is not None:
            self._painter.take(next(name for name, b in self.modes.items() if b is button))
            self._show()

    def _on_brush(self, size: int) -> None:
        if self._painter is not None:
            self._painter.layer.brush_size = size

    def _on_reach(self, dimensions: int) -> None:
        if self._painter is not None:
            self._painter.layer.n_edit_dimensions = dimensions
