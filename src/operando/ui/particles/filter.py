"""What people type to narrow a table: part of an id, or comparisons such as ``volume > 5``."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from operando.data import Column

_COMPARISONS: dict[str, Callable[[Any, float], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "==": operator.eq,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_TERM = re.compile(r"^(?P<column>[^<>=!]+?)\s*(?P<sign><=|>=|!=|==|=|<|>)\s*(?P<value>[^<>=!]+)$")
_JOINTS = re.compile(r"(?<!\d),|,(?!\d)|\band\b", re.IGNORECASE)
"""A comma between two digits is a decimal point, as many write it."""
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


def matching_rows(text: str, table: pd.DataFrame, columns: Sequence[Column]) -> NDArray[np.bool_]:
    """Find the rows that a filter text asks for.

    Parameters
    ----------
    text
        Digits that the id contains, or comparisons with the beginning of a column's title or
        name, joined by ``and`` or commas: ``volume > 5 and on edge = no``. Empty: every row.
    table
        With the column ``particle``.
    columns
        What the table's columns are called.

    Returns
    -------
    ``(rows,)`` bool; a missing number fits no comparison.

    Raises
    ------
    InputError
        If a term cannot be read, or no column or more than one is called so.
    """
    keep = np.ones(len(table), bool)
    for term in (t.strip() for t in _JOINTS.split(text)):
        if term:
            keep &= _matching_term(term, table, columns)
    return keep


def _matching_term(term: str, table: pd.DataFrame, columns: Sequence[Column]) -> NDArray[np.bool_]:
    if term.isdigit():
        return np.asarray(table["particle"].astype(str).str.contains(term, regex=False), bool)
    parts = _TERM.match(term)
    if parts is None:
        raise InputError(f"Cannot read {term!r}", "type an id, or for example: volume > 5")
    column = _find_column(parts["column"], columns)
    values = np.asarray(table[column.name], float)
    fits = _COMPARISONS[parts["sign"]](values, _number(parts["value"]))
    return np.asarray(fits & ~np.isnan(values), bool)


def _find_column(text: str, columns: Sequence[Column]) -> Column:
    wanted = text.strip().lower()
    exact = [c for c in columns if wanted in (c.title.lower(), c.name.lower())]
    found = exact or [
        c for c in columns if c.title.lower().startswith(wanted) or c.name.startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(c.title for c in found)
        raise InputError(f"{text.strip()!r} can mean {names}", "type more of the name")
    raise InputError(
        f"There is no column {text.strip()!r}", f"use one of {', '.join(c.title for c in columns)}"
    )


def _number(text: str) -> float:
    word = text.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    try:
        return float(word.replace(",", "."))
    except ValueError:
        raise InputError(f"{text.strip()!r} is not a number", "use a point, as in 0.5") from None
