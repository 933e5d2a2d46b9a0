from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QLabel, QMainWindow, QWidget

from operando.ui.dock.widgets import raise_dock

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def _is_seen(widget: QWidget) -> bool:
    return not widget.visibleRegion().isEmpty()


def test_a_dock_behind_a_tab_is_brought_to_the_front(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    docks = [QDockWidget(name, window) for name in ("Particles", "Time line")]
    contents = [QLabel(dock.windowTitle()) for dock in docks]
    for dock, content in zip(docks, contents, strict=True):
        dock.setWidget(content)
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
    window.tabifyDockWidget(*docks)
    window.show()
    docks[1].raise_()
    qtbot.waitUntil(lambda: not _is_seen(contents[0]))
    raise_dock(contents[0])
    qtbot.waitUntil(lambda: _is_seen(contents[0]))
    assert not _is_seen(contents[1])
