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

    from operando.ui.segment.inside_box import InsideBox

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
SETTLING_MS = 2500


def settle(viewer: Viewer) -> None:
    """Wait until no layer has come for a while."""
    before = -1
    while before != len(viewer.layers):
        before = len(viewer.layers)
        QTest.qWait(SETTLING_MS)


def take(viewer: Viewer, folder: Path, name: str, size: tuple[int, int]) -> None:
    """Save the window as it is."""
    viewer.window.resize(*size)
    settle(viewer)
    viewer.reset_view()
    viewer.status = ""
    viewer.screenshot(str(folder / f"{name}.png"), canvas_only=False, flash=False)


def show(viewer: Viewer, *names: str) -> None:
    """Show some of the results over the images, and no others."""
    for layer in viewer.layers:
        layer.visible = layer.name in names or layer.name.endswith("· images")


def main(study: Path, folder: Path, size: tuple[int, int]) -> None:
    """Go through the panels."""
    folder.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer()
    dock = open_dock(viewer)
    take(viewer, folder, "start", size)
    dock.session.open_study(study)
    settle(viewer)
    panels = {panel.title: panel for panel in dock.panels}
    show(viewer)
    take(viewer, folder, "data", size)
    dock.open_section("Annotate")
    (frame, z), *_ = dock.session.painter.counts.slices
    viewer.dims.set_current_step(0, frame)
    viewer.dims.set_current_step(1, z)
    dock.session.painter.choose(2)
    show(viewer, "strokes")
    take(viewer, folder, "annotate", size)
    dock.session.painter.take("pan_zoom")
    viewer.dims.set_current_step(0, viewer.dims.nsteps[0] - 1)
    dock.open_section("Segment")
    show(viewer, "phases")
    take(viewer, folder, "segment", size)
    look_inside(panels["Segment"].judge.inside, folder)
    dock.open_section("Particles")
    show(viewer, "particles")
    panels["Particles"].open_table.click()
    take(viewer, folder, "particles", size)
    take(viewer, folder, "window", size)
    dock.open_section("Strain")
    show(viewer)
    quantity = panels["Strain"].display.quantity
    quantity.setValue("volume_change")
    take(viewer, folder, "strain", size)
    viewer.close()


def look_inside(box: InsideBox, folder: Path) -> None:
    """Save the window with the feature maps before the classes."""
    box.button.click()
    while not box.dialog.isVisible():
        QTest.qWait(SETTLING_MS)
    box.level.setCurrentIndex(box.level.count() - 1)
    QTest.qWait(SETTLING_MS)
    box.dialog.grab().save(str(folder / "inside.png"))
    box.forget()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--size", type=int, nargs=2, default=SIZE)
    arguments = parser.parse_args()
    main(arguments.study, arguments.folder, tuple(arguments.size))
