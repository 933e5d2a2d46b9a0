from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import BaseModel, Field
from qtpy.QtCore import QLocale, Qt

from operando.ui.forms.fields import (
    IMAGE_SETS,
    BoolField,
    ChoiceField,
    FloatField,
    IntField,
    TextField,
    TupleField,
    make_field,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


class Everything(BaseModel):
    whole: int = Field(3, ge=1, le=9)
    above: int = Field(3, gt=2)
    real: float = Field(0.5, gt=0, le=1, json_schema_extra={"unit": "µm"})
    maybe: float | None = Field(None, gt=0, le=10)
    some: int | None = Field(None, ge=0)
    yes: bool = True
    text: str = "a"
    name: str | None = None
    images: str | None = Field(None, json_schema_extra={"choices": IMAGE_SETS})
    one: Literal["x", "y"] = "x"
    three: tuple[float, float, float] = (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("whole", IntField, [1, 9]),
        ("real", FloatField, [0.003, 1e-5, 1.0]),
        ("maybe", FloatField, [None, 2.5, None, 1e-6]),
        ("some", IntField, [None, 0, 7, None]),
        ("yes", BoolField, [False, True]),
        ("text", TextField, ["µm", ""]),
        ("name", TextField, [None, "a", None]),
        ("images", ChoiceField, [None, "images", None]),
        ("one", ChoiceField, ["y", "x"]),
        ("three", TupleField, [(0.1, 0.2, 0.3)]),
    ],
)
def test_what_is_set_is_got(qtbot: QtBot, name: str, kind: type, values: list[Any]) -> None:
    field = make_field(Everything.model_fields[name])
    qtbot.addWidget(field)
    assert isinstance(field, kind)
    for value in values:
        field.setValue(value)
        assert field.value() == value


def test_bounds_hold(qtbot: QtBot) -> None:
    whole = make_field(Everything.model_fields["whole"])
    above = make_field(Everything.model_fields["above"])
    real = make_field(Everything.model_fields["real"])
    for field in (whole, above, real):
        qtbot.addWidget(field)
    whole.setValue(50)
    above.setValue(0)
    real.setValue(-1)
    assert (whole.value(), above.value()) == (9, 3)
    assert 0 < real.value() < 1e-6


def test_numbers_are_written_short_and_with_their_unit(qtbot: QtBot) -> None:
    real = make_field(Everything.model_fields["real"])
    maybe = make_field(Everything.model_fields["maybe"])
    for field in (real, maybe):
        qtbot.addWidget(field)
    real.setValue(0.25)
    assert real.text() == "0.25 µm"
    maybe.setValue(None)
    assert maybe.text() == "automatic"


@pytest.mark.parametrize("country", ["de_DE", "en_US", "fr_FR"])
@pytest.mark.parametrize("typed", ["2.5", "2,5"])
def test_numbers_are_the_same_in_every_country(qtbot: QtBot, country: str, typed: str) -> None:
    before = QLocale()
    QLocale.setDefault(QLocale(country))
    try:
        field = FloatField(0, 1e4, "µm")
        qtbot.addWidget(field)
        for value in (1.5, 0.0325, 1234.5):
            field.setValue(value)
            field.interpretText()
            assert field.value() == value, "what is shown is what is read"
        field.selectAll()
        qtbot.keyClicks(field, typed)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert (field.value(), field.text()) == (2.5, "2.5 µm")
    finally:
        QLocale.setDefault(before)


@pytest.mark.parametrize("typed", ["1.5", "1,5"])
def test_whole_numbers_have_no_decimals(qtbot: QtBot, typed: str) -> None:
    field = IntField(1, 99)
    qtbot.addWidget(field)
    field.selectAll()
    qtbot.keyClicks(field, typed)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == 15, "neither point nor comma can be typed"


def test_choices_can_change_and_keep_what_was_chosen(qtbot: QtBot) -> None:
    field = ChoiceField([(0, "first"), (1, "second")])
    qtbot.addWidget(field)
    field.setValue(1)
    field.set_choices([(1, "the second"), (2, "third")])
    assert field.value() == 1
    field.set_choices([(7, "seventh")])
    assert field.value() == 7


def test_changes_are_told(qtbot: QtBot) -> None:
    field = make_field(Everything.model_fields["three"])
    qtbot.addWidget(field)
    with qtbot.waitSignal(field.valueChanged) as heard:
        field.fields[1].setValue(8.0)
    assert heard.args == [(1.0, 8.0, 3.0)] or heard.args[0][1] == 8.0


def test_types_without_editor_are_refused() -> None:
    class Odd(BaseModel):
        odd: dict[str, int] = {}

    with pytest.raises(TypeError, match="No editor"):
        make_field(Odd.model_fields["odd"])


def test_choices_are_shown_by_their_names(qtbot: QtBot) -> None:
    class Named(BaseModel):
        method: Literal["nlm", "tv"] = Field(
            "tv", json_schema_extra={"names": {"nlm": "non-local means"}}
        )

    field = make_field(Named.model_fields["method"])
    qtbot.addWidget(field)
    assert [field.itemText(i) for i in range(field.count())] == ["non-local means", "tv"]
    field.setValue("nlm")
    assert field.currentText() == "non-local means"
    assert field.value() == "nlm"
