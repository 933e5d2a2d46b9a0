from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.data import NodeStatus
from operando.ui.strain.node_quantities import node_quantity
from operando.ui.strain.node_reading import describe_node

if TYPE_CHECKING:
    from collections.abc import Callable

    from operando.data import DisplacementField

VOXEL = (0.2, 0.1, 0.1)


def test_a_shown_strain_comes_first_with_its_error(
    uniform_stretch: Callable[[float], DisplacementField],
) -> None:
    lines = describe_node(uniform_stretch(0.01), 0, node_quantity("strain_xx"), 1.005, 0.02, VOXEL)
    assert lines == (
        "strain xx 1.005 ± 0.020 %",
        "displacement x 0.0060 ± 0.0010 µm",
        "displacement y 0.0060 ± 0.0010 µm",
        "displacement z 0.0120 ± 0.0020 µm",
        "correlation (ZNCC) 0.900",
    )


@pytest.mark.parametrize("status", list(NodeStatus))
def test_every_status_has_words(
    uniform_stretch: Callable[[float], DisplacementField], status: NodeStatus
) -> None:
    field = uniform_stretch(0.01)
    field = replace(field, status=np.full(len(field.status), int(status)))
    text = "\n".join(describe_node(field, 0, node_quantity("zncc"), 0.9, None, VOXEL))
    assert ("not measured" in text) == (not field.valid[0])
    assert ("narrower" in text) == (status is NodeStatus.NARROWED)
