"""Ways to a study; slow on slow disks, so the window calls them in a thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from operando.study import Study, study_of_sample
from operando.ui.layers.factory import warm_up

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

SAMPLE_NAME = "sample"
_CHECKOUT = Path(__file__).resolve().parents[3]


def load_study(path: str | os.PathLike[str]) -> Study:
    """Open a study with the headers of its images and its strokes."""
    return _warmed(Study.open(Path(path)))


def create_study(
    path: Path,
    images: Sequence[Path],
    voxel_size: Sequence[float],
    times: Sequence[float],
    axes: str = "",
) -> Study:
    """Make a study of images; see `Study.create`."""
    hints = {"axes": axes} if axes else {}
    sources = images[0] if len(images) == 1 else list(images)
    return _warmed(Study.create(path, sources, voxel_size=voxel_size, times=times, **hints))


def sample_folder(place: Path) -> Path:
    """Return the folder of the sample data: that of a checkout, or one made at first use.

    Parameters
    ----------
    place
        Folder in which it is made.
    """
    from operando.samples import write_sample

    shipped = _CHECKOUT / "sample_data"
    if (shipped / "images").is_dir():
        return shipped
    folder = place / SAMPLE_NAME
    if not (folder / "images").is_dir():
        place.mkdir(parents=True, exist_ok=True)
        write_sample(folder)
    return folder


def open_sample(place: Path) -> Study:
    """Open the study of the sample, made at first use, with its strokes and voltage curve.

    Parameters
    ----------
    place
        Folder for the study.
    """
    path = place / f"{SAMPLE_NAME}.operando"
    if (path / "study.json").is_file():
        return load_study(path)
    return _warmed(study_of_sample(path, sample_folder(place)))


def _warmed(study: Study) -> Study:
    """Do what the window would otherwise wait for."""
    try:
        warm_up(study.strokes().classes)
    except BaseException:
        study.close()
        raise
    return study
