from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.segment.phases.connectivity import (
    interface_areas,
    labelled_box,
    measure_connectivity,
)

SHAPE = (70, 40, 44)
"""Three slabs: what follows is cut where slabs meet."""


def _only(mask: np.ndarray, **options: object):
    return measure_connectivity(np.where(mask, 1, 2), n_classes=2, **options)[0]["labels"]


def test_a_rod_percolates_along_its_axis_only() -> None:
    mask = np.zeros(SHAPE, bool)
    mask[:, 10:14, 10:14] = True
    mask[20:45, 30:33, 30:33] = True
    rod, island = 70 * 16, 25 * 9
    found = _only(mask)
    assert found.voxels == rod + island
    assert found.percolating == (pytest.approx(rod / (rod + island)), 0, 0)
    assert (found.clusters, found.isolated, found.euler) == (2, 1, 2)
    assert found.isolated_share == pytest.approx(island / (rod + island))


def test_a_ring_has_one_tunnel_and_a_shell_one_cavity() -> None:
    ring = np.zeros(SHAPE, bool)
    ring[10:60, 10:30, 10:30] = True
    ring[20:50, 10:30, 15:25] = False
    shell = np.zeros(SHAPE, bool)
    shell[10:60, 10:30, 10:30] = True
    shell[20:50, 15:25, 15:25] = False
    assert _only(ring).euler == 0
    assert _only(shell).euler == 2


def test_it_agrees_with_labelling_the_whole_volume(rng: np.random.Generator) -> None:
    from scipy.ndimage import label
    from skimage.measure import euler_number

    mask = rng.random(SHAPE) < 0.3
    ids, n = label(mask)
    sizes = np.bincount(ids.ravel())
    through = np.intersect1d(np.unique(ids[0]), np.unique(ids[-1]))
    found = _only(mask)
    assert found.clusters == n
    assert found.euler == euler_number(mask, connectivity=1)
    assert found.percolating[0] == pytest.approx(sizes[through[through > 0]].sum() / mask.sum())


def test_the_readings_bound_a_doubtful_bridge() -> None:
    """Two certain halves, joined by a neck that is as likely there as not."""
    labels = np.full(SHAPE, 2, np.uint8)
    probabilities = np.zeros((2, *SHAPE), np.uint8)
    labels[:, 10:20, 10:20] = 1
    probabilities[0, :, 10:20, 10:20] = 255
    neck = np.s_[30:36, 10:20, 10:20]
    for neck_label, along in ((1, 1.0), (2, 0.0)):
        labels[neck] = neck_label
        probabilities[(0, *neck)] = 127
        probabilities[1] = 255 - probabilities[0]
        phase = measure_connectivity(labels, probabilities, n_classes=2)[0]
        assert phase["labels"].percolating[0] == along
        assert phase["least"].percolating[0] == 0
        assert phase["most"].percolating[0] == 1


def test_areas_of_planes_and_a_sphere() -> None:
    spacing = (2.0, 1.0, 0.5)
    z, y, x = np.ogrid[:70, :40, :44]
    layers = (1 + (z >= 20) + (z >= 32) + 0 * (y + x)).astype(np.uint8)
    plane = 40 * 44 * 0.5
    expected = [[0, plane, 0], [plane, 0, plane], [0, plane, 0]]
    np.testing.assert_allclose(interface_areas(layers, 3, spacing), expected, rtol=1e-6)
    ball = (z - 34.3) ** 2 + (y - 19.6) ** 2 + (x - 21.8) ** 2 <= 15**2
    labels = np.where(ball, 1, 2).astype(np.uint8)
    area = 4 * np.pi * 15**2
    assert interface_areas(labels, 2)[0, 1] == pytest.approx(area, rel=0.03)
    phase = measure_connectivity(labels, n_classes=2)
    assert phase[0]["labels"].surface == pytest.approx(area, rel=0.03)


def test_a_border_with_what_was_not_imaged_is_no_surface() -> None:
    labels = np.full(SHAPE, 2, np.uint8)
    labels[:30] = 1
    labels[:, 25:] = 0
    for phase in measure_connectivity(labels, n_classes=2):
        assert phase["labels"].surface == pytest.approx(25 * SHAPE[2], rel=0.01)


def test_a_cluster_beside_what_was_not_imaged_is_not_isolated() -> None:
    labels = np.full(SHAPE, 2, np.uint8)
    labels[:, 25:] = 0
    labels[10, 24, 5] = labels[10, 10, 5] = 1
    found = measure_connectivity(labels, n_classes=2)[0]["labels"]
    assert (found.clusters, found.isolated, found.isolated_share) == (2, 1, 0.5)


def test_a_phase_that_does_not_occur_has_no_shares() -> None:
    found = _only(np.zeros(SHAPE, bool))
    assert found.voxels == found.clusters == found.euler == 0
    assert np.isnan(found.percolating).all()


def test_across_a_single_slice_nothing_percolates(rng: np.random.Generator) -> None:
    """Its first slice is its last one, which says nothing of paths."""
    found = _only(rng.random((1, 20, 30)) < 0.8)
    assert np.isnan(found.percolating[0])
    assert found.percolating[1] > 0.8 < found.percolating[2]


def test_probabilities_of_something_else_are_refused() -> None:
    with pytest.raises(InputError, match="2 classes"):
        measure_connectivity(np.ones(SHAPE, np.uint8), np.ones((3, *SHAPE)), n_classes=2)


def test_a_frame_that_does_not_fill_the_volume_percolates_all_the_same(
    rng: np.random.Generator,
) -> None:
    alone = 1 + (rng.random(SHAPE) < 0.6).astype(np.uint8)
    certain = np.stack([255 * (alone == k) for k in (1, 2)]).astype(np.uint8)
    around = ((3, 0), (0, 5), (2, 2))
    framed, shares = np.pad(alone, around), np.pad(certain, ((0, 0), *around))
    box = labelled_box(framed)
    assert [(s.start, s.stop) for s in box] == [(3, 73), (0, 40), (2, 46)]
    expected = measure_connectivity(alone, certain, n_classes=2)
    assert measure_connectivity(framed, shares, n_classes=2, box=box) == expected
    assert expected[1]["labels"].percolating[0] > 0.9
    assert measure_connectivity(framed, shares, n_classes=2)[1]["labels"].percolating[0] == 0
