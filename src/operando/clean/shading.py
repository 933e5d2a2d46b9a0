"""Even out illumination: slow changes of brightness over a slice or volume."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from operando.clean.noise import robust_sigma
from operando.clean.operation import Operation
from operando.compute.blocks import sample_slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from operando.compute.blocks import Place
    from operando.compute.progress import ProgressCallback
    from operando.data.series import Series

Mode = Literal["divide", "subtract"]
Scope = Literal["slice", "volume"]
_POINTS = 20_000
_TURNS = 12


class EvenShading(Operation):
    """Even out slow changes of brightness by a low-order surface through one phase."""

    scope: Scope = Field(
        "slice",
        title="One surface per",
        description="slice (FIB-SEM, single projections) or volume (cupping, beam profile)",
    )
    mode: Mode = Field(
        "divide",
        title="How",
        description="divide where contrast fades with brightness, subtract where it stays",
    )
    order: int = Field(
        2, ge=1, le=5, title="Order", description="Of the polynomial: 1 is a slope, 2 a bowl"
    )
    low: float | None = Field(
        None, title="Darkest grey", description="Of the phase that should become even"
    )
    high: float | None = Field(
        None, title="Brightest grey", description="Of the phase; automatic takes the commonest"
    )

    def prepare(
        self,
        series: Series,
        frames: Sequence[int] | None = None,
        progress: ProgressCallback | None = None,
    ) -> tuple[int, Mapping[tuple[int, int], Surface]]:
        """Fit one surface to every volume, if asked for."""
        del progress
        depth = series.volume_shape[0]
        if self.scope == "slice":
            return depth, {}
        chosen = range(series.n_frames) if frames is None else frames
        at = sample_slices(depth)
        return depth, {
            (t, c): fit_surface(
                np.stack([np.asarray(series.data[t, c, z], np.float32) for z in at]),
                order=self.order,
                grey=(self.low, self.high),
                z=[_scaled(z, depth) for z in at],
            )
            for t in chosen
            for c in range(series.n_channels)
        }

    def apply(
        self,
        block: NDArray[np.float32],
        place: Place,
        prepared: tuple[int, Mapping[tuple[int, int], Surface]],
    ) -> NDArray[np.float32]:
        """Even out every slice."""
        depth, surfaces = prepared
        out = np.empty_like(block)
        for k, image in enumerate(block):
            if self.scope == "slice":
                surface = fit_surface(image[None], order=self.order, grey=(self.low, self.high))
                values = surface.at(image.shape, 0.0)
            else:
                surface = surfaces[place.frame, place.channel]
                values = surface.at(image.shape, _scaled(place.slices[k], depth))
            out[k] = even_out(image, values, surface.level, self.mode)
        return out


@dataclass(frozen=True)
class Surface:
    """A polynomial in z, y and x, each scaled to -1..1.

    Parameters
    ----------
    powers, coefficients
        ``(n, 3)`` exponents and ``(n,)`` factors.
    level
        Grey value that the phase is brought to.
    """

    powers: NDArray[np.int_]
    coefficients: NDArray[np.float64]
    level: float

    def at(self, shape: Sequence[int], z: float) -> NDArray[np.float32]:
        """Brightness over one slice ``(y, x)`` at the scaled height z."""
        y, x = (np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in shape)
        out = np.zeros(tuple(shape))
        for (i, j, k), factor in zip(self.powers, self.coefficients, strict=True):
            out += factor * z**i * np.multiply.outer(y**j, x**k)
        return out.astype(np.float32)


def even_out(
    image: NDArray[np.float32], surface: NDArray[np.float32], level: float, mode: Mode
) -> NDArray[np.float32]:
    """Bring a slice to one brightness."""
    if mode == "subtract":
        return np.asarray(image - surface + np.float32(level))
    least = np.float32(0.05 * abs(level)) or np.float32(1e-6)
    return np.asarray(image * (np.float32(level) / np.maximum(surface, least)))


def fit_surface(
    image: NDArray[np.float32],
    *,
    order: int = 2,
    grey: tuple[float | None, float | None] = (None, None),
    z: Sequence[float] | None = None,
) -> Surface:
    """Fit a polynomial to the brightness of one phase.

    Tukey's weights [Beaton 1974] leave out what is not of the phase: it starts from voxels of the
    grey range given, or from all around the commonest grey value.

    Parameters
    ----------
    image
        ``(z, y, x)``.
    order
        Of the polynomial.
    grey
        Range of the phase; None is open.
    z
        Height of every slice, -1 to 1; evenly spread by default.
    """
    heights = np.asarray(z if z is not None else _axis(image.shape[0]))
    values, places = _points(image, heights)
    powers = np.array(
        [p for p in product(range(order + 1), repeat=3) if sum(p) <= order and _fits(p, image)]
    )
    basis = np.prod(places[:, None, :] ** powers[None], axis=2)
    low, high = grey
    chosen = np.ones(len(values), bool)
    if low is not None:
        chosen &= values >= low
    if high is not None:
        chosen &= values <= high
    if chosen.sum() < 10 * len(powers):
        chosen[:] = True
    values, basis = values[chosen], basis[chosen]
    # Evened out by a surface through everything, the commonest grey value stands out best.
    coefficients = np.linalg.lstsq(basis, values, rcond=None)[0]
    plain = basis @ coefficients
    lift = np.median(plain) - plain
    level = commonest(values + lift)
    coefficients[np.argmin(powers.sum(axis=1))] += level - np.median(plain)
    width = 3 * max(_peak_width(values + lift, level), 1e-6 * max(abs(level), 1.0))
    for turn in range(_TURNS):
        rest = values - basis @ coefficients
        if turn > 2:
            near = np.abs(rest) < width
            width = max(min(width, 4.7 * robust_sigma(rest[near])), 1e-9) if near.any() else width
        weight = np.clip(1 - (rest / width) ** 2, 0, None) ** 2
        if weight.sum() < 10 * len(powers):
            break
        root = np.sqrt(weight)[:, None]
        coefficients = np.linalg.lstsq(basis * root, values * root[:, 0], rcond=None)[0]
    return Surface(powers, coefficients, level)


def commonest(values: NDArray[Any]) -> float:
    """Grey value around which values lie densest: the half-sample mode [Robertson 1974]."""
    ordered = np.sort(np.asarray(values, float).ravel())
    while len(ordered) > 3:
        half = (len(ordered) + 1) // 2
        spans = ordered[half - 1 :] - ordered[: len(ordered) - half + 1]
        start = int(np.argmin(spans))
        ordered = ordered[start : start + half]
    return float(ordered.mean())


def _peak_width(values: NDArray[Any], level: float) -> float:
    """Spread of the third of the values that lies nearest to a level."""
    away = np.sort(np.abs(values - level))
    return float(away[len(away) // 3]) if len(away) else 0.0


def _points(
    image: NDArray[np.float32], heights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take at most some thousand voxels on a lattice, with their scaled places."""
    step = max(1, int(np.sqrt(image.size / _POINTS)))
    part = np.asarray(image[:, step // 2 :: step, step // 2 :: step], float)
    y, x = (_axis(n)[step // 2 :: step] for n in image.shape[1:])
    places = np.stack(np.meshgrid(heights, y, x, indexing="ij"), axis=-1).reshape(-1, 3)
    values = part.ravel()
    known = np.isfinite(values)
    return values[known], places[known]


def _fits(powers: tuple[int, ...], image: NDArray[Any]) -> bool:
    return all(p < n for p, n in zip(powers, image.shape, strict=True))


def _axis(n: int) -> NDArray[np.float64]:
    return np.linspace(-1, 1, n) if n > 1 else np.zeros(1)


def _scaled(z: int, depth: int) -> float:
    return 2 * z / (depth - 1) - 1 if depth > 1 else 0.0
