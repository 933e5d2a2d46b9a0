"""Whether a step has been done, and whether what it read has changed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.steps.step import Step
    from operando.study import Study
    from operando.study.record import Entry

_MAIN = {"segment": "phases/phases"}
"""What a step is judged by that may have written others of the kind, to compare with."""


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
        """The result in a few words."""
        if self.entry is None:
            return ""
        return self.entry.summary if self.state == "done" else f"out of date · {self.entry.summary}"


def step_status(study: Study, name: str) -> StepStatus:
    """Look up the state of a step by its name."""
    entries = [entry for entry in study.entries if not entry.superseded]
    every = [entry for entry in entries if entry.step == name]
    runs = [entry for entry in every if _MAIN.get(name) in entry.outputs] or every
    if not runs or not all(study.fingerprint(product) for product in runs[-1].outputs):
        return StepStatus("not yet")
    current = _is_current(study, runs[-1], entries)
    return StepStatus("done" if current else "out of date", runs[-1])


def is_up_to_date(study: Study, step: Step) -> bool:
    """Tell whether a step with just these settings ran on what is there now."""
    entries = [entry for entry in study.entries if not entry.superseded]
    settings = step.model_dump(mode="json")
    return any(
        entry.step == step.name
        and entry.settings == settings
        and all(study.fingerprint(product) for product in entry.outputs)
        and _is_current(study, entry, entries)
        for entry in entries
    )


def _is_current(study: Study, entry: Entry, entries: Sequence[Entry]) -> bool:
    """Compare what a run read with what is there now, and so on upstream."""
    if any(study.fingerprint(product) != seen for product, seen in entry.inputs.items()):
        return False
    makers = [e for e in entries if set(e.outputs) & set(entry.inputs)]
    return all(_is_current(study, maker, entries) for maker in makers if maker is not entry)
