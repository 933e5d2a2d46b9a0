"""What napari's menus lead to, apart from the dock itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np

from operando.data import DEFAULT_CLASSES
from operando.errors import OperandoError
from operando.files.formats import find_format
from operando.samples import shipped_sample
from operando.ui.layers.factory import AXES, UNITS, class_colormap, limits_of, series_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from operando.data import Series
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


def image_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """Return what opens image files of the formats that napari itself does not know."""
    paths = [path] if isinstance(path, str) else list(path)
    forms = [find_format(Path(p)) for p in paths]
    known = bool(paths) and all(form is not None for form in forms)
    return image_layers if known and not any(map(_is_other_edf, paths)) else None


def _is_other_edf(path: str) -> bool:
    """Whether a file is of the European Data Format of neurology, which has the same ending."""
    if not path.lower().endswith(".edf"):
        return False
    with Path(path).open("rb") as file:
        return not file.read(64).lstrip().startswith(b"{")


def image_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Open image files as lazy layers with their voxel size.

    Several files of one size are frames of one layer; several data sets of an HDF5 file are
    layers of their own.

    Raises
    ------
    FileError
        If they cannot be read; napari shows the sentence.
    """
    from operando.files import read

    names: list[str | None] = [None]
    if isinstance(path, str) and find_format(Path(path)).name == "HDF5":
        from operando.files.hdf5.reader import list_datasets

        names = [found.name for found in list_datasets(Path(path))] or [None]
    return [_image_layer(read(path, dataset=name), name) for name in names]


def _image_layer(series: Series, dataset: str | None) -> LayerData:
    # Axes of one frame or channel only would be empty sliders.
    kept = [n > 1 or axis > 2 for axis, n in enumerate(series.data.shape)]
    data = series.data[tuple(slice(None) if k else 0 for k in kept)]
    z, y, x = series.voxel_size or (1.0, 1.0, 1.0)
    unit = "um" if series.voxel_size else "pixel"
    axes = zip(
        "tczyx", (1.0, 1.0, z, y, x), ("pixel", "pixel", unit, unit, unit), kept, strict=True
    )
    shown = [(label, scale, units) for label, scale, units, k in axes if k]
    first = series.data[0, 0, series.volume_shape[0] // 2].compute()
    look = {
        "name": series.name if dataset is None else f"{series.name} · {dataset}",
        "colormap": "gray",
        "contrast_limits": limits_of(first),
        "axis_labels": tuple(label for label, _, _ in shown),
        "scale": tuple(scale for _, scale, _ in shown),
        "units": tuple(units for _, _, units in shown),
        "metadata": dict(series.metadata[0]) if series.metadata else {},
    }
    return data, look, "image"


def _open_in_dock(path: Any) -> list[tuple[None]]:
    viewer = napari.current_viewer()
    if viewer is None:
        raise OperandoError("There is no viewer to open the study in", "open napari first")
    panel = open_dock(viewer, "Data").panels[0]
    panel.open_study(Path(path))
    return [(None,)]
