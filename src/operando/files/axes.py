"""Which axis of a stored array is which: names, hints and the way to (t, c, z, y, x)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ORDER = "tczyx"
DROPPED = "_"
"""Marks an axis of length 1 that is left out."""


def name_axes(found: str, shape: Sequence[int], hint: str | None = None) -> str:
    """Name every axis of an array with one of ``t c z y x``.

    Axes that the file does not name are, from the right, z, then t, then c: a plain 3-D array
    is ``zyx``, a 4-D one ``tzyx``, a 5-D one ``tczyx``. This is an assumption; `hint` overrides it
    and what the file says.

    Parameters
    ----------
    found
        One letter per axis as the file names them; letters other than t, c, z, y, x are unknown.
    shape
        Lengths of the axes.
    hint
        Names from the user, for all axes or for those longer than 1.

    Returns
    -------
    One letter per axis; ``_`` for axes of length 1 that have no name left.

    Raises
    ------
    InputError
        If there are too many long axes, or the hint does not fit.
    """
    if hint is not None:
        return _follow_hint(hint.lower(), shape)
    names = list(found.lower())
    unnamed = [i for i, a in enumerate(names) if a not in ORDER or names.index(a) != i]
    # Axes of length 1 give way to those that hold something.
    free = [a for a in "zct" if a not in names]
    free = sorted(free, key="ztc".index)
    long = [i for i in unnamed if shape[i] > 1]
    if len(long) > len(free):
        raise InputError(
            f"The image has too many axes (shape {tuple(shape)})",
            "save its parts as separate files, at most t, c, z, y, x in each",
        )
    taken = sorted(free[: len(long)], key=ORDER.index)
    for i in unnamed:
        names[i] = taken.pop(0) if i in long else DROPPED
    return "".join(names)


def _follow_hint(hint: str, shape: Sequence[int]) -> str:
    long = [i for i, n in enumerate(shape) if n > 1]
    known = set(hint) <= set(ORDER) and len(set(hint)) == len(hint) and {"y", "x"} <= set(hint)
    if known and len(hint) == len(shape):
        return hint
    if known and len(hint) == len(long):
        names = dict(zip(long, hint, strict=True))
        return "".join(names.get(i, DROPPED) for i in range(len(shape)))
    raise InputError(
        f"The axes {hint!r} do not fit an image of the shape {tuple(shape)}",
        "give one of the letters t, c, z, y, x for each axis, such as tzyx",
    )


def shape_5d(shape: Sequence[int], axes: str) -> tuple[int, int, int, int, int]:
    """Lengths along t, c, z, y, x of an array with named axes; 1 where an axis is absent."""
    t, c, z, y, x = (int(shape[axes.index(a)]) if a in axes else 1 for a in ORDER)
    return t, c, z, y, x


def to_5d(array: NDArray[Any], axes: str, order: str = ORDER) -> NDArray[Any]:
    """Return a view of an array with named axes as ``(t, c, z, y, x)`` (or another `order`)."""
    kept = tuple(slice(None) if a != DROPPED else 0 for a in axes)
    names = axes.replace(DROPPED, "")
    view = array[kept].transpose([names.index(a) for a in order if a in names])
    return view[tuple(slice(None) if a in names else None for a in order)]


def size_text(shape: Sequence[int]) -> str:
    """Return lengths as in "20 × 100 × 100"."""
    return " × ".join(map(str, shape))
