from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label

from operando.errors import InputError
from operando.samples import Brush, paint_strokes


@pytest.fixture(scope="module")
def phases():
    """Two frames with a thick slab, a thick block and a thin sheet."""
    volume = np.ones((2, 12, 64, 64), np.uint8)
    volume[:, :, 24:] = 2
    volume[:, :, 40:42] = 3
    return volume


def test_strokes_lie_in_their_class_on_the_asked_slices(phases):
    strokes = paint_strokes(phases, frames=(1,), slices=(2, 9), share=0.01, seed=3)
    painted = strokes > 0
    np.testing.assert_array_equal(strokes[painted], phases[painted])
    assert {(int(t), int(z)) for t, z, *_ in np.argwhere(painted)} == {(1, 2), (1, 9)}


@pytest.mark.parametrize("share", [0.004, 0.012])
def test_the_share_of_painted_voxels_is_met_and_even_among_classes(phases, share):
    strokes = paint_strokes(phases, share=share, seed=0)
    assert np.mean(strokes[0] > 0) == pytest.approx(share, rel=0.15)
    assert len(np.unique(np.argwhere(strokes[0])[:, 0])) == 3
    counts = np.bincount(strokes.ravel(), minlength=4)[1:]
    assert counts.min() > 0.6 * counts.max()


def test_careful_strokes_keep_away_from_borders(phases):
    careful = paint_strokes(phases, share=0.02, brush=Brush(careful=1), slices=1)
    careless = paint_strokes(phases, share=0.02, brush=Brush(careful=0), slices=1)
    inside = distance_transform_edt(phases[0, 0] == 1)

    def nearest(strokes):
        return inside[strokes[0, 6] == 1].min()

    assert nearest(careful) >= 1
    assert (careful == 3).any()
    assert (careless == 3).any()


def test_strokes_are_long_and_narrow(phases):
    brush = Brush(radius=2, length=(20, 20), careful=1)
    strokes = paint_strokes(phases, share=0.002, slices=1, brush=brush)
    stroke = (strokes[0, 6] == 2) & (label(strokes[0, 6] == 2)[0] == 1)
    width = 2 * distance_transform_edt(stroke).max()
    assert width < 14
    assert stroke.sum() / width**2 > 0.5


def test_strokes_repeat_with_the_seed(phases):
    one, two, other = (paint_strokes(phases, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert np.any(one != other)


def test_unlabelled_places_stay_unpainted(phases):
    partly = phases.copy()
    partly[partly == 2] = 0
    assert not np.isin(paint_strokes(partly), 2).any()


@pytest.mark.parametrize(
    "wrong",
    [{"frames": (2,)}, {"slices": (12,)}, {"slices": 13}, {"share": 0.0}, {"share": 2.0}],
)
def test_places_that_are_not_there_are_refused(phases, wrong):
    with pytest.raises(InputError):
        paint_strokes(phases, **wrong)


def test_a_single_volume_is_refused(phases):
    with pytest.raises(InputError, match="give them as"):
        paint_strokes(phases[0])
