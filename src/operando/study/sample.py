"""A study of the sample data."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from operando.chemistry import read_cycling

    study = Study.create(path, sample / "images")
    try:
        study.strokes().load(sample / "strokes.tif")
        study.write_table("cycling", read_cycling(sample / "cycling.csv"))
    except BaseException:
        study.close()
        raise
    return study
