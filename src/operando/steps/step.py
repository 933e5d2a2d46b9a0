"""What a step is: frozen settings that can run on a study."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operando.compute.progress import ProgressCallback
    from operando.study import Study

IMAGES: Any = Field(
    "images",
    title="Images",
    description="Set of images that is read: images are the source, others were made by Clean or "
    "Align",
    json_schema_extra={"choices": "image sets"},
)
"""Field of every step that reads images."""


@dataclass(frozen=True)
class StepResult:
    """What came out of a step.

    Parameters
    ----------
    summary
        In a few words: "239 followed, 61 cracked".
    values
        In numbers; names carry units.
    """

    summary: str
    values: Mapping[str, float] = field(default_factory=dict)


class Step(BaseModel):
    """Settings of one thing that is done to a study.

    A step knows no window and no command line; both build it, and `operando.steps.run_step` runs
    and records it. Every field has a title, a description and bounds: forms, help and recipes come
    from them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    """How recipes call it."""

    title: ClassVar[str]
    """How the window calls it."""

    goes_on: ClassVar[bool] = False
    """Whether a run that was stopped is taken up where it was."""

    @abstractmethod
    def inputs(self, study: Study) -> tuple[str, ...]:
        """Names of the products that it reads."""

    @abstractmethod
    def outputs(self, study: Study) -> tuple[str, ...]:
        """Names of the products that it writes."""

    def frames_apart(self, study: Study) -> range:
        """Frames that several programs may compute at the same time with `run_frame`.

        None unless a step says so. What they write into is made by this call; `run` then only has
        to put the frames together.
        """
        del study
        return range(0)

    def run_frame(self, study: Study, t: int, progress: ProgressCallback | None = None) -> None:
        """Compute one frame of `frames_apart`, so that `run` finds it done."""
        raise NotImplementedError

    @abstractmethod
    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Do it.

        Raises
        ------
        OperandoError
            With a sentence for the user; the study is then as it was.
        Cancelled
            If the callback asked to stop.
        """
