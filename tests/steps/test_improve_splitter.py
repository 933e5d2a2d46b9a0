from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from operando.errors import FileError, InputError, StudyError
from operando.particles.edits import Edit
from operando.particles.joining.necks import shipped_rule
from operando.particles.parting import teaching
from operando.particles.parting.teaching import Taught
from operando.steps import STEPS, run_step, step_status
from operando.steps.corrections import Corrections
from operando.steps.particles import FindParticles
from operando.study.record import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando import Study
    from operando.particles.joining.necks import NeckRule
    from operando.particles.parting.teaching import CorrectedFrame


pytestmark = pytest.mark.usefixtures("segmented")


def leaning(towards: float) -> NeckRule:
    """The shipped rule with its log odds raised."""
    rule = shipped_rule("probability")
    weights, offsets = rule.layers[-1]
    return replace(rule, layers=(*rule.layers[:-1], (weights, offsets + towards)))


def _two(table) -> list[int]:
    first = table[table["frame"] == 0].sort_values("volume_um3")
    return [int(i) for i in first["particle"].iloc[-2:]]


def _correct(study: Study) -> set[int]:
    """Merge two particles of frame 0 and accept a third; returns the two that are left."""
    corrections = Corrections(study, FindParticles())
    a, b = _two(corrections.table)
    points = (corrections.anchor(a, 0), corrections.anchor(b, 0))
    corrections.apply(Edit(kind="merge", frame=0, points=points))
    other = int(corrections.table["particle"].iloc[0])
    corrections.apply(Edit(kind="accept", frame=0, points=(corrections.anchor(other, 0),)))
    return {a, other}


def test_the_rule_is_used_and_recorded(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[CorrectedFrame] = []

    def teach(_rule: NeckRule, frames: Sequence[CorrectedFrame], *_more: object) -> Taught:
        seen.extend(frames)
        return Taught(leaning(100.0), 3, 2, 0)

    monkeypatch.setattr(teaching, "teach", teach)
    before = run_step(study, STEPS["particles"]())
    corrected = _correct(study)
    entry = run_step(study, STEPS["improve-splitter"]())
    assert (entry.values["corrections"], entry.values["spared"]) == (3, 2)
    (frame,) = seen
    assert frame.sure == corrected
    table = study.table("particles")
    assert set(frame.own) <= {0, *table.loc[table["frame"] == 0, "particle"]}
    after = run_step(study, STEPS["particles"](joining="corrections"))
    assert after.inputs["splitters/particles"] == entry.id
    # All parts that touch are one now.
    assert after.values["particles"] < before.values["particles"] - 3


def test_shipped_joining_heeds_no_rule(study: Study) -> None:
    before = run_step(study, STEPS["particles"]())
    path = study.product_path("splitters/particles")
    path.parent.mkdir()
    path.write_text(leaning(100.0).as_json())
    assert run_step(study, STEPS["particles"]()).values == before.values


def test_what_helps_nothing_is_not_kept(study: Study) -> None:
    run_step(study, STEPS["particles"]())
    _correct(study)  # two particles far apart: nothing can be learned from that
    with pytest.raises(InputError, match="Too little to learn from"):
        run_step(study, STEPS["improve-splitter"]())
    assert study.products("splitters") == []


def test_nothing_is_learned_where_the_splitter_was_right(study: Study) -> None:
    run_step(study, STEPS["particles"]())
    corrections = Corrections(study, FindParticles())
    first = int(corrections.table["particle"].iloc[0])
    corrections.apply(Edit(kind="accept", frame=0, points=(corrections.anchor(first, 0),)))
    with pytest.raises(InputError, match="right about every particle that was accepted"):
        run_step(study, STEPS["improve-splitter"]())


def test_what_is_missing_is_said(study: Study) -> None:
    step = STEPS["improve-splitter"]()
    with pytest.raises(InputError, match="There are no particles 'particles'"):
        run_step(study, step)
    run_step(study, FindParticles())
    with pytest.raises(InputError, match="No particle was corrected"):
        run_step(study, step)
    with pytest.raises(StudyError, match="needs splitters/particles"):
        run_step(study, STEPS["particles"](joining="corrections"))
    run_step(study, STEPS["particles"](split={"method": "watershed"}))
    with pytest.raises(InputError, match="'watershed', which does not learn"):
        run_step(study, step)


def test_a_damaged_rule_is_refused(study: Study) -> None:
    path = study.product_path("splitters/particles")
    path.parent.mkdir()
    path.write_text('{"features": ["neck"]}')
    with pytest.raises(FileError, match="holds no rule"):
        run_step(study, STEPS["particles"](joining="corrections"))


def _learn(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Find particles, correct them, and learn a rule from that."""
    monkeypatch.setattr(teaching, "teach", lambda *_: Taught(leaning(100.0), 3, 2, 0))
    run_step(study, STEPS["particles"]())
    _correct(study)
    run_step(study, STEPS["improve-splitter"]())


def test_a_rule_is_out_of_date_once_what_it_learned_from_changes(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    _learn(study, monkeypatch)
    # What was merged is one now, and counts as accepted.
    step = FindParticles(joining="corrections")
    run_step(study, step)
    assert step_status(study, "improve-splitter").state == "done"
    assert step_status(study, "particles").state == "done"
    corrections = Corrections(study, step)
    right = corrections.anchor(int(corrections.table["particle"].iloc[0]), 0)
    corrections.apply(Edit(kind="accept", frame=0, points=(right,)))
    assert step_status(study, "improve-splitter").state == "done"
    corrections.apply(Edit(kind="delete", frame=0, points=(right,)))
    assert step_status(study, "improve-splitter").state == "out of date"
    assert step_status(study, "particles").state == "out of date"
    corrections.undo()
    assert step_status(study, "particles").state == "done"


def test_a_rule_is_out_of_date_once_the_phases_are_others(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    _learn(study, monkeypatch)
    study.add_entry(Entry(step="segment", outputs=("phases/phases",)))
    assert step_status(study, "improve-splitter").state == "out of date"
