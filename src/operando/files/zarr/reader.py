"""Zarr: OME-Zarr 0.4 to 0.6 images and plain arrays of Zarr 2 and 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError, OperandoError
from operando.files.axes import DROPPED, ORDER, name_axes, shape_5d, to_5d
from operando.files.source import Opened
from operando.files.zarr.blosc_chunks import BloscChunks
from operando.files.zarr.groups import advise_arrays, list_arrays
from operando.files.zarr.ome_metadata import (
    channel_names,
    image_acquired,
    image_axes,
    image_scale,
    image_times,
    image_voxel_size,
)

if TYPE_CHECKING:
    from pathlib import Path

    import zarr
    from numpy.typing import NDArray

    from operando.files.source import Box, Shape

# What zarr and its codecs raise on metadata and chunks that make no sense to them.
ZARR_FAULTS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


BLOCK_BYTES = 2**26


@dataclass(frozen=True, eq=False)
class Stored:
    """A Zarr array with named axes.

    Parameters
    ----------
    array
        The array.
    path
        Where it lies.
    axes
        Name of each axis, as `operando.files.axes.name_axes` gives them.
    """

    array: zarr.Array
    path: Path
    axes: str

    @cached_property
    def _blosc(self) -> BloscChunks | None:
        return BloscChunks.of(self.array)

    @property
    def shape(self) -> Shape:
        """Lengths along t, c, z, y, x."""
        return shape_5d(self.array.shape, self.axes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel in the machine's byte order."""
        dtype: np.dtype[Any] = np.dtype(self.array.dtype)
        return dtype.newbyteorder("=")

    @property
    def chunks(self) -> Shape:
        """As many chunks of the array as make 64 MB, of one frame and channel."""
        chunk = list(shape_5d(self.array.chunks, self.axes)[2:])
        size = self.shape[2:]
        for axis in (2, 1, 0):
            room = BLOCK_BYTES // (self.dtype.itemsize * prod(chunk))
            chunk[axis] = min(chunk[axis] * max(room, 1), size[axis])
        z, y, x = chunk
        return 1, 1, z, y, x

    def read(self, box: Box) -> NDArray[Any]:
        """Read the chunks of a box."""
        index = tuple(slice(0, 1) if a == DROPPED else box[ORDER.index(a)] for a in self.axes)
        try:
            block = self._blosc.read(index) if self._blosc else np.asarray(self.array[index])
        except ZARR_FAULTS as error:
            raise _unreadable(self.path, error) from error
        return to_5d(block, self.axes).astype(self.dtype, copy=False)


def open_zarr(path: Path, axes: str | None = None, dataset: str | None = None) -> Opened:
    """Open an OME-Zarr image at full resolution, or a plain Zarr array.

    Parameters
    ----------
    path
        Folder of the image or array.
    axes
        Names of the axes, overriding those of the file.
    dataset
        Array or image inside a group.

    Raises
    ------
    FileError
        If there is neither an image nor a single array, or its metadata cannot be read.
    """
    import zarr

    where = path / dataset if dataset else path
    if not where.exists():
        raise FileError(f"There is no {dataset} in {path}", advise_arrays(path))
    try:
        node = zarr.open(store=str(where), mode="r")
    except ZARR_FAULTS as error:
        raise _unreadable(where, error) from error
    if isinstance(node, zarr.Array):
        return _opened(node, where, _dimension_names(node), axes, {"format": "Zarr"})
    attributes = node.attrs.asdict()
    ome = attributes.get("ome", attributes)
    if isinstance(ome, Mapping) and ome.get("multiscales"):
        with_times = {**ome, "operando": attributes.get("operando")}
        try:
            return _open_image(where, with_times, axes)
        except OperandoError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise _unreadable(where, error) from error
    inside = list_arrays(where)
    images = [p for p in inside if p.endswith("/")]
    choice = images if len(images) == 1 else inside
    if len(choice) == 1:
        return open_zarr(where, axes, choice[0].rstrip("/"))
    raise FileError(f"{where} is a Zarr group without an image of its own", advise_arrays(where))


def _unreadable(path: Path, error: Exception) -> FileError:
    detail = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return FileError(f"{path} is no Zarr image that can be read ({detail})", "check what wrote it")


def _dimension_names(array: zarr.Array) -> str:
    """One letter per axis from Zarr 3 dimension names or the xarray attribute."""
    plain = "q" * max(int(array.ndim) - 2, 0) + "yx"
    names = getattr(array.metadata, "dimension_names", None)
    names = names or array.attrs.asdict().get("_ARRAY_DIMENSIONS") or ()
    if len(names) != array.ndim:
        return plain
    letters = [str(n or "q").lower() for n in names]
    letters = [n if n in ORDER else {"time": "t", "channel": "c"}.get(n, "q") for n in letters]
    return "".join(letters) if {"y", "x"} <= set(letters) else plain


def _opened(
    array: zarr.Array,
    path: Path,
    names: str,
    hint: str | None,
    metadata: Mapping[str, Any],
    **calibration: Any,
) -> Opened:
    if array.ndim < 2 or 0 in array.shape or np.dtype(array.dtype).kind not in "biuf":
        raise FileError(
            f"{path} holds no image (shape {array.shape}, type {array.dtype})",
            "an image has at least two axes and holds numbers",
        )
    source = Stored(array, path, name_axes(names, array.shape, hint))
    return Opened(source=source, files=(path,), metadata=metadata, **calibration)


def _open_image(path: Path, ome: Mapping[str, Any], hint: str | None) -> Opened:
    import zarr

    image = ome["multiscales"][0]
    levels = [str(d["path"]) for d in image["datasets"]]
    try:
        array = zarr.open_array(store=str(path / levels[0]), mode="r")
    except ZARR_FAULTS as error:
        raise _unreadable(path / levels[0], error) from error
    axes = image_axes(image, array.ndim)
    names = "".join(a["letter"] for a in axes)
    scale, plain = image_scale(image, array.ndim)
    metadata = {
        "format": f"OME-Zarr {image.get('version') or ome.get('version') or ''}".strip(),
        "levels": tuple(levels),
        "folder": str(path),
        "acquired": image_acquired(ome.get("operando")),
    }
    if not plain:
        metadata["notes"] = ("the file's rotation or shear of the axes is not applied",)
    by_name = dict(zip(names, zip(scale, axes, strict=True), strict=True))
    n_frames = array.shape[names.index("t")] if "t" in names else 1
    return _opened(
        array,
        path,
        names,
        hint,
        metadata,
        voxel_size=image_voxel_size(by_name) if plain and hint is None else None,
        times=image_times(by_name, n_frames, ome.get("operando")) if hint is None else None,
        channels=channel_names(ome),
    )
