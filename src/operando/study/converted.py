"""Images of a study that were converted once to a format that is fast to look at."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from operando.data.series import Series

CONVERTED = "converted"
"""Name of the product in the folder ``images``."""


def sign_converted(path: Path, sources: str, channels: Sequence[str]) -> None:
    """Note in a converted image which state of the source files it was made of."""
    import zarr

    group = zarr.open_group(store=str(path), mode="r+")
    attributes = group.attrs.asdict()
    own = {**attributes.get("operando", {}), "sources": sources, "channels": list(channels)}
    group.attrs.put({**attributes, "operando": own})


def open_converted(path: Path, sources: str, **hints: Any) -> Series | None:
    """Open converted images instead of the source files they were made of.

    Parameters
    ----------
    path
        Where they would be.
    sources
        State of the source files now.
    hints
        For `operando.files.read`.

    Returns
    -------
    None if there are none, or the source files have changed since.
    """
    try:
        header = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
        own = header["attributes"]["operando"]
        if own["sources"] != sources:
            return None
        channels = tuple(map(str, own["channels"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    from operando.files import read

    return replace(read(path, **hints), channels=channels)
