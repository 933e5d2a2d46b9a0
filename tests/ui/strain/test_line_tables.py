from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.ui.strain.line_tables import elongation_table, profile_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from operando.data import DisplacementField
    from operando.ui.layers.study_results import StudyStrain

STRETCH = 0.02


@pytest.fixture
def strain(
    show_field: Callable[[DisplacementField], StudyStrain],
    uniform_stretch: Callable[[float], DisplacementField],
) -> StudyStrain:
    strain = show_field(uniform_stretch(STRETCH))
    strain.view.show_quantity("displacement_x")
    return strain


def line(strain: StudyStrain, last: float) -> list[tuple[float, float, float]]:
    size = strain.study.voxel_size
    return [(14 * size[0], 14 * size[1], x * size[2]) for x in (8.0, last)]


def test_a_profile_tells_where_and_how_sure(strain: StudyStrain) -> None:
    table = profile_table(strain, line(strain, 32))
    assert table is not None
    edge = strain.study.voxel_size[2]
    x = np.linspace(8, 32, len(table)) * edge
    np.testing.assert_allclose(table["x_um"], x)
    np.testing.assert_allclose(table["distance_um"], x - x[0])
    np.testing.assert_allclose(table["value"], STRETCH * x, rtol=1e-5)
    np.testing.assert_allclose(table["value_sd"], 0.01 * edge, rtol=1e-5)


def test_the_length_through_time_starts_at_the_reference(strain: StudyStrain) -> None:
    table = elongation_table(strain, line(strain, 32))
    assert table is not None
    assert list(table["frame"]) == [0, 1]
    assert list(table["time_h"]) == [strain.study.times[0], strain.study.times[1]]
    np.testing.assert_allclose(table["strain_percent"], [0, 100 * STRETCH], rtol=1e-6)
    length = 24 * strain.study.voxel_size[2]
    np.testing.assert_allclose(table["change_um"], [0, STRETCH * length], rtol=1e-6)


def test_a_line_that_leaves_the_nodes_says_why_it_has_no_numbers(strain: StudyStrain) -> None:
    table = elongation_table(strain, line(strain, 90))
    assert table is not None
    assert np.isnan(table["strain_percent"][1])
    assert "outside the nodes" in table["problem"][1]
