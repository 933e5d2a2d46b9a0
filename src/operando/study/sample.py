"""A study of the sample data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operando.study.new import bring_along
from operando.study.study import Study

if TYPE_CHECKING:
    from pathlib import Path


def study_of_sample(path: Path, sample: Path) -> Study:
    """Make a study of a folder that `operando.samples.write_sample` wrote.

    Parameters
    ----------
    path
        New folder of the study.
    sample
        Folder of the sample; its strokes and its voltage curve come along.
    """
    study = Study.create(path, sample / "images")
    bring_along(study, sample / "strokes.tif", sample / "cycling.csv")
    return study
