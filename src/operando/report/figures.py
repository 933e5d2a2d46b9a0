"""Figures of a study, drawn with matplotlib for paper and page."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from operando.data import DisplacementField, LabelClass

PANEL_INCHES = 2.6
LABEL_OPACITY = 0.45
STRAIN_COMPONENTS = {"zz": (0, 0), "yy": (1, 1), "xx": (2, 2)}


def draw_slices(
    images: Sequence[NDArray[Any]],
    titles: Sequence[str],
    pixel_size: tuple[float, float],
    *,
    labels: Sequence[NDArray[Any]] | None = None,
    classes: Sequence[LabelClass] = (),
) -> Figure:
    """Draw slices side by side, with labels over them if given.

    Parameters
    ----------
    images
        Slices ``(y, x)``, shown on one grey scale.
    titles
        One per slice.
    pixel_size
        ``(y, x)`` in µm.
    labels
        Integer slices of the same shape; 0 is transparent.
    classes
        Class k has the label k + 1 and is named below; without classes colours are random.
    """
    height = PANEL_INCHES + (0.65 if classes else 0.3)
    figure = Figure(figsize=(PANEL_INCHES * len(images), height), layout="constrained")
    axes = figure.subplots(1, len(images), squeeze=False)[0]
    low, high = np.nanpercentile(np.concatenate([np.ravel(i) for i in images]), [0.5, 99.5])
    for k, (ax, image, title) in enumerate(zip(axes, images, titles, strict=True)):
        extent = _extent(image.shape, pixel_size)
        ax.imshow(image, cmap="gray", vmin=low, vmax=high, extent=extent)
        if labels is not None:
            table = class_colours(classes) if classes else random_colours(256)
            rgba = table[np.asarray(labels[k]) % len(table)].copy()
            rgba[..., 3] = np.where(np.asarray(labels[k]) > 0, LABEL_OPACITY, 0)
            ax.imshow(rgba, extent=extent, interpolation="nearest")
        ax.set_title(title, fontsize=9)
        _label_lengths(ax, first=k == 0)
    if classes:
        patches = [Patch(color=c.colour, alpha=0.7, label=c.name) for c in classes]
        figure.legend(handles=patches, loc="outside lower center", ncols=6, fontsize=9)
    return figure


def draw_histogram(values: NDArray[Any], label: str) -> Figure:
    """Draw the distribution of one column of the particle table."""
    figure, ax = _plot(label, "particles")
    ax.hist(values[np.isfinite(values)], bins=24, color="#56b4e9", edgecolor="white")
    return figure


def draw_curve(curve: pd.DataFrame) -> Figure:
    """Draw how the loss fell during training."""
    figure, ax = _plot("step", "loss")
    ax.plot(curve["step"], curve["loss"], color="#56b4e9", linewidth=1, label="training")
    if "held_out_loss" in curve:
        held_out = curve.dropna(subset=["held_out_loss"])
        ax.plot(held_out["step"], held_out["held_out_loss"], "o-", ms=3, color="#e69f00")
        ax.lines[-1].set_label("held-out strokes")
    ax.legend(fontsize=8, frameon=False)
    return figure


def draw_strain(
    field: DisplacementField, image: NDArray[Any], z: int, voxel_size: Sequence[float]
) -> Figure:
    """Draw displacement and normal strains on the node plane nearest to slice `z`.

    Parameters
    ----------
    field
        Measured field.
    image
        Slice ``(y, x)`` of the reference frame.
    z
        Its index.
    voxel_size
        ``(z, y, x)`` in µm.
    """
    grid = field.grid_shape
    planes = field.positions[:, 0].reshape(grid)[:, 0, 0]
    k = int(np.argmin(np.abs(planes - z)))
    invalid = ~field.valid.reshape(grid)[k]
    length = np.linalg.norm(field.displacement * np.asarray(voxel_size), axis=1).reshape(grid)[k]
    strain = 100 * field.physical(voxel_size).strain().reshape(*grid, 3, 3)[k]
    maps: list[tuple[str, NDArray[Any], str, float | None]] = [
        ("displacement / µm", length, "viridis", None)
    ]
    for name, (i, j) in STRAIN_COMPONENTS.items():
        values = strain[..., i, j]
        maps.append((f"strain {name} / %", values, "RdBu_r", _symmetric_limit(values[~invalid])))

    figure = Figure(figsize=(3.4 * len(maps), 3.0), layout="constrained")
    origin, step = field.positions[0], field.spacing
    extent = _node_extent(origin, step, grid, voxel_size)
    for ax, (title, values, cmap, limit) in zip(figure.subplots(1, len(maps)), maps, strict=True):
        ax.imshow(image, cmap="gray", extent=_extent(image.shape, tuple(voxel_size[1:])))
        shown = ax.imshow(
            np.ma.masked_where(invalid | ~np.isfinite(values), values),
            cmap=cmap,
            vmin=None if limit is None else -limit,
            vmax=limit,
            alpha=0.7,
            extent=extent,
        )
        ax.set_xlim(0, image.shape[1] * voxel_size[2])
        ax.set_ylim(image.shape[0] * voxel_size[1], 0)
        ax.set_title(title, fontsize=9)
        _label_lengths(ax, first=ax is figure.axes[0])
        figure.colorbar(shown, ax=ax, shrink=0.8)
    return figure


def random_colours(n: int) -> NDArray[np.float64]:
    """Colours that are easy to tell apart, ``(n, 4)``."""
    hues = np.random.default_rng(7).permutation(n) / n
    return np.asarray(mpl.colormaps["hsv"](hues))


def class_colours(classes: Sequence[LabelClass]) -> NDArray[np.float64]:
    """Colours of the labels 0, 1, 2, ..., ``(n + 1, 4)``; 0 is transparent."""
    return ListedColormap(
        [(0, 0, 0, 0), *(to_rgba(label_class.colour) for label_class in classes)]
    )(np.arange(len(classes) + 1))


def to_png(figure: Figure) -> bytes:
    """Render a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _plot(x_label: str, y_label: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(4.6, 2.8), layout="constrained")
    ax = figure.subplots()
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.spines[["top", "right"]].set_visible(False)
    return figure, ax


def _extent(shape: tuple[int, ...], pixel_size: tuple[float, ...]) -> tuple[float, ...]:
    return (0, shape[1] * pixel_size[1], shape[0] * pixel_size[0], 0)


def _node_extent(
    origin: Any, step: Sequence[float], grid: Sequence[int], voxel_size: Sequence[float]
) -> tuple[float, float, float, float]:
    first = [(origin[i] + 0.5 - step[i] / 2) * voxel_size[i] for i in range(3)]
    last = [first[i] + grid[i] * step[i] * voxel_size[i] for i in range(3)]
    return (first[2], last[2], last[1], first[1])


def _symmetric_limit(values: NDArray[Any]) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(np.percentile(finite, 98)) if finite.size else 1.0


def _label_lengths(ax: Axes, *, first: bool) -> None:
    ax.tick_params(labelsize=7)
    ax.set_xlabel("x / µm", fontsize=8)
    if first:
        ax.set_ylabel("y / µm", fontsize=8)
