"""The errors that a user sees: what was wrong, with the value; what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class OperandoError(Exception):
    """Base of every error that is meant for the user.

    Parameters
    ----------
    what
        What was wrong, with the offending value.
    advice
        What the user can do about it.
    """

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(f"{what}; {advice}" if advice else what)
        self.what = what
        self.advice = advice

    def __reduce__(self) -> tuple[type[OperandoError], tuple[str, str]]:
        """Cross process borders with both parts intact."""
        return type(self), (self.what, self.advice)


class InputError(OperandoError, ValueError):
    """Arrays or settings that make no sense together."""


class FileError(OperandoError, OSError):
    """A file or folder that cannot be read or written."""

    __str__ = OperandoError.__str__


class StudyError(OperandoError):
    """A study that cannot be opened, locked, migrated or written."""


class DeviceError(OperandoError):
    """A device that is absent or out of memory."""


class Cancelled(OperandoError):
    """The user stopped the work; what was finished before is kept."""

    def __init__(self, what: str = "Cancelled", advice: str = "") -> None:
        super().__init__(what, advice)


def as_path(path: Any) -> Path:
    """Return what a user gave as a path, or say that it is none."""
    try:
        return Path(path).expanduser()
    except TypeError as error:
        raise InputError(f"{path!r} is no path", "give the name of a file or folder") from error


def check_choice(value: Any, choices: Iterable[str], what: str) -> None:
    """Refuse what is none of the choices there are."""
    known = tuple(choices)
    if value not in known:
        raise InputError(f"There is no {what} {value!r}", f"use one of {', '.join(known)}")
