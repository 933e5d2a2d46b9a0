"""Correlation of a time series against its first frame, with intermediate references on demand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from operando.data.displacement import DisplacementField, NodeStatus
from operando.errors import InputError
from operando.strain.correlate import correlate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from operando.compute.progress import Progress, ProgressCallback
    from operando.strain.settings import CorrelationSettings


def correlate_series(
    frames: Sequence[ArrayLike],
    *,
    spacing: int | tuple[int, int, int] = 15,
    window: int | tuple[int, int, int] = 21,
    mask: ArrayLike | None = None,
    settings: CorrelationSettings | None = None,
    smallest_share: float = 0.7,
    progress: ProgressCallback | None = None,
) -> Iterator[DisplacementField]:
    """Yield the displacement of every later frame against the first one.

    Frames are correlated with the first frame directly. When fewer than `smallest_share` of the
    nodes stay valid (the material changed too much), the frame is correlated with the last good
    one instead, which becomes the reference from then on; motions are composed and their variances
    added. ``info["reference_frame"]`` says what a frame was correlated with.

    Parameters
    ----------
    frames
        Two or more ``(Z, Y, X)`` volumes of one shape; read one pair at a time.
    spacing, window, mask, settings
        As in `operando.strain.correlate`; the mask is that of frame 0.
    smallest_share
        Share of valid nodes below which a nearer reference is tried.
    progress
        Receives `Progress` of each pair, its message with the number of the frame.

    Yields
    ------
    DisplacementField
        For frames 1, 2, ..., on the nodes of frame 0.

    Raises
    ------
    InputError
        If there are fewer than two frames, or `correlate` refuses a pair.
    """
    if len(frames) < 2:
        raise InputError(f"A series of {len(frames)} frame", "give two frames or more")
    reference, base, before = 0, None, None
    for number in range(1, len(frames)):

        def report(p: Progress, number: int = number) -> None:
            if progress is not None:
                progress(replace(p, message=f"frame {number}: {p.message}"))

        def measure(start: int, number: int = number) -> DisplacementField:
            return correlate(
                frames[start],
                frames[number],
                spacing=spacing,
                window=window,
                mask=mask if start == 0 else None,
                settings=settings,
                progress=report,
            )

        field = measure(reference)
        if base is not None:
            field = compose(base, field)
        share = field.valid.mean()
        if share < smallest_share and number - 1 > reference and before is not None:
            other = compose(before, measure(number - 1))
            if other.valid.mean() > share:
                field, base, reference = other, before, number - 1
        before = field
        yield replace(field, info=dict(field.info) | {"reference_frame": reference})


def compose(first: DisplacementField, second: DisplacementField) -> DisplacementField:
    """Motion from frame 0 to 2 on the nodes of the first field.

    Parameters
    ----------
    first, second
        From frame 0 to 1, and from frame 1 to 2.

    Returns
    -------
    DisplacementField
        ``u(X) = u1(X) + u2(X + u1(X))``; gradients by the chain rule, variances added, the lower of
        both ZNCCs. A node that the second step cannot carry on keeps its first displacement and is
        not valid.
    """
    place = np.asarray(first.positions + first.displacement, np.float64)
    usable = first.valid & np.isfinite(place).all(axis=1)
    start = np.where(usable[:, None], place, 0.0)
    u, gradient, variance, unsure, zncc, there = sample_field(second, start)
    both = usable & there.astype(bool)
    identity = np.eye(3)
    chained = (identity + gradient) @ (identity + np.asarray(first.gradient, np.float64)) - identity
    status = np.where(both | ~first.valid, first.status, int(NodeStatus.OUTSIDE))
    return replace(
        first,
        displacement=np.where(both[:, None], first.displacement + u, first.displacement),
        gradient=np.where(both[:, None, None], chained, np.nan),
        gradient_sigma=np.where(
            both[:, None, None], np.sqrt(first.gradient_variance + unsure), np.nan
        ),
        sigma=np.where(both[:, None], np.sqrt(first.sigma**2 + variance), first.sigma),
        zncc=np.where(both, np.minimum(first.zncc, zncc), first.zncc),
        status=status,
        info=second.info,
    )


def sample_field(
    field: DisplacementField, points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Displacement, gradient, variances of both, ZNCC, and whether a valid node is near.

    From the nearest valid nodes, each carried to the point by its gradient, weighted by inverse
    square distance; a point must lie within one and a half node distances of a valid node.
    """
    from scipy.spatial import cKDTree

    valid = field.valid
    if not valid.any():
        n = len(points)
        nothing = np.zeros(n, bool)
        vector, tensor = np.zeros((n, 3)), np.zeros((n, 3, 3))
        return vector, tensor, vector, tensor, np.zeros(n), nothing
    scale = np.asarray(field.spacing, np.float64)
    places = np.asarray(field.positions[valid], np.float64)
    count = min(8, len(places))
    distance, near = cKDTree(places / scale).query(points / scale, k=count)
    distance, near = distance.reshape(-1, count), near.reshape(-1, count)
    weight = 1 / (distance + 1e-6) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    g = np.asarray(field.gradient[valid], np.float64)[near]
    away = points[:, None] - places[near]
    carried = field.displacement[valid][near] + np.einsum("nkij,nkj->nki", g, away)
    return (
        np.einsum("nk,nki->ni", weight, carried),
        np.einsum("nk,nkij->nij", weight, g),
        np.einsum("nk,nki->ni", weight, field.sigma[valid][near] ** 2),
        np.einsum("nk,nkij->nij", weight, field.gradient_variance[valid][near]),
        np.einsum("nk,nk->n", weight, field.zncc[valid][near]),
        distance[:, 0] < 1.5,
    )
