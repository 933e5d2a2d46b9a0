from __future__ import annotations

import pytest

from operando.chemistry.cycler_columns import recognise


@pytest.mark.parametrize(
    ("name", "quantity", "factor"),
    [
        ("Test Time / s", "time", 1 / 3600),
        ("test_time_second", "time", 1 / 3600),
        ("time/s", "time", 1 / 3600),
        ("Time [h]", "time", 1),
        ("time_h", "time", 1),
        ("Time (days)", "time", 24),
        ("Time(hh:mm:ss)", "time", 1),
        ("Test Time(h:min:s.ms)", "time", 1),
        ("Total Time (d.h:m:s)", "time", 1),
        ("Voltage / V", "voltage", 1),
        ("voltage_volt", "voltage", 1),
        ("<Ewe>/V", "voltage", 1),
        ("Voltage(mV)", "voltage", 1e-3),
        ("Current(mA)", "current", 1e-3),
        ("current_ampere", "current", 1),
        ("I/mA", "current", 1e-3),
        ("<I>/mA", "current", 1e-3),
        ("current_ma", "current", 1e-3),
        ("(Q-Qo)/mA.h", "capacity", 1e-3),
        ("(Q-Qo)/C", "capacity", 1 / 3600),
        ("Net Capacity / Ah", "capacity", 1),
        ("Charge_Capacity(Ah)", "charged", 1),
        ("Q charge/mA.h", "charged", 1e-3),
        ("Cycle Count / 1", "cycle", 1),
        ("Step_Index", "step", 1),
    ],
)
def test_names_of_many_programs(name: str, quantity: str, factor: float) -> None:
    known = recognise([name])
    assert list(known) == [quantity]
    assert known[quantity].factor == pytest.approx(factor)
    assert not known[quantity].guessed


@pytest.mark.parametrize(
    "name", ["Step Time / s", "control/V", "Ewe-Ece/V", "|Ewe|/V", "Temperature / degC", "P/W", ""]
)
def test_other_columns_are_not_taken(name: str) -> None:
    assert recognise([name]) == {}


def test_the_preferred_name_wins() -> None:
    known = recognise(["Time/s", "Total Time/h", "I/mA", "<I>/mA"])
    assert known["time"].name == "Total Time/h"
    assert known["current"].name == "<I>/mA"


def test_a_guessed_unit_is_said() -> None:
    assert recognise(["Voltage"])["voltage"].guessed == "V"
    assert recognise(["Capacity"]) == {}
