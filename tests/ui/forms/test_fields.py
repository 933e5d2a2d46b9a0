from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import BaseModel, Field

from operando.ui.forms.fields import (
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
    yes: bool = True
    text: str = "a"
    one: Literal["x", "y"] = "x"
    three: tuple[float, float, float] = (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("whole", IntField, [1, 9]),
        ("real", FloatField, [0.003, 1e-5, 1.0]),
        ("maybe", FloatField, [None, 2.5, None, 1e-6]),
        ("yes", BoolField, [False, True]),
        ("text", TextField, ["µm", ""]),
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
