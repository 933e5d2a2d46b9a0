"""Take away noise, with edges kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from pydantic import Field

from operando.clean.noise import frame_noise
from operando.clean.non_local import non_local_means, reach
from operando.clean.operation import Operation
from operando.compute.blocks import cubes
from operando.data.given import grey_values
from operando.errors import check_choice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from operando.compute.blocks import Extent, Place, Triple
    from operando.compute.progress import ProgressCallback
    from operando.data.series import Series

Method = Literal["nlm", "tv"]
_ITERATIONS = 30
_TV_REACH = 12


class Denoise(Operation):
    """Take away noise by a classical filter, as strongly as the noise that is measured."""

    method: Method = Field(
        "nlm",
        title="Method",
        description="nlm averages similar neighbourhoods; tv makes plateaus with sharp edges and "
        "is faster",
        json_schema_extra={"names": {"nlm": "non-local means", "tv": "total variation"}},
    )
    strength: float = Field(
        1.0, ge=0, le=5, title="Strength", description="1 fits the measured noise; 0 does nothing"
    )

    def extent(self, shape: Triple) -> Extent:
        """Cubes with the reach of the filter around them."""
        return cubes(shape, reach(shape[0]) if self.method == "nlm" else _TV_REACH)

    def prepare(
        self,
        series: Series,
        frames: Sequence[int] | None = None,
        progress: ProgressCallback | None = None,
    ) -> Mapping[tuple[int, int], float]:
        """Measure the noise of every frame."""
        del progress
        return frame_noise(series, frames)

    def apply(
        self, block: NDArray[np.float32], place: Place, prepared: Mapping[tuple[int, int], float]
    ) -> NDArray[np.float32]:
        """Filter one block."""
        sigma = prepared[place.frame, place.channel]
        return denoise(block, sigma, method=self.method, strength=self.strength)


def denoise(
    image: NDArray[np.float32], sigma: float, *, method: Method = "nlm", strength: float = 1.0
) -> NDArray[np.float32]:
    """Denoise a volume or slice.

    Parameters
    ----------
    image
        ``(z, y, x)``; a single slice is filtered in the plane.
    sigma
        Standard deviation of the noise, grey values.
    method
        Non-local means [Buades 2005] or total variation [Rudin 1992, Chambolle 2004].
    strength
        1 fits the noise.

    Returns
    -------
    As large as `image`.
    """
    check_choice(method, get_args(Method), "method")
    image = grey_values(image, "zyx")
    if sigma <= 0 or strength == 0:
        return image
    plain = image[0] if image.shape[0] == 1 else image
    scaled = plain / np.float32(sigma)
    found = non_local_means(scaled, strength) if method == "nlm" else _tv(scaled, strength)
    return np.asarray(found * np.float32(sigma), np.float32).reshape(image.shape)


def _tv(image: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    from skimage.restoration import denoise_tv_chambolle

    # Without eps it always makes the same number of iterations, so that blocks fit together.
    return np.asarray(
        denoise_tv_chambolle(image, weight=0.8 * strength, eps=0, max_num_iter=_ITERATIONS)
    )
