"""The folder of a new study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operando import atomic
from operando.errors import InputError, StudyError, as_path
from operando.study.manifest import Manifest
from operando.study.sources import frame_names, read_images, sources_to_keep

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from operando.compute.progress import ProgressCallback

SUFFIX = ".operando"


def study_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder of a study, which ends in ``.operando`` also where that is not said."""
    folder = as_path(path)
    if not folder.name:
        raise StudyError(f"{str(path)!r} is no name of a study", "name a folder")
    return folder if folder.suffix == SUFFIX else folder.with_name(folder.name + SUFFIX)


def create_folder(
    path: str | os.PathLike[str],
    images: Any,
    voxel_size: Sequence[float] | None,
    times: Sequence[float] | None,
    *,
    name: str | None,
    hints: Mapping[str, Any],
    progress: ProgressCallback | None,
) -> tuple[Path, Manifest]:
    """Make a folder with a study.json; parameters and errors as in `Study.create`.

    If that fails, the folder is removed again; one that was there is left empty.
    """
    folder = study_folder(path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(
            f"{folder} is not empty", "choose a new folder, or open it if it is a study"
        )
    made = not folder.exists()
    try:
        series = read_images(images, folder, voxel_size, times, hints, progress)
        if series.voxel_size is None:
            raise InputError(
                f"The files of {series.name} do not say how large a voxel is",
                "give voxel_size=(z, y, x) in µm",
            )
        manifest = Manifest(
            name=name or folder.stem,
            sources=sources_to_keep(series, folder),
            voxel_size=series.voxel_size,
            times=series.times or tuple(float(t) for t in range(series.n_frames)),
            hints=dict(series.hints),
            frames=frame_names(series),
        )
        manifest.write(folder)
    except BaseException:
        for path in [folder] if made else list(folder.iterdir()):
            atomic.remove(path)
        raise
    return folder, manifest
