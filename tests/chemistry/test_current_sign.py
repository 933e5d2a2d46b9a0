from __future__ import annotations

import numpy as np
import pytest

from operando.chemistry.current_sign import positive_on


def two_cycles(noise: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hours, volts and amperes: an hour of charge, half of rest, an hour of discharge, rest."""
    hours = np.arange(0, 6, 1 / 60)
    current = np.select([hours % 3 < 1, hours % 3 < 1.5, hours % 3 < 2.5], [1.0, 0.0, -1.0], 0.0)
    charge = np.cumsum(current) / 60
    volts = 3.5 + 0.5 * charge + 0.05 * current
    volts += noise * np.random.default_rng(0).standard_normal(len(hours))
    return hours, volts, current


@pytest.mark.parametrize("noise", [0, 1e-3])
@pytest.mark.parametrize("scale", [1, 1e-4])
def test_signs_of_cycles(noise: float, scale: float) -> None:
    hours, volts, current = two_cycles(noise)
    assert positive_on(hours, volts, scale * current) == "charge"
    assert positive_on(hours, volts, -scale * current) == "discharge"
    assert positive_on(hours, volts, scale * np.abs(current)) == "none"


def test_charge_alone_has_the_sign_of_its_voltage() -> None:
    hours, volts, current = (v[:60] for v in two_cycles())
    assert positive_on(hours, volts, current) == "charge"
    assert positive_on(hours, volts[::-1], current) == "discharge"


def test_pulses_with_recovery_keep_their_sign() -> None:
    """After a strong pulse the voltage rises, although a weak current still discharges."""
    current = np.where(np.arange(4000) // 40 % 2 == 0, -1.7, -0.1)
    late = np.zeros_like(current)
    for k in range(1, len(late)):
        late[k] = 0.9 * late[k - 1] + 0.1 * current[k]
    hours = np.arange(4000) / 4000
    volts = 4.1 + 0.1 * np.cumsum(current) / 4000 + 0.03 * current + 0.04 * late
    assert positive_on(hours, volts, current) == "charge"
    assert positive_on(hours, volts, -current) == "discharge"


def test_without_a_current_or_a_change_nothing_is_said() -> None:
    hours, volts, current = two_cycles()
    assert positive_on(hours, volts, np.zeros_like(current)) == "charge"
    assert positive_on(hours, np.full_like(volts, 3.7), -current) == "charge"
    assert positive_on(hours, volts, np.full_like(volts, np.nan)) == "charge"


@pytest.mark.parametrize("rows", [60, 600, 6000])
def test_a_charge_along_a_noisy_plateau_has_a_sign(rows: int) -> None:
    hours = np.linspace(0, 6, rows)
    volts = 3.42 + 0.002 * hours + 0.001 * np.random.default_rng(1).standard_normal(rows)
    assert positive_on(hours, volts, np.full(rows, 0.1)) == "charge"
