from __future__ import annotations

import numpy as np

from operando.data.classes import DEFAULT_CLASSES
from operando.steps.phase_fractions import phase_fractions


def test_fractions_come_with_error_bars() -> None:
    """A certain frame has none; a doubtful one does, and the fraction lies within."""
    labels = np.ones((2, 8, 20, 20), np.uint8)
    labels[:, 4:] = 2
    labels[:, :, 15:] = 3
    probabilities = np.stack([255 * (labels == k) for k in (1, 2, 3)], axis=1).astype(np.uint8)
    probabilities[1] = np.where(probabilities[1] > 0, 155, 50)
    table = phase_fractions(labels, DEFAULT_CLASSES, (0.0, 1.5), probabilities)
    np.testing.assert_allclose(table["fraction"], [0.375, 0.375, 0.25] * 2)
    sure, unsure = table[table["frame"] == 0], table[table["frame"] == 1]
    np.testing.assert_allclose(sure["fraction_low"], sure["fraction"])
    np.testing.assert_allclose(sure["fraction_high"], sure["fraction"])
    assert (unsure["fraction_low"] < unsure["fraction"]).all()
    assert (unsure["fraction_high"] > unsure["fraction"]).all()
    assert set(table["time_h"]) == {0.0, 1.5}


def test_a_fraction_lies_in_its_interval_where_labels_were_mended(
    rng: np.random.Generator,
) -> None:
    """Islands of the second class went; the probabilities still hold them."""
    islands = rng.random((1, 64, 64, 64)) < 0.02
    shares = [np.where(islands == second, 230, 25) for second in (False, True)]
    mended = np.ones(islands.shape, np.uint8)
    table = phase_fractions(
        mended, DEFAULT_CLASSES[:2], (0.0,), np.stack(shares, axis=1).astype(np.uint8)
    )
    assert table["fraction"].tolist() == [1, 0]
    assert table["fraction_high"][0] == 1
    assert table["fraction_low"][1] == 0
    expected = np.mean(shares[0]) / 255
    assert table["fraction_low"][0] < expected < 1 - table["fraction_low"][1]


def test_labels_alone_have_no_error_bars() -> None:
    table = phase_fractions(np.ones((1, 2, 3, 3), np.uint8), DEFAULT_CLASSES, (0.0,))
    assert list(table.columns) == ["frame", "time_h", "phase", "fraction"]


def test_fractions_are_those_of_what_was_imaged() -> None:
    labels = np.ones((1, 4, 10, 10), np.uint8)
    labels[:, :, 5:] = 2
    labels[..., 8:] = 0
    table = phase_fractions(labels, DEFAULT_CLASSES[:2], (0.0,))
    assert table["fraction"].tolist() == [0.5, 0.5]
