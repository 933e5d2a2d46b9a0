"""Which sign a current has, told by the voltage: it rises while a cell is charged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from operando.compute.spread import robust_sigma

if TYPE_CHECKING:
    from numpy.typing import NDArray

Sign = Literal["charge", "discharge", "none"]
_PARTS = 100
_STRONG, _STEADY = 0.5, 0.05
"""Shares of the largest current: what counts, and by how much it may change meanwhile."""
_CLEAR, _LEAST_VOLTS = 0.5, 0.05


def positive_on(
    time_h: NDArray[np.float64], voltage_v: NDArray[np.float64], current_a: NDArray[np.float64]
) -> Sign:
    """Tell on what a current is positive; "none" where it is never negative, yet voltage falls.

    Only times of strong and steady current count, cut into parts through which equal charge
    flows: where a current changes, so does the voltage, and after strong ones it recovers. Where
    nothing speaks against it, a current is positive on charge.

    Parameters
    ----------
    time_h, voltage_v, current_a
        ``(rows,)``; rows without one of them are passed over.
    """
    known = np.isfinite(time_h) & np.isfinite(voltage_v) & np.isfinite(current_a)
    hours, volts, current = time_h[known], voltage_v[known], current_a[known]
    strength = np.abs(current)
    if len(current) < 3 or not strength.max() > 0:
        return "charge"
    flown = np.concatenate([[0.0], np.cumsum(strength[1:] * np.maximum(np.diff(hours), 0))])
    part = np.floor(_PARTS * flown / max(flown[-1], np.finfo(float).tiny))
    strong = np.minimum(strength[1:], strength[:-1]) > _STRONG * strength.max()
    steady = np.abs(np.diff(current)) < _STEADY * strength.max()
    # The rise from each row to the next, summed up over the pieces that belong together.
    piece = np.cumsum(~(strong & steady)) + part[:-1] * len(current)
    _, where = np.unique(piece, return_inverse=True)
    rises = np.bincount(where, np.diff(volts) * np.sign(current[1:]) * (strong & steady))
    # On a plateau the voltage shows little but its noise, which second differences are made of.
    noise = np.sqrt(2 / np.pi) * robust_sigma(np.diff(volts, 2)) / np.sqrt(3)
    whole = float(rises.sum())
    change = max(float(np.abs(rises).sum()) - noise * np.count_nonzero(rises), abs(whole))
    if change < _LEAST_VOLTS:
        return "charge"
    agreement = whole / change
    if agreement < -_CLEAR:
        return "discharge"
    return "none" if current.min() >= 0 and agreement < _CLEAR else "charge"
