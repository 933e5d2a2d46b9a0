"""One slice of a displacement field as a figure for a paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.data import DisplacementField

_WIDTH_INCHES = 4.6
_AXES = "zyx"


@dataclass(frozen=True)
class SlicePlace:
    """Which slice of a volume is drawn: axis (0 is z) and voxel along it."""

    axis: int
    voxel: int


def draw_field_slice(
    field: DisplacementField,
    values: NDArray[Any],
    image: NDArray[Any],
    place: SlicePlace,
    voxel_size: Sequence[float],
    *,
    title: str,
    limits: tuple[float, float],
    colormap: str,
) -> Figure:
    """Draw node values over a slice, with colour bar, scale bar and caption.

    Parameters
    ----------
    field
        Where the nodes are, and how they were measured.
    values
        ``(nz, ny, nx)`` one number per node; NaN is left open.
    image
        The slice of the reference frame, 2D.
    place
        Of the slice; the nearest plane of nodes is drawn.
    voxel_size
        ``(z, y, x)`` in µm.
    title
        Of the colour bar, with unit.
    limits
        Values of the ends of the colour bar.
    colormap
        A name that matplotlib knows.
    """
    rows, columns = (axis for axis in range(3) if axis != place.axis)
    size = np.asarray(voxel_size, float)
    height, width = image.shape[0] * size[rows], image.shape[1] * size[columns]
    inches = min(max(_WIDTH_INCHES * height / width, 1.6), 6.0)
    figure = Figure(figsize=(_WIDTH_INCHES + 1.0, inches + 0.9), layout="constrained")
    ax = figure.subplots()
    low, high = np.nanpercentile(image, (1, 99))
    ax.imshow(image, cmap="gray", vmin=low, vmax=high, extent=(0, width, height, 0))
    first, step = (field.positions[0] + 0.5) * size, np.asarray(field.spacing) * size
    k = round(((place.voxel + 0.5) * size[place.axis] - first[place.axis]) / step[place.axis])
    k = min(max(k, 0), field.grid_shape[place.axis] - 1)
    edges = [
        (first[a] - step[a] / 2, first[a] + (field.grid_shape[a] - 0.5) * step[a])
        for a in (columns, rows)
    ]
    drawn = ax.imshow(
        np.ma.masked_invalid(np.take(values, k, axis=place.axis)),
        cmap=colormap,
        vmin=limits[0],
        vmax=limits[1],
        alpha=0.65,
        extent=(*edges[0], *edges[1][::-1]),
    )
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_axis_off()
    _draw_scale_bar(ax, width, height)
    figure.colorbar(drawn, ax=ax, shrink=0.9).set_label(title)
    where = f"{_AXES[place.axis]} = {first[place.axis] + k * step[place.axis]:.4g} µm"
    caption = f"{title}, nodes at {where}. {describe_measurement(field, voxel_size)}"
    figure.supxlabel(caption, fontsize=6.5, wrap=True, x=0.02, ha="left")
    return figure


def describe_measurement(field: DisplacementField, voxel_size: Sequence[float]) -> str:
    """Say how a field was measured, as a caption does: window, spacing, gauge length, errors."""
    size, valid = np.asarray(voxel_size, float), field.valid
    window, step, gauge = (
        _lengths(edges, size) for edges in (field.window, field.spacing, field.gauge_length)
    )
    text = (
        f"Digital volume correlation, window {window}, spacing {step}; strain averages over "
        f"{gauge}. {valid.sum()} of {valid.size} nodes valid"
    )
    if valid.any():
        error = 1000 * np.sqrt(np.median(np.mean((field.sigma[valid] * size) ** 2, axis=1)))
        text += f", predicted error {error:.2g} nm per component"
    return f"{text}."


def _lengths(voxels: Sequence[float], size: NDArray[np.float64]) -> str:
    """Edges in voxels and µm, as one number where they are alike."""
    edges = np.asarray(voxels) * size
    if np.ptp(edges) < 1e-9 and len(set(voxels)) == 1:
        return f"{voxels[0]:g} voxels ({edges[0]:.3g} µm)"
    count, length = (" × ".join(f"{v:.3g}" for v in row) for row in (voxels, edges))
    return f"{count} voxels ({length} µm, z × y × x)"


def _draw_scale_bar(ax: Any, width: float, height: float) -> None:
    length = round_length(width / 4)
    left, low = 0.04 * width, 0.95 * height
    ax.plot([left, left + length], [low, low], color="white", linewidth=3, solid_capstyle="butt")
    ax.text(
        left + length / 2,
        low - 0.015 * height,
        f"{length:g} µm",
        color="white",
        fontsize=8,
        ha="center",
        va="bottom",
    )


def round_length(length: float) -> float:
    """Round down to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(power * max(step for step in (1, 2, 5) if step * power <= length * (1 + 1e-9)))
