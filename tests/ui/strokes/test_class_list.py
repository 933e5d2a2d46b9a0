from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operando.data import DEFAULT_CLASSES, LabelClass
from operando.ui.strokes.class_list import ClassList

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def classes(qtbot: QtBot) -> ClassList:
    classes = ClassList()
    qtbot.addWidget(classes)
    classes.set_classes(DEFAULT_CLASSES, {1: 12400})
    classes.show()
    return classes


def test_names_and_voxels_are_listed(classes: ClassList) -> None:
    assert [row.name.text() for row in classes.rows] == ["pore", "binder", "particle"]
    assert [row.voxels.text() for row in classes.rows][:2] == ["12\u202f400 voxels", "none yet"]


@pytest.mark.parametrize(
    ("painted", "removable"),
    [({}, [True, True, True]), ({1: 9}, [False, True, True]), ({2: 9}, [False, False, True])],
)
def test_only_what_is_not_painted_can_be_removed_and_two_stay(
    classes: ClassList, painted: dict[int, int], removable: list[bool]
) -> None:
    classes.set_classes(DEFAULT_CLASSES, painted)
    assert [row.remove.isEnabled() for row in classes.rows] == removable
    classes.set_classes(DEFAULT_CLASSES[:2], {})
    assert [row.remove.isVisible() for row in classes.rows] == [False, False]
    assert len(classes.rows) == 2


def test_one_is_chosen(qtbot: QtBot, classes: ClassList) -> None:
    with qtbot.waitSignal(classes.chosen) as heard:
        classes.rows[1].radio.click()
    assert heard.args == [2]
    classes.set_chosen(3)
    assert [row.radio.isChecked() for row in classes.rows] == [False, False, True]


def test_new_names_are_told(qtbot: QtBot, classes: ClassList) -> None:
    classes.rows[0].name.setText(" void ")
    with qtbot.waitSignal(classes.renamed) as heard:
        classes.rows[0].name.editingFinished.emit()
    assert heard.args == [1, "void"]


def test_a_class_that_moves_up_keeps_its_name_also_where_a_name_is_being_typed(
    classes: ClassList, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, str]] = []
    classes.renamed.connect(lambda label, name: told.append((label, name)))
    for row in classes.rows:
        monkeypatch.setattr(row.name, "hasFocus", lambda: True)
    gone = classes.rows[-1]
    classes.rows[1].name.setText("bind")
    classes.set_classes([DEFAULT_CLASSES[0], DEFAULT_CLASSES[2]], {})
    assert [row.name.text() for row in classes.rows] == ["pore", "particle"]
    gone.name.editingFinished.emit()
    assert not told


def test_the_swatch_has_the_colour(classes: ClassList) -> None:
    classes.set_classes([LabelClass("a", "#123456"), *DEFAULT_CLASSES[1:]], {})
    image = classes.rows[0].swatch.icon().pixmap(16, 16).toImage()
    assert image.pixelColor(8, 8).name() == "#123456"
