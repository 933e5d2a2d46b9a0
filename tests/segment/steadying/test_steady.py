from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.nets.frames import Frames
from operando.segment.scoring.scores import confusion, dice
from operando.segment.steadying.flicker import count_flicker
from operando.segment.steadying.steady import pairs_of, steady_into

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from operando.data import DisplacementField
    from operando.samples import Electrode


def steady(
    images: np.ndarray,
    probabilities: np.ndarray,
    fields: Sequence[DisplacementField | None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    labels, means = np.zeros(images.shape, np.uint8), np.zeros_like(probabilities)
    frames = Frames(images)
    for t in range(len(images)):
        steady_into(
            pairs_of(frames, t, fields), probabilities, t,
            labels_out=labels[t], probabilities_out=means[t],
        )  # fmt: skip
    return labels, means


def test_the_mean_is_over_the_frames_where_nothing_changed() -> None:
    """One voxel block changes between frames 1 and 2; all else stays."""
    images = np.zeros((3, 8, 24, 24), np.float32)
    images[..., 12:] = 100
    images[2, 2:6, 4:10, 2:8] = 100
    first = np.array([90, 60, 240], np.uint8).reshape(3, 1, 1, 1)
    share = np.broadcast_to(first, images.shape)
    probabilities = np.stack([share, 255 - share], axis=1)
    labels, means = steady(images, probabilities)
    still, changed = (slice(None), 0, 0, 20, 20), (slice(None), 0, 4, 7, 5)
    np.testing.assert_array_equal(means[still], [75, 130, 150])
    np.testing.assert_array_equal(means[changed], [75, 75, 240])
    np.testing.assert_array_equal(labels[:, 4, 7, 5], [2, 2, 1])
    np.testing.assert_array_equal(labels[:, 0, 20, 20], [2, 1, 1])


def test_a_frame_without_a_field_is_left_alone() -> None:
    images = np.zeros((2, 8, 16, 16), np.float32)
    images[..., 8:] = 1
    share = np.stack([np.full(images.shape[1:], 200), np.full(images.shape[1:], 20)])
    probabilities = np.stack([share, 255 - share], axis=1).astype(np.uint8)
    labels, means = steady(images, probabilities, [None])
    np.testing.assert_array_equal(means, probabilities)
    np.testing.assert_array_equal(labels, probabilities.argmax(1) + 1)


def doubtful(truth: np.ndarray, seed: int) -> np.ndarray:
    """Probabilities with smooth errors, half of them shared by all frames, half their own."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    classes = int(truth.max())

    def smooth() -> np.ndarray:
        noise = gaussian_filter(rng.normal(size=(classes, *truth.shape[1:])), (0, 1, 1, 1))
        return noise / noise.std()

    shared = smooth()
    out = []
    for frame in truth:
        sure = gaussian_filter(
            np.stack([frame == k + 1 for k in range(classes)]).astype(float), (0, 0.7, 0.7, 0.7)
        )
        score = np.exp(4 * sure + 0.9 * shared + 0.9 * smooth())
        out.append(255 * score / score.sum(0))
    return np.rint(out).astype(np.uint8)


def test_flicker_falls_and_real_change_stays(electrode: Electrode) -> None:
    """On a moving electrode with the true motion, also where the truth changes between frames."""
    truth, images = electrode.phases, electrode.images
    probabilities = doubtful(truth, 3)
    before = (probabilities.argmax(1) + 1).astype(np.uint8)
    field = true_field(electrode)
    after, _ = steady(images, probabilities, [field])
    pair = pairs_of(Frames(images), 0, [field])[0]
    rates = [count_flicker(pair, *labels, n_classes=3).rate for labels in (before, after)]
    assert rates[1] < 0.6 * rates[0]
    changed = np.broadcast_to(truth[0] != truth[1], truth.shape)
    for where in (np.ones(truth.shape, bool), changed):
        scores = [dice(confusion(truth[where], got[where], 3)) for got in (before, after)]
        assert (scores[1] > scores[0]).all()


def true_field(electrode: Electrode) -> DisplacementField:
    from operando.data import DisplacementField

    step = 4
    dense = electrode.displacement(1)[:, ::step, ::step, ::step]
    grid = dense.shape[1:]
    positions = step * np.stack(np.indices(grid), -1).reshape(-1, 3).astype(float)
    n = len(positions)
    return DisplacementField(
        positions=positions,
        displacement=dense.reshape(3, -1).T.astype(float),
        gradient=np.zeros((n, 3, 3)),
        sigma=np.zeros((n, 3)),
        zncc=np.ones(n),
        status=np.zeros(n, np.uint8),
        grid_shape=grid,
        spacing=(float(step),) * 3,
        window=(9, 9, 9),
    )


@pytest.mark.parametrize(("gain", "offset"), [(0.5, 0), (1.2, 3000)])
def test_brightness_of_a_frame_does_not_matter(
    electrode: Electrode,
    gain: float,
    offset: float,
    moved_by: Callable[[float, float, float], DisplacementField],
) -> None:
    probabilities = doubtful(electrode.phases, 1)
    images = electrode.images.astype(np.float32)
    other = np.stack([images[0], gain * images[1] + offset])
    field = [moved_by(0.5, 0.5, 0.5)]
    (one, _), (two, _) = (steady(i, probabilities, field) for i in (images, other))
    assert (one == two).mean() > 0.9999


def test_what_was_not_imaged_is_neither_labelled_nor_asked() -> None:
    images = np.zeros((2, 8, 24, 24), np.float32)
    images[..., 12:] = 100
    images[1, ..., :4] = np.nan
    share = np.broadcast_to(np.array([90, 240], np.uint8).reshape(2, 1, 1, 1), images.shape)
    probabilities = np.stack([share, 255 - share], axis=1)
    probabilities[1, ..., :4] = 0
    labels, means = steady(images, probabilities)
    np.testing.assert_array_equal(means[0, 0, ..., :4], 90)
    np.testing.assert_array_equal(labels[0, ..., :4], 2)
    np.testing.assert_array_equal(means[..., 4:][:, 0], 165)
    assert not labels[1, ..., :4].any()
