"""Find the particles of one phase in every frame and follow them through time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from operando.compute.progress import Progress, Stopwatch
from operando.errors import InputError
from operando.particles.settings import SplitSettings
from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.data import LabelClass
    from operando.study import Study

CRACKED_FROM = 0.01
"""Crack fraction from which a particle counts as cracked in summaries."""


class FindParticles(Step):
    """Split touching particles, give each an id through time, and measure them."""

    name: ClassVar[str] = "particles"
    title: ClassVar[str] = "Particles"

    phases: str = Field("phases", title="Phases", description="Segmentation to start from")
    phase: str = Field(
        "particle", title="Phase", description="Class of which the particles consist"
    )
    particles: str = Field(
        "particles", title="Particles", description="Name under which ids and table are kept"
    )
    channel: int = Field(0, ge=0, title="Channel", description="Channel of the mean grey, from 0")
    settings: SplitSettings = Field(
        default_factory=SplitSettings, title="Splitting", description="How particles are parted"
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images and phases."""
        del study
        return ("images", f"phases/{self.phases}")

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Ids of every voxel, the table of particles, and the table of their tracks."""
        del study
        return (
            f"particles/{self.particles}",
            f"tables/{self.particles}",
            f"tables/{self.particles}-tracks",
        )

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Split, follow and measure."""
