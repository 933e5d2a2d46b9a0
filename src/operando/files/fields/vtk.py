"""VTK XML files of displacement fields, for ParaView and everything else that reads VTK."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import numpy as np

from operando.data.series import check_voxel_size
from operando.files.fields.table import layer_columns, unit_normal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from operando.data import DisplacementField

_TYPES = {"f4": "Float32", "f8": "Float64", "i4": "Int32", "i8": "Int64", "u1": "UInt8"}
_HEXAHEDRON = 12
_COMPONENTS = {3: "xyz", 9: [a + b for a in "xyz" for b in "xyz"]}


def write_vti(
    path: Path,
    field: DisplacementField,
    voxel_size: Sequence[float],
    normal: ArrayLike | None = None,
) -> None:
    """Write the whole grid of nodes as VTK image data.

    Lengths are µm, axes x, y, z; nodes without a measurement are NaN, and ``valid`` is 0 at those
    that should not be trusted (ParaView: Threshold). A `normal` ``(z, y, x)`` in µm adds the
    strain in that layer (see `operando.files.fields.table.layer_strain`), and itself as field data.
    """
    size = np.asarray(check_voxel_size(voxel_size))
    origin = (field.positions[0] * size)[::-1]
    step = (np.asarray(field.spacing) * size)[::-1]
    extent = " ".join(f"0 {n - 1}" for n in field.grid_shape[::-1])
    _write(
        path,
        "ImageData",
        f"WholeExtent={quoteattr(extent)} Origin={quoteattr(_words(origin))} "
        f"Spacing={quoteattr(_words(step))}",
        f"{_layer_normal(normal)}"
        f"<Piece Extent={quoteattr(extent)}>{_point_data(field, size, normal)}</Piece>",
    )


def write_vtu(
    path: Path,
    field: DisplacementField,
    voxel_size: Sequence[float],
    normal: ArrayLike | None = None,
) -> None:
    """Write the cells whose eight nodes are all valid as VTK hexahedra; cracks stay open.

    Lengths are µm, axes x, y, z; the points lie in the reference (ParaView: Warp By Vector with
    ``displacement_um`` shows the deformed sample). For `normal` see `write_vti`.
    """
    size = np.asarray(check_voxel_size(voxel_size))
    points = (field.positions * size)[:, ::-1]
    cells = _sound_cells(field)
    content = (
        f"{_layer_normal(normal)}"
        f'<Piece NumberOfPoints="{len(points)}" NumberOfCells="{len(cells)}">'
        f"{_point_data(field, size, normal)}"
        f"<Points>{_array('Points', points.astype(np.float64))}</Points><Cells>"
        f"{_array('connectivity', cells.ravel())}"
        f"{_array('offsets', 8 * np.arange(1, len(cells) + 1))}"
        f"{_array('types', np.full(len(cells), _HEXAHEDRON, np.uint8))}</Cells></Piece>"
    )
    _write(path, "UnstructuredGrid", "", content)


def _sound_cells(field: DisplacementField) -> NDArray[np.int64]:
    """Nodes of the cells in the order of VTK, ``(M, 8)``."""
    z, y, x = field.grid_shape
    first = np.arange(z * y * x).reshape(z, y, x)[:-1, :-1, :-1].ravel()
    ring = np.array([0, 1, x + 1, x])
    cells = first[:, None] + np.concatenate([ring, y * x + ring])
    return np.asarray(cells[field.valid[cells].all(axis=1)], np.int64)


def _layer_normal(normal: ArrayLike | None) -> str:
    if normal is None:
        return ""
    along = unit_normal(normal)[None, ::-1]
    return f"<FieldData>{_array('layer_normal', along, tuples=True)}</FieldData>"


def _point_data(
    field: DisplacementField, size: NDArray[np.float64], normal: ArrayLike | None
) -> str:
    lengths = field.physical(tuple(size))
    strain = lengths.strain()
    arrays = {
        "displacement_um": (field.displacement * size)[:, ::-1],
        "displacement_sd_um": (field.sigma * size)[:, ::-1],
        "strain_green_lagrange": strain[:, ::-1, ::-1].reshape(-1, 9),
        "strain_sd": lengths.strain_sigma()[:, ::-1, ::-1].reshape(-1, 9),
        "volume_change": field.volume_change,
        "zncc": field.zncc,
    }
    if normal is not None:
        arrays |= layer_columns(strain, normal)
    data = "".join(_array(name, values.astype(np.float32)) for name, values in arrays.items())
    data += _array("status", field.status.astype(np.int32))
    data += _array("valid", field.valid.astype(np.uint8))
    return f'<PointData Vectors="displacement_um">{data}</PointData>'


def _array(name: str, values: NDArray[Any], *, tuples: bool = False) -> str:
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<")))
    raw = little.tobytes()
    coded = base64.b64encode(np.uint64(len(raw)).astype("<u8").tobytes() + raw).decode()
    n = 1 if values.ndim == 1 else values.shape[1]
    names = "".join(
        f" ComponentName{i}={quoteattr(c)}" for i, c in enumerate(_COMPONENTS.get(n, ()))
    )
    if tuples:
        names = f' NumberOfTuples="{len(values)}"{names}'
    kind = _TYPES[f"{values.dtype.kind}{values.dtype.itemsize}"]
    return (
        f"<DataArray type={quoteattr(kind)} Name={quoteattr(name)} "
        f'NumberOfComponents="{n}"{names} format="binary">{coded}</DataArray>\n'
    )


def _write(path: Path, kind: str, attributes: str, content: str) -> None:
    path.write_text(
        f'<?xml version="1.0"?>\n<VTKFile type="{kind}" version="1.0" '
        f'byte_order="LittleEndian" header_type="UInt64">\n'
        f"<{kind} {attributes}>\n{content}\n</{kind}>\n</VTKFile>\n",
        encoding="utf-8",
    )


def _words(numbers: NDArray[np.float64]) -> str:
    return " ".join(f"{v:.17g}" for v in numbers)
