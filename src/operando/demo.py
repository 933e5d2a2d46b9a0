"""The whole main job on the sample, from strokes to strain map."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Protocol

from operando.errors import OperandoError
from operando.steps import is_up_to_date, load_recipe, run_step
from operando.study import Study, study_of_sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from operando.compute.progress import Progress

STUDY_NAME, SAMPLE_NAME = "sample.operando", "sample"


class StepProgress(Protocol):
    """Shows which step runs and how far it is."""

    def start(self, title: str) -> None:
        """Begin a step."""

    def finish(self, text: str) -> None:
        """End a step with its result."""

    def __call__(self, progress: Progress) -> None:
        """Show progress within the step."""


def run_demo(
    out: Path, progress: StepProgress, say: Callable[[str], None], *, show_window: bool = True
) -> None:
    """Write the sample, make a study of it, run every step, report, and show it.

    Steps that an earlier demo in the same folder finished are not run again.

    Parameters
    ----------
    out
        Folder for sample, study, report and picture.
    progress
        Told about every step.
    say
        Told where things lie.
    show_window
        Open napari where there is a screen; elsewhere take a picture of its window on a virtual
        one.
    """
    from operando.report import write_report

    with open_demo_study(out) as study:
        steps = load_recipe(out / SAMPLE_NAME / "recipe.yaml")
        for number, step in enumerate(steps, 1):
            title = f"{number}/{len(steps)} {step.title}"
            if is_up_to_date(study, step):
                progress.finish(f"{title}: done before")
                continue
            progress.start(title)
            progress.finish(f"{title}: {run_step(study, step, progress).summary}")
        shutil.copyfile(write_report(study), out / "report.html")
        say(f"Study   {study.path}\nReport  {out / 'report.html'}")
        path = study.path
    if show_window:
        _show(path, out / "window.png", say)


def open_demo_study(out: Path) -> Study:
    """Open the study of an earlier demo, or write the sample and make its study."""
    from operando.samples import write_sample

    if (out / STUDY_NAME / "study.json").exists():
        return Study.open(out / STUDY_NAME)
    sample = out / SAMPLE_NAME
    if not sample.exists():
        write_sample(sample)
    return study_of_sample(out / STUDY_NAME, sample)


def _show(study: Path, picture: Path, say: Callable[[str], None]) -> None:
    from operando.ui import screen

    if screen.is_there():
        from operando.ui.window import show_study

        show_study(study)
        return
    try:
        taken = screen.picture_of_study(study, picture)
    except OperandoError as error:
        say(str(error))
        return
    say(f"Window  {picture}" if taken else "No picture: there is no screen, not even a virtual one")
