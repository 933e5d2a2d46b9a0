from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from napari.components import ViewerModel

from operando.steps import STEPS
from operando.ui.panels.segment import (
    SegmentPanel,
    fractions_html,
    interval_text,
    training_text,
    unpainted_text,
)
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from operando import Study


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(ViewerModel())
    yield session
    session.close()


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> Iterator[SegmentPanel]:
    panel = SegmentPanel(session)
    qtbot.addWidget(panel)
    panel.refresh()
    panel.show()
    yield panel
    panel.close_panel()


def test_it_trains_then_segments_with_the_form_s_settings(panel: SegmentPanel) -> None:
    step = STEPS["train"](settings={"effort": "quick", "seed": 3}, device="cpu")
    panel.form.setValue(step)
    assert panel.steps() == [step, STEPS["segment"](device="cpu")]


def test_single_precision_is_a_choice_under_more(panel: SegmentPanel) -> None:
    panel.show()
    assert not panel.precision.isVisible()
    assert panel.steps()[1].precision == "auto"
    panel.form.more.click()
    assert panel.precision.isVisible()
    panel.precision.setCurrentIndex(1)
    assert panel.steps()[1].precision == "float32"


def test_the_defaults_are_those_of_the_step(
    panel: SegmentPanel, session: Session, study: Study
) -> None:
    assert panel.form.value() == STEPS["train"]()
    session.show_study(study)
    panel.refresh()
    assert panel.form.value() == STEPS["train"]()


def test_every_choice_is_allowed(panel: SegmentPanel) -> None:
    for name in ("start", "settings.effort", "settings.network", "device"):
        field = panel.form.field(name)
        for index in range(field.count()):
            field.setCurrentIndex(index)
            step = panel.form.value()
            assert STEPS["train"].model_validate(step.model_dump(mode="json")) == step


def test_the_network_cannot_be_chosen_where_a_model_brings_its_own(
    panel: SegmentPanel, session: Session, study: Study, trained: Callable[..., None]
) -> None:
    session.show_study(study)
    trained(study, "model", "2025-01-01T00:00:00", 0.9)
    panel.refresh()
    start, network = (panel.form.field(name) for name in ("start", "settings.network"))
    assert network.isEnabled()
    start.setValue("model")
    assert not network.isEnabled()
    start.setValue("scratch")
    assert network.isEnabled()


def test_a_forest_starts_from_nothing(
    panel: SegmentPanel, session: Session, study: Study, trained: Callable[..., None]
) -> None:
    session.show_study(study)
    trained(study, "model", "2025-01-01T00:00:00", 0.9)
    panel.refresh()
    start, network = (panel.form.field(name) for name in ("start", "settings.network"))
    network.setValue("forest")
    assert not start.isEnabled()
    network.setValue("unet3d")
    assert start.isEnabled()


def test_it_says_why_it_cannot_run(panel: SegmentPanel, session: Session, study: Study) -> None:
    assert panel.hint.text() == "Open a study first."
    session.show_study(study)
    panel.refresh()
    assert panel.primary.isEnabled()
    session.painter.undo()
    panel.refresh()
    assert "at least two classes" in panel.hint.text()
    assert not panel.primary.isEnabled()
    assert not panel.segment_only.isVisible()


def test_instant_training_that_cannot_be_is_said_before_it_fails(
    panel: SegmentPanel, session: Session, study: Study
) -> None:
    session.show_study(study)
    panel.refresh()
    panel.form.field("settings.effort").setValue("instant")
    assert panel.primary.isEnabled()
    panel.form.field("start").setValue("scratch")
    assert "choose more effort" in panel.hint.text()
    assert panel.hint.isVisible()
    assert not panel.primary.isEnabled()
    assert not panel.queue.add.isEnabled()
    panel.form.field("settings.effort").setValue("quick")
    assert not panel.hint.isVisible()
    assert panel.primary.isEnabled()


def test_a_job_is_shown_and_cancelled(
    qtbot: QtBot, panel: SegmentPanel, session: Session, study: Study
) -> None:
    session.show_study(study)
    panel.refresh()
    panel.primary.click()
    panel.refresh_job()
    assert not panel.primary.isEnabled()
    assert panel.job_bar.bar.isVisible()
    panel.job_bar.cancel.click()
    qtbot.waitUntil(lambda: session.poll() or not session.is_busy, timeout=10_000)
    panel.refresh()
    assert panel.primary.isEnabled()
    assert "Cancelled" in panel.job_bar.message.text()


def test_fractions_are_written_per_frame() -> None:
    rows = [(t, p, f) for t in (0, 1) for p, f in (("pore", 0.25), ("particle", 0.75 - 0.1 * t))]
    html = fractions_html(pd.DataFrame(rows, columns=["frame", "phase", "fraction"]), {})
    assert html.index("pore") < html.index("particle")
    for text in (">%<", ">25.0<", ">75.0<", ">65.0<", "frame 0"):
        assert text in html


def test_error_bars_are_those_of_the_worst_frame() -> None:
    rows = [(0, "pore", 0.25, 0.24, 0.27), (1, "pore", 0.3, 0.26, 0.31)]
    columns = ["frame", "phase", "fraction", "fraction_low", "fraction_high"]
    table = pd.DataFrame(rows, columns=columns)
    assert "pore 4.0 points" in interval_text(table)
    assert interval_text(table[columns[:3]]) == ""


def test_phases_that_nobody_painted_are_pointed_out() -> None:
    table = pd.DataFrame(
        {"frame": [0, 0, 1, 1], "phase": ["pore", "binder"] * 2, "fraction": [1.0, 0.0, 0.9, 0.1]}
    )
    assert "Nobody painted binder:" in unpainted_text(table, ["binder"])
    assert unpainted_text(table, []) == ""
    assert unpainted_text(table[table["frame"] == 0], ["binder"]) == "", "none was found"


def test_the_score_is_explained() -> None:
    assert training_text({"held_out_dice": 0.876}).startswith("Dice 0.88")
    assert "no score" in training_text({})
