from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from operando.data import LabelClass
from operando.report.frame_curves import (
    cycling_curve,
    field_frames,
    frame_quantities,
    particle_quantities,
    phase_quantities,
    strain_quantities,
)
from operando.study.record import Entry


def test_particle_means_leave_out_missing_values_and_empty_frames() -> None:
    table = pd.DataFrame(
        {
            "frame": [0, 0, 2],
            "particle": [1, 2, 1],
            "volume_um3": [2.0, 4.0, 5.0],
            "crack_fraction": [0.1, np.nan, 0.3],
        }
    )
    crack, volume, number = particle_quantities(table, 3)
    np.testing.assert_allclose(crack.curves[0].values, [10, np.nan, 30])
    np.testing.assert_allclose(volume.curves[0].values, [3, np.nan, 5])
    np.testing.assert_allclose(number.curves[0].values, [2, 0, 1])
    assert [q.unit for q in (crack, volume, number)] == ["%", "µm³", ""]


def test_phases_have_their_class_colours() -> None:
    table = pd.DataFrame(
        {
            "frame": [0, 0, 1, 1],
            "phase": ["pore", "binder", "pore", "binder"],
            "fraction": [0.25, 0.75, 0.5, 0.5],
        }
    )
    (phases,) = phase_quantities(table, 2, (LabelClass("binder", "#112233"),))
    assert [(c.title, c.colour) for c in phases.curves] == [("pore", ""), ("binder", "#112233")]
    np.testing.assert_allclose([c.values for c in phases.curves], [[25, 50], [75, 50]])


def _study(entries: list[Entry], tables: dict[str, pd.DataFrame] | None = None) -> SimpleNamespace:
    tables = tables or {}
    return SimpleNamespace(
        times=(0.0, 1.0, 2.0),
        entries=entries,
        products=lambda folder: sorted(tables) if folder == "tables" else [],
        table=tables.__getitem__,
    )


def _strain(pair: str, change: float, superseded: bool = False) -> Entry:
    return Entry(
        step="strain",
        outputs=(f"strain/{pair}",),
        values={"median_volume_change_percent": change},
        superseded=superseded,
    )


def test_volume_change_is_one_curve_per_reference() -> None:
    runs = [_strain("000-001", 9.0, True), _strain("000-001", 1.5), _strain("001-002", -2.0)]
    (change,) = strain_quantities(_study(runs))
    assert [c.title for c in change.curves] == ["since frame 0", "since frame 1"]
    np.testing.assert_allclose(change.curves[0].values, [0, 1.5, np.nan])
    np.testing.assert_allclose(change.curves[1].values, [np.nan, 0, -2])


def test_an_empty_study_has_no_curves() -> None:
    assert frame_quantities(_study([])) == []
    assert cycling_curve(_study([])) is None


def test_cycling_needs_time_and_voltage() -> None:
    table = pd.DataFrame({"time_h": [0, 1], "voltage_v": [3.0, 4.2]})
    curve = cycling_curve(_study([], {"cycling": table}))
    assert curve is not None
    np.testing.assert_allclose(curve, [[0, 1], [3.0, 4.2]])
    assert cycling_curve(_study([], {"cycling": table[["time_h"]]})) is None


@pytest.mark.parametrize(
    ("name", "frames"), [("000-003", (0, 3)), ("012-002", (12, 2)), ("mine", None), ("a-1", None)]
)
def test_field_names_tell_their_frames(name: str, frames: tuple[int, int] | None) -> None:
    assert field_frames(name) == frames


def test_current_charge_and_state_of_charge_of_the_frames() -> None:
    from operando.chemistry import cycling_table
    from operando.report.frame_curves import cycling_quantities

    table = cycling_table([0, 1, 2], [3, 3.5, 4], [0.002, 0.002, 0.002])
    found = {q.title: q for q in cycling_quantities(table, (0.5, 2, 3))}
    assert found["current"].curves[0].values[:2].tolist() == pytest.approx([2, 2])
    assert found["net charge"].curves[0].values[:2].tolist() == pytest.approx([1, 4])
    assert found["state of charge"].curves[0].values[:2].tolist() == pytest.approx([25, 100])
    assert np.isnan(found["current"].curves[0].values[2])
    voltage_only = cycling_table([0, 1], [3, 4])
    assert cycling_quantities(voltage_only, (0.5,)) == []
