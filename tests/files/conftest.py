from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from operando.files import write_tiff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Writer = Callable[[Path, NDArray[np.uint16]], None]

EDGES = (0.5, 0.25, 0.25)
"""Voxel size (z, y, x) in µm that the files say, where they can."""


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """Write a compound file (OLE) with streams in storages, as Zeiss microscopes do."""
    sector, end, free = 512, 0xFFFFFFFE, 0xFFFFFFFF
    names: dict[str, int] = {"": 0}
    for path in streams:
        names.setdefault(path.partition("/")[0], len(names))
        names.setdefault(path, len(names))
    n_directory = -(-len(names) * 128 // sector)
    # Streams below 4096 bytes would lie elsewhere.
    padded = {p: stream.ljust(4096, b"\0") for p, stream in streams.items()}
    lengths = {p: len(stream) for p, stream in padded.items()}
    padded = {p: s.ljust(-(-len(s) // sector) * sector, b"\0") for p, s in padded.items()}
    n_data = sum(len(s) for s in padded.values()) // sector
    n_fat = 1
    while n_fat * 128 < n_fat + n_directory + n_data:
        n_fat += 1
    fat = [0xFFFFFFFD] * n_fat
    fat += [*range(n_fat + 1, n_fat + n_directory), end]
    starts = {}
    for path, stream in padded.items():
        starts[path] = len(fat)
        fat += [*range(len(fat) + 1, len(fat) + len(stream) // sector), end]
    fat += [free] * (n_fat * 128 - len(fat))
    children: dict[str, list[str]] = {}
    for path in names:
        if path:
            children.setdefault(path.rpartition("/")[0], []).append(path)
    directory = b""
    for path, _ in sorted(names.items(), key=lambda item: item[1]):
        siblings = children[path.rpartition("/")[0]] if path else [path]
        after = siblings[siblings.index(path) + 1 :]
        inside = children.get(path, [])
        title = (path.rpartition("/")[2] or "Root Entry").encode("utf-16-le") + b"\0\0"
        directory += title.ljust(64, b"\0")
        directory += struct.pack(
            "<HBBIII",
            len(title),
            5 if not path else 2 if path in streams else 1,
            1,
            free,
            names[after[0]] if after else free,
            names[inside[0]] if inside else free,
        )
        directory += bytes(36)
        is_stream = path in streams
        directory += struct.pack(
            "<IQ", starts[path] if is_stream else end, lengths[path] if is_stream else 0
        )
    directory = directory.ljust(n_directory * sector, b"\0")
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, n_fat, n_fat, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", *range(n_fat), *[free] * (109 - n_fat))
    return header + struct.pack(f"<{len(fat)}I", *fat) + directory + b"".join(padded.values())


def _zeiss(path: Path, volume: NDArray[np.uint16]) -> None:
    streams = {
        "ImageInfo/ImageWidth": struct.pack("<i", volume.shape[2]),
        "ImageInfo/ImageHeight": struct.pack("<i", volume.shape[1]),
        "ImageInfo/DataType": struct.pack("<i", 5),
        "ImageInfo/NoOfImages": struct.pack("<i", len(volume)),
        "ImageInfo/ImagesTaken": struct.pack("<i", len(volume)),
        "ImageInfo/PixelSize": struct.pack("<f", EDGES[2]),
        "ImageInfo/Date": b"11/21/26 05:00:00",
    }
    streams |= {f"ImageData1/Image{n + 1}": plane.tobytes() for n, plane in enumerate(volume)}
    path.write_bytes(compound_file(streams))


def _mrc(path: Path, volume: NDArray[np.uint16]) -> None:
    mrcfile = pytest.importorskip("mrcfile")
    with mrcfile.new(path) as mrc:
        mrc.set_data(volume)
        mrc.voxel_size = tuple(1e4 * e for e in EDGES[::-1])


def _nifti(path: Path, volume: NDArray[np.uint16]) -> None:
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(volume.T, np.diag([*EDGES[::-1], 1]))
    image.header.set_xyzt_units("micron")
    image.to_filename(path)


def _nrrd(encoding: str) -> Writer:
    def write(path: Path, volume: NDArray[np.uint16]) -> None:
        nrrd = pytest.importorskip("nrrd")
        header = {
            "encoding": encoding,
            "space dimension": 3,
            "space directions": np.diag(EDGES[::-1]),
            "space units": ["um"] * 3,
        }
        nrrd.write(str(path), volume, header, index_order="C")

    return write


def _metaimage(packed: bool) -> Writer:
    def write(path: Path, volume: NDArray[np.uint16]) -> None:
        z, y, x = volume.shape
        edges = " ".join(str(e / 1000) for e in EDGES[::-1])
        header = (
            f"ObjectType = Image\nNDims = 3\nBinaryData = True\nCompressedData = {packed}\n"
            f"BinaryDataByteOrderMSB = {not packed}\nElementSpacing = {edges}\n"
            f"DimSize = {x} {y} {z}\nElementType = MET_USHORT\nElementDataFile = LOCAL\n"
        )
        data = zlib.compress(volume.tobytes()) if packed else volume.astype(">u2").tobytes()
        path.write_bytes(header.encode() + data)

    return write


def _edf(path: Path, volume: NDArray[np.uint16]) -> None:
    parts = []
    for plane in volume:
        header = (
            "{\nHeaderID = EH:000001:000000:000000 ;\nByteOrder = HighByteFirst ;\n"
            f"DataType = UnsignedShort ;\nDim_1 = {plane.shape[1]} ;\nDim_2 = {plane.shape[0]} ;\n"
        )
        parts += [header.ljust(1022).encode() + b"}\n", plane.astype(">u2").tobytes()]
    path.write_bytes(b"".join(parts))


def _amira(codec: str) -> Writer:
    def write(path: Path, volume: NDArray[np.uint16]) -> None:
        z, y, x = volume.shape
        box = " ".join(f"0 {(n - 1) * e}" for n, e in zip((x, y, z), EDGES[::-1], strict=True))
        data = volume.tobytes()
        if codec == "HxZip":
            data = zlib.compress(data)
        elif codec == "HxByteRLE":
            # Literal runs, but for one of the first byte repeated once.
            runs = [bytes([1, data[0]])]
            for at in range(1, len(data), 127):
                part = data[at : at + 127]
                runs.append(bytes([128 + len(part)]) + part)
            data = b"".join(runs)
        packing = f"({codec},{len(data)})" if codec else ""
        header = (
            f"# AmiraMesh BINARY-LITTLE-ENDIAN 2.1\n\ndefine Lattice {x} {y} {z}\n\n"
            f'Parameters {{\n    Units {{ Coordinates "µm" }}\n    BoundingBox {box},\n'
            f'    CoordType "uniform"\n}}\n\nLattice {{ ushort Data }} @1{packing}\n\n'
            "# Data section follows\n@1\n"
        )
        path.write_bytes(header.encode() + data)

    return write


def _hdf5(**options: object) -> Writer:
    def write(path: Path, volume: NDArray[np.uint16]) -> None:
        import h5py

        with h5py.File(path, "w") as file:
            data = file.create_dataset("entry/data/data", data=volume, **options)
            data.parent.attrs.update({"NX_class": "NXdata", "signal": "data", "axes": list("zyx")})
            for axis, edge, n in zip("zyx", EDGES, volume.shape, strict=True):
                data.parent[axis] = np.arange(n) * edge
                data.parent[axis].attrs["units"] = "um"

    return write


def _vgi(path: Path, volume: NDArray[np.uint16]) -> None:
    z, y, x = volume.shape
    path.with_suffix(".vol").write_bytes(volume.tobytes())
    path.write_text(
        f"{{volume1}}\n[representation]\nsize = {x} {y} {z}\ndatatype = unsigned integer\n"
        f"bitsperelement = 16\n[file1]\nSkipHeader = 0\nName = {path.stem}.vol\n"
        f"[geometry]\nresolution = {' '.join(str(e / 1000) for e in EDGES[::-1])}\nunit = mm\n"
    )


def _tiff(path: Path, volume: NDArray[np.uint16]) -> None:
    write_tiff(path, volume, voxel_size=EDGES)


def _packed_tiff(path: Path, volume: NDArray[np.uint16]) -> None:
    tifffile.imwrite(path, volume, compression="zlib", photometric="minisblack")


WRITERS: dict[str, Writer] = {
    "imagej.tif": _tiff,
    "ome.ome.tif": _tiff,
    "packed.tif": _packed_tiff,
    "plain.npy": lambda path, volume: np.save(path, volume),
    "plain.h5": _hdf5(),
    "chunked.nxs": _hdf5(chunks=(2, 24, 24), compression="gzip"),
    "zeiss.txm": _zeiss,
    "plain.mha": _metaimage(False),
    "packed.mha": _metaimage(True),
    "plain.nii": _nifti,
    "packed.nii.gz": _nifti,
    "plain.mrc": _mrc,
    "plain.edf": _edf,
    "plain.am": _amira(""),
    "runs.am": _amira("HxByteRLE"),
    "packed.am": _amira("HxZip"),
    "plain.nrrd": _nrrd("raw"),
    "packed.nrrd": _nrrd("gzip"),
    "plain.vgi": _vgi,
}
"""A way to write a volume (z, y, x) of uint16 in every format, by the name of the file."""


@pytest.fixture(scope="session")
def volume() -> NDArray[np.uint16]:
    """A volume of three different lengths, every voxel with its own value."""
    return np.arange(5 * 45 * 48, dtype=np.uint16).reshape(5, 45, 48) * 6


@pytest.fixture(params=list(WRITERS))
def image_file(request: pytest.FixtureRequest, tmp_path: Path, volume: NDArray[np.uint16]) -> Path:
    """The volume as a file of every format."""
    path = tmp_path / str(request.param)
    WRITERS[request.param](path, volume)
    return path
