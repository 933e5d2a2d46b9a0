from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operando.steps import STEPS
from operando.ui.segment.learn_first import LearnFirst, has_nothing_to_adapt

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from operando.steps.train import Train


@pytest.fixture
def row(qtbot: QtBot) -> LearnFirst:
    row = LearnFirst()
    qtbot.addWidget(row)
    return row


def training(network: str, start: str = "pretrained", effort: str = "quick") -> Train:
    settings = {"network": network, "width": 8, "effort": effort}
    return STEPS["train"](settings=settings, start=start)


@pytest.mark.parametrize(
    ("network", "start", "channels", "shown"),
    [
        ("unet3d", "pretrained", 1, False),
        ("unet3d", "pretrained", 2, True),
        ("separable", "pretrained", 1, True),
        ("separable", "scratch", 1, False),
        ("forest", "pretrained", 1, False),
    ],
)
def test_it_shows_where_a_network_would_start_from_nothing(
    row: LearnFirst, network: str, start: str, channels: int, shown: bool
) -> None:
    row.show_for(training(network, start), channels, [])
    assert row.isVisible() == shown


def test_a_click_asks_for_the_network_that_was_chosen(row: LearnFirst, qtbot: QtBot) -> None:
    row.show_for(training("lrcsnet"), 1, [])
    with qtbot.waitSignal(row.asked) as asked:
        row.button.click()
    (step,) = asked.args[0]
    assert step.settings.network == "lrcsnet"
    assert step.settings.width == 8
    with qtbot.waitSignal(row.learned) as learned:
        row.show_for(training("lrcsnet"), 1, [step.model])
    assert learned.args == [step.model]


def test_one_that_is_there_already_is_named(row: LearnFirst) -> None:
    row.show_for(training("separable"), 1, ["images-separable"])
    assert "go on from images-separable" in row.text.text()
    assert not row.button.isVisible()


@pytest.mark.parametrize(
    ("network", "start", "effort", "channels", "nothing"),
    [
        ("unet3d", "pretrained", "instant", 1, False),
        ("unet3d", "pretrained", "instant", 2, True),
        ("unet3d", "pretrained", "quick", 2, False),
        ("unet3d", "scratch", "instant", 1, True),
        ("unet3d", "model", "instant", 2, False),
        ("separable", "pretrained", "instant", 1, True),
        ("forest", "pretrained", "instant", 1, False),
    ],
)
def test_instant_training_needs_a_network_that_knows_something(
    network: str, start: str, effort: str, channels: int, nothing: bool
) -> None:
    assert has_nothing_to_adapt(training(network, start, effort), channels) is nothing
