"""Digital volume correlation from two volumes to a displacement field, with no user step."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from operando.compute.device import choose_device
from operando.compute.progress import Stopwatch
from operando.data.displacement import DisplacementField
from operando.data.given import as_settings
from operando.errors import InputError
from operando.strain.describe import describe
from operando.strain.field.gradient import Layout, node_gradient
from operando.strain.field.judge import judge
from operando.strain.field.narrow import narrow
from operando.strain.field.own_motion import with_own_motion
from operando.strain.field.window_gradient import WindowGradient
from operando.strain.settings import CorrelationSettings
from operando.strain.volumes.volume import check_pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from operando.compute.progress import ProgressCallback
    from operando.strain.field.verdict import Verdict
    from operando.strain.grid.guess import Guess
    from operando.strain.grid.tiles import ResultStore, TiledFrames
    from operando.strain.volumes.volume import Volume
    from operando.strain.windows.solution import Solution

Triple = tuple[int, int, int]
_COARSE_VOXELS = 16_000_000
_SECOND_STARTS = 2
_BETTER = 0.003
"""Rise of the ZNCC for which the result of a second start is taken."""


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
    store: ResultStore | None = None,
) -> DisplacementField:
    """Measure how a volume deformed: ``deformed(X + u(X)) = reference(X)``.

    The coarse motion is found automatically, brightness and contrast may differ. Every node gets
    the motion of the window around it (order 1 or 2) at highest ZNCC, a predicted standard
    deviation, and a status. Nothing is inpainted: nodes that are not valid keep what was measured
    and say so in their status, or NaN where nothing could be measured.

    Parameters
    ----------
    reference, deformed
        ``(Z, Y, X)`` real arrays of one shape: numpy, or anything that slices to it (memory maps,
        dask, zarr), which is read tile by tile. Voxels that are not finite are masked.
    spacing
        Distance of nodes, voxels, one number or one per axis.
    window
        Edge of the windows, voxels, one number or one per axis; even numbers are raised by one.
    mask, deformed_mask
        ``(Z, Y, X)`` voxels of the reference and of the deformed volume that may be used.
    settings
        See `CorrelationSettings`.
    device
        "auto" and "cpu" use the compiled solver on numba's number of threads; "cuda", "mps" the
        same solver in torch on that device, "torch" on the CPU (slow, for comparison).
    progress
        Receives `Progress`; raises `Cancelled` to stop.
    store
        Keeps the coarse motion and every tile that is solved; what it has of an earlier run with
        the same arguments is not done again.

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
    plan = as_settings(CorrelationSettings, settings)
    step, (wz, wy, wx) = _triple(spacing, "spacing"), _triple(window, "window")
    reading = Stopwatch(progress, 0, "nodes", "reading")
    tick = partial(reading.advance, 0)
    volumes = check_pair(reference, deformed, mask, deformed_mask, tick)
    where = device
    if device in ("auto", "cpu"):
        where = "cpu"
    elif device != "torch":
        where = choose_device(device)
    return _correlate(*volumes, step, (wz | 1, wy | 1, wx | 1), plan, where, progress, store)


def _triple(value: int | tuple[int, ...], name: str) -> Triple:
    try:
        numbers = np.broadcast_to(np.asarray(value, float), 3)
    except (TypeError, ValueError):
        numbers = np.zeros(3)
    if not (np.isfinite(numbers) & (numbers >= 1) & (numbers == np.rint(numbers))).all():
        raise InputError(f"The {name} is {value}", "give one whole number or three, at least 1")
    z, y, x = (int(n) for n in numbers)
    return z, y, x


