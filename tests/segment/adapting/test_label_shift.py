from __future__ import annotations

import numpy as np
import pytest

from operando.nets.frames import Frames
from operando.nets.patches import PatchSampler
from operando.samples import draw_settings, make_electrode, paint_strokes
from operando.segment.adapting.head import fit_head
from operando.segment.adapting.label_shift import LEAST, expected_shares, label_shift
from operando.segment.models.model import pretrained
from operando.segment.normalise import Normalise, grey_scale
from operando.segment.painting.strokes import find_strokes

RARE = 0.05
"""Share of class 2 in the volume."""


def test_of_strokes_that_are_a_fair_sample_nothing_is_shifted() -> None:
    labels = np.repeat([1, 2, 3], [60, 30, 10]).astype(np.uint8)
    shift = label_shift(labels, (1, 1, 1), np.array([0.6, 0.3, 0.1]))
    np.testing.assert_allclose(shift, 0, atol=1e-6)


def test_weights_count_as_more_strokes() -> None:
    labels = np.repeat([1, 2], [90, 10]).astype(np.uint8)
    shift = label_shift(labels, (1, 9), np.array([0.9, 0.1]))
    np.testing.assert_allclose(shift, np.log([0.5 / 0.9, 0.5 / 0.1]), rtol=1e-5)


def test_a_class_without_strokes_is_left_alone() -> None:
    labels = np.repeat([1, 3], [50, 50]).astype(np.uint8)
    shift = label_shift(labels, (1, 1, 1), np.array([0.4, 0.2, 0.4]))
    np.testing.assert_allclose(shift, 0, atol=1e-6)


def test_no_class_is_believed_to_be_absent() -> None:
    labels = np.repeat([1, 2], [50, 50]).astype(np.uint8)
    shift = label_shift(labels, (1, 1), np.array([1.0, 0.0]))
    assert shift[1] == pytest.approx(np.log(0.5 / LEAST), rel=1e-5)


def test_balanced_strokes_give_the_odds_of_the_volume() -> None:
    """Two Gaussians: the best odds are known, and half of the strokes are on the rare one."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 2], 4000).astype(np.uint8)
    rows = (rng.normal(size=8000) + 2 * (labels == 2)).astype(np.float32)[:, None]
    shift = label_shift(labels, (1, 1), np.array([1 - RARE, RARE]))
    nothing = np.zeros((2, 1), np.float32), np.zeros(2, np.float32)
    weight, bias = fit_head(rows, labels, (1, 1), nothing, 1e-6, shift=shift)
    slope, at_zero = weight[1, 0] - weight[0, 0], bias[1] - bias[0]
    assert slope == pytest.approx(2, rel=0.05)
    assert at_zero == pytest.approx(np.log(RARE / (1 - RARE)) - 2, rel=0.05)


def test_patches_tell_how_much_there_is() -> None:
    """The network that ships, on an electrode that it never saw."""
    electrode = make_electrode(draw_settings(40, shape=(24, 72, 72), frames=1), 40)
    frames = Frames(electrode.images)
    voxels = find_strokes(paint_strokes(electrode.phases), frames).voxels
    normalise = Normalise({0: grey_scale(frames, 0)})
    sampler = PatchSampler(frames, voxels, (24, 64, 64), normalise)
    truth = np.bincount(electrode.phases[0].ravel(), minlength=4)[1:] / electrode.phases[0].size
    found = expected_shares(pretrained().network(), sampler)
    np.testing.assert_allclose(found, truth, atol=0.05)
