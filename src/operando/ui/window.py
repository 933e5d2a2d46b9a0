"""napari with a study in it: to work in, or as a picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from operando.errors import OperandoError
from operando.study import Study
from operando.ui import screen

if TYPE_CHECKING:
    import os

    from napari import Viewer

_SETTLING_ROUNDS = 60


def show_study(path: str | os.PathLike[str]) -> None:
    """Open a study in napari and return when the window is closed.

    Raises
    ------
    StudyError
        If it is no study, damaged, or from a newer version.
    OperandoError
        If there is no screen, or no Qt.
    """
    Study.open(path, read_only=True).close()
    if not screen.is_there():
        raise OperandoError(
            "There is no screen to open a window on",
            "log in with one, or look at the page that `operando report` writes",
        )
    try:
        import qtpy  # noqa: F401
    except ImportError as error:
        raise OperandoError(
            "Qt, which opens windows, is not installed", 'pip install "napari-operando[all]"'
        ) from error
    import napari

    open_viewer(path)
    napari.run()


def open_viewer(path: str | os.PathLike[str]) -> Viewer:
    """Open napari with the Operando window and a study in it."""
    import napari

    from operando.ui.contributions import open_dock

    viewer = napari.Viewer(title="Operando")
    open_dock(viewer).session.open_study(path)
    return viewer


def save_picture(study: Path, picture: Path) -> None:
    """Save a picture of the whole window with a study in it."""
    from qtpy.QtWidgets import QApplication

    viewer = open_viewer(study)
    for _ in range(_SETTLING_ROUNDS):
        viewer.window.resize(*screen.SIZE)
        QApplication.processEvents()
    viewer.reset_view()
    viewer.screenshot(str(picture), canvas_only=False, flash=False)
    viewer.close()


if __name__ == "__main__":
    save_picture(Path(sys.argv[1]), Path(sys.argv[2]))
