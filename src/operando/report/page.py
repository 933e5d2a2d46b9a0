"""The HTML report: one self-contained page with pictures, numbers and the recipe."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup

from operando.data import PARTICLE_COLUMNS
from operando.report import figures, report_path
from operando.report.connectivity import connectivity_table
from operando.study.atomic import write_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.figure import Figure as Drawing

    from operando.study import Study

SHOWN_FRAMES = 4
SHOWN_PARTICLES = 12


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
    table: Markup | None = None


def write_report(study: Study, path: Path | None = None) -> Path:
    """Write the report of everything that a study holds.

    Parameters
    ----------
    study
        An open study; nothing of it is changed but its reports.
    path
        The page; by default ``reports/report.html`` of the study.

    Returns
    -------
    Where the page lies.
    """
    path = path or report_path(study)
    template = files("operando.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    recipe = study.recipe_path
    page = environment.from_string(template).render(
        name=study.name,
        facts=_facts(study),
        entries=[entry for entry in study.entries if not entry.superseded],
        sections=list(_sections(study)),
        recipe=recipe.read_text(encoding="utf-8") if recipe.exists() else "",
    )
    write_text(path, page)
    return path


def _facts(study: Study) -> str:
    t, _, z, y, x = study.series.data.shape
    voxel = " × ".join(f"{edge:g}" for edge in study.voxel_size)
    hours = f"{study.times[0]:g} to {study.times[-1]:g} h"
    return f"{t} frames, {hours} · {z} × {y} × {x} voxels of {voxel} µm (z, y, x)"


def _sections(study: Study) -> Iterator[Section]:
    for name in study.products("phases"):
        yield _phases_section(study, name)
    for name in study.products("particles"):
        yield _particles_section(study, name)
    for name in study.products("strain"):
        yield _strain_section(study, name)


def _summary(study: Study, product: str) -> str:
    entries = [e for e in study.entries if product in e.outputs and not e.superseded]
    return entries[-1].summary if entries else ""


def _phases_section(study: Study, name: str) -> Section:
    from operando.study.phases import open_phases

    labels, _, classes = open_phases(study.product_path(f"phases/{name}"))
    frames, z = _shown(study)
    drawn = [
        _picture(
            figures.draw_slices(
                _grey(study, frames, z),
                _titles(study, frames),
                study.voxel_size[1:],
                labels=[np.asarray(labels[t, z]) for t in frames],
                colours=figures.class_colours(classes),
            ),
            "Phases over the tomogram: "
            + ", ".join(f"{c.name} {c.colour}" for c in classes)
            + f"; slice z = {z}",
        ),
        _picture(figures.draw_fractions(study.table(name), classes), "Volume fractions"),
    ]
    for model in study.products("models"):
        curve = study.product_path(f"models/{model}") / "curve.parquet"
        if curve.exists():
            drawn.append(
                _picture(figures.draw_curve(pd.read_parquet(curve)), f"Training of {model}")
            )
    return Section(
        "Phases", _summary(study, f"phases/{name}"), drawn, connectivity_table(study, name)
    )


def _particles_section(study: Study, name: str) -> Section:
    ids = study.open_array(f"particles/{name}")
    table = study.table(name)
    frames, z = _shown(study)
    drawn = [
        _picture(
            figures.draw_slices(
                _grey(study, frames, z),
                _titles(study, frames),
                study.voxel_size[1:],
                labels=[np.asarray(ids[t, z]) for t in frames],
            ),
            f"Particles: the same colour is the same particle; slice z = {z}",
        )
    ]
    last = table[table["frame"] == table["frame"].max()]
    for column in ("diameter_um", "crack_fraction"):
        header = next(c.header for c in PARTICLE_COLUMNS if c.name == column)
        drawn.append(
            _picture(
                figures.draw_histogram(last[column].to_numpy(), header), f"{header}, last frame"
            )
        )
    return Section("Particles", _summary(study, f"particles/{name}"), drawn, _particle_table(last))


def _strain_section(study: Study, name: str) -> Section:
    field_ = study.field(name)
    reference = int(name.split("-")[0])
    z = study.series.volume_shape[0] // 2
    image = np.asarray(study.series.data[reference, 0, z])
    drawing = figures.draw_strain(field_, image, z, study.voxel_size)
    gauge = " × ".join(
        f"{length * edge:.3g}"
        for length, edge in zip(field_.gauge_length, study.voxel_size, strict=True)
    )
    caption = (
        f"From frame {name.replace('-', ' to frame ')}, slice z = {z}; Green-Lagrange strain over "
        f"a gauge of {gauge} µm (z, y, x); nodes that could not be measured are left out"
    )
    return Section("Strain", _summary(study, f"strain/{name}"), [_picture(drawing, caption)])


def _particle_table(rows: pd.DataFrame) -> Markup:
    largest = rows.nlargest(SHOWN_PARTICLES, "volume_um3")
    columns = [c for c in PARTICLE_COLUMNS if c.name in rows and c.name not in {"frame", "time_h"}]
    head = "".join(f"<th>{c.header}</th>" for c in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{row[c.name]:.{c.decimals}f}</td>" for c in columns) + "</tr>"
        for _, row in largest.astype({"on_edge": int}).iterrows()
    )
    note = f"<p>The {len(largest)} largest of {len(rows)} particles of the last frame.</p>"
    return Markup(f"{note}<table><tr>{head}</tr>{body}</table>")


def _shown(study: Study) -> tuple[list[int], int]:
    """Frames spread evenly over the series, and the middle slice."""
    n = study.series.n_frames
    frames = sorted({int(t) for t in np.linspace(0, n - 1, min(n, SHOWN_FRAMES)).round()})
    return frames, study.series.volume_shape[0] // 2


def _grey(study: Study, frames: list[int], z: int) -> list[np.ndarray]:
    return [np.asarray(study.series.data[t, 0, z]) for t in frames]


def _titles(study: Study, frames: list[int]) -> list[str]:
    return [f"frame {t} · {study.times[t]:.2g} h" for t in frames]


def _picture(drawing: Drawing, caption: str) -> Picture:
    return Picture(base64.b64encode(figures.to_png(drawing)).decode(), caption)
