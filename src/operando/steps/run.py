"""Run steps on a study, and record that they ran."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from operando.atomic import DISK_FULL
from operando.data.given import check_kind
from operando.errors import FileError, InputError, StudyError, as_path
from operando.steps.grid import make_steps
from operando.steps.step import Step
from operando.study import Study
from operando.study.record import Entry, package_versions, read_entries, replay_order

if TYPE_CHECKING:
    from pathlib import Path

    from operando.compute.progress import ProgressCallback
    from operando.steps.step import StepResult


class StartedStep:
    """A step that can run, with what it reads as it is now; `end` it, recorded or not.

    Parameters
    ----------
    study
        Open for writing.
    step
        As `operando.steps.make_step` gives it.

    Raises
    ------
    StudyError
        If the study is read-only or lacks something that the step reads.
    InputError
        If there is no such channel, or what it writes would take the place of something else.
    """

    def __init__(self, study: Study, step: Step) -> None:
        check_kind(study, Study, "study", "open one with operando.Study.open")
        check_kind(step, Step, "step", "make one with operando.steps.make_step")
        if not study.writable:
            raise StudyError(f"The study {study.path} is open for reading only", "open it to write")
        self.study, self.step = study, step
        self._inputs = {product: study.fingerprint(product) for product in step.inputs(study)}
        for product, fingerprint in self._inputs.items():
            if not fingerprint:
                raise StudyError(
                    f"{step.title} needs {product}, which this study does not have",
                    "do the step before it first",
                )
        _check_channel(study, step)
        _check_tables(study, step)
        study.settle_runs()
        self._id = uuid.uuid4().hex[:12]
        study.begin_run(self._id, step.outputs(study))
        self._at, self._clock = datetime.now(UTC), time.monotonic()

    def record(self, result: StepResult) -> Entry:
        """Record that it ran: settings, inputs, result, time and versions."""
        entry = Entry(
            id=self._id,
            step=self.step.name,
            settings=self.step.model_dump(mode="json"),
            inputs=self._inputs,
            outputs=self.step.outputs(self.study),
            summary=result.summary,
            values={name: float(value) for name, value in result.values.items()},
            started=self._at.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._clock, 2),
            versions=package_versions(),
        )
        self.study.add_entry(entry)
        self.end()
        return entry

    def end(self) -> None:
        """Let what it has replaced, if it is not recorded, be no result of an earlier run."""
        self.study.end_run(self._id)


def run_step(study: Study, step: Step, progress: ProgressCallback | None = None) -> Entry:
    """Run one step and record it with its settings, inputs, result and versions.

    Parameters
    ----------
    study
        Open for writing.
    step
        As `operando.steps.make_step` gives it.
    progress
        Told at least once a second; raises `Cancelled` to stop, and nothing is recorded then.

    Returns
    -------
    The record: ``summary`` in words, ``values`` by name.

    Raises
    ------
    StudyError, InputError
        As `StartedStep` does.
    FileError
        If the disk is full.
    OperandoError
        What the step raises.
    """
    started = StartedStep(study, step)
    try:
        return started.record(step.run(study, progress))
    except OSError as error:
        if error.errno in DISK_FULL and not isinstance(error, FileError):
            raise FileError(
                f"The disk of {study.path} was full before {step.title} had ended",
                "free some space and run it again",
            ) from error
        raise
    finally:
        started.end()


def _check_channel(study: Study, step: Step) -> None:
    """Refuse to read a channel that the images do not have."""
    channel, last = getattr(step, "channel", None) or 0, study.series.n_channels - 1
    if channel > last:
        raise InputError(f"There is no channel {channel}", f"the last one is {last}")


def _check_tables(study: Study, step: Step) -> None:
    """Refuse to write over the table of another step, or over the cycling record."""
    for product in step.outputs(study):
        maker = study.maker(product)
        foreign = maker is not None and maker.step != step.name
        if product == "tables/cycling" or (product.startswith("tables/") and foreign):
            raise InputError(
                f"{step.title} would take the place of {product}, which holds something else",
                "choose another name for the result",
            )


def load_recipe(path: str | Path) -> list[Step]:
    """Read the steps of a recipe in the order in which they have to run.

    Raises
    ------
    FileError, InputError, StudyError
        If the file is no recipe, holds no step, or a step or setting that does not exist.
    """
    path = as_path(path)
    if not path.is_file():
        raise StudyError(f"There is no recipe {path}", "give the path of a YAML file")
    entries = replay_order(read_entries(path))
    if not entries:
        raise StudyError(f"{path} holds no step", "start every step with '- step: NAME'")
    return [step for entry in entries for step in make_steps(entry.step, entry.settings)]
