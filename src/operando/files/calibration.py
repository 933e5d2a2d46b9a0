"""Voxel sizes and times that make sense, out of what files say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.data.series import Spacing


def number(text: object) -> float | None:
    """Return a finite number, or None for anything else."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def sound_voxel_size(sizes: Sequence[float | None]) -> Spacing | None:
    """Return a voxel size if all three lengths make sense, else None."""
    known = [float(s) for s in sizes if s is not None and np.isfinite(s) and s > 0]
    return (known[0], known[1], known[2]) if len(known) == 3 else None


def sound_times(times: Sequence[float]) -> tuple[float, ...] | None:
    """Return times if they are finite and increase, else None."""
    sound = np.all(np.isfinite(times)) and np.all(np.diff(times) > 0)
    return tuple(float(t) for t in times) if sound else None
