"""Studies and steps in words, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from operando.steps import Step
    from operando.study import Study


def study_lines(study: Study) -> Iterator[str]:
    """Say what a study holds and what was done in it."""
    from operando.steps import STEPS, step_status

    series = study.series
    t, c, z, y, x = series.data.shape
    size = " × ".join(f"{edge:g}" for edge in study.voxel_size)
    yield f"{study.name}: frames {t}, channels {c}, {z} × {y} × {x} voxels"
    yield f"  voxel {size} µm (z × y × x), {series.data.dtype}, {series.nbytes / 1e6:.1f} MB"
    yield f"  times {', '.join(f'{time_h:g}' for time_h in study.times)} h"
    waiting = []
    for name, step in STEPS.items():
        status = step_status(study, name)
        if status.entry is None:
            waiting.append(step.title)
        else:
            yield f"  {step.title:<24}{status.state:<13}{status.entry.summary}"
    yield f"  not yet: {' · '.join(waiting)}"


def step_lines(step: type[Step]) -> Iterator[str]:
    """Say what a step does, and its settings with defaults, meaning and bounds."""
    yield first_line(step)
    yield from _settings(step)


def first_line(step: type[Step]) -> str:
    """Say in one sentence what a step does."""
    return (step.__doc__ or "").strip().splitlines()[0]


def _settings(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    from pydantic import BaseModel

    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from _settings(type(default), f"{prefix}{name}.")
            continue
        bounds = _bounds(field.metadata)
        yield f"  {prefix}{name} = {default!r}  {field.description or ''}{bounds}".rstrip()


def _bounds(constraints: list[Any]) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    told = [
        f"{sign} {getattr(constraint, kind):g}"
        for constraint in constraints
        for kind, sign in signs.items()
        if hasattr(constraint, kind)
    ]
    return f" ({', '.join(told)})" if told else ""
