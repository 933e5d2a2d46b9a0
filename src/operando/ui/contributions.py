"""What napari's menus lead to, apart from the dock itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np

from operando.data import DEFAULT_CLASSES
from operando.errors import OperandoError
from operando.samples import shipped_sample
from operando.ui.layers.factory import AXES, UNITS, class_colormap, series_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from operando.ui.dock.dock import OperandoDock

LayerData = tuple[Any, dict[str, Any], str]

PLUGIN, WIDGET = "napari-operando", "Operando"


def open_dock(viewer: napari.Viewer, section: str | None = None) -> OperandoDock:
    """Open the dock, or show the one there is, with a section open if one is named."""
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, WIDGET)
    if section is not None:
        dock.open_section(section)
    return dock


def show_annotate(viewer: napari.Viewer) -> None:
    """Open the dock at Annotate."""
    open_dock(viewer, "Annotate")


def show_segment(viewer: napari.Viewer) -> None:
    """Open the dock at Segment."""
    open_dock(viewer, "Segment")


def show_particles(viewer: napari.Viewer) -> None:
    """Open the dock at Particles."""
    open_dock(viewer, "Particles")


def show_strain(viewer: napari.Viewer) -> None:
    """Open the dock at Strain."""
    open_dock(viewer, "Strain")


def sample_layers() -> list[LayerData]:
    """Read the sample: images, strokes and true phases as plain layers."""
    from operando.files import read

    folder = shipped_sample()
    series = read(folder / "images")
    placement = {
        "scale": (1.0, *(series.voxel_size or (1.0, 1.0, 1.0))),
        "axis_labels": AXES,
        "units": UNITS,
    }
    images = {
        "name": "sample · images",
        "colormap": "gray",
        "contrast_limits": series_limits(series.data[:, 0]),
    }
    colours = {"colormap": class_colormap(DEFAULT_CLASSES)}
    labels = {
        "sample · true phases": ("truth/phases.tif", {"opacity": 0.4, "visible": False}),
        "sample · strokes": ("strokes.tif", {"opacity": 0.7}),
    }
    return [
        (series.data[:, 0], images | placement, "image"),
        *(
            (
                np.asarray(read(folder / path).data[:, 0]),
                {"name": name} | look | colours | placement,
                "labels",
            )
            for name, (path, look) in labels.items()
        ),
    ]


def study_reader(path: str | Sequence[str]) -> Callable[[Any], list[tuple[None]]] | None:
    """Return what opens a study in the dock, if the path is one."""
    if not isinstance(path, str) or not (Path(path) / "study.json").is_file():
        return None
    return _open_in_dock


def _open_in_dock(path: Any) -> list[tuple[None]]:
    viewer = napari.current_viewer()
    if viewer is None:
        raise OperandoError("There is no viewer to open the study in", "open napari first")
    panel = open_dock(viewer, "Data").panels[0]
    panel.open_study(Path(path))
    return [(None,)]
