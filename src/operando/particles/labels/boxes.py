"""Boxes in a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Box = tuple[slice, slice, slice]


def grown(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """Widen a box by a margin as far as the volume reaches."""
    z, y, x = (
        slice(max(0, s.start - margin), min(n, s.stop + margin))
        for s, n in zip(box, shape, strict=True)
    )
    return z, y, x


def sides_at_border(box: Box, shape: tuple[int, ...]) -> tuple[tuple[bool, bool], ...]:
    """For each axis, whether a tight box touches the first and the last side of the image.

    What lies in front of and behind a single slice cuts nothing.
    """
    return tuple(
        (n > 1 and s.start == 0, n > 1 and s.stop == n) for s, n in zip(box, shape, strict=True)
    )


def intersection(first: Box, second: Box) -> Box | None:
    """Where two boxes meet; None if they do not."""
    ends = zip(first, second, strict=True)
    z, y, x = (slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in ends)
    return None if any(s.start >= s.stop for s in (z, y, x)) else (z, y, x)


def moved(box: Box, shift: NDArray[np.int64]) -> Box:
    """Move a box by whole voxels."""
    z, y, x = (slice(s.start + d, s.stop + d) for s, d in zip(box, shift.tolist(), strict=True))
    return z, y, x
