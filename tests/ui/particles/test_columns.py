from __future__ import annotations

from operando.data import PARTICLE_COLUMNS
from operando.ui.particles.columns import ColumnsButton


def test_columns_are_offered_by_group_and_told_when_they_change(qtbot) -> None:
    button = ColumnsButton()
    qtbot.addWidget(button)
    button.offer(PARTICLE_COLUMNS)
    groups = [action.text() for action in button.menu().actions()]
    assert len(groups) == len(set(groups)) > 1
    assert button.chosen("volume_um3")
    assert not button.chosen("x_um")
    assert not button.chosen("no such column")
    with qtbot.waitSignal(button.changed):
        button.actions_by_name["x_um"].setChecked(True)
    assert button.chosen("x_um")
    assert button.actions_by_name["x_um"].toolTip()


def test_empty_columns_are_not_shown_at_first_but_others_are(qtbot) -> None:
    """Without a binder nothing is known of contacts and electron paths."""
    button = ColumnsButton()
    qtbot.addWidget(button)
    button.offer(PARTICLE_COLUMNS)
    assert not button.chosen("sphericity")
    usual = sum(button.chosen(c.name) for c in PARTICLE_COLUMNS)
    button.offer(PARTICLE_COLUMNS, {"detachment", "path_mean_um"})
    assert not button.chosen("detachment")
    assert button.chosen("sphericity")
    assert sum(button.chosen(c.name) for c in PARTICLE_COLUMNS) == usual
