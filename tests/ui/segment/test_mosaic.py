from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt

from operando.ui.segment.mosaic import Mosaic

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.mark.parametrize(("n", "shape"), [(1, (8, 8)), (16, (20, 50)), (128, (9, 3))])
def test_all_images_are_seen_whole_and_apart(qtbot: QtBot, n: int, shape: tuple[int, int]) -> None:
    mosaic = Mosaic(400, 200)
    qtbot.addWidget(mosaic)
    mosaic.set_images(np.zeros((n, *shape), np.float32))
    places = mosaic.places()
    assert len(places) == n
    assert all(mosaic.rect().contains(place) for place in places)
    assert not any(a.intersects(b) for k, a in enumerate(places) for b in places[:k])
    for place in places:
        assert place.width() / place.height() == pytest.approx(shape[1] / shape[0], rel=0.35)


def test_a_click_tells_which(qtbot: QtBot) -> None:
    mosaic = Mosaic(300, 100)
    qtbot.addWidget(mosaic)
    mosaic.set_images(np.zeros((5, 10, 10), np.float32))
    with qtbot.waitSignal(mosaic.clicked) as caught:
        qtbot.mouseClick(mosaic, Qt.MouseButton.LeftButton, pos=mosaic.places()[3].center())
    assert caught.args == [3]


def test_limits_are_each_image_s_own_or_those_of_all(qtbot: QtBot) -> None:
    mosaic = Mosaic(50, 50)
    qtbot.addWidget(mosaic)
    images = np.array([[[-1, 0, 0.5]], [[-4, 0, 4]]], np.float32)
    mosaic.set_images(images, common=True)
    grey = [[i.pixelColor(x, 0).red() for x in range(3)] for i in mosaic._images]
    assert grey == [[95, 127, 143], [0, 127, 255]]
    mosaic.set_images(images)
    assert mosaic._images[0].pixelColor(2, 0).red() == 255
