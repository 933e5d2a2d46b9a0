"""Take the margin around an image for what it is: not imaged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.clean.operation import Operation
from operando.compute.margin import margin_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.blocks import Place
    from operando.data.series import Series


class CutMargin(Operation):
    """Make the margin of every slice NaN, see `operando.compute.margin`; all else stays.

    Slices of one grey value are blank: nothing was imaged in them.
    """

    def reads(self, series: Series) -> Series:
        """Read as float32, for only real numbers have NaN."""
        return replace(series, data=series.data.astype(np.float32))

    def apply(self, block: NDArray[np.float32], place: Place, prepared: Any) -> NDArray[np.float32]:
        """Cut every slice."""
        del place, prepared
        return np.stack([np.where(_is_margin(s), np.float32(np.nan), s) for s in block])


def _is_margin(image: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(margin_of(image) | (image == image[0, 0]).all())
