"""Take the pictures of the guides from the real window.

Run it on a screen or a virtual one: ``xvfb-run python tools/pictures.py demo/sample.operando``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import napari
from qtpy.QtTest import QTest

from operando.ui.contributions import open_dock
from operando.ui.screen import SIZE

if TYPE_CHECKING:
    from napari import Viewer

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
SETTLING_MS = 1500


def take(viewer: Viewer, folder: Path, name: str, size: tuple[int, int]) -> None:
    """Save the window as it is."""
    viewer.window.resize(*size)
    QTest.qWait(SETTLING_MS)
    viewer.reset_view()
    viewer.screenshot(str(folder / f"{name}.png"), canvas_only=False, flash=False)


def main(study: Path, folder: Path, size: tuple[int, int]) -> None:
    """Go through the panels."""
    folder.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer()
    dock = open_dock(viewer)
    take(viewer, folder, "start", size)
    dock.session.open_study(study)
    panels = {panel.title: panel for panel in dock.panels}
    viewer.dims.set_current_step(0, viewer.dims.nsteps[0] - 1)
    for title in ("Data", "Annotate", "Segment"):
        dock.open_section(title)
        take(viewer, folder, title.lower(), size)
    dock.open_section("Particles")
    panels["Particles"].open_table.click()
    take(viewer, folder, "particles", size)
    take(viewer, folder, "window", size)
    dock.open_section("Strain")
    viewer.layers["particles"].visible = False
    quantity = panels["Strain"].display.quantity
    quantity.setCurrentIndex(quantity.findData("volume_change"))
    take(viewer, folder, "strain", size)
    viewer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--size", type=int, nargs=2, default=SIZE)
    arguments = parser.parse_args()
    main(arguments.study, arguments.folder, tuple(arguments.size))
