"""What was measured at one node, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.data import NodeStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.data import DisplacementField
    from operando.ui.strain.node_quantities import NodeQuantity

_STATUS_WORDS = {
    NodeStatus.NOT_CONVERGED: "the correlation did not converge",
    NodeStatus.LOW_CORRELATION: "low correlation, as at a crack",
    NodeStatus.OUTLIER: "does not fit its neighbours",
    NodeStatus.NO_TEXTURE: "too little texture",
    NodeStatus.OUTSIDE: "outside the image",
}


@dataclass(frozen=True)
class NodeReading:
    """What was measured at one node.

    Parameters
    ----------
    position_um
        ``(z, y, x)``.
    lines
        Text, or why there is nothing.
    """

    position_um: tuple[float, float, float]
    lines: tuple[str, ...]


def describe_node(
    field: DisplacementField,
    node: int,
    quantity: NodeQuantity,
    value: float,
    error: float | None,
    voxel_size: Sequence[float],
) -> tuple[str, ...]:
    """Say what was measured at a node.

    Parameters
    ----------
    field, node
        The node's number in the field.
    quantity, value, error
        What is shown, there, and its predicted standard deviation if it has one.
    voxel_size
        ``(z, y, x)`` in µm.
    """
    status = NodeStatus(int(field.status[node]))
    if not field.valid[node]:
        return (f"not measured: {_STATUS_WORDS[status]}",)
    lines = []
    if quantity.name != "zncc" and not quantity.name.startswith("displacement_"):
        lines = [f"{quantity.title} {value:.3g} {quantity.unit}"]
        if error is not None and quantity.unit == "%":
            lines = [f"{quantity.title} {value:.3f} ± {error:.3f} %"]
    moved, sigma = field.displacement[node] * voxel_size, field.sigma[node] * voxel_size
    lines += [
        f"displacement {axis} {u:.4f} ± {s:.4f} µm"
        for axis, u, s in zip("xyz", np.asarray(moved)[::-1], np.asarray(sigma)[::-1], strict=True)
    ]
    if status is NodeStatus.NARROWED:
        lines.append("measured in a narrower window")
    return (*lines, f"correlation (ZNCC) {float(field.zncc[node]):.3f}")
