"""Ways to a study; slow on slow disks, so the window calls them in a thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from operando.samples import shipped_sample
from operando.study import Study, study_of_sample
from operando.study.new import new_study
from operando.ui.collector import spare_what_is_loaded
from operando.ui.layers.factory import warm_up

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from operando.compute.progress import ProgressCallback


def load_study(path: str | os.PathLike[str]) -> Study:
    """Open a study with the headers of its images and its strokes."""
    return _warmed(Study.open(Path(path)))


def create_study(
    path: Path,
    images: Sequence[Path],
    voxel_size: Sequence[float],
    times: Sequence[float],
    axes: str = "",
    progress: ProgressCallback | None = None,
    **hints: Any,
) -> Study:
    """Make a study of images or a part of them; see `operando.study.new.new_study`."""
    hints |= {"axes": axes} if axes else {}
    sources = images[0] if len(images) == 1 else list(images)
    made = new_study(path, sources, voxel_size=voxel_size, times=times, progress=progress, **hints)
    return _warmed(made)


def open_sample(place: Path) -> Study:
    """Open the study of the sample, made at first use, with its strokes and voltage curve.

    Parameters
    ----------
    place
        Folder for the study.
    """
    path = place / "sample.operando"
    if (path / "study.json").is_file():
        return load_study(path)
    place.mkdir(parents=True, exist_ok=True)
    return _warmed(study_of_sample(path, shipped_sample()))


def _warmed(study: Study) -> Study:
    """Do what the window would otherwise wait for."""
    try:
        warm_up(study)
        for table in study.products("tables"):
            study.table(table)
    except BaseException:
        study.close()
        raise
    spare_what_is_loaded()
    return study
