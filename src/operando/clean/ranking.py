"""One overall score, learned by ranking: of two copies of an image, the less degraded is better.

No human label is needed [idea of Zhang 2022]: copies of synthetic electrodes are degraded more
and more, and a logistic model of the differences of their scores learns which is the better one
[Bradley 1952]. ``tools/learn_quality.py`` made the few coefficients that are kept here.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

LOGARITHMS = ("noise", "sharpness", "detail", "rings", "stripes", "shading")
PLAIN = ("separability", "saturation")
_FLOOR = {
    "noise": 0.01,
    "sharpness": 0.01,
    "detail": 0.02,
    "rings": 0.01,
    "stripes": 0.01,
    "shading": 0.05,
}


def features(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return what the model sees of a table of scores, ``(rows, 8)``."""
    scores = {name: table[name].to_numpy(float) for name in (*LOGARITHMS, *PLAIN) if name in table}
    scores["stripes"] = np.hypot(*(table[f"stripes_{axis}"].to_numpy(float) for axis in "yx"))
    logs = [np.log(np.maximum(scores[name], _FLOOR[name])) for name in LOGARITHMS]
    return np.stack([*logs, *(scores[name] for name in PLAIN)], axis=1)


def score(table: pd.DataFrame) -> NDArray[np.float64]:
    """Overall score of every row, 0 poor to 100 good.

    50 is the middle of the images that it learned from; it orders images of one sample and scan,
    and says little about two different samples.
    """
    model = _model()
    value = (features(table) - model["mean"]) @ model["weights"]
    return np.asarray(100 / (1 + np.exp(-value / model["spread"])))


def learn(
    better: NDArray[np.float64], worse: NDArray[np.float64], penalty: float = 1e-2
) -> NDArray[np.float64]:
    """Weights ``(n,)`` for which ``better @ w > worse @ w`` most often; features ``(pairs, n)``."""
    from scipy.optimize import minimize

    difference = better - worse

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = difference @ weights
        value = np.logaddexp(0, -margin).mean() + penalty * weights @ weights
        slope = -(difference / (1 + np.exp(margin))[:, None]).mean(axis=0) + 2 * penalty * weights
        return float(value), slope

    return np.asarray(minimize(loss, np.zeros(difference.shape[1]), jac=True).x)


@cache
def _model() -> dict[str, Any]:
    content = json.loads(files("operando.clean").joinpath("ranking.json").read_text("utf-8"))
    return {k: np.asarray(v) if isinstance(v, list) else v for k, v in content.items()}
