"""The code of the guides runs and tells the truth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from operando import Study
from operando.data import DisplacementField

DOCS = Path(__file__).resolve().parents[1] / "docs"
SIZE = np.array([2.0, 1.0, 1.0])


def code_of(guide: str) -> str:
    """All Python code of a guide."""
    text = (DOCS / guide).read_text(encoding="utf-8")
    return "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))


def swelling_roll() -> DisplacementField:
    """A roll around (y, x) = (20, 20) µm grows by 1 % along its axis and 5 % across it."""
    grid = (3, 4, 4)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in grid], indexing="ij"), -1).reshape(-1, 3)
    n = len(nodes)
    stretch = np.array([0.01, 0.05, 0.05])
    positions = 4.0 + 6.0 * nodes
    return DisplacementField(
        positions=positions,
        displacement=(positions - [0, 20, 20]) * stretch,
        gradient=np.tile(np.diag(stretch), (n, 1, 1)),
        sigma=np.full((n, 3), 0.01),
        zncc=np.ones(n),
        status=np.zeros(n, int),
        grid_shape=grid,
        spacing=(6.0,) * 3,
        window=(9, 9, 9),
    )


def test_strains_of_a_jelly_roll(tmp_path: Path) -> None:
    found: dict[str, Any] = {}
    images = np.zeros((2, 20, 30, 30), np.uint8)
    with Study.create(tmp_path / "roll", images, voxel_size=tuple(SIZE)) as study:
        study.write_field("000-001", swelling_roll())
        exec(code_of("strain.md"), {"study": study}, found)
    axial, across = (s + s**2 / 2 for s in (0.01, 0.05))
    np.testing.assert_allclose(found["axial"], axial)
    np.testing.assert_allclose(found["radial"], across)
    np.testing.assert_allclose(found["tangential"], across)
    np.testing.assert_allclose(found["largest"], across)
    np.testing.assert_allclose(found["equivalent"], 2 / 3 * (across - axial))
    np.testing.assert_allclose(found["change"], 1.01 * 1.05**2 - 1)
    np.testing.assert_allclose(found["angle"], 0, atol=1e-6)
