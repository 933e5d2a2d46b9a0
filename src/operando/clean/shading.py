"""Even out illumination: slow changes of brightness over a slice or volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from operando.clean.noise import imaged
from operando.clean.operation import Operation, filter_slices
from operando.clean.surface import LEAST, Mode, Surface, fit_surface, scaled_height
from operando.compute.blocks import sample_slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from operando.compute.blocks import Place
    from operando.compute.progress import ProgressCallback
    from operando.data.series import Series

Scope = Literal["slice", "volume"]


class EvenShading(Operation):
    """Even out slow changes of brightness by a low-order surface through all phases or one."""

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
        None, title="Darkest grey", description="Follow only phases brighter than this"
    )
    high: float | None = Field(
        None,
        title="Brightest grey",
        description="Follow only phases darker than this; automatic follows all",
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
                np.stack([imaged(np.asarray(series.data[t, c, z])) for z in at]),
                order=self.order,
                grey=(self.low, self.high),
                z=[scaled_height(z, depth) for z in at],
                mode=self.mode,
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

        def even(image: NDArray[np.float32], k: int) -> NDArray[np.float32]:
            if self.scope == "slice":
                surface = fit_surface(
                    image[None], order=self.order, grey=(self.low, self.high), mode=self.mode
                )
                values = surface.at(image.shape, 0.0)
            else:
                surface = surfaces[place.frame, place.channel]
                values = surface.at(image.shape, scaled_height(place.slices[k], depth))
            return even_out(image, values, surface.level, self.mode)

        return filter_slices(block, place, even)


def even_out(
    image: NDArray[np.float32], surface: NDArray[np.float32], level: float, mode: Mode
) -> NDArray[np.float32]:
    """Bring a slice to one brightness; the sign of the grey values does not matter."""
    if mode == "subtract":
        return np.asarray(image - surface + np.float32(level))
    relative = surface / np.float32(level) if level else np.ones_like(surface)
    return np.asarray(image / np.maximum(relative, np.float32(LEAST)))
