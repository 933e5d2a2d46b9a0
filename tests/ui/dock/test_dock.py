"""The dock in a real window: it opens studies, runs steps, and leaves nothing behind."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QCloseEvent, QWheelEvent
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QSlider

from operando import Study
from operando.steps import STEPS
from operando.ui.contributions import open_dock, show_segment
from operando.ui.dock.dock import PANELS, OperandoDock
from operando.ui.dock.section import Mark
from operando.ui.jobs.background import Background

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

TITLES = ["Data", "Clean", "Align", "Annotate", "Segment", "Particles", "Strain", "Report"]


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any], qtbot: QtBot) -> Any:
    return make_napari_viewer(show=True)


@pytest.fixture
def dock(viewer: Any) -> OperandoDock:
    return open_dock(viewer)


def _marks(dock: OperandoDock) -> dict[str, Mark]:
    return {s.header.text(): s.header.mark for s in dock.sections}


def test_the_work_from_opening_to_strain(
    qtbot: QtBot, viewer: Any, dock: OperandoDock, study: Study
) -> None:
    assert [panel.title for panel in PANELS] == TITLES
    study.close()
    dock.panels[0].open_study(study.path)
    qtbot.waitUntil(lambda: dock.session.study is not None, timeout=30_000)
    assert "2 frames" in dock._facts.text()
    assert _marks(dock)["Data"] is Mark.DONE
    assert _marks(dock)["Annotate"] is Mark.DONE
    assert _marks(dock)["Strain"] is Mark.NOT_YET

    dock.open_section("Strain")
    panel = dock.panels[TITLES.index("Strain")]
    panel.form.setValue(STEPS["strain"](spacing=16))
    panel.primary.click()
    assert _marks(dock)["Strain"] is Mark.RUNNING
    qtbot.waitUntil(lambda: not dock.session.is_busy, timeout=180_000)
    assert panel.job_bar.message.text() == ""
    assert _marks(dock)["Strain"] is Mark.DONE
    assert any("since frame 0" in layer.name for layer in viewer.layers)

    dock.session.calibrate((0.3, 0.3, 0.3))
    assert _marks(dock)["Strain"] is Mark.OUT_OF_DATE


def test_there_is_one_window(viewer: Any, dock: OperandoDock, study: Study) -> None:
    """Any other would stay when napari is closed, and keep the program from ending."""
    dock.session.show_study(study)
    windows = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    assert windows == [viewer.window._qt_window]


@pytest.mark.parametrize("section", ["Particles", "Strain"])
def test_clicks_that_select_do_not_paint(dock: OperandoDock, study: Study, section: str) -> None:
    dock.session.show_study(study)
    layer = dock.session.painter.layer
    dock.open_section("Annotate")
    dock.session.painter.choose(1)
    dock.open_section("Segment")
    assert layer.mode == "paint", "places to paint are proposed there"
    dock.open_section(section)
    assert layer.mode == "pan_zoom"


def test_one_section_is_open_at_a_time(dock: OperandoDock) -> None:
    assert [s.is_open for s in dock.sections] == [t == "Data" for t in TITLES]
    dock.sections[TITLES.index("Segment")].header.click()
    assert [s.is_open for s in dock.sections] == [t == "Segment" for t in TITLES]


def test_menus_lead_to_the_one_dock(viewer: Any, dock: OperandoDock) -> None:
    show_segment(viewer)
    assert open_dock(viewer) is dock
    assert dock.sections[TITLES.index("Segment")].is_open


def test_closing_the_dock_closes_the_study(
    qtbot: QtBot, viewer: Any, dock: OperandoDock, study: Study
) -> None:
    dock.session.show_study(study)
    dock.show_time_line()
    dock.session.run(STEPS["strain"](spacing=16))
    job = dock.session.job
    viewer.window.remove_dock_widget(dock)
    assert job.state.is_over
    assert dock.session.study is None
    assert dock.time_line is None
    assert len(viewer.layers) == 0
    Study.open(study.path).close()


def test_a_voltage_curve_opens_the_time_line(
    qtbot: QtBot, dock: OperandoDock, study: Study
) -> None:
    dock.session.show_study(study)
    qtbot.wait(100)
    assert dock.time_line is None
    curve = {"time_h": [0.0, 1.0], "voltage_v": [3.0, 4.0]}
    study.write_table("cycling", pd.DataFrame(curve))
    dock.session.products_changed.emit("cycling")
    qtbot.waitUntil(lambda: dock.time_line is not None)


def test_work_in_threads_ends_before_the_study_is_closed(dock: OperandoDock, study: Study) -> None:
    dock.session.show_study(study)
    open_at_the_end = []

    def work() -> None:
        sleep(0.3)
        open_at_the_end.append(dock.session.study is study)

    background = Background()
    background.start(work, lambda _: None, lambda _: None)
    dock.close_session()
    assert open_at_the_end == [True]


def test_closing_the_window_closes_the_study(viewer: Any, dock: OperandoDock, study: Study) -> None:
    dock.session.show_study(study)
    viewer.close()
    assert dock.session.study is None
    Study.open(study.path).close()


def test_a_dock_that_is_taken_out_of_the_window_keeps_its_study(
    qtbot: QtBot, dock: OperandoDock, study: Study
) -> None:
    dock.session.show_study(study)
    frame = dock.parentWidget()
    for floats in (True, False):
        frame.setFloating(floats)
        for shown in (False, True):
            frame.setVisible(shown)
            qtbot.wait(20)
        assert dock.session.study is study


def test_a_job_is_not_stopped_by_a_menu_or_a_key_without_a_question(
    viewer: Any, dock: OperandoDock, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who presses Ctrl+W is asked by napari about the window, which says nothing of the job."""
    asked: list[str] = []

    def refuse(session: object, parent: object) -> bool:
        asked.append("stop?")
        return False

    dock.session.show_study(study)
    monkeypatch.setattr("operando.ui.dock.dock.may_stop", refuse)
    assert not viewer.window._qt_window.close()
    assert dock.session.study is study
    assert asked == ["stop?"]
    viewer.close()
    assert dock.session.study is None
    assert asked == ["stop?"], "a script that closes napari is not asked"


