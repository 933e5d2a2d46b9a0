"""Cleaning what was imaged in a circle only, as tomographs see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from operando.clean import EvenShading, RemoveRings, RemoveSpots, RemoveStripes
from operando.compute.blocks import filter_blocks
from operando.data import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.clean import Operation

N = 160
Y, X = np.mgrid[:N, :N] / (N - 1) * 2 - 1
RADIUS = np.hypot(Y, X)
SEEN = RADIUS < 0.9


def phases(rng: np.random.Generator) -> NDArray[np.float32]:
    rough = gaussian_filter(rng.standard_normal((2, N, N)), (1, 6, 6))
    return gaussian_filter(np.where(rough > 0, 160.0, 80.0), (0, 0.7, 0.7)).astype(np.float32)


def stripes() -> NDArray[np.float64]:
    return np.broadcast_to(np.where(np.arange(N) % 7 == 0, 12.0, 0.0), (N, N))


def spots() -> NDArray[np.float64]:
    return np.where((np.arange(N) % 23 == 0) & (np.arange(N)[:, None] % 19 == 0), 150.0, 0.0)


def cleaned(operation: Operation, images: NDArray[np.float32]) -> NDArray[np.float32]:
    series = Series(data=da.from_array(images[None, None]), voxel_size=(1, 1, 1))
    out = np.empty_like(images)[None, None]
    prepared = operation.prepare(series)
    filter_blocks(
        series.data,
        out,
        lambda block, place: operation.apply(block, place, prepared),
        operation.extent(series.volume_shape),
    )
    return np.asarray(out[0, 0])


@pytest.mark.parametrize("outside", [np.nan, 0.0])
@pytest.mark.parametrize(
    ("operation", "artefact"),
    [
        (RemoveStripes(), stripes()),
        (EvenShading(mode="subtract"), 20 * X - 16 * RADIUS**2),
        (EvenShading(mode="subtract", scope="volume"), 20 * X - 16 * RADIUS**2),
        (RemoveSpots(), spots()),
        (RemoveRings(), 12 * np.exp(-(((RADIUS * N / 2 % 9) - 4) ** 2))),
    ],
)
def test_an_artefact_goes_as_from_a_whole_image_and_what_was_not_imaged_stays(
    operation: Operation, artefact: NDArray[Any], outside: float
) -> None:
    rng = np.random.default_rng(0)
    truth = phases(rng) + rng.normal(0, 3, (2, N, N)).astype(np.float32)
    whole = (truth + artefact).astype(np.float32)
    images = np.where(SEEN, whole, np.float32(outside))
    out = cleaned(operation, images)
    np.testing.assert_array_equal(out[:, ~SEEN], images[:, ~SEEN])
    before, best, after = (
        (x - truth)[:, SEEN].std() for x in (whole, cleaned(operation, whole), out)
    )
    assert after < 1.4 * best + 0.05 * before
