"""The slow change of brightness over an image: a polynomial through its phases."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from operando.compute.spread import robust_sigma

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Mode = Literal["divide", "subtract"]
LEAST = 0.05
"""Share of its mean below which a surface is not followed, as nothing would be left to divide."""
_POINTS = 20_000
_TURNS = 25
_PHASES = 3
_FEWEST = 20
_OPEN = (-np.inf, np.inf)


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


def fit_surface(
    image: NDArray[np.float32],
    *,
    order: int = 2,
    grey: tuple[float | None, float | None] = (None, None),
    z: Sequence[float] | None = None,
    mode: Mode = "divide",
) -> Surface:
    """Fit a polynomial to the brightness of the phases, or of a chosen one.

    Every phase has one grey value, and one surface multiplies (or adds to) them all. Labels, grey
    values and surface are estimated in turn [after Wells 1996], with Tukey's weights against
    borders, from an even surface and from the trend of everything; the one that leaves the
    histogram of least entropy is kept [Likar 2001].

    Parameters
    ----------
    image
        ``(z, y, x)``.
    order
        Of the polynomial.
    grey
        Only the phases whose grey value lies in this range are followed; None is open.
    z
        Height of every slice, -1 to 1; evenly spread by default.
    mode
        Whether the surface multiplies or adds to the grey values.

    Returns
    -------
    Brightness of the commonest phase.
    """
    heights = np.asarray(z if z is not None else _axis(image.shape[0]))
    values, places = _points(image, heights)
    powers = np.array(
        [p for p in product(range(order + 1), repeat=3) if sum(p) <= order and _fits(p, image)]
    )
    basis = np.prod(places[:, None, :] ** powers[None], axis=2)
    low, high = (end if edge is None else edge for edge, end in zip(grey, _OPEN, strict=True))
    flat = np.zeros(len(powers))
    flat[np.argmin(powers.sum(axis=1))] = 1.0 if mode == "divide" else 0.0
    if not values.size or np.ptp(values) == 0:
        level = float(values[0]) if values.size else 0.0
        return _brightness(powers, flat, level, mode)
    trend = np.asarray(np.linalg.lstsq(basis, values, rcond=None)[0], np.float64)
    fits = [_alternate(values, basis, start, (low, high), mode) for start in (flat, trend)]
    even = [_evened(values, basis @ coefficients, mode) for coefficients, _ in fits]
    coefficients, level = fits[int(np.argmin([_entropy(e, values) for e in even]))]
    return _brightness(powers, coefficients, level, mode)


def _brightness(
    powers: NDArray[np.int_], coefficients: NDArray[np.float64], level: float, mode: Mode
) -> Surface:
    """Surface of one phase: the common one, times or plus its grey value."""
    if mode == "divide":
        return Surface(powers, coefficients * level, level)
    moved = coefficients.copy()
    moved[np.argmin(powers.sum(axis=1))] += level
    return Surface(powers, moved, level)


def _alternate(
    values: NDArray[np.float64],
    basis: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    grey: tuple[float, float],
    mode: Mode,
) -> tuple[NDArray[np.float64], float]:
    """Label, fit and average in turn; return the surface and the grey value of most voxels."""
    coefficients = _normal(coefficients, basis, mode)
    even = _evened(values, basis @ coefficients, mode)
    levels = _grey_levels(even, _PHASES)
    label = np.zeros(len(values), int)
    for _ in range(_TURNS):
        label = np.searchsorted((levels[1:] + levels[:-1]) / 2, even)
        rest = even - levels[label]
        spread = np.array([_spread(rest[label == k]) for k in range(_PHASES)])
        least = 1e-6 * max(float(np.ptp(values)), 1e-12)
        weight = np.clip(1 - (rest / np.maximum(4.7 * spread[label], least)) ** 2, 0, None) ** 2
        if mode == "divide":
            design, wanted = basis * levels[label][:, None], values
        else:
            design, wanted = basis, values - levels[label]
        used = _within(levels, grey)
        root = np.sqrt(weight * used[label])
        fitted = np.linalg.lstsq(design * root[:, None], wanted * root, rcond=None)[0]
        fitted = _normal(np.asarray(fitted, np.float64), basis, mode)
        step = float(np.abs(basis @ (fitted - coefficients)).max())
        coefficients = fitted
        even = _evened(values, basis @ coefficients, mode)
        total = np.bincount(label, weight, _PHASES)
        mean = np.bincount(label, weight * even, _PHASES) / np.maximum(total, 1e-12)
        levels = np.sort(np.where(total > _FEWEST, mean, levels))
        if step < 1e-4 * (1.0 if mode == "divide" else float(np.ptp(values))):
            break
    share = np.bincount(label, minlength=_PHASES) * _within(levels, grey)
    return coefficients, float(levels[np.argmax(share)])


def _within(levels: NDArray[np.float64], grey: tuple[float, float]) -> NDArray[np.bool_]:
    """Say which phases lie in a range of grey values; the nearest one if none does."""
    low, high = grey
    beyond = np.maximum(np.maximum(low - levels, levels - high), 0.0)
    return np.asarray(beyond == beyond.min())


def _normal(
    coefficients: NDArray[np.float64], basis: NDArray[np.float64], mode: Mode
) -> NDArray[np.float64]:
    """Give a surface the geometric mean 1, or the mean 0, so that levels keep their meaning."""
    surface = basis @ coefficients
    if mode == "divide":
        middle = float(np.median(surface)) or 1.0
        scaled = coefficients / middle
        mean = np.exp(np.mean(np.log(np.maximum(surface / middle, LEAST))))
        return np.asarray(scaled / mean)
    constant = np.argmax(np.ptp(basis, axis=0) == 0)
    moved = coefficients.copy()
    moved[constant] -= surface.mean()
    return moved


def _evened(
    values: NDArray[np.float64], surface: NDArray[np.float64], mode: Mode
) -> NDArray[np.float64]:
    return values - surface if mode == "subtract" else values / np.maximum(surface, LEAST)


def _grey_levels(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Grey values of so many classes: k-means in one dimension, from equal shares."""
    ordered = np.sort(values)
    levels = np.quantile(ordered, (np.arange(count) + 0.5) / count)
    for _ in range(_TURNS):
        cuts = np.searchsorted(ordered, (levels[1:] + levels[:-1]) / 2)
        parts = np.split(ordered, cuts)
        levels = np.array(
            [p.mean() if p.size else old for p, old in zip(parts, levels, strict=True)]
        )
    return levels


def _spread(values: NDArray[np.float64]) -> float:
    return robust_sigma(values) if len(values) > _FEWEST else 0.0


def _entropy(even: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Entropy of the histogram of an evened image, over the range of the image as it was."""
    low, high = np.quantile(values, (0.005, 0.995))
    margin = (high - low) / 2
    counts = np.histogram(even, 128, (low - margin, high + margin))[0]
    share = np.convolve(counts, (0.25, 0.5, 0.25))
    share = share[share > 0] / max(share.sum(), 1)
    return float(-(share * np.log(share)).sum()) if share.size else float("inf")


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


def scaled_height(z: int, depth: int) -> float:
    """Return the height of a slice in a volume, -1 to 1."""
    return 2 * z / (depth - 1) - 1 if depth > 1 else 0.0
