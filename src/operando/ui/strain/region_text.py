"""What the shown quantity is in a region that the user drew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.strain.region import region_statistics
from operando.ui.strain.node_quantities import node_quantity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.ui.layers.study_results import StudyStrain

_AXES = "zyx"
_CORNERS = 64
"""Of the polygon that stands for an ellipse."""


def region_text(strain: StudyStrain) -> str:
    """Sum the shown quantity up over the shapes of the selected layer, or over the whole field.

    Shapes pick nodes of the plane of nodes nearest to the slice that is seen.

    Raises
    ------
    InputError
        If no field is shown, or no node in the shapes was measured.
    """
    study, field = strain.study, strain.field
    if study is None or field is None:
        raise InputError("No displacement field is shown", "run Strain first")
    layer, plane = _shapes(strain.view.viewer), strain.view.plane
    where, inside = "the whole field", np.ones(len(field.positions), bool)
    if layer is not None and plane is not None:
        axis, at = plane
        shown = [a for a in range(3) if a != axis]
        heights = field.positions[:, axis]
        nearest = heights[np.abs(heights - at).argmin()]
        points = field.positions * study.voxel_size
        inside = (heights == nearest) & in_shapes(points[:, shown], layer, shown)
        height = nearest * study.voxel_size[axis]
        where = f"the shapes of {layer.name!r}, nodes at {_AXES[axis]} {height:.2f} µm"
    quantity = node_quantity(strain.view.quantity)
    found = region_statistics(field, strain.view.values(field), inside)
    unit = f" {quantity.unit}" if quantity.unit else ""
    return "\n".join(
        [
            f"{quantity.title} in {where}:",
            f"mean {found.mean:.4g} ± {found.mean_sd:.2g}{unit}, median {found.median:.4g}{unit}",
            f"standard deviation {found.spread:.3g}{unit},"
            f" 5 to 95 %: {found.low:.4g} to {found.high:.4g}{unit}",
            f"{found.valid} of {found.nodes} nodes measured,"
            f" worth {found.independent:.0f} windows that do not overlap",
        ]
    )


def in_shapes(points: NDArray[np.floating[Any]], layer: Any, shown: list[int]) -> NDArray[np.bool_]:
    """Tell which points ``(N, 2)`` in µm lie in a rectangle, ellipse or polygon of a layer.

    Parameters
    ----------
    points
        Along the two shown axes.
    layer
        napari Shapes of two or more axes, the last of which are those of space.
    shown
        Which of z, y, x are shown.
    """
    from skimage.measure import points_in_poly

    inside = np.zeros(len(points), bool)
    for corners, kind in zip(layer.data, layer.shape_type, strict=True):
        if kind in ("line", "path"):
            continue
        world = np.array([layer.data_to_world(corner) for corner in corners])
        columns = [a - 3 for a in shown] if world.shape[1] > 2 else [0, 1]
        outline = world[:, columns]
        inside |= points_in_poly(points, _ellipse(outline) if kind == "ellipse" else outline)
    return inside


def _ellipse(box: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Turn the four corners around an ellipse into a polygon."""
    angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)[:, None]
    along, across = (box[1] - box[0]) / 2, (box[3] - box[0]) / 2
    return np.asarray(box.mean(axis=0) + np.cos(angle) * along + np.sin(angle) * across)


def _shapes(viewer: Any) -> Any:
    """Return the selected layer, or else the only one, that holds shapes; None if there is none."""
    from napari.layers import Shapes

    active = viewer.layers.selection.active
    if isinstance(active, Shapes):
        return active if len(active.data) else None
    drawn = [layer for layer in viewer.layers if isinstance(layer, Shapes) and len(layer.data)]
    return drawn[0] if len(drawn) == 1 else None
