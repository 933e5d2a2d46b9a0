"""Take away straight stripes: curtains of a focused ion beam, lines of a scanner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from pydantic import Field

from operando.clean.operation import Operation, filter_slices
from operando.data.given import grey_values
from operando.errors import check_choice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.blocks import Place

Direction = Literal["y", "x"]
Method = Literal["median", "wavelet"]
_WAVELET = "db8"
_NOTCH = 2.0
_OUTLIER = 1.5
_TUKEY = 3.0
_TURNS = 5


class RemoveStripes(Operation):
    """Take away straight stripes, such as curtains of a FIB-SEM, slice by slice."""

    direction: Direction = Field(
        "y", title="Stripes run along", description="Axis of the slices along which they run"
    )
    method: Method = Field(
        "median",
        title="Method",
        description="median for stripes from edge to edge; wavelet (Fourier) for ones that waver "
        "or end, which takes more of the sample",
    )
    strength: float = Field(
        1.0, ge=0, le=1, title="Strength", description="0 does nothing, 1 takes all of it away"
    )
    widest: float = Field(
        8,
        ge=2,
        le=512,
        title="Widest stripe",
        description="Wider ones stay; keep it well below the size of particles",
        json_schema_extra={"unit": "voxels"},
    )

    def apply(self, block: NDArray[np.float32], place: Place, prepared: Any) -> NDArray[np.float32]:
        """Filter every slice."""
        del prepared

        def clean(image: NDArray[np.float32], _: int) -> NDArray[np.float32]:
            return remove_stripes(
                image,
                direction=self.direction,
                method=self.method,
                strength=self.strength,
                widest=self.widest,
            )

        return filter_slices(block, place, clean)


def remove_stripes(
    image: NDArray[np.float32],
    *,
    direction: Direction = "y",
    method: Method = "median",
    strength: float = 1.0,
    widest: float = 8,
) -> NDArray[np.float32]:
    """Remove stripes from one slice.

    "median" finds by how much each line along the stripes is brighter than its neighbour: voxels
    side by side are of one phase mostly, whose steps agree, and borders are outliers. The sum of
    these steps, without what is wider than the widest stripe, is taken away. "wavelet" parts it by
    wavelets and damps the frequencies around zero along the stripes [Münch 2009];
    coefficients beyond 1.5 times their robust spread belong to edges and are clipped before.

    Parameters
    ----------
    image
        ``(y, x)``; NaN where nothing was imaged.
    direction
        Axis along which the stripes run.
    method
        As above.
    strength
        0 to 1, share of the stripes that is taken away.
    widest
        Stripes up to about this width, voxels.
    """
    check_choice(direction, get_args(Direction), "direction")
    check_choice(method, get_args(Method), "method")
    image = grey_values(image, "yx")
    if strength == 0:
        return image
    grey = image if direction == "y" else image.T
    if not np.isfinite(grey).any():
        return image
    stripes = _straight(grey, widest) if method == "median" else _wavering(grey, widest)
    found = np.float32(strength) * stripes
    return np.asarray(image - (found if direction == "y" else found.T), np.float32)


def _straight(grey: NDArray[np.float32], widest: float) -> NDArray[np.float32]:
    """Stripes along y, the same in every line."""
    from scipy.ndimage import gaussian_filter1d

    steps = np.concatenate([[0.0], np.cumsum(_common_step(np.diff(grey, axis=1)))])
    stripes = steps - gaussian_filter1d(steps, widest / 2, mode="nearest")
    stripes -= np.median(stripes)
    return np.asarray(np.broadcast_to(stripes.astype(np.float32), grey.shape))


def _common_step(steps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Step that most lines ``(y, x)`` share, by Tukey's weights from the median on."""
    from operando.compute.spread import robust_sigma

    known = np.isfinite(steps)
    common = np.zeros(steps.shape[1])
    seen = known.any(axis=0)
    middle = np.median if known.all() else np.nanmedian
    common[seen] = middle(steps[:, seen], axis=0)
    reach = np.float32(_TUKEY * robust_sigma(steps - common))
    steps = np.where(known, steps, np.float32(0))
    if reach > 0:
        for _ in range(_TURNS):
            weight = np.clip(1 - ((steps - common.astype(np.float32)) / reach) ** 2, 0, None) ** 2
            weight *= known
            total = weight.sum(axis=0, dtype=np.float64)
            mean = (weight * steps).sum(axis=0, dtype=np.float64) / np.maximum(total, 1e-12)
            common = np.where(total > 1, mean, common)
    return common


def _wavering(grey: NDArray[np.float32], widest: float) -> NDArray[np.float32]:
    """Stripes along y that change slowly."""
    import pywt

    pad = [min(n - 1, 64) for n in grey.shape]
    known = np.isfinite(grey)
    filled = grey if known.all() else np.where(known, grey, np.median(grey[known]))
    padded = np.pad(filled, [(p, p) for p in pad], mode="reflect")
    deepest = max(1, pywt.dwtn_max_level(padded.shape, _WAVELET))
    levels = int(np.clip(np.ceil(np.log2(widest)), 1, deepest))
    parts = pywt.wavedec2(padded, _WAVELET, mode="symmetric", level=levels)
    stripes: list[Any] = [np.zeros_like(parts[0])]
    for horizontal, vertical, diagonal in parts[1:]:
        spectrum = np.fft.rfft(limit(vertical, _OUTLIER), axis=0)
        k = np.arange(spectrum.shape[0])[:, None] * grey.shape[0] / padded.shape[0]
        notch = np.exp(-0.5 * (k / _NOTCH) ** 2)
        found = np.fft.irfft(spectrum * notch, n=vertical.shape[0], axis=0)
        stripes.append((np.zeros_like(horizontal), found, np.zeros_like(diagonal)))
    whole = pywt.waverec2(stripes, _WAVELET, mode="symmetric")
    return np.asarray(whole[tuple(slice(p, p + n) for p, n in zip(pad, grey.shape, strict=True))])


def limit(correction: NDArray[Any], times: float) -> NDArray[Any]:
    """Clip a correction to some times its robust spread: beyond it is structure, not artefact."""
    from operando.compute.spread import robust_sigma

    spread = times * robust_sigma(correction)
    return np.asarray(np.clip(correction, -spread, spread)) if spread > 0 else correction
