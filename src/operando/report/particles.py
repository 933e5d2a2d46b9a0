"""The particles in the report: pictures, a summary of every frame, the largest ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operando.data import PARTICLE_COLUMNS
from operando.report import figures
from operando.report.section import Section, frame_title, number, picture, summary_of, table
from operando.report.slices import labelled_slices

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

    from operando.data import Column
    from operando.study import Study

SHOWN_PARTICLES = 12
IN_FULL = (
    "particle",
    "volume_um3",
    "diameter_um",
    "surface_um2",
    "sphericity",
    "crack_fraction",
    "detachment",
    "detachment_sd",
    "coordination",
    "mean_intensity",
    "depth_um",
    "on_edge",
)
"""Columns of the largest particles; the table of the study has all."""

SUMMARISED = (
    "volume_um3",
    "diameter_um",
    "sphericity",
    "crack_fraction",
    "detachment",
    "coordination",
)
DRAWN = ("diameter_um", "crack_fraction", "detachment")


def particles_section(study: Study, name: str) -> Section:
    """Show one set of particles."""
    particles = study.table(name)
    last = len(study.times) - 1
    rows = particles[particles["frame"] == last]
    shown = [
        labelled_slices(
            study,
            study.open_array(f"particles/{name}"),
            "Particles: the same colour is the same particle",
        ),
        *(
            picture(
                figures.draw_histogram(rows[column.name].to_numpy(float), column.header),
                f"{column.title}, {frame_title(study, last)}",
            )
            for column in _columns(DRAWN, rows)
            if len(rows)
        ),
    ]
    return Section(
        "Particles" if name == "particles" else f"Particles: {name}",
        summary_of(study, f"particles/{name}"),
        shown,
        [frame_table(study, particles), largest_table(rows)],
    )


def frame_table(study: Study, particles: pd.DataFrame) -> Markup:
    """Count the particles of every frame, and take medians over the whole ones."""
    columns = _columns(SUMMARISED, particles)
    rows = []
    for t in range(len(study.times)):
        of_frame = particles[particles["frame"] == t]
        whole = of_frame[~of_frame["on_edge"].astype(bool)]
        medians = [number(whole[c.name].median(), f".{c.decimals}f") for c in columns]
        rows.append([frame_title(study, t), str(len(of_frame)), str(len(whole)), *medians])
    head = ["frame", "particles", "whole", *(c.header for c in columns)]
    return table(
        head, rows, "Medians of whole particles, those that the border of the image does not cut."
    )


def largest_table(rows: pd.DataFrame) -> Markup:
    """List the largest particles of a frame, the columns that matter most, and what these mean."""
    largest = rows.nlargest(SHOWN_PARTICLES, "volume_um3")
    columns = _columns(IN_FULL, rows)
    cells = [
        [_cell(row[c.name], c.decimals) for c in columns] for row in largest.to_dict("records")
    ]
    definitions = "; ".join(f"{c.title}: {_lowered(c.description)}" for c in columns[1:])
    note = f"The {len(largest)} largest of {len(rows)} particles of the last frame. {definitions}."
    return table([c.header for c in columns], cells, note)


def _columns(names: tuple[str, ...], present: pd.DataFrame) -> list[Column]:
    known = {c.name: c for c in PARTICLE_COLUMNS}
    return [known[name] for name in names if name in known and name in present]


def _cell(value: float | bool, decimals: int) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value, f".{decimals}f")


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
