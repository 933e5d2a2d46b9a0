"""What the columns of cycler files are called, and their units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = {
    "time": (
        *("test time", "total time", "elapsed time", "time", "t", "datetime", "timestamp"),
        *("date time", "absolute time", "realtime", "system time"),
        *("testtime", "run time", "corrected time"),
    ),
    "voltage": (
        *("voltage", "cell voltage", "ewe", "<ewe>", "ecell", "potential", "volt", "e", "u"),
        *("volts", "we(1) potential", "vf"),
    ),
    "current": (
        *("current", "<i>", "i", "cell current"),
        *("amps", "we(1) current", "im"),
    ),
    "capacity": ("net capacity", "(q-qo)", "q-qo"),
    "charged": ("charging capacity", "charge capacity", "chg cap", "q charge"),
    "discharged": ("discharging capacity", "discharge capacity", "dchg cap", "q discharge"),
    "plain": ("capacity", "step capacity"),
    "step": ("step count", "step index", "step number", "step", "ns"),
    "cycle": ("cycle count", "cycle index", "cycle number", "cycle"),
}
"""Names of every quantity, the preferred one first."""

FACTORS = {
    "time": {"d": 24.0, "day": 24.0, "days": 24.0, "h": 1.0, "hr": 1.0, "hrs": 1.0, "hour": 1.0,
             "hours": 1.0, "min": 1 / 60, "mins": 1 / 60, "minute": 1 / 60, "minutes": 1 / 60,
             "s": 1 / 3600, "sec": 1 / 3600, "second": 1 / 3600,
             "seconds": 1 / 3600, "ms": 1 / 3.6e6},
    "voltage": {"v": 1.0, "volt": 1.0, "volts": 1.0, "mv": 1e-3},
    "current": {"a": 1.0, "ampere": 1.0, "amps": 1.0, "ma": 1e-3, "milliampere": 1e-3, "ua": 1e-6,
                "µa": 1e-6, "na": 1e-9},
    "capacity": {"ah": 1.0, "a.h": 1.0, "mah": 1e-3, "ma.h": 1e-3, "uah": 1e-6, "c": 1 / 3600,
                 "mas": 1 / 3.6e6},
}  # fmt: skip
FACTORS |= dict.fromkeys(("charged", "discharged", "plain"), FACTORS["capacity"])
GUESSED = {"time": "s", "voltage": "V", "current": "A"}
"""Units of columns that name none; capacities without a unit are not taken."""
DURATION = re.compile(r"[dhms]\w*([:.][hms]\w*)*(:m\w*)([:.]m?s\w*)*(\.\w+)?")
"""Such as hh:mm:ss and d.h:min:s.ms."""


@dataclass(frozen=True)
class Meant:
    """What a column holds.

    Parameters
    ----------
    name
        As in the file.
    factor
        To hours, volts, amperes or ampere hours.
    guessed
        Its unit, where the file does not say.
    """

    name: str
    factor: float = 1.0
    guessed: str = ""


def recognise(names: Sequence[str]) -> dict[str, Meant]:
    """Find the column of every quantity, by names and units as cyclers write them.

    Parameters
    ----------
    names
        Columns, such as "Test Time / s", "Ewe/V", "Current(mA)", "voltage_v" or "test_time_second".

    Returns
    -------
    What is known, by the keys of `NAMES`.
    """
    parsed = [(name, *_parse(name)) for name in names]
    found: dict[str, Meant] = {}
    for quantity, known in NAMES.items():
        for wanted in known:
            for name, title, unit in parsed:
                if title != wanted or quantity in found:
                    continue
                meant = _meant(quantity, name, unit)
                if meant is not None:
                    found[quantity] = meant
    return found


def without_unit(names: Sequence[str], quantity: str) -> list[str]:
    """Names of the columns of a quantity whose units are not known."""
    parsed = ((name, *_parse(name)) for name in names)
    return [
        name
        for name, title, unit in parsed
        if title in NAMES[quantity] and _meant(quantity, name, unit) is None
    ]


def _meant(quantity: str, name: str, unit: str) -> Meant | None:
    if quantity in ("step", "cycle"):
        return Meant(name)
    factors = FACTORS[quantity]
    if unit in factors:
        return Meant(name, factors[unit])
    if quantity == "time" and DURATION.fullmatch(unit):
        return Meant(name)
    guess = GUESSED.get(quantity)
    if unit or guess is None:
        return None
    return Meant(name, factors[guess.lower()], guess)


def _parse(name: str) -> tuple[str, str]:
    """Title and unit, in lower case, of one column name."""
    text = name.strip().strip('"').lower().replace("μ", "µ")
    match = re.fullmatch(r"(.+?)\s*(?:/\s*([^/]+)|\[([^\]]*)\]|\(([^()]*)\))", text)
    title, unit = text, ""
    if match is not None and match[1] not in ("", "("):
        title, unit = match[1], next((g for g in match.groups()[1:] if g is not None), "")
    elif "_" in text:
        head, _, tail = text.rpartition("_")
        if any(tail in factors for factors in FACTORS.values()):
            title, unit = head, tail
    title = re.sub(r"[\s_.]+", " ", title).strip(" ~#:")
    unit = re.sub(r"\bvs\b.*", "", unit)
    return title, unit.strip().replace("·", ".").replace("*", "").replace(" ", "")
