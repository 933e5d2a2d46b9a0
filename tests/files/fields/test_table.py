from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from operando.data import DisplacementField
from operando.errors import InputError
from operando.files.fields.table import layer_strain, node_table
from operando.strain.reading.measures import in_frame


def a_strain(rng: np.random.Generator) -> np.ndarray:
    some = 0.02 * rng.standard_normal((5, 3, 3))
    return (some + some.transpose(0, 2, 1)) / 2


def one_node(**others: Any) -> DisplacementField:
    of_node = {"gradient": np.zeros((1, 3, 3))} | others
    return DisplacementField(
        positions=np.zeros((1, 3)),
        displacement=np.zeros((1, 3)),
        sigma=np.zeros((1, 3)),
        zncc=np.ones(1),
        status=np.zeros(1, int),
        grid_shape=(1, 1, 1),
        spacing=(1.0, 1.0, 1.0),
        window=(9, 9, 9),
        **of_node,
    )


def test_strain_in_a_layer_is_that_of_axes_turned_into_it() -> None:
    rng = np.random.default_rng(4)
    strain = a_strain(rng)
    axes, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    turned = in_frame(strain, axes.T)
    layer = layer_strain(strain, 7 * axes[:, 0])
    np.testing.assert_allclose(layer.through, turned[:, 0, 0], atol=1e-12)
    np.testing.assert_allclose(layer.in_plane, (turned[:, 1, 1] + turned[:, 2, 2]) / 2, atol=1e-12)
    shear = np.hypot(turned[:, 0, 1], turned[:, 0, 2])
    np.testing.assert_allclose(layer.shear, shear, atol=1e-12)


def test_a_normal_of_no_length_is_refused() -> None:
    with pytest.raises(InputError, match="no length"):
        layer_strain(np.zeros((1, 3, 3)), (0, 0, 0))


def test_errors_of_strain_are_those_of_many_draws_of_the_gradient() -> None:
    """In voxels that are twice as high as wide, where the sample is turned and stretched."""
    rng = np.random.default_rng(7)
    size = np.array([0.2, 0.1, 0.1])
    gradient = 0.3 * rng.standard_normal((3, 3))
    sigma = rng.uniform(1e-4, 1e-3, (3, 3))
    draws = gradient + sigma * rng.standard_normal((40_000, 3, 3))
    field = one_node(gradient=gradient[None], gradient_sigma=sigma[None])
    (row,) = node_table(field, size).to_dict("records")
    lengths = np.eye(3) + draws * size[:, None] / size
    strain = (lengths.transpose(0, 2, 1) @ lengths - np.eye(3)) / 2
    for pair in ("zz", "yy", "xx", "zy", "zx", "yx"):
        i, j = map("zyx".index, pair)
        assert row[f"strain_{pair}_sd"] == pytest.approx(strain[:, i, j].std(), rel=0.02)


def test_errors_of_strain_that_nobody_told_are_empty() -> None:
    (row,) = node_table(one_node(), (1, 1, 1)).to_dict("records")
    assert np.isnan(row["strain_zz_sd"])


def test_the_table_has_the_layer_where_a_normal_is_given() -> None:
    """A stretch of 2 % along z in voxels that are twice as high as wide."""
    field = one_node(gradient=np.diag([0.02, 0.0, 0.0])[None])
    size = (0.2, 0.1, 0.1)
    assert "strain_in_plane" not in node_table(field, size)
    stretch = 0.02 + 0.02**2 / 2
    (row,) = node_table(field, size, normal=(1, 0, 1)).to_dict("records")
    assert row["strain_through_thickness"] == pytest.approx(stretch / 2)
    assert row["strain_in_plane"] == pytest.approx(stretch / 4)
    assert row["strain_through_thickness_shear"] == pytest.approx(stretch / 2)
    assert row["layer_normal_x"] == pytest.approx(np.sqrt(0.5))
