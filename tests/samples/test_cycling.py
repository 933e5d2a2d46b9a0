from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.samples import charge_curve


def test_the_charge_adds_up():
    table = charge_curve(2.0, capacity_mah=1.2, interval_s=60)
    assert table.time_h.iloc[[0, -1]].tolist() == [0, 2]
    charge = np.trapezoid(table.current_ma, table.time_h)
    assert charge == pytest.approx(1.2, rel=1e-5)
    assert table.capacity_mah.iloc[-1] == pytest.approx(1.2)
    assert len(table) == 121


def test_the_voltage_rises_within_the_limits_of_nmc():
    voltage = charge_curve(3.0).voltage_v.to_numpy()
    assert 3.3 < voltage.min() < voltage.max() < 4.35
    smooth = np.convolve(voltage, np.ones(15) / 15, "valid")
    assert np.all(np.diff(smooth[::5]) > 0)


@pytest.mark.parametrize("wrong", [{"hours": 0}, {"capacity_mah": -1}, {"interval_s": 0}])
def test_impossible_charges_are_refused(wrong):
    with pytest.raises(InputError):
        charge_curve(**wrong)
