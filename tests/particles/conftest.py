"""Parts and their necks, made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.particles.cutting.basin_graph import BasinGraph
from operando.particles.cutting.cell_shapes import (
    AIM,
    AIM_SQUARED,
    PLACE,
    RIM,
    SUMS,
    SURFACE,
    VOLUME,
    CellShapes,
)
from operando.particles.joining.guided import Parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@pytest.fixture(scope="session", name="balls")
def give_balls() -> Callable[..., CellShapes]:
    """Give a function that makes balls."""
    return balls


@pytest.fixture(scope="session", name="make_parts")
def give_make_parts() -> Callable[..., Parts]:
    """Give a function that makes parts which are balls and touch as it is told."""
    return make_parts


def make_parts(pairs, saddle, contact, gap=0.0, gap_depth=0.0, counts=None, known=None) -> Parts:
    n = int(np.max(pairs)) + 1
    contact, saddle = np.array(contact, float), np.array(saddle, np.float32)
    count = np.array([0, *(counts or [4000] * (n - 1))])
    clearance = np.sqrt(contact / np.pi)
    gaps = np.zeros(len(pairs)) + gap
    peaks = np.ones(n, np.float32)
    peaks[0] = -np.inf
    return Parts(
        np.arange(n, dtype=np.int32),
        peaks,
        count,
        np.array([0, *(known or [0] * (n - 1))], np.int32),
        balls(count),
        BasinGraph(
            np.array(pairs),
            saddle,
            contact,
            gaps,
            gaps * 1.5,
            gaps * gap_depth,
            gaps / 2,
            clearance,
            clearance * contact / 3,
        ),
    )


def balls(count: NDArray[np.int64], edge: float = 1.0) -> CellShapes:
    """Balls in a row that aim at their centres, half of whose surface faces gaps."""
    volume = count * edge**3
    radius = np.cbrt(3 / (4 * np.pi) * volume)
    place = np.arange(len(count)) * 100 * edge
    sums = np.zeros((len(count), SUMS))
    sums[:, VOLUME] = volume
    sums[:, 1] = volume * place
    sums[:, 4:7] = (volume * radius**2 / 5)[:, None]
    sums[:, 4] += volume * place**2
    sums[:, SURFACE] = 2 * np.pi * radius**2
    sums[:, RIM] = 0.1 * radius**2
    sums[:, AIM] = sums[:, PLACE]
    sums[:, AIM_SQUARED] = volume * place**2
    return CellShapes(sums, radius)
