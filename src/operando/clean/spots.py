"""Take away single voxels and small spots that are far too bright or dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from pydantic import Field

from operando.clean.noise import noise_sigma
from operando.clean.operation import Operation, filter_slices
from operando.compute.spread import robust_sigma
from operando.data.given import grey_values
from operando.errors import check_choice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.blocks import Place

Which = Literal["bright", "dark", "both"]
_AROUND = 6
"""Squares across the neighbourhood that a spot has to outshine."""


class RemoveSpots(Operation):
    """Replace spots (hot pixels, zingers, charging) by what lies around them, slice by slice."""

    which: Which = Field(
        "bright", title="Spots are", description="Brighter or darker than their neighbours"
    )
    size: int = Field(
        3,
        ge=1,
        le=25,
        title="Largest spot",
        description="Voxels across; larger things stay",
        json_schema_extra={"unit": "voxels"},
    )
    threshold: float = Field(
        6.0,
        ge=2,
        le=50,
        title="Threshold",
        description="How many robust standard deviations a spot stands out from the local median",
    )

    def apply(self, block: NDArray[np.float32], place: Place, prepared: Any) -> NDArray[np.float32]:
        """Filter every slice."""
        del prepared

        def clean(image: NDArray[np.float32], _: int) -> NDArray[np.float32]:
            return remove_spots(image, which=self.which, size=self.size, threshold=self.threshold)

        return filter_slices(block, place, clean)


def remove_spots(
    image: NDArray[np.float32], *, which: Which = "bright", size: int = 3, threshold: float = 6.0
) -> NDArray[np.float32]:
    """Replace spots of one slice ``(y, x)`` by the local median; all else stays as it is.

    A spot is what an opening with a square one voxel larger takes away: structures that hold such
    a square stay. It has to stand out from what is left by `threshold` robust standard deviations
    and by a quarter of the grey range (5 to 95 %) of the slice. It also has to be brighter than
    all that is left within three such squares, by half the threshold times the noise: fine parts
    of a phase are as bright as the phase beside them, spots are brighter.

    Parameters
    ----------
    image
        ``(y, x)``; NaN where nothing was imaged.
    which
        "bright" ones (zingers), "dark" ones (dead pixels), or "both".
    size
        Edge of the largest spot, pixels.
    threshold
        Robust standard deviations.
    """
    from scipy.ndimage import grey_opening, maximum_filter, median_filter

    check_choice(which, get_args(Which), "kind of spots")
    image = grey_values(image, "yx")
    known = np.isfinite(image)
    if not known.any():
        return image
    beyond = threshold / 2 * noise_sigma(image)
    low, high = np.percentile(image[known], (5, 95))
    filled = image if known.all() else _filled(image, known)
    spot = np.zeros(image.shape, bool)
    for wanted, sign in (("bright", 1), ("dark", -1)):
        if which in {wanted, "both"}:
            signed = sign * filled
            left = grey_opening(signed, size=size + 1, mode="reflect")
            extra = signed - left
            extra -= np.median(extra[known])
            brightest = maximum_filter(left, size=_AROUND * (size + 1) + 1, mode="reflect")
            spot |= (signed > brightest + beyond) & (
                extra > max(threshold * robust_sigma(extra[known]), 0.25 * float(high - low), 1e-12)
            )
    local = median_filter(filled, size=2 * size + 3, mode="reflect") if spot.any() else image
    return np.where(spot & known, local, image)


def _filled(image: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Give what was not imaged the grey value of the nearest voxel that was: no edge, no spot."""
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
    return np.asarray(image[tuple(nearest)])