def _correlate(
    reference: Volume,
    deformed: Volume,
    spacing: Triple,
    window: Triple,
    plan: CorrelationSettings,
    device: str,
    progress: ProgressCallback | None,
    store: ResultStore | None,
) -> DisplacementField:
    from operando.strain.grid.nodes import grid_points, node_axes
    from operando.strain.grid.tiles import TiledFrames

    axes = node_axes(reference.shape, spacing, window)
    centres, grid = grid_points(axes), (len(axes[0]), len(axes[1]), len(axes[2]))
    layout = Layout(grid, spacing, window)
    watch = Stopwatch(progress, len(centres), "nodes", "looking for the coarse motion")
    tick, factor = partial(watch.advance, 0), _coarse_factor(reference.shape)
    guess = _kept_guess(reference, deformed, factor, tick, plan, store)
    watch.advance(0, "correlating")
    frames = TiledFrames(reference, deformed, centres, window, plan, factor, device)
    solution = frames.solve(np.arange(len(centres)), guess, watch.advance, store)
    watch.advance(0, "checking")
    frames.listen(solution, guess)
    verdict = judge(solution, layout, plan)
    narrowing = narrow(solution, verdict, frames, guess, layout, plan)
    if narrowing.looked:
        verdict = judge(solution, layout, plan, narrowing)
    for _ in range(_SECOND_STARTS):
        better = _start_again(solution, verdict, frames, guess, tick)
        if len(better) == 0:
            break
        narrowing.forget(better)
        verdict = judge(solution, layout, plan, narrowing)
    variance = with_own_motion(verdict, solution, narrowing, layout)
    raised: NDArray[np.bool_] = np.any(variance > verdict.variance, axis=1)
    verdict = replace(verdict, variance=variance)
    own = WindowGradient.of(verdict, solution, layout, narrowing)
    gradient, gradient_sigma, found = node_gradient(
        verdict.displacement, variance, own, verdict.status, layout, plan.gradient, raised
    )
    found["noise_inflation"] = float(frames.inflation.mean())
    found["own_motion_share"] = float(raised.sum() / max(verdict.sound.sum(), 1))
    return DisplacementField(
        positions=centres.astype(np.float64),
        displacement=verdict.displacement,
        gradient=gradient,
        gradient_sigma=gradient_sigma,
        sigma=np.sqrt(verdict.variance),
        zncc=verdict.zncc,
        status=verdict.status,
        grid_shape=grid,
        spacing=spacing,
        window=window,
        info=describe(centres, verdict, solution, guess, spacing, window) | found,
    )


def _coarse_factor(shape: Triple) -> int:
    """By how much volumes are reduced to look for the coarse motion."""
    factor = 1
    while np.prod(shape) / factor**3 > _COARSE_VOXELS:
        factor *= 2
    return factor


def _start_again(
    solution: Solution,
    verdict: Verdict,
    frames: TiledFrames,
    guess: Guess,
    tick: Callable[[], None],
) -> NDArray[np.int64]:
    """Solve doubtful nodes from where sound ones lead; `solution` gets the better ones.

    Returns
    -------
    Nodes that are better now.
    """
    retry, sound = np.flatnonzero(verdict.doubtful), verdict.sound
    if len(retry) == 0 or not sound.any():
        return np.empty(0, np.int64)
    own = verdict.gradient(solution, frames.window)
    near = guess.known(frames.centres[sound], verdict.displacement[sound], own[sound])
    again = frames.solve(retry, near, lambda _: tick())
    better = again.zncc[:, 0] > solution.zncc[retry, 0] + _BETTER
    solution.put(retry[better], again.take(better))
    return np.asarray(retry[better])


def _kept_guess(
    reference: Volume,
    deformed: Volume,
    factor: int,
    tick: Callable[[], None],
    plan: CorrelationSettings,
    store: ResultStore | None,
) -> Guess:
    """Take the coarse motion from the store, or find it and keep it there."""
    from operando.strain.grid.guess import COARSE, START, Guess, coarse_to_fine, no_guess

    if not plan.coarse:
        return no_guess(reference.shape)
    kept = None if store is None else store.load(COARSE)
    if kept is not None:
        return Guess.from_arrays(kept)
    (first, mask), (second, _) = (v.reduced(factor, tick) for v in (reference, deformed))
    rough = None if store is None else store.load(START)
    start = None if rough is None else Guess.from_arrays(rough).finer(1 / factor)
    guess = coarse_to_fine(first, second, mask, start).finer(factor)
    if store is not None:
        store.save(COARSE, guess.to_arrays())
    return guess
