"""Where the sample data that comes with operando lies."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def shipped_sample() -> Path:
    """Folder of a sample as `write_sample` writes it, with seed 0: images, strokes and truth."""
    inside = _PACKAGE / "sample_data"
    return inside if inside.is_dir() else _CHECKOUT / "sample_data"
