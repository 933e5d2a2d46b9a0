"""Digital volume correlation from two volumes to a displacement field, with no user step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.data.displacement import DisplacementField, NodeStatus
from operando.errors import InputError
from operando.strain.describe import describe
from operando.strain.gradient import Layout, node_gradient
from operando.strain.judge import judge
from operando.strain.settings import CorrelationSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from operando.compute.progress import ProgressCallback
    from operando.strain.guess import Guess
    from operando.strain.nodes import Solution

Triple = tuple[int, int, int]


def correlate(
    reference: ArrayLike,
    deformed: ArrayLike,
    *,
    spacing: int | tuple[int, int, int] = 15,
    window: int | tuple[int, int, int] = 21,
    mask: ArrayLike | None = None,
    deformed_mask: ArrayLike | None = None,
    settings: CorrelationSettings | None = None,
    device: str = "auto",
    progress: ProgressCallback | None = None,
) -> DisplacementField:
    """Measure how a volume deformed: ``deformed(X + u(X)) = reference(X)``.

    The coarse motion is found automatically, brightness and contrast may differ. Every node gets
    the motion of the window around it (order 1 or 2) at highest ZNCC, a predicted standard
    deviation, and a status. Nothing is inpainted: nodes that are not valid keep what was measured
    and say so in their status, or NaN where nothing could be measured.

    Parameters
    ----------
    reference, deformed
        ``(Z, Y, X)`` real arrays of one shape. Voxels that are not finite are masked.
    spacing
        Distance of nodes, voxels, one number or one per axis.
    window
        Edge of the windows, voxels, one number or one per axis; even numbers are raised by one.
    mask, deformed_mask
        ``(Z, Y, X)`` voxels of the reference and of the deformed volume that may be used.
    settings
        See `CorrelationSettings`.
    device
        "auto" and "cpu" use the compiled solver on numba's number of threads.
    progress
        Receives `Progress`; raises `Cancelled` to stop.

    Returns
    -------
    DisplacementField
        Nodes whose reference window lies inside the volume, centred in it. Lengths in voxels,
        components z, y, x. ``info`` holds the coarse motion, noise, gauge length and more.

    Raises
    ------
    InputError
        If the arrays do not fit together, are empty of grey values, or too small for the window.
    """
    plan = settings or CorrelationSettings()
    step, (wz, wy, wx) = _triple(spacing, "spacing"), _triple(window, "window")
    volumes = prepare(reference, deformed, mask, deformed_mask)
    return _correlate(volumes, step, (wz | 1, wy | 1, wx | 1), plan, progress)


@dataclass(frozen=True)
class Prepared:
    """Volumes of zero mean and unit variance, and where they can be used."""

    reference: NDArray[np.float32]
    deformed: NDArray[np.float32]
    mask: NDArray[np.bool_] | None
    deformed_mask: NDArray[np.bool_] | None


def _triple(value: int | tuple[int, ...], name: str) -> Triple:
    numbers = (value,) * 3 if isinstance(value, int | np.integer) else tuple(value)
    if len(numbers) != 3 or any(int(v) != v or v < 1 for v in numbers):
        raise InputError(f"The {name} is {value}", "give one whole number or three, at least 1")
    return int(numbers[0]), int(numbers[1]), int(numbers[2])


def prepare(
    reference: ArrayLike, deformed: ArrayLike, mask: ArrayLike | None, moved: ArrayLike | None
) -> Prepared:
    """Check and standardise volumes and masks; `InputError` where they cannot be used."""
    a, b = np.asarray(reference), np.asarray(deformed)
    if a.ndim != 3 or a.shape != b.shape:
        raise InputError(
            f"The volumes have the shapes {a.shape} and {b.shape}",
            "both must be (z, y, x) and of the same shape",
        )
    for name, v in (("reference", a), ("deformed volume", b)):
        if v.dtype.kind not in "buif":
            raise InputError(f"The {name} has the type {v.dtype}", "grey values must be real")
    masks = []
    for m in (mask, moved):
        m = None if m is None else np.asarray(m).astype(bool)
        if m is not None and m.shape != a.shape:
            raise InputError(f"The mask has the shape {m.shape}, the volumes {a.shape}")
        masks.append(m)
    first, inside = _standardise(a, masks[0], "reference")
    second, inside_moved = _standardise(b, masks[1], "deformed volume")
    return Prepared(first, second, inside, inside_moved)


def _standardise(
    volume: NDArray[Any], mask: NDArray[np.bool_] | None, name: str
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    values = volume.astype(np.float32)
    if volume.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            mask = finite if mask is None else mask & finite
            values = np.where(finite, values, np.float32(0))
    used = values if mask is None else values[mask]
    if used.size == 0:
        raise InputError(f"No voxel of the {name} can be used", "check the mask and NaN values")
    mean, deviation = float(used.mean(dtype=np.float64)), float(used.std(dtype=np.float64))
    if not deviation > 1e-6 * max(abs(mean), 1e-30):
        raise InputError(
            f"The {name} has the same grey value everywhere ({mean:g})",
            "there is no texture to follow",
        )
    values -= np.float32(mean)
    values /= np.float32(deviation)
    if mask is not None:
        values[~mask] = 0
    return values, mask


def _correlate(
    volumes: Prepared,
    spacing: Triple,
    window: Triple,
    plan: CorrelationSettings,
    progress: ProgressCallback | None,
) -> DisplacementField:
    from operando.strain.guess import coarse_to_fine, no_guess
    from operando.strain.nodes import Frames, grid_points, node_axes

    shape = volumes.reference.shape
    axes = node_axes(shape, spacing, window)
    centres, grid = grid_points(axes), (len(axes[0]), len(axes[1]), len(axes[2]))
    layout = Layout(grid, spacing, window)
    watch = Stopwatch(progress, len(centres), "nodes", "looking for the coarse motion")
    guess = no_guess(shape)
    if plan.coarse:
        guess = coarse_to_fine(volumes.reference, volumes.deformed, volumes.mask)
    watch.advance(0, "preparing the interpolation")
    frames = Frames(
        volumes.reference, volumes.deformed, volumes.mask, volumes.deformed_mask, plan.spline
    )
    watch.advance(0, "correlating")

    def solve(
        nodes: NDArray[np.int64], start: Guess, report: Callable[[int], None] | None
    ) -> Solution:
        return frames.solve(
            centres[nodes],
            start.polynomials(centres[nodes], window),
            window,
            orders=(True, plan.order != "affine"),
            tolerance=plan.tolerance,
            max_iterations=plan.max_iterations,
            coverage=plan.coverage,
            report=report,
        )

    solution = solve(np.arange(len(centres)), guess, watch.advance)
    watch.advance(0, "checking")
    verdict = judge(solution, grid, plan)
    for _ in range(2):
        retry = np.flatnonzero(verdict.doubtful)
        sound = verdict.status == NodeStatus.CONVERGED
        if len(retry) == 0 or not sound.any():
            break
        own = verdict.gradient(solution, window)
        near = guess.known(centres[sound], verdict.displacement[sound], own[sound])
        again = solve(retry, near, None)
        better = again.zncc[:, 0] > solution.zncc[retry, 0] + 0.003
        if not better.any():
            break
        solution.put(retry[better], again.take(better))
        verdict = judge(solution, grid, plan)
        watch.advance(0, "checking")
    own = verdict.gradient(solution, window)
    gradient, found = node_gradient(
        verdict.displacement, verdict.variance, own, verdict.status, layout, plan.gradient
    )
    return DisplacementField(
        positions=centres.astype(np.float64),
        displacement=verdict.displacement,
        gradient=gradient,
        sigma=np.sqrt(verdict.variance),
        zncc=verdict.zncc,
        status=verdict.status,
        grid_shape=grid,
        spacing=spacing,
        window=window,
        info=describe(centres, verdict, solution, guess, spacing, window) | found,
    )
