"""Teach the splitter what was corrected by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from operando.errors import InputError
from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    from operando.compute.progress import ProgressCallback
    from operando.particles.parting.teaching import CorrectedFrame
    from operando.steps.particles import FindParticles
    from operando.study import Study


class ImproveSplitter(Step):
    """Learn from corrections by hand which parts are one particle; Particles can then use it.

    What was merged, split, cut, grown or accepted in a frame counts; the rule that comes with
    operando is where learning starts from. What was learned is kept only if it helps: see
    `operando.particles.parting.teaching`.
    """

    name: ClassVar[str] = "improve-splitter"
    title: ClassVar[str] = "Improve splitter"

    particles: str = Field(
        "particles", title="Particles", description="Particles that were corrected by hand"
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the corrections, and the phases that were parted.

        Not the particles: they are found anew with the rule, and the corrections are done again.
        """
        from operando.steps.particles import found_by

        if self.particles not in study.products("particles"):
            return ()
        return (f"phases/{found_by(study, self.particles).phases}", f"edits/{self.particles}")

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the rule."""
        return (f"splitters/{self.particles}",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Learn, and write the rule if it spares corrections.

        Raises
        ------
        InputError
            If nothing was corrected, or if it tells too little.
        """
        from operando.atomic import write_text
        from operando.particles.joining.learned import bias_of
        from operando.particles.joining.necks import shipped_rule
        from operando.particles.parting.teaching import teach

        step = self._finder(study)
        frames = self._frames(study, step, progress)
        rule, bias = shipped_rule("probability"), bias_of(step.split.separation, "probability")
        taught = teach(rule, frames, bias, progress)
        if not taught.needed:
            raise InputError(
                "The splitter was right about every particle that was accepted",
                "merge or split what it got wrong, and learn from that",
            )
        if not taught.helps:
            raise InputError(
                f"Too little to learn from yet: {max(taught.spared, 0)} of {taught.needed} merges "
                f"and splits would be spared, but {taught.changed} joins change where nothing was "
                "corrected",
                "correct one frame wholly, or accept more particles that are right",
            )
        path = study.product_path(*self.outputs(study))
        path.parent.mkdir(exist_ok=True)
        write_text(path, taught.rule.as_json())
        return StepResult(
            f"learned from {taught.needed} corrections, {taught.spared} of them spared when left "
            f"out, {taught.changed} joins changed elsewhere",
            {
                "frames": float(len(frames)),
                "corrections": float(taught.needed),
                "spared": float(taught.spared),
                "changed": float(taught.changed),
            },
        )

    def _finder(self, study: Study) -> FindParticles:
        """Make the step that found the particles."""
        from operando.steps.particles import found_by

        if self.particles not in study.products("particles"):
            raise InputError(f"There are no particles {self.particles!r}", "find particles first")
        step = found_by(study, self.particles)
        if step.split.method != "learned":
            raise InputError(
                f"These particles were parted by the method {step.split.method!r}, which does not "
                "learn",
                "find them with the method 'learned', and correct those",
            )
        return step

    def _frames(
        self, study: Study, step: FindParticles, progress: ProgressCallback | None
    ) -> list[CorrectedFrame]:
        """Look again at the frames in which something was corrected."""
        from operando.compute.progress import PartProgress
        from operando.particles.labels.frames import Frame
        from operando.particles.parting.teaching import look_again
        from operando.steps.phase_names import label_of
        from operando.study.edits import read_edits

        labels, probabilities, classes = study.phases(step.phases)
        phase = label_of(step.phase, classes)
        ids = study.open_array(f"particles/{self.particles}")
        sure: dict[int, set[int]] = {}
        for record in read_edits(study.path, self.particles).done:
            edit = record.edit
            points = edit.points[:1] if edit.kind == "cut" else edit.points
            there = {int(ids[(edit.frame, *point)]) for point in points} - {0}
            sure.setdefault(edit.frame, set()).update(there)
        if not any(sure.values()):
            raise InputError(
                "No particle was corrected by hand", "merge, split, cut, grow or accept some first"
            )
        part = PartProgress(progress, len(sure))
        frames = []
        for t, particles in sorted(sure.items()):
            frame = look_again(
                Frame(labels, t),
                Frame(ids, t),
                particles,
                phase=phase,
                probability=Frame(Frame(probabilities, t), phase - 1),
                spacing=study.voxel_size,
                settings=step.split,
                scratch=study.product_path(f"particles/{self.particles}").parent,
                progress=part,
            )
            part.next_part()
            if frame is not None:
                frames.append(frame)
        return frames
