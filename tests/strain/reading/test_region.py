from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from operando.data import DisplacementField
from operando.errors import InputError
from operando.strain.reading.region import labels_at_nodes, region_statistics, statistics_by_label

SHAPE = (10, 12, 14)


@pytest.fixture
def field() -> DisplacementField:
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in SHAPE], indexing="ij"), -1)
    n = int(np.prod(SHAPE))
    return DisplacementField(
        positions=nodes.reshape(-1, 3) * 5.0,
        displacement=np.zeros((n, 3)),
        gradient=np.zeros((n, 3, 3)),
        sigma=np.zeros((n, 3)),
        zncc=np.ones(n),
        status=np.zeros(n, int),
        grid_shape=SHAPE,
        spacing=(5.0,) * 3,
        window=(10, 10, 10),
    )


def test_only_the_region_counts(field: DisplacementField) -> None:
    inside = field.positions[:, 0] < 22
    values = np.where(inside, 3.0, 100.0).reshape(SHAPE)
    values[0, 0, :] = np.nan
    found = region_statistics(field, values, inside)
    assert (found.mean, found.spread, found.median) == (3.0, 0.0, 3.0)
    assert (found.nodes, found.valid) == (5 * 12 * 14, 5 * 12 * 14 - 14)


def test_percentiles_and_spread_of_a_ramp(field: DisplacementField) -> None:
    everywhere = np.ones(len(field.positions), bool)
    values = np.linspace(0, 100, len(everywhere)).reshape(SHAPE)
    found = region_statistics(field, values, everywhere)
    assert (found.low, found.median, found.high) == pytest.approx((5, 50, 95))
    assert found.spread == pytest.approx(100 / np.sqrt(12), rel=1e-2)


def test_the_error_of_the_mean_is_that_of_overlapping_windows(field: DisplacementField) -> None:
    """Nodes that are means over two by two by two cells share them with their neighbours."""
    rng = np.random.default_rng(0)
    means, errors = [], []
    everywhere = np.ones(len(field.positions), bool)
    for _ in range(200):
        cells = rng.normal(size=[n + 1 for n in SHAPE])
        low, high = slice(None, -1), slice(1, None)
        values = sum(cells[a, b, c] for a in (low, high) for b in (low, high) for c in (low, high))
        found = region_statistics(field, values / 8, everywhere)
        means.append(found.mean)
        errors.append(found.mean_sd)
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.25)


def test_nodes_whose_windows_do_not_overlap_are_independent(field: DisplacementField) -> None:
    values = np.random.default_rng(1).normal(size=SHAPE)
    everywhere = np.ones(values.size, bool)
    apart = replace(field, window=(3, 3, 3))
    found = region_statistics(apart, values, everywhere)
    assert found.mean_sd == pytest.approx(values.std() / np.sqrt(values.size), rel=1e-3)


def test_a_region_without_measured_nodes_is_refused(field: DisplacementField) -> None:
    nowhere = np.zeros(len(field.positions), bool)
    with pytest.raises(InputError, match="None of the 0 nodes"):
        region_statistics(field, np.ones(SHAPE), nowhere)


def test_every_label_is_summed_up_by_itself(field: DisplacementField) -> None:
    labels = np.zeros(len(field.positions), int)
    labels[field.positions[:, 0] < 20] = 7
    labels[field.positions[:, 0] >= 30] = 2
    labels[-1] = 9
    values = np.where(labels == 7, 3.0, -1.0).reshape(SHAPE)
    values[-1, -1, -1] = np.nan
    found = statistics_by_label(field, values, labels)
    assert list(found) == [2, 7]
    assert (found[7].mean, found[2].mean) == (3.0, -1.0)
    assert found[7] == region_statistics(field, values, labels == 7)


def test_nodes_read_the_label_at_their_centre(field: DisplacementField) -> None:
    z, y, x = np.indices((50, 60, 70))
    labels = z * 10_000 + y * 100 + x
    found = labels_at_nodes(field, labels)
    np.testing.assert_array_equal(found, field.positions @ [10_000, 100, 1])
