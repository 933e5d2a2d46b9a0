from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt

from operando.errors import InputError
from operando.ui.particles.model import ParticleModel, cell_text


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "frame": np.repeat([0, 1, 2], 40),
            "particle": np.concatenate([rng.permutation(40) + 1 for _ in range(3)]),
            "volume_um3": rng.lognormal(size=120),
            "crack_fraction": np.where(rng.random(120) < 0.1, np.nan, rng.random(120)),
            "on_edge": rng.random(120) < 0.3,
        }
    )


@pytest.fixture
def model(table: pd.DataFrame) -> ParticleModel:
    model = ParticleModel()
    model.set_table(table)
    return model


def _texts(model: ParticleModel, column: int) -> list[str]:
    return [model.data(model.index(row, column)) for row in range(model.rowCount())]


def test_headers_carry_units_and_definitions(model: ParticleModel) -> None:
    horizontal = Qt.Orientation.Horizontal
    assert [model.headerData(c, horizontal) for c in range(5)] == [
        "frame",
        "id",
        "volume (µm³)",
        "crack",
        "on edge",
    ]
    tip = model.headerData(2, horizontal, Qt.ItemDataRole.ToolTipRole)
    assert tip == "Particle with the cracks inside it"


def test_cells_have_the_decimals_of_their_column(model: ParticleModel, table: pd.DataFrame) -> None:
    assert _texts(model, 2) == [f"{v:.2f}" for v in table["volume_um3"]]
    assert [cell_text(v, 3) for v in (np.nan, None, np.True_, 0.12345)] == [
        "–",
        "–",
        "yes",
        "0.123",
    ]
    assert [cell_text(v, 2) for v in (9999.123, 12345.678, -495625.0, 7, np.float32(-0.001))] == [
        "9999.12",
        "12346",
        "-495625",
        "7.00",
        "0.00",
    ]


def test_one_frame_is_shown(model: ParticleModel, table: pd.DataFrame) -> None:
    model.narrow(1, "")
    assert model.rowCount() == 40
    assert set(_texts(model, 0)) == {"1"}
    model.narrow(None, "volume > 1")
    assert model.rowCount() == (table["volume_um3"] > 1).sum()


@pytest.mark.parametrize("order", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
def test_sorting_agrees_with_pandas_and_puts_missing_last(
    model: ParticleModel, table: pd.DataFrame, order: Qt.SortOrder
) -> None:
    model.narrow(2, "")
    model.sort(3, order)
    rows = table[table["frame"] == 2].sort_values(
        "crack_fraction", ascending=order == Qt.SortOrder.AscendingOrder, na_position="last"
    )
    known = rows["crack_fraction"].notna().sum()
    shown = model.shown_table()
    assert shown is not None
    np.testing.assert_array_equal(shown["crack_fraction"], rows["crack_fraction"])
    np.testing.assert_array_equal(shown["particle"][:known], rows["particle"][:known])
    model.sort(-1)
    np.testing.assert_array_equal(model.shown_table()["particle"], table["particle"][80:])


def test_rows_and_particles_find_each_other(model: ParticleModel) -> None:
    model.narrow(None, "")
    model.sort(2)
    for row in (0, 17, 119):
        frame, particle = model.particle_at(row)
        assert model.row_of(particle, frame) == row
    model.narrow(0, "")
    assert model.row_of(1, 1) == -1


def test_a_bad_filter_changes_nothing(model: ParticleModel) -> None:
    model.narrow(1, "volume > 1")
    rows = model.rowCount()
    with pytest.raises(InputError, match="no column"):
        model.narrow(1, "mass > 2")
    assert (model.rowCount(), model.text) == (rows, "volume > 1")


def test_model_obeys_the_rules_of_qt(model: ParticleModel, qtmodeltester: object) -> None:
    model.narrow(0, "")
    qtmodeltester.check(model)  # type: ignore[attr-defined]


def test_no_table_is_an_empty_model(model: ParticleModel) -> None:
    model.set_table(None)
    assert (model.rowCount(), model.columnCount()) == (0, 0)
    assert model.shown_table() is None
