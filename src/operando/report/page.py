"""The HTML report: one self-contained page with pictures, numbers and the recipe."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2

from operando.atomic import write_text
from operando.report.particles import particles_section
from operando.report.phases import phases_section
from operando.report.strain import strain_section
from operando.report.through_time import time_section
from operando.steps import outdated_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operando.report.section import Section
    from operando.study import Study


def write_report(study: Study, path: Path) -> None:
    """Write the report of everything that a study holds.

    Parameters
    ----------
    study
        An open study; nothing of it is changed but its reports.
    path
        The page.
    """
    template = files("operando.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    recipe = study.recipe_path
    page = environment.from_string(template).render(
        name=study.name,
        facts=_facts(study),
        entries=[entry for entry in study.entries if not entry.superseded],
        outdated=outdated_runs(study),
        sections=list(_sections(study)),
        recipe=recipe.read_text(encoding="utf-8") if recipe.exists() else "",
    )
    write_text(path, page)


def _facts(study: Study) -> str:
    t, _, z, y, x = study.series.data.shape
    voxel = " × ".join(f"{edge:g}" for edge in study.voxel_size)
    hours = f"{study.times[0]:g} to {study.times[-1]:g} h"
    return f"{t} frames, {hours} · {z} × {y} × {x} voxels of {voxel} µm (z, y, x)"


def _sections(study: Study) -> Iterator[Section]:
    if (through_time := time_section(study)) is not None:
        yield through_time
    for name in study.products("phases"):
        yield phases_section(study, name)
    # Maps of cracks and paths lie beside the particles; they have no table of their own.
    for name in sorted({*study.products("particles")} & {*study.products("tables")}):
        yield particles_section(study, name)
    if (strain := strain_section(study)) is not None:
        yield strain
