"""Boxes in a volume."""

from __future__ import annotations

Box = tuple[slice, slice, slice]


def grown(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """Widen a box by a margin as far as the volume reaches."""
    z, y, x = (
        slice(max(0, s.start - margin), min(n, s.stop + margin))
        for s, n in zip(box, shape, strict=True)
    )
    return z, y, x


def sides_at_border(box: Box, shape: tuple[int, ...]) -> tuple[tuple[bool, bool], ...]:
    """For each axis, whether a tight box touches the first and the last side of the image."""
    return tuple((s.start == 0, s.stop == n) for s, n in zip(box, shape, strict=True))
