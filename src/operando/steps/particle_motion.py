"""Measure how every particle moved, turned and swelled since a reference frame."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from operando.data import MOTION_COLUMNS
from operando.errors import InputError
from operando.steps.on_particles import OnParticles
from operando.steps.step import StepResult
from operando.steps.strain import frame_or_lazy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.study import Study

_SUFFIX = "-motion"
_TILE = 256
_FREEDOM = {"translation": 3, "rigid": 6, "swelling": 7, "affine": 12}


class MeasureParticleMotion(OnParticles):
    """Correlate every particle with its own voxels: shift, rotation, volume change, contacts."""

    name: ClassVar[str] = "particle-motion"
    title: ClassVar[str] = "Particle motion"
    goes_on: ClassVar[bool] = True

    since: Literal["first", "previous"] = Field(
        "first",
        title="Since",
        description="Frame that every frame is compared with: the first, or the one before it",
    )
    smooth: float = Field(
        0.8,
        ge=0,
        le=5,
        title="Smoothing (voxels)",
        description="Standard deviation of the Gaussian under rotation and swelling; the shift "
        "comes from the images as they are",
    )
    largest_rotation_error: float = Field(
        5.0,
        gt=0,
        le=90,
        title="Largest rotation error (°)",
        description="Rotations with a larger predicted error are left empty: round particles "
        "without texture do not show that they turn",
    )
    gap: int = Field(
        2,
        ge=1,
        le=10,
        title="Gap of no contact (voxels)",
        description="Particles that touched and are now at least this far apart lost a contact",
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images, and particles with their table."""
        images = self.finder(study).images
        return (images, f"particles/{self.particles}", f"tables/{self.particles}")

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the table of motions."""
        return (f"tables/{self.particles}{_SUFFIX}",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Compare frame after frame; a run that was stopped goes on with the next frame.

        Frames that are larger than a tile are read piece by piece; the particles of a frame are
        held in memory.
        """
        import pandas as pd

        from operando.compute.progress import PartProgress
        from operando.steps.measured_volumes import check_voxels
        from operando.study.partial import PartialResult

        frames = range(1, study.series.n_frames)
        if not frames:
            raise InputError("This study has one frame", "motion needs at least two")
        check_voxels(study, self.particles)
        (product,) = self.outputs(study)
        kept = PartialResult(
            study.product_path(product),
            {
                "settings": self.model_dump(mode="json"),
                "inputs": [study.fingerprint(name) for name in self.inputs(study)],
            },
        )
        kept.content.mkdir(exist_ok=True)
        part = PartProgress(progress, len(frames))
        tables = []
        for t in frames:
            path = kept.content / f"{t}.parquet"
            if not kept.is_done(str(t)):
                self._compare(study, t, path, part)
                kept.mark_done(str(t))
            tables.append(pd.read_parquet(path))
            part.next_part()
        motion = pd.concat(tables, ignore_index=True)
        study.write_table(f"{self.particles}{_SUFFIX}", motion)
        kept.discard()
        return StepResult(*_summarise(motion, len(study.times) - 1))

    def _compare(self, study: Study, t: int, path: Path, progress: ProgressCallback | None) -> None:
        """Write the table of one frame."""
        from operando.strain import correlate_particles
        from operando.strain.particles.contacts import contact_changes, contacts, move_labels

        before = 0 if self.since == "first" else t - 1
        finder = self.finder(study)
        images = study.image_series(finder.images)
        ids = np.asarray(study.open_array(f"particles/{self.particles}")[before])
        found = correlate_particles(
            frame_or_lazy(images, before, finder.channel, _TILE),
            frame_or_lazy(images, t, finder.channel, _TILE),
            ids,
            smooth=self.smooth,
            largest_rotation_error=self.largest_rotation_error,
            voxel_size=study.voxel_size,
            tile=_TILE,
            progress=progress,
        )
        followed = found.loc[found["status"] != "lost", "particle"].to_numpy()
        there: NDArray[Any] = np.where(np.isin(ids, followed), ids, 0)
        gained, lost = contact_changes(there, move_labels(there, found, study.voxel_size), self.gap)
        counts = {
            "contacts": _per_particle(contacts(there)),
            "contacts_gained": _per_particle(gained),
            "contacts_lost": _per_particle(lost),
        }
        table = _in_micrometres(found, study.voxel_size)
        for column, count in counts.items():
            known = table["motion_status"] != "lost"
            table[column] = table["particle"].map(count).fillna(0.0).where(known)
        rows = study.table(self.particles)
        volumes = rows[rows["frame"] == before].set_index("particle")["volume_um3"]
        table.insert(0, "frame", t)
        table.insert(2, "reference_frame", before)
        table["reference_volume_um3"] = table["particle"].map(volumes)
        table["found_by"] = _maker(study, self.particles)
        table.to_parquet(path, index=False)


