"""Studies and steps in words, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from operando.data import Series
    from operando.steps import Step
    from operando.study import Study

_MOST_TIMES = 12


def study_lines(study: Study) -> Iterator[str]:
    """Say what a study holds and what was done in it."""
    from operando.steps import STEPS, step_status

    series = study.series
    t, c, z, y, x = series.data.shape
    size = " × ".join(f"{edge:g}" for edge in study.voxel_size)
    yield f"{study.name}: frames {t}, channels {c}, {z} × {y} × {x} voxels"
    yield f"  voxel {size} µm (z × y × x), {series.data.dtype}, {series.nbytes / 1e6:.1f} MB"
    times = [f"{time_h:g}" for time_h in study.times]
    told = times if len(times) <= _MOST_TIMES else [*times[: _MOST_TIMES - 2], "…", times[-1]]
    yield f"  times {', '.join(told)} h"
    waiting = []
    for name, step in STEPS.items():
        status = step_status(study, name)
        if status.entry is None:
            waiting.append(step.title)
        else:
            yield f"  {step.title:<24}{status.state:<13}{status.entry.summary}"
    yield f"  not yet: {' · '.join(waiting)}"
    notes = dict.fromkeys(note for known in series.metadata for note in known.get("notes", ()))
    yield from (f"  ! {note[0].upper()}{note[1:]}." for note in notes)


def remarks(study: Study, images: Series) -> Iterator[str]:
    """Say what was assumed about images and cycling data of a new study, and what to look at."""
    from operando.files import describe

    found = describe(images)
    yield from (f"  {fact}" for fact in found.facts if fact.startswith("Assumed"))
    if "cycling" in study.products("tables"):
        record = study.table("cycling").attrs
        yield f"  Cycling: begins at {record['offset_h']:g} h of the images"
        if "guessed" in record:
            yield f"  Assumed: {record['guessed']}"
    yield from (f"  ! {warning}" for warning in found.warnings)


def step_lines(step: type[Step]) -> Iterator[str]:
    """Say what a step does, and its settings: default with unit, meaning, choices or bounds."""
    yield first_line(step)
    yield from _settings(step())


def first_line(step: type[Step]) -> str:
    """Say in one sentence what a step does."""
    return (step.__doc__ or "").strip().splitlines()[0]


def _settings(defaults: BaseModel, prefix: str = "") -> Iterator[str]:
    from pydantic import BaseModel

    for name, field in type(defaults).model_fields.items():
        default = getattr(defaults, name)
        if isinstance(default, BaseModel):
            yield from _settings(default, f"{prefix}{name}.")
            continue
        allowed = _allowed(field)
        about = f"{field.description or ''}{f' ({allowed})' if allowed else ''}"
        yield f"  {prefix}{name} = {default!r}{_unit(field)}  {about}".rstrip()


def _unit(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    unit = extra.get("unit") if isinstance(extra, dict) else None
    return f" {unit}" if unit else ""


def _allowed(field: FieldInfo) -> str:
    """Choices or bounds of a setting."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(map(str, get_args(field.annotation)))
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    told = [
        f"{sign} {getattr(constraint, kind):g}"
        for constraint in field.metadata
        for kind, sign in signs.items()
        if hasattr(constraint, kind)
    ]
    return ", ".join(told)
