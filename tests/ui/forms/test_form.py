from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operando.steps import STEPS
from operando.ui.forms.form import SettingsForm

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.mark.parametrize("name", list(STEPS))
def test_every_step_has_a_form_that_gives_it_back(qtbot: QtBot, name: str) -> None:
    form = SettingsForm(STEPS[name])
    qtbot.addWidget(form)
    assert form.value() == STEPS[name]()


def test_what_is_set_is_got(qtbot: QtBot) -> None:
    form = SettingsForm(STEPS["train"], up_front=("settings.effort",), hidden=("model",))
    qtbot.addWidget(form)
    step = STEPS["train"](
        model="other", settings={"effort": "quick", "learning_rate": 1.25e-4, "seed": 7}
    )
    form.setValue(step)
    assert form.value() == step
    form.field("settings.seed").setValue(8)
    assert form.value().settings.seed == 8
    assert form.value().model == "other"


def test_the_rest_is_under_more(qtbot: QtBot) -> None:
    form = SettingsForm(STEPS["strain"], up_front=("window",), hidden=("settings",))
    qtbot.addWidget(form)
    form.show()
    assert form.field("window").isVisible()
    assert not form.field("spacing").isVisible()
    form.more.click()
    assert form.field("spacing").isVisible()
    with pytest.raises(KeyError):
        form.field("settings.order")


def test_titles_and_descriptions_are_seen(qtbot: QtBot) -> None:
    form = SettingsForm(STEPS["strain"], up_front=("window",))
    qtbot.addWidget(form)
    info = STEPS["strain"].model_fields["window"]
    assert form.field("window").toolTip() == info.description


def test_changes_are_told(qtbot: QtBot) -> None:
    form = SettingsForm(STEPS["train"])
    qtbot.addWidget(form)
    with qtbot.waitSignal(form.valueChanged):
        form.field("settings.width").setValue(32)
    assert form.value().settings.width == 32


def test_choices_replace_the_editor(qtbot: QtBot) -> None:
    form = SettingsForm(STEPS["train"], choices={"start": [("", "anew")]})
    qtbot.addWidget(form)
    form.set_choices("start", [("", "anew"), ("model", "the model")])
    form.field("start").setCurrentText("the model")
    assert form.value().start == "model"
