"""Time and memory to open a generated series, to show a slice and the next frame.

    python benchmarks/data.py [FOLDER] [--frames 20] [--size 256]
    python benchmarks/data.py --sparse 20 [--size 1024]
    python benchmarks/data.py --convert [--frames 2] [--size 512]

Three layouts are written: volumes of one open block (as tifffile and ImageJ write them), volumes
of compressed pages, and a folder of slices per frame. Each is opened by operando, by plain
tifffile (whole volumes), by one dask chunk per file, and where they can by napari's own reader
and by dask-image (where that is installed; a row says n/a otherwise). The files lie in the page
cache, so that the figures are those of the code, not of the disk.

`--sparse` writes files with holes, of so many GB in all, which take no room on the disk; plain
tifffile, which would need as much memory, is left out. `--convert` converts the compressed layout
to OME-Zarr and times both. Cleaning and alignment have a script of their own, ``cleaning.py``.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

LAYOUTS = ("open", "compressed", "slices")
READERS = ("operando", "tifffile", "dask per file", "napari", "dask-image")


def write_series(folder: Path, frames: int, size: int) -> None:
    """Write the same series in every layout."""
    rng = np.random.default_rng(0)
    block = rng.integers(0, 16, (size // 8, size, size), dtype=np.uint16) * 300
    volume = np.tile(block, (8, 1, 1))
    for layout in LAYOUTS:
        (folder / layout).mkdir(parents=True, exist_ok=True)
    for t in range(frames):
        name = f"frame_{t}"
        if not (folder / "open" / f"{name}.tif").exists():
            tifffile.imwrite(folder / "open" / f"{name}.tif", volume)
        if not (folder / "compressed" / f"{name}.tif").exists():
            path = folder / "compressed" / f"{name}.tif"
            tifffile.imwrite(path, volume, compression="zlib", compressionargs={"level": 1})
        (folder / "slices" / name).mkdir(exist_ok=True)
        for z in range(size):
            path = folder / "slices" / name / f"slice_{z}.tif"
            if not path.exists():
                tifffile.imwrite(path, volume[z])


def write_sparse(folder: Path, gigabytes: float, size: int) -> int:
    """Write frames that are holes behind a true header, as TIFF and as MetaImage."""
    frames = max(2, round(gigabytes * 1e9 / (2 * size**3)))
    header = (
        f"ObjectType = Image\nNDims = 3\nDimSize = {size} {size} {size}\n"
        "ElementType = MET_USHORT\nElementDataFile = LOCAL\n"
    ).encode()
    for layout in ("open", "MetaImage"):
        (folder / layout).mkdir(parents=True, exist_ok=True)
    for t in range(frames):
        tifffile.memmap(folder / "open" / f"{t}.tif", shape=(size,) * 3, dtype=np.uint16)
        with (folder / "MetaImage" / f"{t}.mha").open("wb") as file:
            file.write(header)
            file.truncate(len(header) + 2 * size**3)
    return frames


def convert(folder: Path) -> None:
    """Convert the compressed layout, and print a table of it before and after."""
    from operando import Study
    from operando.steps import make_step, run_step

    print("| images | slice ms | next frame | along y | along x |")
    print("|---|---|---|---|---|")
    with Study.create(folder / "study", folder / "compressed", voxel_size=(1, 1, 1)) as study:
        show_times("compressed TIFF", study.series.data)
        entry = run_step(study, make_step("convert", {}))
        study.calibrate()
        show_times("converted", study.series.data)
    read, written = entry.values["read_gb"], entry.values["written_gb"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"\nConverted {read:.2f} GB in {entry.seconds:.0f} s to {written:.2f} GB, {peak:.0f} MB")


def show_times(name: str, series: Any) -> None:
    """Print a row of the median times (ms) of five slices of each kind."""
    n = series.shape[2]
    places = [n * k // 7 for k in range(1, 6)]
    kinds = (
        [(0, 0, p) for p in places],
        [(1, 0, p) for p in places],
        [(0, 0, slice(None), p) for p in places],
        [(0, 0, slice(None), slice(None), p) for p in places],
    )
    row = []
    for kind in kinds:
        times = []
        for place in kind:
            start = time.perf_counter()
            np.asarray(series[place])
            times.append(1e3 * (time.perf_counter() - start))
        row.append(f"{np.median(times):.0f}")
    print("|", " | ".join([name, *row]), "|", flush=True)


def paths_of(folder: Path) -> list[list[Path]]:
    """Files of every frame, in order."""
    from operando.files.folders import visible

    return [visible(p) if p.is_dir() else [p] for p in visible(folder)]


def open_with(reader: str, folder: Path) -> Any:
    """Return something that is indexed by frame and slice."""
    if reader == "operando":
        from operando.files import read
        from operando.ui.layers.lookups import ChannelFrames

        return ChannelFrames(read(folder).data, 0)
    if reader == "tifffile":
        files = paths_of(folder)
        return np.stack([np.squeeze([tifffile.imread(p) for p in frame]) for frame in files])
    import dask.array as da

    if reader == "napari":
        from napari_builtins.io._read import magic_imread

        return magic_imread(str(folder))
    if reader == "dask-image":
        from dask_image.imread import imread

        volumes = sorted(folder.iterdir())
        return da.stack([imread(str(p / "*.tif" if p.is_dir() else p)) for p in volumes])
    import dask

    frames = []
    for frame in paths_of(folder):
        shape = tifffile.TiffFile(frame[0]).series[0].shape
        parts = [da.from_delayed(dask.delayed(tifffile.imread)(p), shape, np.uint16) for p in frame]
        frames.append(parts[0] if len(parts) == 1 else da.stack(parts))
    return da.stack(frames)


def measure(reader: str, folder: Path) -> None:
    """Print open, first slice, next slice, next frame, a slice along y (ms), and memory (MB).

    Memory is what opening took, and the peak of the whole process in the end.
    """
    import dask.array  # noqa: F401

    import operando.ui.layers.lookups  # noqa: F401

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3

    before = peak()
    clock = [time.perf_counter()]

    def lap(value: object) -> None:
        np.asarray(value).sum()
        clock.append(time.perf_counter())

    series = open_with(reader, folder)
    lap(0)
    memory = peak() - before
    middle = series.shape[1] // 2
    lap(series[0, middle])
    lap(series[0, middle + 1])
    lap(series[1, middle])
    lap(series[1, :, middle])
    print(*(f"{1e3 * t:.1f}" for t in np.diff(clock)), f"{memory:.0f}", f"{peak():.0f}")


def main() -> None:
    """Write the series where it is missing, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--sparse", type=float, metavar="GB")
    parser.add_argument("--convert", action="store_true")
    parser.add_argument("--measure", choices=READERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.folder)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        frames, runs = options.frames, list(product(LAYOUTS, READERS))
        if options.sparse:
            frames = write_sparse(folder, options.sparse, options.size)
            runs = [("open", reader) for reader in READERS if reader != "tifffile"]
            runs.append(("MetaImage", "operando"))
        else:
            write_series(folder, options.frames, options.size)
        if options.convert:
            convert(folder)
            return
        gigabytes = frames * options.size**3 * 2 / 1e9
        print(f"{frames} frames of {options.size}³ uint16, {gigabytes:.1f} GB\n")
        print(
            "| layout | reader | open ms | slice | next | frame | along y | MB to open | MB peak |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        for layout, reader in runs:
            command = [sys.executable, __file__, str(folder / layout), "--measure", reader]
            done = subprocess.run(command, capture_output=True, text=True)
            times = done.stdout.split() if done.returncode == 0 else ["n/a"] * 7
            print("|", " | ".join([layout, reader, *times]), "|", flush=True)


if __name__ == "__main__":
    main()
