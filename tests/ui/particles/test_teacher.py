from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from operando.particles import measure
from operando.particles.joining.necks import shipped_rule
from operando.steps import STEPS
from operando.study import Entry
from operando.ui.dock.section import Mark
from operando.ui.panels.particles import ParticlesPanel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.ui.session import Session


@pytest.fixture
def found(found: Study) -> Study:
    """With what the true particles measure."""
    ids = np.asarray(found.open_array("particles/particles")[:])
    tables = [measure(ids[t], spacing=found.voxel_size, frame=t) for t in range(len(ids))]
    found.write_table("particles", pd.concat(tables, ignore_index=True))
    found.add_entry(
        Entry(
            step="particles",
            settings=STEPS["particles"]().model_dump(mode="json"),
            outputs=("particles/particles", "tables/particles"),
            summary="12 followed, 3 cracked",
        )
    )
    return found


@pytest.fixture
def panel(qtbot: QtBot, found: Study, session: Session) -> Iterator[ParticlesPanel]:
    panel = ParticlesPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.close_panel()


def _accept_one(panel: ParticlesPanel) -> None:
    table = panel.particles.table
    panel.particles.view.select(int(table.loc[table["frame"] == 0, "particle"].iloc[0]), frame=0)
    panel.editor.tools["accept"].click()
    panel.editor.corrector.finish()


def _learned(study: Study) -> Entry:
    path = study.product_path("splitters/particles")
    path.parent.mkdir()
    path.write_text(shipped_rule("probability").as_json())
    values = {"corrections": 14.0, "spared": 6.0, "changed": 1.0, "frames": 1.0}
    entry = Entry(step="improve-splitter", outputs=("splitters/particles",), values=values)
    study.add_entry(entry)
    return entry


def test_it_learns_only_where_something_was_corrected(panel: ParticlesPanel) -> None:
    assert not panel.teacher.button.isEnabled()
    _accept_one(panel)
    assert panel.teacher.button.isEnabled()
    panel.editor.undo.click()
    panel.editor.corrector.finish()
    assert not panel.teacher.button.isEnabled()


def test_what_was_learned_is_said_and_used_next(panel: ParticlesPanel, session: Session) -> None:
    study = session.study
    assert panel.teacher.said.isHidden()
    entry = _learned(study)
    session.edited()
    session.products_changed.emit("improve-splitter")
    assert panel.form.value().joining == "corrections"
    said = panel.teacher.said.text()
    assert "14 corrections" in said
    assert "6 of them" in said
    assert said.endswith("Find particles again to use it.")
    study.add_entry(
        Entry(
            step="particles",
            inputs={"splitters/particles": entry.id},
            outputs=("particles/particles", "tables/particles"),
        )
    )
    session.edited()
    panel.refresh()
    assert panel.teacher.said.text().endswith("The particles were found with it.")


def test_nothing_to_learn_is_said(qtbot: QtBot, panel: ParticlesPanel) -> None:
    session = panel.session
    _accept_one(panel)
    panel.teacher.button.click()
    qtbot.waitUntil(lambda: session.poll() or not session.is_busy, timeout=120_000)
    panel.refresh_job()
    assert "right about every particle" in panel.job_bar.message.text()
    assert panel.form.value().joining == "shipped"
    assert panel.state()[0] is not Mark.FAILED
