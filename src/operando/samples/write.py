"""Write an electrode with strokes, truth and a cycling curve into a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from operando.data.classes import DEFAULT_CLASSES
from operando.errors import FileError
from operando.samples.cycling import charge_curve
from operando.samples.electrode import Electrode, make_electrode
from operando.samples.render import PORE
from operando.samples.strokes import paint_strokes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.samples.settings import ElectrodeSettings

DISPLACEMENT_STEP = 1 / 64
"""Displacements are rounded to multiples of this, voxels; exact in 16 bits up to 32 voxels."""


def write_sample(
    out: str | Path,
    *,
    seed: int = 0,
    settings: ElectrodeSettings | None = None,
    progress: ProgressCallback | None = None,
) -> Path:
    """Write the sample data: images, strokes, truth, cycling curve and a README.

    Parameters
    ----------
    out
        New or empty folder.
    seed
        Another seed gives another electrode.
    settings
        What it is like.
    progress
        Told after each frame.

    Returns
    -------
    The folder.

    Raises
    ------
    FileError
        If the folder is not empty or cannot be written; nothing is written then.
    """
    out = Path(out)
    _check_free(out)
    electrode = make_electrode(settings, seed, progress=progress)
    partial = out.with_name(f"{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "images").mkdir(parents=True)
        (partial / "truth").mkdir()
        _write_images(partial, electrode)
        _write_strokes(partial, electrode)
        _write_truth(partial / "truth", electrode)
        _write_tables(partial, electrode)
        (partial / "README.md").write_text(_readme(electrode), encoding="utf-8")
        if out.exists():
            out.rmdir()
        partial.replace(out)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise FileError(f"{out} cannot be written ({error.strerror})", "choose another") from error
    return out


def _check_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileError(f"{out} exists and is not an empty folder", "name a new folder")


def _write_tiff(path: Path, volume: NDArray[np.generic], electrode: Electrode) -> None:
    import tifffile

    z, y, x = electrode.voxel_size
    axes = "TZYX"[-volume.ndim :]
    metadata: dict[str, object] = {"axes": axes, "spacing": z, "unit": "um"}
    if "T" in axes:
        metadata["finterval"] = electrode.settings.hours * 3600
    tifffile.imwrite(
        path,
        volume,
        imagej=True,
        resolution=(1 / x, 1 / y),
        metadata=metadata,
        compression="zlib",
        compressionargs={"level": 9},
    )


def _write_images(folder: Path, electrode: Electrode) -> None:
    for t, image in enumerate(electrode.images):
        _write_tiff(folder / "images" / f"frame_{t:03d}.tif", image, electrode)


def _write_strokes(folder: Path, electrode: Electrode) -> None:
    frames = sorted({0, electrode.settings.frames - 1})
    strokes = paint_strokes(electrode.phases, frames=frames, seed=electrode.seed)
    _write_tiff(folder / "strokes.tif", strokes, electrode)
    classes = [
        {"label": k, "name": c.name, "colour": c.colour}
        for k, c in enumerate(DEFAULT_CLASSES, start=1)
    ]
    (folder / "classes.json").write_text(json.dumps({"classes": classes}, indent=2) + "\n")


def _write_truth(folder: Path, electrode: Electrode) -> None:
    _write_tiff(folder / "phases.tif", electrode.phases, electrode)
    # ImageJ has no 32-bit integers; ids fit 16 bits.
    _write_tiff(folder / "ids.tif", electrode.ids.astype(np.uint16), electrode)
    for t in range(1, electrode.settings.frames):
        rounded = np.rint(electrode.displacement(t) / DISPLACEMENT_STEP) * DISPLACEMENT_STEP
        material = electrode.phases[0] != PORE
        np.savez_compressed(
            folder / f"displacement_000_to_{t:03d}.npz",
            displacement=np.where(material, rounded, 0).astype(np.float16),
        )
    electrode.table.round(5).to_csv(folder / "particles.csv", index=False)


def _write_tables(folder: Path, electrode: Electrode) -> None:
    import pandas as pd

    names = [f"images/frame_{t:03d}.tif" for t in range(electrode.settings.frames)]
    times = pd.DataFrame({"frame": range(len(names)), "file": names, "time_h": electrode.times})
    times.to_csv(folder / "times.csv", index=False)
    hours = max(electrode.times[-1], electrode.settings.hours)
    charge_curve(hours, seed=electrode.seed).to_csv(folder / "cycling.csv", index=False)


_README = """\
# A synthetic electrode on charge

Particles (NMC), carbon-binder and pores, {frames} frames of {z} x {y} x {x} voxels (z, y, x) of
{size} µm, {hours:g} h apart. No part of it was measured: `operando sample OUT --seed {seed}` computes
it, so everything about it is known. Particles crack, shrink, turn and partly come off the binder.

| file | what it is |
|---|---|
| `images/frame_*.tif` | one volume per frame, uint16, the voxel size in the ImageJ tags |
| `times.csv` | hours of each frame since the first |
| `cycling.csv` | voltage (V), current (mA) and capacity (mAh) over time (h): a made-up curve of an NMC half cell |
| `strokes.tif` | brush strokes (t, z, y, x) in the first and the last frame, 0 where nothing was painted |
| `classes.json` | what the labels 1, 2, 3 of strokes and phases are called, and their colours |
| `truth/phases.tif` | the true phase of every voxel (t, z, y, x): 1 pore (also cracks and gaps), 2 binder, 3 particle |
| `truth/ids.tif` | which particle it belongs to, with the cracks inside it; the same number in every frame, 0 for none |
| `truth/displacement_000_to_*.npz` | `displacement` (3, z, y, x) in voxels from the first frame, rounded to 1/64 voxel, 0 in pores |
| `truth/particles.csv` | one row per frame and particle: volume, crack, detachment, rotation, swelling, place |

Displacement `u`: the material of voxel `X` of frame 0 is at `X + u(X)` in frame t.
`crack_fraction` is the volume of the cracks over the volume with cracks. `detached_fraction` is the
share of the surface in binder that the binder has left by more than half a voxel, `gap_um` how far.
`swelling` is the factor by which lengths in the particle grew since frame 0, the strain of the whole
sample not counted.
"""


def _readme(electrode: Electrode) -> str:
    z, y, x = electrode.settings.shape
    return _README.format(
        frames=electrode.settings.frames,
        z=z,
        y=y,
        x=x,
        size=" x ".join(f"{v:g}" for v in electrode.voxel_size),
        hours=electrode.settings.hours,
        seed=electrode.seed,
    )
