from __future__ import annotations

import pandas as pd
import pytest

from operando.particles.measuring.grey import GreyScale


def test_the_scale_is_recovered_from_a_table() -> None:
    scale = GreyScale(100, 300, 0.04)
    grey = pd.Series([120.0, 180.0, 260.0])
    table = pd.DataFrame(
        {"mean_intensity": grey, "density": scale(grey), "density_noise": scale.noise}
    )
    found = GreyScale.of_table(table)
    assert found is not None
    assert (found.low, found.high, found.noise) == pytest.approx((100, 300, 0.04))


def test_a_table_without_densities_has_no_scale() -> None:
    grey = pd.DataFrame({"mean_intensity": [120.0, 180.0]})
    assert GreyScale.of_table(grey) is None
    assert GreyScale.of_table(grey.assign(density=float("nan"), density_noise=0.1)) is None
