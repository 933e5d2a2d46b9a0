"""What is in a folder: images in natural order, slices or frames, and the table of times."""

from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from operando.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TIMES_FILE = "times.csv"
TIMES_COLUMN = "time_h"


def natural_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts ``frame_2`` before ``frame_10``."""
    parts = re.split(r"(\d+)", path.name.lower())
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p)


def natural_order(paths: Iterable[Path]) -> list[Path]:
    """Return paths with numbers in their names in numeric order."""
    return sorted(paths, key=lambda p: (natural_key(p), p.name))


def visible(folder: Path) -> list[Path]:
    """Return what is in a folder, in natural order, without hidden files.

    Raises
    ------
    FileError
        If the folder may not be read.
    """
    try:
        entries = list(folder.iterdir())
    except PermissionError as error:
        raise FileError(f"{folder} may not be read", "ask its owner for read permission") from error
    return natural_order(p for p in entries if not p.name.startswith((".", "~$")))


def suffix(path: Path) -> str:
    """Return the lower-case suffix of a file name."""
    return path.suffix.lower()


def found_suffixes(paths: Iterable[Path]) -> str:
    """Describe which kinds of file there are: ``3 .txt, 1 .csv``."""
    counts = Counter(suffix(p) or "without suffix" for p in paths if p.is_file())
    return ", ".join(f"{n} {kind}" for kind, n in counts.most_common(5)) or "no files"


def read_times(folder: Path) -> tuple[float, ...] | None:
    """Read the frame times (hours) of ``times.csv`` in a folder, None where there is none.

    Cells are parted by commas, or by semicolons or tabs, where decimal signs may be commas.

    Raises
    ------
    FileError
        If it has no column ``time_h`` or holds something else than numbers.
    """
    path = folder / TIMES_FILE
    if not path.is_file():
        return None
    try:
        head, *lines = path.read_text(encoding="utf-8-sig").splitlines() or [""]
        separator = next((s for s in ";\t" if s in head), ",")
        names = [name.strip() for name in next(csv.reader([head], delimiter=separator), [])]
        column = names.index(TIMES_COLUMN)
        cells = [row[column] for row in csv.reader(lines, delimiter=separator) if row]
        # Where a comma parts no cells, it is a decimal one.
        return tuple(float(cell.replace(",", ".") if separator != "," else cell) for cell in cells)
    except (IndexError, ValueError, csv.Error, OSError) as error:
        raise FileError(
            f"{path} holds no times that can be read ({error})",
            f"give it a column {TIMES_COLUMN} with one number of hours per frame, or remove it",
        ) from error


def skipped_numbers(paths: Iterable[Path]) -> str:
    """Numbers that a run of numbered files leaves out, such as "7, 12"; empty if none.

    Only names that differ in one number are a run; steps other than 1 are taken as meant.
    """
    runs: dict[tuple[Path, str, str], list[int]] = {}
    for path in paths:
        match = re.fullmatch(r"(.*?)(\d+)(\D*)", path.name)
        if match is None:
            continue
        runs.setdefault((path.parent, match[1], match[3]), []).append(int(match[2]))
    skipped: list[int] = []
    for numbers in runs.values():
        gaps = [b - a for a, b in pairwise(sorted(numbers))]
        if len(gaps) < 2 or Counter(gaps).most_common(1)[0][0] != 1:
            continue
        present = set(numbers)
        span = range(min(numbers), max(numbers))
        if len(span) < 2 * len(numbers):
            skipped += [n for n in span if n not in present]
    return ", ".join(map(str, skipped[:6])) + (", …" if len(skipped) > 6 else "")


def unlike_others(paths: Iterable[Path]) -> list[Path]:
    """Files that are named unlike nearly all others but for numbers, such as an average."""
    patterns = {path: re.sub(r"\d+", "#", path.name) for path in paths}
    counts = Counter(patterns.values())
    few = 0.1 * max(counts.values(), default=0)
    odd = [path for path, pattern in patterns.items() if counts[pattern] <= few]
    return odd if len(odd) <= few else []
