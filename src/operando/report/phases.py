"""The phases in the report: pictures, fractions with error bars, connectivity, training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from operando.report import figures
from operando.report.connectivity import connectivity_table
from operando.report.section import Section, frame_title, number, picture, summary_of, table
from operando.report.slices import labelled_slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from operando.data import LabelClass
    from operando.study import Study

INTERVAL_NOTE = (
    "Volume fractions (%). In brackets: the 95 % interval, if the model's own doubt is right; "
    "errors that it does not know of are not in it."
)


def phases_section(study: Study, name: str) -> Section:
    """Show one segmentation."""
    labels, _, classes = study.phases(name)
    shown = [
        labelled_slices(study, labels, "Phases over the tomogram", classes),
        *(
            picture(figures.draw_curve(pd.read_parquet(curve)), f"Training of {model}")
            for model in study.products("models")
            if (curve := study.product_path(f"models/{model}") / "curve.parquet").exists()
        ),
    ]
    # A run that was cut short leaves no table.
    known = name in study.products("tables")
    fractions = fraction_table(study, study.table(name), classes) if known else None
    tables = [fractions, connectivity_table(study, name)]
    return Section(
        "Phases" if name == "phases" else f"Phases: {name}",
        summary_of(study, f"phases/{name}"),
        shown,
        [each for each in tables if each is not None],
    )


def fraction_table(study: Study, fractions: pd.DataFrame, classes: Sequence[LabelClass]) -> Markup:
    """Volume fraction of every phase in every frame."""
    bounded = "fraction_low" in fractions
    cells: dict[tuple[int, str], str] = {}
    for row in fractions.to_dict("records"):
        text, low, high = (
            number(100 * row[name], ".1f") if name in row else ""
            for name in ("fraction", "fraction_low", "fraction_high")
        )
        if bounded:
            text += f" ({low} to {high})"
        cells[int(row["frame"]), str(row["phase"])] = text
    names = [c.name for c in classes]
    frames = sorted({t for t, _ in cells})
    rows = [
        [frame_title(study, t), *(cells.get((t, phase), "") for phase in names)] for t in frames
    ]
    return table(["frame", *names], rows, INTERVAL_NOTE if bounded else "Volume fractions (%).")
