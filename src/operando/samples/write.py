"""Write an electrode with strokes, truth, a cycling curve and a recipe into a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from operando.atomic import replacing
from operando.data.classes import DEFAULT_CLASSES
from operando.errors import FileError, InputError
from operando.samples.cycling import charge_curve
from operando.samples.electrode import Electrode, make_electrode
from operando.samples.readme import describe_sample
from operando.samples.render import PORE
from operando.samples.strokes import paint_strokes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.samples.settings import ElectrodeSettings

MAX_ID = 65535
DISPLACEMENT_STEP = 1 / 64
"""Displacements are rounded to multiples of this, voxels; exact in 16 bits up to 32 voxels."""


def write_sample(
    out: str | Path,
    *,
    seed: int = 0,
    settings: ElectrodeSettings | None = None,
    progress: ProgressCallback | None = None,
) -> Path:
    """Write the sample data: images, strokes, truth, cycling curve, recipe and a README.

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
    InputError
        If there are more than 65535 particles.
    """
    out = Path(out)
    _check_free(out)
    electrode = make_electrode(settings, seed, progress=progress)
    if electrode.ids.max() > MAX_ID:
        raise InputError(
            f"{electrode.ids.max()} particles do not fit a 16-bit image",
            "choose larger particles or a smaller image",
        )
    with replacing(out) as partial:
        (partial / "images").mkdir(parents=True)
        (partial / "truth").mkdir()
        _write_images(partial, electrode)
        _write_strokes(partial, electrode)
        _write_truth(partial / "truth", electrode)
        _write_tables(partial, electrode)
        (partial / "recipe.yaml").write_text(_recipe(electrode.settings.frames), encoding="utf-8")
        (partial / "README.md").write_text(
            describe_sample(electrode.settings, electrode.seed), encoding="utf-8"
        )
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
    images = electrode.images
    if electrode.settings.scanner.bits <= 8:
        images = (images >> 8).astype(np.uint8)
    for t, image in enumerate(images):
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


def _recipe(frames: int) -> str:
    """All steps with their defaults; strain leads from the first frame to every other."""
    steps = [f"- step: {name}\n" for name in ("train", "segment", "particles")]
    strain = "- step: strain\n  settings: {{reference: 0, deformed: {}}}\n"
    return "".join([*steps, *(strain.format(t) for t in range(1, frames))])


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
