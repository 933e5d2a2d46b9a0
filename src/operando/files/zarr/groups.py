"""Find arrays and images in a Zarr group."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def list_arrays(folder: Path, depth: int = 3) -> list[str]:
    """Names of the arrays in a Zarr group; OME-Zarr images in it end with a slash."""
    found = []
    for child in sorted(p for p in folder.iterdir() if p.is_dir()):
        kind = _node_kind(child)
        if kind == "array":
            found.append(child.name)
        elif kind == "image":
            found.append(f"{child.name}/")
        elif kind == "group" and depth > 1:
            found += [f"{child.name}/{name}" for name in list_arrays(child, depth - 1)]
    return found


def advise_arrays(folder: Path) -> str:
    """Say in half a sentence which arrays of a group there are to choose from."""
    names = list_arrays(folder)
    if not names:
        return "it holds no arrays"
    shown = ", ".join(n.rstrip("/") for n in names[:8])
    return f"choose one of its arrays: {shown}{', ...' if len(names) > 8 else ''}"


def _node_kind(folder: Path) -> str | None:
    if (folder / ".zarray").is_file():
        return "array"
    attributes = {**_json(folder / ".zattrs"), **_json(folder / "zarr.json").get("attributes", {})}
    if "multiscales" in attributes.get("ome", attributes):
        return "image"
    if (folder / ".zgroup").is_file():
        return "group"
    kind = _json(folder / "zarr.json").get("node_type")
    return kind if kind in ("array", "group") else None


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
