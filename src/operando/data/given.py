"""What users hand in: taken as what it has to be, or said what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from operando.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

M = TypeVar("M", bound=BaseModel)


def check_kind(value: Any, kind: type, what: str, advice: str) -> None:
    """Refuse what is not of a kind, such as the name of a step instead of the step.

    Parameters
    ----------
    value
        What was handed in.
    kind
        Class that it has to be of.
    what
        How users call that: "step".
    advice
        How they come by one.
    """
    if not isinstance(value, kind):
        raise InputError(f"{shortened(value)} is no {what}", advice)


def as_settings(
    kind: type[M], given: M | Mapping[str, Any] | None, what: str = "", advice: str = ""
) -> M:
    """Return settings, which may be given as a dictionary; None stands for the defaults.

    Parameters
    ----------
    kind
        Class of the settings.
    given
        They, or those that differ from the defaults by name.
    what, advice
        How users call them, and where they are told; by default by the class.
    """
    if isinstance(given, kind):
        return given
    what, advice = what or kind.__name__, advice or f"see help({kind.__name__})"
    if given is not None and not isinstance(given, Mapping):
        raise InputError(
            f"{shortened(given)} are no settings of {what}", f"give them by name; {advice}"
        )
    try:
        return kind.model_validate(dict(given or {}))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"The setting {where!r} of {what} cannot be {first.get('input')!r} ({first['msg']})",
            advice,
        ) from None


def as_array(values: Any) -> Any:
    """Return an array, lazy ones (memory maps, dask, zarr) as they are; lists become NumPy's."""
    if all(hasattr(values, name) for name in ("shape", "dtype", "__getitem__")):
        return values
    try:
        array = np.asarray(values)
    except ValueError:  # lists of unequal lengths
        array = np.empty(())
    if array.ndim == 0:
        raise InputError(
            f"{shortened(values)} is no array", "give one, or open files with operando.files.read"
        )
    return array


def grey_values(values: Any, axes: str) -> NDArray[np.float32]:
    """Return grey values with the axes that are named ("yx"), read into memory, as float32."""
    array = np.asarray(as_array(values))
    if array.ndim != len(axes) or array.dtype.kind not in "buif":
        raise InputError(
            f"An array of the shape {array.shape} and type {array.dtype} is not what is filtered",
            f"give real numbers with the axes {', '.join(axes)}",
        )
    return np.asarray(array, np.float32)
