"""Part touching particles and keep the pieces of cracked ones together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.given import as_settings
from operando.particles.labels.arrays import (
    check_ids,
    check_same_shape,
    check_spacing,
    check_volume,
    solid_of,
)
from operando.particles.labels.frames import blocks
from operando.particles.labels.sure import Solid
from operando.particles.settings import SplitSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.particles.joining.necks import NeckRule
    from operando.particles.labels.boxes import Box

PARTICLE = 3
"""Label of the particles where none is named."""


def split(
    phases_or_mask: NDArray[Any],
    *,
    image: NDArray[Any] | None = None,
    probability: NDArray[Any] | None = None,
    model: str | Path | None = None,
    rule: NeckRule | None = None,
    phase: int | None = None,
    guide: NDArray[Any] | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    settings: SplitSettings | None = None,
    progress: ProgressCallback | None = None,
) -> NDArray[np.int32]:
    """Part touching particles; cracks and closed pores neither part a particle nor are left out.

    A map of how deep in its particle every voxel lies, as a network tells
    (`operando.particles.cutting.interior`), is cut into basins, which are joined where the necks
    between them look like those within a particle (`operando.particles.joining.necks`). The
    watershed cuts the distance to the surface, and joins pieces that fit together like those of a
    broken body (`operando.particles.joining.fragments`).

    Parameters
    ----------
    phases_or_mask
        ``(Z, Y, X)`` mask of the solid (bool, or 0 and 1), or a label volume of phases.
    image
        ``(Z, Y, X)`` grey values: where they are NaN, nothing was imaged and there is no particle.
    probability
        ``(Z, Y, X)`` of the phase of the particles, 0 to 1 or, as whole numbers, 0 to 255: where
        it dips, particles touch (`operando.particles.labels.sure`). The network that is shown it
        also tells where the centre of a particle is; the one for masks does not.
    model
        Weights of another network for the method "learned", as ``tools/train_splitter.py``
        writes them; None takes those of the package.
    rule
        Joins what the method "learned" has cut, such as one that was taught by corrections
        (`operando.particles.parting.teaching`); None takes that of the package.
    phase
        Label of the particles in a label volume; by default 3, as in the classes pore, binder and
        particle that a new study has.
    guide
        ``(Z, Y, X)`` ids of particles that are expected here, such as those of the frame before,
        moved (`operando.particles.split_series`). Pieces in the same one are joined more readily,
        those in different ones less.
    spacing
        Voxel size ``(z, y, x)`` in µm.
    settings
        See `SplitSettings`.
    progress
        Receives `Progress`; may raise `Cancelled`.

    Returns
    -------
    ``(Z, Y, X)`` ids 1 to N in C order of the first voxel of each particle, 0 where there is none.

    Raises
    ------
    InputError
        If the volumes, the phase or the voxel size make no sense.
    FileError
        If the model cannot be read.
    """
    phases = check_volume(phases_or_mask, "The phases")
    if phase is None and phases.max() > 1 and (phases == PARTICLE).any():
        phase = PARTICLE
    solid = solid_of(phases, phase)
    unseen = None
    if image is not None:
        gaps = np.isnan(check_same_shape(image, solid, "The image"))
        solid, unseen = solid & ~gaps, gaps.__getitem__
    if probability is not None:
        probability = check_same_shape(probability, solid, "The probability")
    if guide is not None:
        guide = check_ids(check_same_shape(guide, solid, "The guide"))
    out = np.empty(solid.shape, np.int32)
    split_blocks(
        solid,
        out,
        unseen=unseen,
        probability=probability,
        model=model,
        rule=rule,
        guide=guide,
        spacing=spacing,
        settings=settings,
        progress=progress,
    )
    return out


def split_blocks(
    phases_or_mask: Any,
    out: Any,
    *,
    unseen: Callable[[Box], NDArray[np.bool_]] | None = None,
    probability: Any | None = None,
    model: str | Path | None = None,
    rule: NeckRule | None = None,
    phase: int | None = None,
    guide: Any | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    settings: SplitSettings | None = None,
    edge: int | None = None,
    scratch: Path | None = None,
    progress: ProgressCallback | None = None,
) -> int:
    """Split a volume that need not be in memory; see `split`.

    Blocks are looked at with a margin of less than a typical diameter. Particles come out as
    those of `split`; only a pore that is longer than the margin may stay open where two blocks
    meet.

    Parameters
    ----------
    phases_or_mask, probability, guide
        As in `split`: arrays that give a NumPy array for a box of slices, such as those of Zarr.
    out
        ``(Z, Y, X)`` int32 array, such as one of Zarr, that the ids are written to.
    unseen
        Gives where in a box nothing was imaged; no crack is followed into it.
    model, rule, phase, spacing, settings, progress
        As in `split`.
    edge
        Edge of the blocks, voxels; by default volumes up to 160 million voxels are one block and
        others are cut into blocks of 256.
    scratch
        Folder for what does not fit in memory: 5 bytes per voxel, 12 more where particles are few
        voxels across.

    Returns
    -------
    How many particles there are.
    """
    from operando.particles.parting.blocks import BlockSplitter
    from operando.particles.parting.cutter import BlockCutter

    spacing = check_spacing(spacing)
    z, y, x = phases_or_mask.shape

    def read(box: Box) -> NDArray[np.bool_]:
        return solid_of(np.asarray(phases_or_mask[box]), phase)

    source = Solid.certain(read)
    if probability is not None:
        source = Solid.likely(read, probability, blocks((z, y, x), edge))
    cutter = BlockCutter(
        source=source,
        read_guide=None if guide is None else lambda box: np.asarray(guide[box]),
        shape=(z, y, x),
        spacing=spacing,
        settings=as_settings(SplitSettings, settings),
        model=None if model is None else Path(model),
        progress=progress,
        edge=edge,
        scratch=scratch,
    )
    return BlockSplitter(cutter, out, rule, unseen).run()
