"""What the classes of a segmentation are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from operando.errors import InputError
from operando.particles.settings import PhaseLabels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.data import LabelClass


class PhaseNames(BaseModel):
    """Classes that particles are measured against; without one, its columns stay empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pore: str = Field("pore", title="Pore", description="Class of the pores")
    binder: str = Field("binder", title="Binder", description="Class of the binder")
    collector: str = Field(
        "collector", title="Current collector", description="Class of the current collector"
    )
    grey_low: str = Field(
        "pore", title="Grey 0", description="Class whose median grey counts as density 0"
    )
    grey_high: str = Field(
        "binder", title="Grey 1", description="Class whose median grey counts as density 1"
    )

    def labels(self, classes: Sequence[LabelClass]) -> PhaseLabels:
        """Find the labels of the classes that there are, in capitals or not."""
        names = [label_class.name for label_class in classes]
        known = {name.casefold(): k for k, name in enumerate(names, start=1)}
        known |= {name: k for k, name in enumerate(names, start=1)}
        return PhaseLabels(**{f: known.get(name, known.get(name.casefold())) for f, name in self})


def label_of(phase: str, classes: Sequence[LabelClass]) -> int:
    """Label of a class by its name."""
    names = [label_class.name for label_class in classes]
    if phase not in names:
        raise InputError(
            f"There is no phase {phase!r} in this segmentation", f"use one of {', '.join(names)}"
        )
    return names.index(phase) + 1
