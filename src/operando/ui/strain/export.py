"""The field that is shown to a file: for ParaView, SPAM, tables and numpy, or as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.atomic import replacing
from operando.errors import InputError
from operando.files.fields.write import FIELD_FORMATS, write_field
from operando.ui.layers.images_read import images_read
from operando.ui.layers.study_results import field_name
from operando.ui.strain.node_quantities import colour_limits, node_quantity

if TYPE_CHECKING:
    from pathlib import Path

    from operando.ui.layers.study_results import StudyStrain

FIGURE_FORMATS = (".png", ".pdf", ".svg")
EXPORT_FILTER = ";;".join(
    (
        "ParaView, all nodes (*.vti)",
        "ParaView, sound cells (*.vtu)",
        "Figure of the shown slice (*.png *.pdf *.svg)",
        "Table (*.csv)",
        "numpy (*.npz)",
        "SPAM (*.tsv)",
    )
)
_COLORMAPS = {"diverging": "RdBu_r", "from 0": "viridis", "up to 1": "viridis"}


def export_strain(strain: StudyStrain, path: Path) -> Path:
    """Write the field that is shown.

    Data files hold it as it was measured, whatever motion is taken out in the window, with the
    strain in the layer whose normal is chosen there (not those for SPAM); a figure shows what the
    window shows, in the slice that is seen, and says so.

    Raises
    ------
    InputError
        If nothing is shown, or the name ends in no known format.
    FileError
        If the file cannot be written.
    """
    study, field = strain.study, strain.measured
    if study is None or field is None:
        raise InputError("No displacement field is shown", "run Strain first")
    ending = path.suffix.lower()
    if ending in FIELD_FORMATS:
        return write_field(path, field, voxel_size=study.voxel_size, normal=strain.view.normal)
    if ending not in FIGURE_FORMATS:
        known = ", ".join((*FIELD_FORMATS, *FIGURE_FORMATS))
        raise InputError(f"{path.name!r} has no ending that is known", f"use one of {known}")
    _write_figure(strain, path)
    return path


def _write_figure(strain: StudyStrain, path: Path) -> None:
    from operando.report.strain_figure import SlicePlace, draw_field_slice

    study, field, pair = strain.study, strain.field, strain.pair
    if study is None or field is None or pair is None:
        return
    quantity = node_quantity(strain.view.quantity)
    product, channel = images_read(study, f"strain/{field_name(pair)}")
    images = study.image_series(product)
    axis, at = strain.view.plane or (0, images.volume_shape[0] / 2)
    place = SlicePlace(axis, int(np.clip(round(at), 0, images.volume_shape[axis] - 1)))
    values = strain.view.values(field)
    figure = draw_field_slice(
        field,
        values,
        np.take(images.data[pair[0], channel], place.voxel, axis=axis).compute(),
        place,
        study.voxel_size,
        title=f"{strain.view.header} in frame {pair[1]} {strain.view.since}",
        limits=colour_limits([values], quantity.scale),
        colormap=_COLORMAPS[quantity.scale],
    )
    with replacing(path) as partial:
        figure.savefig(partial, dpi=300, format=path.suffix[1:].lower())
