# mypy: ignore-errors
"""Compiled updates of a motion: from the residual of a window or body to the next motion."""

from __future__ import annotations

import numpy as np
from numba import njit

from operando.strain.windows.normal_matrix import DEGREES, POWERS


def _slope_times() -> np.ndarray:
    """Term of (derivative of term m along an axis) x (term n), -1 where the degree exceeds 2."""
    terms = [tuple(p) for p in POWERS]
    out = np.full((3, 10, 10), -1)
    for axis, step in enumerate(np.eye(3, dtype=int)):
        for m, n in np.ndindex(10, 10):
            power = tuple(DEGREES[m, n] - step)
            if POWERS[m, axis] and power in terms:
                out[axis, m, n] = terms.index(power)
    return out


SLOPE_TIMES = _slope_times()


@njit(nogil=True, cache=True)
def compose(c, d, half, terms):
    """``c <- c o (id + d)^-1`` to first order in d, truncated to the terms in use."""
    new = c.copy()
    for i in range(3):
        for m in range(terms):
            new[i, m] -= d[i, m]
        for axis in range(3):
            for m in range(1, terms):
                slope = c[i, m] * DEGREES[m, 0, axis] / max(half[axis], 1)
                if slope == 0.0:
                    continue
                for n in range(terms):
                    target = SLOPE_TIMES[axis, m, n]
                    if 0 <= target < terms:
                        new[i, target] -= slope * d[axis, n]
    c[:] = new


@njit(nogil=True, cache=True)
def relax(d, last, terms, weight, before):
    """Scale the update ``d`` to where the series of updates leads; returns the scale.

    Noise in the reference makes the Hessian too stiff, so that updates shrink geometrically
    instead of quadratically. Aitken's extrapolation in the form of Irons and Tuck (Int. J. Numer.
    Methods Eng. 1 (1969) 275) finds the factor from two updates; ``last`` receives this one.
    """
    if before > 0:
        along, square = 0.0, 0.0
        for a in range(3):
            for m in range(terms):
                change = d[a, m] - last[a, m]
                along += last[a, m] * change
                square += change * change
        if square > 0:
            weight = min(max(-weight * along / square, 0.5), 4.0)
    for a in range(3):
        for m in range(terms):
            last[a, m] = d[a, m]
            d[a, m] *= weight
    return weight


@njit(nogil=True, cache=True)
def residual_vector(projected, first, mean, share, terms, out):
    """Projected residual ``(3 terms,)`` without grey offset and gain, into ``out``.

    Parameters
    ----------
    projected, first
        Of `operando.strain.windows.moments.compare` and `window_moments`.
    mean, share
        Mean of the moved grey values, and their share of the window's.
    """
    for a in range(3):
        for m in range(terms):
            i, j, k = DEGREES[m, 0, 0], DEGREES[m, 0, 1], DEGREES[m, 0, 2]
            out[a * terms + m] = (
                projected[a, i, j, k] - mean * first[0, a, i, j, k] - share * first[1, a, i, j, k]
            )


@njit(nogil=True, cache=True)
def take_step(vector, terms, scale, d):
    """Lay a solution out as the update ``d (3, 10)``; returns how far it moves a voxel at most."""
    farthest = 0.0
    for a in range(3):
        reach = 0.0
        for m in range(terms):
            d[a, m] = vector[a * terms + m] * scale
            reach += abs(d[a, m])
        farthest = max(farthest, reach)
    return farthest
