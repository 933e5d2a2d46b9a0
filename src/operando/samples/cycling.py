"""A plausible charge curve to go with the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# Open-circuit voltage of NMC811 against lithium over the extracted share of lithium; the shape
# (slopes and the plateau near 4.2 V) is that of published curves, the numbers are rounded.
_EXTRACTED = (0.0, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.78, 0.84, 0.9)
_VOLTAGE = (3.45, 3.58, 3.66, 3.72, 3.78, 3.86, 3.95, 4.05, 4.14, 4.19, 4.22, 4.29)


def charge_curve(
    hours: float = 3.0,
    *,
    capacity_mah: float = 1.5,
    polarisation_v: float = 0.03,
    interval_s: float = 30,
    seed: int = 0,
) -> pd.DataFrame:
    """Charge an NMC half cell at constant current.

    Parameters
    ----------
    hours
        How long the charge lasts.
    capacity_mah
        Charge that has passed at its end, 86 % of the lithium.
    polarisation_v
        Overpotential, which builds up in the first minutes.
    interval_s
        Time between the points.
    seed
        Of the voltage noise (0.3 mV).

    Returns
    -------
    Table with ``time_h``, ``voltage_v``, ``current_ma`` and ``capacity_mah``.

    Raises
    ------
    InputError
        If a time or the capacity is not positive.
    """
    import pandas as pd
    from scipy.interpolate import PchipInterpolator

    for name, value in (("hours", hours), ("mAh", capacity_mah), ("s interval", interval_s)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"A charge of {value} {name}", "give a positive number")
    rng = np.random.default_rng([seed, 0xC1C])
    time = np.linspace(0, hours, max(2, round(hours * 3600 / interval_s) + 1))
    charged = time / hours
    voltage = PchipInterpolator(_EXTRACTED, _VOLTAGE)(0.86 * charged)
    voltage += polarisation_v * (1 - np.exp(-time / 0.05))
    voltage += rng.normal(0, 3e-4, len(time))
    return pd.DataFrame(
        {
            "time_h": time.round(6),
            "voltage_v": voltage.round(5),
            "current_ma": np.full(len(time), round(capacity_mah / hours, 6)),
            "capacity_mah": (capacity_mah * charged).round(6),
        }
    )
