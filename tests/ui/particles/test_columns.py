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
