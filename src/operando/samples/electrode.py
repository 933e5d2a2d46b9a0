"""Synthetic 3D+t electrodes with exact truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.compute.progress import Stopwatch
from operando.samples.render import Rendering, render_frame
from operando.samples.scanner import FrameRandom, scan
from operando.samples.scene import Scene, build_scene
from operando.samples.settings import ElectrodeSettings
from operando.samples.truth import particle_table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback


@dataclass(frozen=True, kw_only=True)
class Electrode:
    """Images of an electrode and everything there is to know about it.

    Parameters
    ----------
    images
        ``(T, Z, Y, X)`` uint16.
    phases
        ``(T, Z, Y, X)`` uint8: 1 pore, 2 binder, 3 particle. Cracks and gaps are pore.
    ids
        ``(T, Z, Y, X)`` int32, the particle with its cracks; the same id in every frame.
    cracks
        ``(T, Z, Y, X)`` bool, void inside particles.
    gaps
        ``(T, Z, Y, X)`` bool, where binder came off a particle.
    table
        Truth per frame and particle.
    settings, seed
        What it was made from.
    scene
        The material and its motion.
    """

    images: NDArray[np.uint16]
    phases: NDArray[np.uint8]
    ids: NDArray[np.int32]
    cracks: NDArray[np.bool_]
    gaps: NDArray[np.bool_]
    table: pd.DataFrame
    settings: ElectrodeSettings
    seed: int
    scene: Scene

    @property
    def voxel_size(self) -> tuple[float, float, float]:
        """Edge lengths ``(z, y, x)``, µm."""
        return self.settings.voxel_size

    @property
    def times(self) -> tuple[float, ...]:
        """Hours since the first frame."""
        return tuple(t * self.settings.hours for t in range(self.settings.frames))

    def displacement(self, t: int) -> NDArray[np.float32]:
        """Displacement from the first frame to frame `t`, ``(3, Z, Y, X)``, voxels.

        ``deformed(X + u(X)) = reference(X)`` with `X` a voxel of the first frame. In particles
        it is the exact motion of the body (translation, rotation, swelling, parting of crack
        faces); in the binder that of `BinderMotion`; pores and cracks take the value of the
        motion around them, where no material is.
        """
        return self.scene.displacement(self.ids[0], t)


def make_electrode(
    settings: ElectrodeSettings | None = None,
    seed: int = 0,
    *,
    progress: ProgressCallback | None = None,
) -> Electrode:
    """Make a synthetic electrode.

    Parameters
    ----------
    settings
        What it is like; the defaults are an NMC electrode on charge.
    seed
        The same settings and seed give the same arrays.
    progress
        Told after each frame.

    Returns
    -------
    Images and truth.
    """
    settings = settings or ElectrodeSettings()
    watch = Stopwatch(progress, settings.frames + 1, "frames", "Packing particles")
    scene = build_scene(settings, seed)
    watch.advance(1, "Rendering")
    random = FrameRandom(np.random.SeedSequence([seed, 0x5CA7]))
    frames: list[Rendering] = []
    images = []
    for t in range(settings.frames):
        frame = render_frame(scene, t)
        images.append(scan(frame.levels, t, settings.scanner, random))
        frames.append(frame)
        watch.advance()
    phases = np.stack([f.phases for f in frames])
    ids = np.stack([f.ids for f in frames])
    cracks = np.stack([f.cracks for f in frames])
    return Electrode(
        images=np.stack(images),
        phases=phases,
        ids=ids,
        cracks=cracks,
        gaps=np.stack([f.gaps for f in frames]),
        table=particle_table(scene, ids, cracks),
        settings=settings,
        seed=seed,
        scene=scene,
    )
