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


def made_of(path: Path) -> str:
    """State of the source files that a converted image was made of; "" if there is none."""
    return str(_signature(path).get("sources", ""))


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
    own = _signature(path)
    if not own or own.get("sources") != sources:
        return None
    from operando.files import read

    return replace(read(path, **hints), channels=tuple(map(str, own["channels"])))


def _signature(path: Path) -> dict[str, Any]:
    """Read what `sign_converted` noted; empty if it did not."""
    try:
        own = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]["operando"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return own if isinstance(own, dict) and isinstance(own.get("channels"), list) else {}
