"""The rule that says whether two touching pieces are one particle.

It is a logistic regression on how the pieces meet and how round and how convex they are apart and
together. Its weights (``joining.json``) were fitted by ``tools/fit_joining.py`` on synthetic
electrodes of many kinds, from true and from degraded phases. All features are ratios, so the rule
does not depend on the size of particles or voxels.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.joining.fragments import Border, Piece

WEIGHTS = "joining.json"

FACE_EXCESS = 1.5
"""Mean ratio of the area of voxel faces to that of the smooth surface that they follow."""

CLEAN_CUT = 2.0
"""Log odds for joining pieces that fit cleanly, like the halves of a cut ball: such cuts are rarer
in the electrodes that the weights were fitted to than they are in theory."""

FEATURES = (
    "contact",
    "gap",
    "hollow",
    "neck",
    "gap_width",
    "size_ratio",
    "small_size",
    "large_size",
    "joint_solidity",
    "small_solidity",
    "large_solidity",
    "small_roundness",
    "large_roundness",
)


@dataclass(frozen=True)
class JoiningRule:
    """Weights of the logistic regression on `FEATURES`, their squares and products.

    Parameters
    ----------
    weights
        ``(1 + F + F (F + 1) / 2,)``, the constant first.
    """

    weights: NDArray[np.float64]

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log odds that pieces belong together, for ``(..., F)`` features."""
        return np.asarray(self.weights[0] + expand(features) @ self.weights[1:])

    def as_json(self) -> str:
        """Write it, with six digits."""
        weights = [float(f"{v:.6g}") for v in self.weights]
        return json.dumps({"features": FEATURES, "weights": weights}) + "\n"


def fits_cleanly(features: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether pieces face each other over a whole cross-section and leave nothing hollow."""
    facing = features[..., 0] + features[..., 1]
    return np.asarray((facing > 0.8) & (features[..., 2] < 0.03) & (features[..., 8] > 0.85))


@cache
def shipped_rule() -> JoiningRule:
    """Return the rule that comes with the package."""
    text = resources.files("operando.particles.joining").joinpath(WEIGHTS).read_text()
    return JoiningRule(np.array(json.loads(text)["weights"]))


def describe_fit(a: Piece, b: Piece, border: Border, typical: float) -> NDArray[np.float64]:
    """Measure how two touching pieces fit together, as ``(F,)`` `FEATURES`.

    Parameters
    ----------
    a, b
        The pieces.
    border
        Where they meet: in the solid (contact) or across a gap, both over the cross-section of
        the sphere as large as the smaller piece.
    typical
        Typical diameter of the particles.
    """
    small, large = (a, b) if a.volume <= b.volume else (b, a)
    radius = small.radius
    section = FACE_EXCESS * np.pi * radius**2
    joint = a.hull.joined(b.hull).volume
    hollow = joint - a.hull.volume - b.hull.volume - border.gap_volume
    width = border.gap_volume / border.gap if border.gap > 0 else 0.0
    values = (
        min(border.contact / section, 3),
        min(border.gap / section, 3),
        np.clip(hollow / min(a.hull.volume, b.hull.volume), -1, 2),
        np.clip(border.saddle / min(a.peak, b.peak), -0.5, 1),
        min(10 * width / typical, 3),
        np.log(small.volume / large.volume + 1e-3),
        np.log(2 * radius / typical),
        np.log(2 * large.radius / typical),
        (a.volume + b.volume + border.gap_volume) / joint,
        small.volume / small.hull.volume,
        large.volume / large.hull.volume,
        small.peak / radius,
        large.peak / large.radius,
    )
    return np.array(values, float)


def expand(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Append squares and products: ``(..., F)`` to ``(..., F + F (F + 1) / 2)``."""
    i, j = np.triu_indices(features.shape[-1])
    return np.concatenate([features, features[..., i] * features[..., j]], axis=-1)


def fit_rule(
    features: NDArray[np.float64], together: NDArray[np.bool_], damping: float = 1e-4
) -> JoiningRule:
    """Fit the weights to pairs of pieces of which it is known whether they belong together.

    Parameters
    ----------
    features
        ``(N, F)``.
    together
        ``(N,)``.
    damping
        Ridge on the standardised weights.
    """
    from scipy.optimize import minimize

    x = expand(features)
    mean, spread = x.mean(0), x.std(0) + 1e-9
    x = np.column_stack([np.ones(len(x)), (x - mean) / spread])
    truth = together.astype(float)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = x @ w
        inner = np.concatenate([[0], w[1:]])
        slope = x.T @ (1 / (1 + np.exp(-z)) - truth) / len(x) + 2 * damping * inner
        return float(np.mean(np.logaddexp(0, z) - truth * z) + damping * inner @ inner), slope

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    weights = found[1:] / spread
    return JoiningRule(np.concatenate([[found[0] - weights @ mean], weights]))
