"""What a report is made of: headings with a sentence, pictures and tables."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from operando.report.figures import to_png

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from operando.study import Study

SHOWN_FRAMES = 4


@dataclass(frozen=True)
class Picture:
    """A rendered figure with its caption."""

    png: str
    caption: str


@dataclass(frozen=True)
class Section:
    """One heading of the report."""

    title: str
    sentence: str
    figures: list[Picture] = field(default_factory=list)
    tables: list[Markup] = field(default_factory=list)


def picture(drawing: Figure, caption: str) -> Picture:
    """Render a figure."""
    return Picture(base64.b64encode(to_png(drawing)).decode(), caption)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> Markup:
    """Lay out cells as a table with a sentence before it; all words are escaped."""
    cells = Markup("").join(Markup("<th>{}</th>").format(cell) for cell in head)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row)
        )
        for row in rows
    )
    before = Markup("<p>{}</p>").format(escape(note)) if note else Markup("")
    return Markup("{}<table><tr>{}</tr>{}</table>").format(before, cells, body)


def summary_of(study: Study, product: str) -> str:
    """Return what the step that made a product said of it."""
    maker = study.maker(product)
    return maker.summary if maker else ""


def frame_title(study: Study, t: int) -> str:
    """``"frame 2 · 1.5 h"``."""
    return f"frame {t} · {hours(study.times[t])}"


def hours(time_h: float) -> str:
    """``"120.05 h"``: to a few seconds, however long the record."""
    text = f"{time_h:.3f}".rstrip("0").rstrip(".") if abs(time_h) >= 1 else f"{time_h:.3g}"
    return f"{text} h"


def number(value: float, form: str) -> str:
    """Write a number in a cell of a table; a dash where there is none."""
    return f"{value:{form}}" if math.isfinite(value) else "–"
