"""The button that chooses the columns of the particle table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu, QPushButton, QWidget

from operando.data import PARTICLE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from operando.data import Column

_SHOWN_AT_FIRST = (
    *("particle", "volume_um3", "diameter_um", "crack_fraction", "fragments"),
    *("detachment", "path_mean_um", "mean_intensity", "on_edge"),
)
_INSTEAD = ("surface_um2", "sphericity", "coordination", "accepted")
"""Shown at first where others are empty, as without binder those of contacts are."""

_KNOWN = {column.name for column in PARTICLE_COLUMNS}


class ColumnsButton(QPushButton):
    """Offers the columns in menus by group, each with its definition as a tooltip.

    Parameters
    ----------
    parent
        Owner.

    Attributes
    ----------
    actions_by_name : dict of QAction
        What shows and hides each column.
    """

    changed = Signal()
    """Other columns were chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Columns", parent)
        self.setToolTip("Choose the columns of the table")
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        self.actions_by_name: dict[str, QAction] = {}

    def offer(self, columns: Sequence[Column], empty: Collection[str] = ()) -> None:
        """List columns; the less wanted of the known ones are not chosen at first.

        Parameters
        ----------
        columns
            In their order.
        empty
            Names of those that hold nothing.
        """
        self._menu.clear()
        for menu in self._menu.findChildren(QMenu):
            menu.deleteLater()
        self.actions_by_name = {}
        first = _shown_at_first(empty)
        groups: dict[str, QMenu] = {}
        for column in columns:
            group = column.group or "other"
            if group not in groups:
                groups[group] = self._menu.addMenu(group.capitalize())
                groups[group].setToolTipsVisible(True)
            action = QAction(column.header, self._menu)
            action.setToolTip(column.description)
            action.setCheckable(True)
            action.setChecked(column.name not in _KNOWN or column.name in first)
            action.toggled.connect(self.changed)
            groups[group].addAction(action)
            self.actions_by_name[column.name] = action

    def chosen(self, name: str) -> bool:
        """Whether a column is to be shown."""
        return name in self.actions_by_name and self.actions_by_name[name].isChecked()


def _shown_at_first(empty: Collection[str]) -> list[str]:
    wanted = [name for name in _SHOWN_AT_FIRST if name not in empty]
    missing = len(_SHOWN_AT_FIRST) - len(wanted)
    return wanted + [name for name in _INSTEAD if name not in empty][:missing]
