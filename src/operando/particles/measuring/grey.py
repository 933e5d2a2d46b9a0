"""Grey levels inside a particle, as a proxy of its electron density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.particles.measuring.body import third_means

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from operando.particles.measuring.body import Body

MOST_REFERENCE_VOXELS = 2_000_000


@dataclass(frozen=True)
class GreyScale:
    """Two phases that do not change, between which grey levels are compared.

    Parameters
    ----------
    low, high
        Their median grey levels: 0 and 1 on the scale.
    noise
        Spread of grey levels within a reference phase (the larger of both), on the scale. It
        holds noise and blur, and is what one voxel cannot be trusted below [Jiang et al., Nat.
        Commun. 11 (2020) 2310, supplementary figure 8].
    """

    low: float
    high: float
    noise: float

    def __call__(self, grey: Any) -> Any:
        """Place grey levels, a number or an array, on the scale."""
        return (grey - self.low) / (self.high - self.low)

    @classmethod
    def of_table(cls, rows: pd.DataFrame) -> GreyScale | None:
        """Recover the scale from measured particles of one frame; None if they had none.

        Tables of earlier versions have no density.
        """
        known = rows.reindex(columns=["mean_intensity", "density", "density_noise"]).dropna()
        if known["mean_intensity"].nunique() < 2:
            return None
        slope, start = np.polyfit(known["mean_intensity"], known["density"], 1)
        low = -start / slope
        return cls(float(low), float(low + 1 / slope), float(known["density_noise"].iloc[0]))


def grey_scale(
    image: NDArray[Any], phases: NDArray[Any], low: int | None, high: int | None
) -> GreyScale | None:
    """Find the scale of a frame; None if a reference phase is missing or both look the same."""
    return grey_scale_of_blocks([(image, phases)], low, high)


def grey_scale_of_blocks(
    blocks: Iterable[tuple[NDArray[Any], NDArray[Any]]], low: int | None, high: int | None
) -> GreyScale | None:
    """Find the scale of a frame from its blocks of the image and the phases; see `grey_scale`.

    Medians are those of at most `MOST_REFERENCE_VOXELS` voxels of either phase, spread evenly.
    """
    if low is None or high is None:
        return None
    kept: tuple[_Thinned, _Thinned] = (_Thinned(), _Thinned())
    for image, phases in blocks:
        for label, values in zip((low, high), kept, strict=True):
            values.add(image[phases == label])
    middles, spreads = [], []
    for values in kept:
        known = values.known()
        if not known.size:
            return None
        middles.append(float(np.median(known)))
        spreads.append(1.4826 * float(np.median(np.abs(known - middles[-1]))))
    if middles[0] == middles[1]:
        return None
    zero, one = middles
    return GreyScale(zero, one, max(spreads) / abs(one - zero))


class _Thinned:
    """Every k-th of many values, k as small as memory allows."""

    def __init__(self) -> None:
        self._parts: list[NDArray[Any]] = []
        self._step, self._next, self._size = 1, 0, 0

    def add(self, values: NDArray[Any]) -> None:
        part = values[self._next :: self._step].copy()
        self._next = (self._next - values.size) % self._step
        self._parts.append(part)
        self._size += part.size
        while self._size > MOST_REFERENCE_VOXELS:
            everything = np.concatenate(self._parts)
            self._next = (self._next + self._step * (everything.size % 2)) % (2 * self._step)
            self._step *= 2
            self._parts = [everything[::2].copy()]
            self._size = self._parts[0].size

    def known(self) -> NDArray[np.float64]:
        values = np.concatenate(self._parts) if self._parts else np.empty(0)
        return np.asarray(values[np.isfinite(values)], np.float64)


def measure_grey(
    body: Body, image: NDArray[Any] | None, scale: GreyScale | None, crack_reach: float | None
) -> dict[str, float]:
    """Columns of grey levels of the solid part.

    Parameters
    ----------
    body
        One particle.
    image
        ``(Z, Y, X)`` in its crop; voxels that are NaN are left out.
    scale
        From `grey_scale`.
    crack_reach
        How far from a crack counts as near, µm; None: a tenth of the diameter.
    """
    names = ("mean_intensity", "grey_spread", "grey_core", "grey_middle", "grey_shell")
    more = ("grey_near_crack", "density", "density_spread", "density_noise")
    out = dict.fromkeys((*names, *more), float("nan"))
    if image is None:
        return out
    known = body.core & np.isfinite(image) if image.dtype.kind == "f" else body.core
    values = image[known].astype(float)
    if not values.size:
        return out
    profile = third_means(values, body.thirds[known])
    out |= dict(zip(names, (values.mean(), values.std(), *profile), strict=True))
    if body.solid is not None and body.cracks.any():
        near = crack_distance(body)[known] <= (crack_reach or body.diameter / 10)
        if near.any() and not near.all():
            out["grey_near_crack"] = float(values[near].mean() - values[~near].mean())
    if scale is not None:
        out["density"] = scale(float(values.mean()))
        out["density_spread"] = float(values.std()) / abs(scale.high - scale.low)
        out["density_noise"] = scale.noise
    return out


def crack_distance(body: Body) -> NDArray[np.float32]:
    """Distance of every voxel to the nearest crack wall of the particle, µm.

    The wall is taken to lie half a voxel before the nearest voxel of a crack.
    """
    from scipy.ndimage import distance_transform_edt

    centre, nearest = distance_transform_edt(
        ~body.cracks, sampling=body.spacing, return_indices=True
    )
    half = np.zeros(centre.shape)
    for axis, edge in enumerate(body.spacing):
        along = np.abs(np.moveaxis(nearest[axis], axis, -1) - np.arange(centre.shape[axis]))
        np.maximum(half, np.moveaxis(along, -1, axis) * edge**2 / 2, out=half)
    return np.asarray(centre - half / np.maximum(centre, min(body.spacing) / 2), np.float32)
