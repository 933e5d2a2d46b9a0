"""Find the particles of one phase in every frame and follow them through time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from operando.steps.particle_settings import ParticleSettings
from operando.steps.phase_names import label_of
from operando.steps.step import StepResult

if TYPE_CHECKING:
    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.particles.joining.necks import NeckRule
    from operando.study import Study

CRACKED_FROM = 0.01
"""Crack fraction from which a particle counts as cracked in summaries."""


class FindParticles(ParticleSettings):
    """Split touching particles, give each an id through time, and measure them."""

    name: ClassVar[str] = "particles"
    title: ClassVar[str] = "Particles"

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images, phases, and the rule that corrections taught, if it is wanted."""
        taught = () if self.joining == "shipped" else (f"splitters/{self.particles}",)
        return (self.images, f"phases/{self.phases}", *taught)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Ids of every voxel, the table of particles, and the table of their tracks."""
        return (
            f"particles/{self.particles}",
            f"tables/{self.particles}",
            f"tables/{self.particles}-tracks",
        )

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Split frame after frame, follow the pieces, give them their ids, measure."""
        import pandas as pd

        from operando.atomic import replacing
        from operando.compute.progress import PartProgress
        from operando.files.ome_zarr import create_image
        from operando.particles import follow, rename
        from operando.particles.labels.frames import Frame, Frames, blocks
        from operando.particles.measuring.measure_blocks import measure_blocks
        from operando.particles.series import split_frames, unlabelled
        from operando.steps.corrections import Corrections
        from operando.study.edits import EditLog

        labels, probabilities, classes = study.phases(self.phases)
        phase = label_of(self.phase, classes)
        grey = study.image_series(self.images).data[:, self.channel]
        n_frames = labels.shape[0]
        with replacing(study.product_path(f"particles/{self.particles}")) as partial:
            ids = create_image(
                partial,
                labels.shape,
                "int32",
                axes="tzyx",
                voxel_size=study.voxel_size,
                times=study.times,
            )
            split_frames(
                Frames(labels),
                Frames(ids),
                phase=phase,
                probabilities=[Frame(Frame(probabilities, t), phase - 1) for t in range(n_frames)],
                rule=self._rule(study),
                spacing=study.voxel_size,
                settings=self.split,
                scratch=partial.parent,
                progress=progress,
            )
            tracks = follow(
                Frames(ids),
                unseen=[unlabelled(frame) for frame in Frames(labels)],
                spacing=study.voxel_size,
                settings=self.link,
                progress=progress,
            )
            part = PartProgress(progress, n_frames)
            measured = []
            for t, frame in enumerate(Frames(ids)):
                for box in blocks(frame.shape):
                    frame[box] = rename(frame[box], tracks, t)
                measured.append(
                    measure_blocks(
                        frame,
                        phases=Frame(labels, t),
                        image=Frame(grey, t),
                        spacing=study.voxel_size,
                        phase=phase,
                        labels=self.names.labels(classes),
                        probabilities=Frame(probabilities, t),
                        settings=self.measure,
                        frame=t,
                        time_h=study.times[t],
                        progress=part,
                    )
                )
                part.next_part()
            # Its blocks are of the particles that are replaced now; the corrections wait.
            EditLog(study.path, self.particles).start_over()
        particles = pd.concat(measured, ignore_index=True)
        study.write_table(self.particles, particles)
        study.write_table(f"{self.particles}-tracks", tracks)
        corrections = Corrections(study, self)
        lost = corrections.reapply(progress)
        summary, values = summarise(corrections.table, n_frames)
        if corrections.edits or lost:
            values |= {
                "corrections": float(len(corrections.edits)),
                "corrections_lost": float(lost),
            }
        return StepResult(summary, values)

    def _rule(self, study: Study) -> NeckRule | None:
        from operando.particles.joining.necks import NeckRule

        if self.joining == "shipped":
            return None
        return NeckRule.load(study.product_path(f"splitters/{self.particles}"))


def found_by(study: Study, particles: str) -> FindParticles:
    """Return the step that found particles, as it was set; of those put there, as by default."""
    maker = study.maker(f"particles/{particles}")
    if maker is None:
        return FindParticles(particles=particles)
    return FindParticles.model_validate(maker.settings)


def summarise(particles: pd.DataFrame, n_frames: int) -> tuple[str, dict[str, float]]:
    """Say what a table of particles holds, in a few words and in numbers."""
    frames = particles.groupby("particle")["frame"].nunique()
    followed = int((frames == n_frames).sum())
    last = particles[particles["frame"] == n_frames - 1]
    cracked = int((last["crack_fraction"] >= CRACKED_FROM).sum())
    found = f"{followed} followed" if n_frames > 1 else f"{len(last)} found"
    return f"{found}, {cracked} cracked", {
        "particles": float(len(frames)),
        "followed": float(followed),
        "cracked": float(cracked),
        "median_diameter_um": float(last["diameter_um"].median()) if len(last) else 0.0,
    }
