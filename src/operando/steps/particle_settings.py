"""What is asked of the particles: of which phase, under which name, by which definitions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from operando.particles.settings import LinkSettings, MeasureSettings, SplitSettings
from operando.steps.phase_names import PhaseNames
from operando.steps.step import IMAGES, Step


class ParticleSettings(Step):
    """Settings by which particles were found; corrections by hand keep to them."""

    images: str = IMAGES
    phases: str = Field("phases", title="Phases", description="Segmentation to start from")
    phase: str = Field(
        "particle", title="Phase", description="Class of which the particles consist"
    )
    particles: str = Field(
        "particles", title="Particles", description="Name under which ids and table are kept"
    )
    channel: int = Field(0, ge=0, title="Channel", description="Channel of the mean grey, from 0")
    split: SplitSettings = Field(
        default_factory=SplitSettings, title="Splitting", description="How particles are parted"
    )
    joining: Literal["shipped", "corrections"] = Field(
        "shipped",
        title="Joining",
        description="Rule that joins the parts of a particle (method learned): the shipped one, "
        "or the one that Learn from corrections made",
    )
    link: LinkSettings = Field(
        default_factory=LinkSettings, title="Following", description="How particles are followed"
    )

    names: PhaseNames = Field(
        default_factory=PhaseNames,
        title="Other phases",
        description="What the other classes are called",
    )
    measure: MeasureSettings = Field(
        default_factory=MeasureSettings, title="Measuring", description="Definitions of measures"
    )
