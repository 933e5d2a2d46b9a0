from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from napari.layers import Shapes

from operando.data import DEFAULT_CLASSES, DisplacementField
from operando.errors import InputError
from operando.files.ome_zarr import create_image
from operando.study.phases import create_phases
from operando.ui.strain.region_table import (
    CRACKED,
    DRAWN,
    PARTICLES,
    PHASES,
    RegionTable,
    regions_offered,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from operando import Study
    from operando.ui.layers.study_results import StudyStrain

SPACING = 8.0


@pytest.fixture
def strain(
    show_field: Callable[[DisplacementField], StudyStrain],
    numbered_field: DisplacementField,
) -> StudyStrain:
    strain = show_field(numbered_field)
    strain.view.show_quantity("zncc")
    return strain


@pytest.fixture
def labelled(study: Study) -> Study:
    """Labels by nodes along x: 1 up to node 1, 2 up to node 3, none beyond."""
    t, _, z, y, x = study.series.data.shape
    edges = np.array([0, 6 + 1.5 * SPACING, 6 + 3.5 * SPACING, x]).astype(int)
    labels = np.zeros((t, z, y, x), np.uint8)
    labels[0, ..., edges[0] : edges[1]] = 1
    labels[0, ..., edges[1] : edges[2]] = 2
    phases, _ = create_phases(study.product_path("phases/phases"), study.series, DEFAULT_CLASSES)
    phases[:] = labels
    ids = create_image(
        study.product_path("particles/particles"),
        labels.shape,
        "int32",
        axes="tzyx",
        voxel_size=study.voxel_size,
        times=study.times,
    )
    ids[:] = np.array([0, 40, 41])[labels]
    rows = [(1, 40, 0.5), (1, 41, 0.0), (0, 41, 0.9)]
    study.write_table(
        "particles", pd.DataFrame(rows, columns=["frame", "particle", "crack_fraction"])
    )
    return study


def test_only_what_the_study_has_is_offered(study: Study) -> None:
    assert [key for key, _ in regions_offered(study)] == [DRAWN]


def test_all_is_offered_where_all_is_there(labelled: Study) -> None:
    assert [key for key, _ in regions_offered(labelled)] == [DRAWN, PHASES, PARTICLES, CRACKED]


@pytest.mark.parametrize(
    ("regions", "names"),
    [
        (PHASES, [DEFAULT_CLASSES[0].name, DEFAULT_CLASSES[1].name]),
        (PARTICLES, ["particle 40", "particle 41"]),
    ],
)
def test_every_label_has_a_row(
    strain: StudyStrain, labelled: Study, regions: str, names: list[str]
) -> None:
    table = RegionTable(strain, regions).compute()
    assert list(table["region"]) == names
    assert list(table["frame"]) == [1, 1]
    assert list(table["time_h"]) == [labelled.times[1]] * 2
    np.testing.assert_allclose(table["mean"], [0.05, 0.25], rtol=1e-6)
    np.testing.assert_allclose(table["sd"], 0.05, rtol=1e-6)
    # 3 x 5 x 2 nodes whose windows do not overlap
    np.testing.assert_allclose(table["mean_error"], 0.05 / np.sqrt(30), rtol=1e-6)
    assert list(table["measured"]) == [30, 30]


@pytest.mark.usefixtures("labelled")
def test_particles_are_cracked_by_the_frame_that_is_compared(strain: StudyStrain) -> None:
    table = RegionTable(strain, CRACKED).compute().set_index("region")
    cracked = table.index.str.startswith("cracked")
    np.testing.assert_allclose(table.loc[cracked, "mean"], 0.05, rtol=1e-6)
    np.testing.assert_allclose(table.loc[~cracked, "mean"], 0.25, rtol=1e-6)


def test_a_region_without_nodes_says_so(strain: StudyStrain) -> None:
    far = np.array([[0, 0, 900, 900], [0, 0, 900, 950], [0, 0, 950, 950], [0, 0, 950, 900]])
    strain.view.viewer.add_layer(Shapes([far], shape_type="polygon"))
    strain.go_to_frame()
    with pytest.raises(InputError, match="No node in these regions"):
        RegionTable(strain, DRAWN).compute()


def test_units_stand_in_the_names(strain: StudyStrain) -> None:
    strain.view.show_quantity("displacement_x")
    assert {"mean_um", "mean_error_um", "sd_um"} <= set(
        RegionTable(strain, DRAWN).compute().columns
    )


@pytest.mark.usefixtures("labelled")
def test_what_is_chosen_while_labels_are_read_changes_nothing(strain: StudyStrain) -> None:
    asked = RegionTable(strain, PHASES)
    strain.view.show_quantity("displacement_x")
    strain.view.clear()
    np.testing.assert_allclose(asked.compute()["mean"], [0.05, 0.25], rtol=1e-6)