def join_motion(study: Study, table: pd.DataFrame, particles: str = "particles") -> pd.DataFrame:
    """Add the columns `operando.data.MOTION_COLUMNS` to a table of particles.

    Particles that were found anew or corrected by hand since their motion was measured have none
    (NaN); without measured motion the table is returned as it is.

    Parameters
    ----------
    study
        That the table belongs to.
    table
        One row per ``frame`` and ``particle``.
    particles
        Name of the particles.
    """
    name = f"{particles}{_SUFFIX}"
    if name not in study.products("tables"):
        return table
    motion = study.table(name)
    motion = motion[motion["found_by"] == _maker(study, particles)]
    now = table.set_index(["frame", "particle"])["volume_um3"]
    at = list(zip(motion["reference_frame"], motion["particle"], strict=True))
    same = np.isclose(now.reindex(at).to_numpy(), motion["reference_volume_um3"], rtol=1e-9)
    columns = [column.name for column in MOTION_COLUMNS]
    return table.merge(
        motion.loc[same, ["frame", "particle", *columns]], on=["frame", "particle"], how="left"
    )


def _maker(study: Study, particles: str) -> str:
    """Id of the run that found the particles; corrections by hand do not change it."""
    maker = study.maker(f"particles/{particles}")
    return maker.id if maker else ""


def _in_micrometres(found: pd.DataFrame, voxel_size: tuple[float, float, float]) -> pd.DataFrame:
    """Table of `operando.strain.correlate_particles` with lengths in µm and text as numbers."""
    import pandas as pd

    out = found[["particle"]].copy()
    for kind in ("u", "sigma_u"):
        for k, edge in zip("zyx", voxel_size, strict=True):
            out[f"{kind}_{k}_um"] = found[f"{kind}_{k}"] * edge
    shift = out[["u_z_um", "u_y_um", "u_x_um"]].to_numpy(float)
    sigma = out[["sigma_u_z_um", "sigma_u_y_um", "sigma_u_x_um"]].to_numpy(float)
    out["shift_um"] = np.linalg.norm(shift, axis=1)
    out["sigma_shift_um"] = np.sqrt((sigma**2).mean(axis=1))
    same = [*(f"rotation_{k}" for k in "zyx"), "rotation_deg", "sigma_rotation_deg"]
    same += ["volume_ratio", "sigma_volume_ratio", "residual_ratio"]
    out[same] = found[same].astype(float)
    out["motion_zncc"] = found["zncc"]
    out["motion_freedom"] = found["model"].map(_FREEDOM).astype(float)
    out["changed"] = (found["status"] == "changed").astype(float)
    out["lost"] = (found["status"] == "lost").astype(float)
    return pd.concat([out, found[["model", "status"]].fillna("").add_prefix("motion_")], axis=1)


def _per_particle(pairs: Iterable[tuple[int, int]]) -> dict[int, float]:
    counts = Counter(particle for pair in pairs for particle in pair)
    return {particle: float(count) for particle, count in counts.items()}


def _summarise(motion: pd.DataFrame, frames: int) -> tuple[str, dict[str, float]]:
    last = motion[motion["frame"] == motion["frame"].max()]
    lost, changed = int(last["lost"].sum()), int(last["changed"].sum())
    followed = len(last) - lost
    values = {
        "frames": float(frames),
        "particles": float(len(last)),
        "lost": float(lost),
        "changed": float(changed),
        "contacts_gained": float(last["contacts_gained"].sum() / 2),
        "contacts_lost": float(last["contacts_lost"].sum() / 2),
    }
    if last["volume_ratio"].notna().any():
        swelling = 100 * (float(last["volume_ratio"].median()) - 1)
        values["median_volume_change_percent"] = swelling
    return f"{followed} of {len(last)} particles followed, {changed} changed inside", values
