"""The map of crack surface per volume in the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.steps import STEPS, make_step
from operando.ui.layers.in_viewer import add_layers, remove_layers
from operando.ui.layers.results import hide_other_maps, show_colour_bar, value_limits

if TYPE_CHECKING:
    from napari.layers import Image

    from operando.ui.session import Session

NAME = "crack density (1/µm)"
PRODUCT = "particles/particles-damage"


class DamageLayer:
    """Keeps the map of the open study in the canvas while it is asked for.

    Parameters
    ----------
    session
        Study and viewer.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._layer: Image | None = None

    @property
    def is_there(self) -> bool:
        """Whether the study holds a map of the particles as they are."""
        status = self._session.status("damage")
        return status is not None and status.state == "done"

    def show(self, *, visible: bool = True) -> None:
        """Show the map as it is now, or have it ready."""
        from napari.layers import Image

        self.clear()
        study, layers = self._session.study, self._session.layers
        if study is None or layers is None or not self.is_there:
            return
        data = np.asarray(study.open_array(PRODUCT)[:])
        self._layer = Image(
            data,
            name=NAME,
            colormap="inferno",
            contrast_limits=value_limits(data),
            opacity=0.7,
            blending="translucent",
            visible=visible,
            interpolation2d="linear",
            multiscale=False,
            **block_placement(self._block(), study.voxel_size, layers.placement),
        )
        show_colour_bar(self._layer)
        if visible:
            hide_other_maps(self._session.viewer, self._layer)
        add_layers(self._session.viewer, self._layer)

    def _block(self) -> float:
        status = self._session.status("damage")
        known = status.entry if status is not None else None
        step = make_step("damage", known.settings) if known else STEPS["damage"]()
        return float(step.block)

    def clear(self) -> None:
        """Take the map away."""
        remove_layers(self._session.viewer, self._layer)
        self._layer = None


def block_placement(
    block: float, voxel_size: tuple[float, ...], placement: dict[str, Any]
) -> dict[str, Any]:
    """Place blocks so that the first corner is that of the images.

    Parameters
    ----------
    block
        Edge as it was asked for, µm; blocks are whole voxels.
    voxel_size
        ``(z, y, x)``, µm.
    placement
        Of the images.
    """
    size = np.asarray(voxel_size)
    edges = np.maximum(np.rint(block / size), 1) * size
    return placement | {
        "scale": (placement["scale"][0], *edges),
        "translate": (0.0, *((edges - size) / 2)),
    }
