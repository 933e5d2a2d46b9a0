"""Whether a step has been done, and whether what it read has changed since."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.steps.step import Step
    from operando.study import Study
    from operando.study.record import Entry

_MAIN = {"segment": "phases/phases"}
"""What a step is judged by that may have written others of the kind, to compare with."""
_ALL_COUNT = {"strain"}
"""Steps whose runs stand side by side: one for every pair of frames."""


@dataclass(frozen=True)
class StepStatus:
    """State of one step in a study.

    Parameters
    ----------
    state
        "not yet", "done", or "out of date" when an input changed after it ran.
    entry
        The run that counts, if there is one.
    """

    state: Literal["not yet", "done", "out of date"]
    entry: Entry | None = None

    @property
    def summary(self) -> str:
        """The result in a few words, and which one it is where several stand side by side."""
        if self.entry is None:
            return ""
        if self.state == "done":
            return self.entry.summary
        which = [p.partition("/")[2] for p in self.entry.outputs if self.entry.step in _ALL_COUNT]
        return " ".join([*which, f"out of date · {self.entry.summary}"])


def step_status(study: Study, name: str) -> StepStatus:
    """Look up the state of a step by its name; of runs that all count, one that is out of date."""
    record = _Record(study)
    every = [entry for entry in record.entries if entry.step == name]
    main = [entry for entry in every if _MAIN.get(name) in entry.outputs]
    runs = [entry for entry in main or every if record.is_there(entry)]
    if not runs:
        return StepStatus("not yet")
    outdated = [e for e in (runs if name in _ALL_COUNT else runs[-1:]) if not record.is_current(e)]
    return StepStatus("out of date", outdated[-1]) if outdated else StepStatus("done", runs[-1])


def outdated_runs(study: Study) -> list[Entry]:
    """Return the runs whose results are there, and that read what has changed since."""
    record = _Record(study)
    return [e for e in record.entries if record.is_there(e) and not record.is_current(e)]


def is_up_to_date(study: Study, step: Step) -> bool:
    """Tell whether a step with just these settings ran on what is there now."""
    record = _Record(study)
    settings = step.model_dump(mode="json")
    return any(
        entry.step == step.name
        and entry.settings == settings
        and record.is_there(entry)
        and record.is_current(entry)
        for entry in record.entries
    )


def left_to_run(study: Study, steps: Sequence[Step]) -> list[Step]:
    """Leave out the steps that are up to date and read nothing that those before them will make."""
    left: list[Step] = []
    coming: set[str] = set()
    for step in steps:
        if coming.isdisjoint(step.inputs(study)) and is_up_to_date(study, step):
            continue
        left.append(step)
        coming.update(step.outputs(study))
    return left


class _Record:
    """The runs of a study that count, beside what is there now."""

    def __init__(self, study: Study) -> None:
        self.entries = [entry for entry in study.entries if not entry.superseded]
        self._fingerprint = cache(study.fingerprint)
        self._makers = defaultdict[str, list["Entry"]](list)
        for entry in self.entries:
            for product in entry.outputs:
                self._makers[product].append(entry)

    def is_there(self, entry: Entry) -> bool:
        """Whether all that a run wrote is there."""
        return all(self._fingerprint(product) for product in entry.outputs)

    def is_current(self, entry: Entry) -> bool:
        """Compare what a run read with what is there now, and so on upstream."""
        if any(self._fingerprint(product) != seen for product, seen in entry.inputs.items()):
            return False
        makers = [maker for product in entry.inputs for maker in self._makers[product]]
        return all(self.is_current(maker) for maker in makers if maker is not entry)
