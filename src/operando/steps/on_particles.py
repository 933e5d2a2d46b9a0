"""Steps that look at particles again: in what they were found, unless something else is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from operando.steps.step import Step

if TYPE_CHECKING:
    from operando.steps.particles import FindParticles
    from operando.study import Study

_READ = ("images", "channel", "phases", "phase")


class OnParticles(Step):
    """Settings of steps that look at particles again."""

    images: str | None = Field(
        None,
        title="Images",
        description="Set of images that is read; empty: that which the particles were found in",
        json_schema_extra={"choices": "image sets"},
    )
    channel: int | None = Field(
        None,
        title="Channel",
        description="Channel that is read, from 0; empty: that which the particles were found in",
        ge=0,
    )
    particles: str = Field("particles", title="Particles", description="Particles to look at")

    def finder(self, study: Study) -> FindParticles:
        """Return the step that found the particles, with what is named here in place of its own."""
        from operando.steps.particles import found_by

        named = {name: getattr(self, name, None) for name in _READ}
        return found_by(study, self.particles).model_copy(
            update={name: value for name, value in named.items() if value is not None}
        )