class ByFrame(QCloseEvent):
    """A click on the X of the window's frame."""

    def spontaneous(self) -> bool:
        return True


def test_a_window_that_stays_open_after_all_keeps_its_study(
    viewer: Any, dock: OperandoDock, study: Study
) -> None:
    """napari asks after the dock has heard of the closing; the answer may be no."""
    dock.session.show_study(study)
    window = viewer.window._qt_window
    assert not dock.eventFilter(window, ByFrame())
    assert dock.session.study is study
    window.hide()
    assert dock.session.study is None


def test_the_wheel_scrolls_a_panel_and_changes_no_setting(dock: OperandoDock, study: Study) -> None:
    dock.session.show_study(study)
    for panel in dock.panels:
        for kind in (QComboBox, QAbstractSpinBox, QSlider):
            for editor in panel.findChildren(kind):
                turn = QWheelEvent(
                    QPointF(),
                    QPointF(),
                    QPoint(),
                    QPoint(0, -120),
                    Qt.MouseButton.NoButton,
                    Qt.KeyboardModifier.NoModifier,
                    Qt.ScrollPhase.NoScrollPhase,
                    False,
                )
                editor.wheelEvent(turn)
                assert not turn.isAccepted(), (panel.title, editor.toolTip())


def test_no_panel_is_wider_than_the_dock(qtbot: QtBot, dock: OperandoDock, study: Study) -> None:
    dock.session.show_study(study)
    for title, panel in zip(TITLES, dock.panels, strict=True):
        dock.open_section(title)
        qtbot.wait(10)
        if hasattr(panel, "form"):
            panel.form.more.setChecked(True)
        assert panel.minimumSizeHint().width() <= 350, title
