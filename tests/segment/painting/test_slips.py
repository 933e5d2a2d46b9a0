from __future__ import annotations

import numpy as np

from operando.segment import Model, predict
from operando.segment.painting.slips import find_slips
from operando.segment.phases.labels import to_uint8


def test_finds_planted_slips(model: Model, scene: object) -> None:
    """Strokes in the middle of balls called matrix are found; right ones are not."""
    probabilities = to_uint8(predict(model, scene.image[0], device="cpu"))[None]
    strokes = np.zeros_like(scene.strokes)
    z, planted = 8, np.zeros(scene.strokes.shape[2:], bool)
    for label in (1, 2, 3):
        sure = probabilities[0, label - 1, z] > 240
        sure &= scene.truth[0, z] == label
        strokes[0, z][sure] = label
        assert sure.sum() > 20
    ball = np.argwhere(strokes[0, z] == 2)
    middle = ball[np.abs(ball - np.median(ball, axis=0)).sum(axis=1).argmin()]
    planted[middle[0] - 2 : middle[0] + 3, middle[1] - 2 : middle[1] + 3] = True
    planted &= strokes[0, z] == 2
    assert planted.sum() >= 6
    assert find_slips(probabilities, strokes, [(0, z)]) == []
    strokes[0, z][planted] = 1
    (slip,) = find_slips(probabilities, strokes, [(0, z)])
    assert (slip.painted, slip.predicted, slip.voxels) == (1, 2, planted.sum())
    assert planted[slice(*slip.y), slice(*slip.x)].sum() == planted.sum()
    assert slip.confidence > 0.9


def test_unsure_models_and_single_voxels_say_nothing() -> None:
    probabilities = np.zeros((1, 2, 1, 8, 8), np.uint8)
    probabilities[0, 0], probabilities[0, 1] = 100, 155
    strokes = np.zeros((1, 1, 8, 8), np.uint8)
    strokes[0, 0, :3] = 1
    assert find_slips(probabilities, strokes, [(0, 0)]) == []
    assert len(find_slips(probabilities, strokes, [(0, 0)], confidence=0.6)) == 1
    strokes[0, 0, :3] = 0
    strokes[0, 0, ::4, ::4] = 1
    assert find_slips(probabilities, strokes, [(0, 0)], confidence=0.6) == []


def test_the_largest_comes_first() -> None:
    probabilities = np.zeros((2, 2, 2, 8, 12), np.uint8)
    probabilities[:, 1] = 250
    strokes = np.zeros((2, 2, 8, 12), np.uint8)
    strokes[0, 0, 0, :4] = 1
    strokes[1, 1, :3, 4:8] = 1
    slips = find_slips(probabilities, strokes, [(0, 0), (1, 1)])
    assert [(s.frame, s.z, s.voxels) for s in slips] == [(1, 1, 12), (0, 0, 4)]
    assert slips[0].centre == (1, 1.5, 6)
