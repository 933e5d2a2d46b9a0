"""Cycling records written as text: CSV of any kind, BDF, and BioLogic's .mpt."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import TYPE_CHECKING

from operando.chemistry.cycler_columns import recognise
from operando.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

SEPARATORS = ("\t", ";", ",", "|")
MOST_HEADER_LINES = 400
DATES = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S.%f", "%m.%d.%Y %H:%M:%S", "%m-%d-%Y %H:%M:%S")
"""As EC-Lab writes them, the month first."""


def read_text(path: Path) -> tuple[pd.DataFrame, str]:
    """Read a table of text, whatever stands before it, with its separators and decimal sign.

    Parameters
    ----------
    path
        File.

    Returns
    -------
    The table as it is, and the date at which its time was 0 (ISO 8601) or "".

    Raises
    ------
    FileError
        If no line names columns of time and voltage.
    """
    import pandas as pd

    text = _decoded(path)
    lines = text.splitlines()
    row, separator = _header(lines, path)
    # A record that ends with a separator would shift its names against its values.
    names = [
        name.strip().strip('"') for name in lines[row].rstrip().rstrip(separator).split(separator)
    ]
    body = [
        line.rstrip().rstrip(separator) if separator == "\t" else line for line in lines[row + 1 :]
    ]
    sample = " ".join(body[:20])
    decimal = "," if separator != "," and re.search(r"\d,\d", sample) else "."
    frame = pd.read_csv(
        io.StringIO("\n".join(body)),
        sep=separator,
        decimal=decimal,
        names=_unique(names),
        index_col=False,
        on_bad_lines="skip",
        low_memory=False,
    )
    return frame, _started(lines[:row])


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    if b"\0" in raw[:4096] and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileError(f"{path} is no text", "export the record as CSV")
    for encoding in ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            break
    return raw.decode("latin-1")


def _header(lines: list[str], path: Path) -> tuple[int, str]:
    for row, line in enumerate(lines[:MOST_HEADER_LINES]):
        for separator in SEPARATORS:
            names = line.split(separator)
            if len(names) > 1 and {"time", "voltage"} <= recognise(names).keys():
                return row, separator
    raise FileError(
        f"{path} has no line that names columns of time and voltage",
        'name them with their units, such as "time / h" and "voltage / V"',
    )


def _unique(names: list[str]) -> list[str]:
    counts: dict[str, int] = {}
    unique = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        unique.append(name if counts[name] == 1 else f"{name}#{counts[name]}")
    return unique


def _started(lines: list[str]) -> str:
    for line in lines:
        match = re.match(r"\s*Acquisition started on\s*:\s*(.+?)\s*$", line)
        for pattern in DATES if match else ():
            try:
                return datetime.strptime(match[1], pattern).isoformat() if match else ""
            except ValueError:
                continue
    return ""
