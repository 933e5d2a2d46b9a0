"""The README of the sample folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operando.samples.settings import ElectrodeSettings

_FILES = (
    ("images/frame_*.tif", "one volume per frame, uint8; the voxel size is in the ImageJ tags"),
    ("times.csv", "hours of each frame since the first"),
    (
        "cycling.csv",
        "voltage (V), current (mA) and capacity (mAh) over time (h): a made-up NMC half cell",
    ),
    ("strokes.tif", "brush strokes (t, z, y, x) in the first and last frame, 0 is not painted"),
    ("classes.json", "names and colours of the labels 1, 2, 3 of strokes and phases"),
    ("recipe.yaml", "the steps from strokes to strain: `operando run STUDY recipe.yaml`"),
    (
        "truth/phases.tif",
        "true phase of every voxel (t, z, y, x): 1 pore (cracks and gaps too), 2 binder, "
        "3 particle",
    ),
    (
        "truth/ids.tif",
        "the particle that each voxel belongs to, cracks included; the same number in every "
        "frame, 0 for none",
    ),
    (
        "truth/displacement_000_to_*.npz",
        "`displacement` (3, z, y, x) from the first frame in voxels, rounded to 1/64, 0 in pores",
    ),
    ("truth/particles.csv", "volume, crack, detachment, rotation, swelling, place; per frame"),
)

_TEXT = """\
# A synthetic electrode on charge

Particles (NMC), carbon-binder and pores: {frames} frames of {z} x {y} x {x} voxels (z, y, x) of
{size} µm, {hours:g} h apart. Nothing here was measured: `operando sample OUT --seed {seed}`
computes it, so everything about it is known. Particles crack, shrink, turn, and partly come off
the binder.

| file | what it is |
|---|---|
{files}

Displacement `u`: the material of voxel `X` of frame 0 is at `X + u(X)` in frame t.

In `particles.csv`, `crack_fraction` is the volume of the cracks over the volume with cracks.
`detached_fraction` is the share of the surface in binder that the binder has left by more than
half a voxel, `gap_um` how far. `swelling` is the factor by which lengths in the particle grew
since frame 0, the strain of the whole sample not counted.
"""


def describe_sample(settings: ElectrodeSettings, seed: int) -> str:
    """Say in Markdown what every file of the sample folder is."""
    z, y, x = settings.shape
    return _TEXT.format(
        frames=settings.frames,
        z=z,
        y=y,
        x=x,
        size=" x ".join(f"{v:g}" for v in settings.voxel_size),
        hours=settings.hours,
        seed=seed,
        files="\n".join(f"| `{name}` | {what} |" for name, what in _FILES),
    )
