"""Profiles along the depth of an electrode, with confidence bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

CONFIDENCE = 0.95


def depth_profile(
    depth: NDArray[Any], values: NDArray[Any], width: float | None = None, bins: int = 10
) -> pd.DataFrame:
    """Mean of values in slabs of depth, with the confidence band of the mean.

    Parameters
    ----------
    depth
        ``(N,)`` µm.
    values
        ``(N,)``; pairs with a missing number are left out.
    width
        Thickness of a slab, µm; slabs begin at depth 0. By default the range is cut in `bins`.
    bins
        Number of slabs if no width is given.

    Returns
    -------
    One row per slab that holds anything: ``depth_um`` (its middle), ``mean``, ``low`` and ``high``
    (95 % confidence by Student's t; NaN for a single value), ``n``.
    """
    import pandas as pd
    from scipy.special import stdtrit

    depth, values = np.asarray(depth, float), np.asarray(values, float)
    known = np.isfinite(depth) & np.isfinite(values)
    depth, values = depth[known], values[known]
    if not depth.size:
        return pd.DataFrame({name: [] for name in ("depth_um", "mean", "low", "high", "n")})
    start = float(depth.min())
    if width is None:
        width = max(float(np.ptp(depth)) / bins, 1e-12)
        slab = np.minimum(np.floor((depth - start) / width), bins - 1).astype(int)
    else:
        start = 0.0
        slab = np.floor(depth / width).astype(int)
    rows = []
    for k in np.unique(slab):
        inside = values[slab == k]
        n, mean = len(inside), float(inside.mean())
        half = np.nan
        if n > 1:
            factor = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))
            half = factor * float(inside.std(ddof=1)) / np.sqrt(n)
        rows.append(
            {
                "depth_um": start + (k + 0.5) * width,
                "mean": mean,
                "low": mean - half,
                "high": mean + half,
                "n": n,
            }
        )
    return pd.DataFrame(rows)
