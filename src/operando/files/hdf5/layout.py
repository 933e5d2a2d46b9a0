"""Which data set of an HDF5 file is the image, and what the file says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.files.axes import ORDER
from operando.files.calibration import sound_times, sound_voxel_size
from operando.files.units import hours, micrometres

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 12
MOST_NODES = 20_000
LETTERS = {
    "time": "t",
    "frame": "t",
    "channel": "c",
    "energy": "c",
    "sample_z": "z",
    "sample_y": "y",
    "sample_x": "x",
}


@dataclass(frozen=True)
class Found:
    """A data set that may be the image.

    Parameters
    ----------
    name
        Its path in the file.
    shape
        Lengths of its axes.
    dtype
        Name of its type.
    layout
        "NeXus", "DXchange" or "HDF5".
    notes
        What its user should know.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    layout: str = "HDF5"
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Name, size and type."""
        return f"{self.name}: {' × '.join(map(str, self.shape))} {self.dtype}"


def find_images(file: Any, wanted: str | None, *, every: bool = False) -> list[Found]:
    """Find the image of an open file; several where nothing tells which.

    Parameters
    ----------
    file
        Open h5py file.
    wanted
        Data set, or group to look into.
    every
        Do not choose.
    """
    layout, notes = _layout(file)
    root = file
    if wanted is not None:
        root = file.get(wanted)
        if root is None:
            return []
        if not hasattr(root, "keys"):
            return [_found(root, layout, ())] if _is_image(root, 2) else []
    candidates = list(_images(root, 3)) or list(_images(root, 2))
    if not every:
        candidates = _choose(root, candidates)
    return [_found(c, layout, notes) for c in candidates]


def _choose(root: Any, candidates: list[Any]) -> list[Any]:
    default = _default(root)
    if default is not None and _is_image(default, 2):
        return [default]
    signals = [c for c in candidates if _is_signal(c)]
    if len(signals) == 1:
        return signals
    named = [c for c in candidates if c.name.endswith(("/exchange/data", "/detector/data"))]
    return named if len(named) == 1 else candidates


def _layout(file: Any) -> tuple[str, tuple[str, ...]]:
    """Say what wrote the file, and whether it holds projections."""
    if "exchange" in file:
        raw = "exchange/theta" in file
        return "DXchange", ("these are projections, not a tomogram",) if raw else ()
    kinds = [_text(g.attrs.get("NX_class")) for g in _groups(file)]
    definitions = [
        _text(np.ravel(g["definition"][()])[0])
        for g in _groups(file)
        if "definition" in g and hasattr(g["definition"], "shape") and g["definition"].size
    ]
    projections = "NXtomo" in definitions
    nexus = any(kind.startswith("NX") for kind in kinds)
    notes = ("these are projections, not a tomogram",) if projections else ()
    return "NeXus" if nexus else "HDF5", notes


def _groups(file: Any) -> list[Any]:
    children = (file.get(name) for name in list(file)[:100])
    return [child for child in children if hasattr(child, "keys")]


def _images(root: Any, least: int) -> Iterator[Any]:
    """Every data set that may be an image; one that has several names only once."""
    seen: set[Any] = set()
    waiting = [(root, 0)]
    for _ in range(MOST_NODES):
        if not waiting:
            return
        node, depth = waiting.pop(0)
        if node.id.__hash__() in seen:
            continue
        seen.add(node.id.__hash__())
        if hasattr(node, "keys"):
            if depth < DEEPEST:
                # Soft and external links that lead nowhere give None.
                children = (node.get(name) for name in node)
                waiting += [(c, depth + 1) for c in children if c is not None]
        elif _is_image(node, least):
            yield node


def _is_image(node: Any, least: int) -> bool:
    shape = getattr(node, "shape", None)
    if not shape or len(shape) > len(ORDER) or node.dtype.kind not in "biuf":
        return False
    long = [n for n in shape if n > 1]
    return len(shape) >= least and len(long) >= min(least, 2) and 0 not in shape


def _is_signal(data: Any) -> bool:
    group = data.parent
    if _text(group.attrs.get("NX_class")) not in ("NXdata", "NXdetector"):
        return False
    named = _text(group.attrs.get("signal"))
    own = data.attrs.get("signal")
    if named:
        return str(data.name).rpartition("/")[2] == named
    return own is not None and _text(np.ravel(own)[0]) == "1"


def _default(root: Any) -> Any:
    """Follow the NeXus attributes ``default`` to the data set of the signal."""
    node = root
    for _ in range(DEEPEST):
        name = _text(node.attrs.get("default"))
        if not name or node.get(name) is None:
            break
        node = node[name]
        if not hasattr(node, "keys"):
            return node
    signal = _text(node.attrs.get("signal"))
    return node.get(signal) if signal and node is not root else None


def _found(data: Any, layout: str, notes: tuple[str, ...]) -> Found:
    shape = tuple(int(n) for n in data.shape)
    return Found(data.name.lstrip("/"), shape, str(data.dtype), layout, notes)


def named_axes(data: Any) -> str:
    """One letter per axis from NeXus, DXchange or ilastik attributes; "q" for unknown ones."""
    names = _axis_names(data)
    letters = [_letter(name) for name in names]
    if len(letters) != data.ndim or not {"y", "x"} <= set(letters):
        return "q" * (int(data.ndim) - 2) + "yx"
    return "".join(letters)


def _axis_names(data: Any) -> list[str]:
    for owner in (data, data.parent):
        value = owner.attrs.get("axes")
        if value is not None and np.size(value) > 1:
            return [_text(v) for v in np.ravel(value)]
        if value is not None:
            return str(_text(np.ravel(value)[0])).split(":")
    return []


def _letter(name: str) -> str:
    lower = name.lower()
    return lower if lower in set(ORDER) else LETTERS.get(lower, "q")


def calibration(data: Any, axes: str) -> dict[str, Any]:
    """Voxel size (µm) and times (h) as far as the file gives them.

    Parameters
    ----------
    data
        The data set.
    axes
        Name of each of its axes.
    """
    found: dict[str, Any] = {}
    edges = data.attrs.get("element_size_um")
    if edges is not None and np.size(edges) == 3:
        found["voxel_size"] = sound_voxel_size([float(e) for e in np.ravel(edges)])
    steps: dict[str, float] = {}
    for name, letter, length in zip(_axis_names(data), axes, data.shape, strict=False):
        scale = data.parent.get(name) if name not in ("", ".") else None
        if scale is None or getattr(scale, "shape", None) != (length,) or length < 2:
            continue
        values = np.asarray(scale[()], float)
        unit = _text(scale.attrs.get("units"))
        if letter == "t" and (per_unit := hours(unit)):
            found["times"] = sound_times([float(v - values[0]) * per_unit for v in values])
        elif letter in "zyx" and (factor := micrometres(unit)):
            steps[letter] = abs(float(values[-1] - values[0])) / (length - 1) * factor
    if steps.keys() >= {"y", "x"} and "voxel_size" not in found:
        # A single image is as deep as it is fine.
        depth = steps.get("z", steps["x"] if "z" not in axes else None)
        found["voxel_size"] = sound_voxel_size([depth, steps["y"], steps["x"]])
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
