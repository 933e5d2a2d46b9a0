from __future__ import annotations

import base64
import json
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from operando.data import DisplacementField, NodeStatus
from operando.errors import FileError, InputError
from operando.files import write_field

SIZE = (0.5, 0.25, 0.2)
"""Anisotropic, so that a wrong axis order shows."""
F = np.array([[1.01, 0.02, -0.03], [0.004, 0.99, 0.006], [-0.007, 0.008, 1.03]])
"""Deformation gradient in physical axes (z, y, x)."""


@pytest.fixture
def field() -> DisplacementField:
    """A homogeneous deformation on 3 x 4 x 5 nodes, one of them not valid."""
    grid, spacing, size = (3, 4, 5), (6.0, 7.0, 8.0), np.array(SIZE)
    axes = [10 + s * np.arange(n) for n, s in zip(grid, spacing, strict=True)]
    positions = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    n = len(positions)
    moved = positions * size @ (F - np.eye(3)).T / size
    status = np.zeros(n, int)
    status[0] = NodeStatus.OUTLIER
    return DisplacementField(
        positions=positions,
        displacement=moved,
        gradient=np.broadcast_to((F - np.eye(3)) * (size[None, :] / size[:, None]), (n, 3, 3)),
        sigma=np.full((n, 3), 0.01),
        zncc=np.linspace(0.9, 1, n),
        status=status,
        grid_shape=grid,
        spacing=spacing,
        window=(21, 21, 21),
        info={"gauge_length": (33, 35, 37), "displacement_noise": 0.01},
    )


def decode(element):
    kinds = {"Float32": "<f4", "Float64": "<f8", "Int32": "<i4", "Int64": "<i8", "UInt8": "u1"}
    raw = base64.b64decode(element.text)
    length = int(np.frombuffer(raw[:8], "<u8")[0])
    assert length == len(raw) - 8
    values = np.frombuffer(raw[8:], kinds[element.get("type")])
    n = int(element.get("NumberOfComponents"))
    return values if n == 1 else values.reshape(-1, n)


def arrays(path):
    root = ET.parse(path).getroot()
    assert (root.get("byte_order"), root.get("header_type")) == ("LittleEndian", "UInt64")
    return root, {a.get("Name"): decode(a) for a in root.iter("DataArray")}


def true_displacement(xyz):
    return xyz @ (F[::-1, ::-1] - np.eye(3)).T


def test_image_data_lie_where_the_nodes_are(tmp_path, field):
    root, data = arrays(write_field(tmp_path / "f.vti", field, voxel_size=SIZE))
    image = root.find("ImageData")
    origin, step = (np.array(image.get(k).split(), float) for k in ("Origin", "Spacing"))
    extent = np.array(image.get("WholeExtent").split(), int)
    np.testing.assert_array_equal(extent, [0, 4, 0, 3, 0, 2])
    k, j, i = np.meshgrid(*(np.arange(n) for n in (3, 4, 5)), indexing="ij")
    xyz = origin + step * np.stack([i, j, k], axis=-1).reshape(-1, 3)  # x runs fastest in VTK
    np.testing.assert_allclose(data["displacement_um"], true_displacement(xyz), atol=1e-6)
    np.testing.assert_allclose(data["displacement_sd_um"][0], 0.01 * np.array(SIZE[::-1]))


def test_image_data_hold_the_strain_tensor_in_x_y_z(tmp_path, field):
    _, data = arrays(write_field(tmp_path / "f.vti", field, voxel_size=SIZE))
    f = F[::-1, ::-1]
    np.testing.assert_allclose(
        data["strain_green_lagrange"][7], (0.5 * (f.T @ f - np.eye(3))).ravel(), atol=1e-6
    )
    np.testing.assert_allclose(data["volume_change"], np.linalg.det(F) - 1, atol=1e-6)
    np.testing.assert_array_equal(data["valid"][:2], [0, 1])


def test_hexahedra_are_whole_and_leave_out_what_is_not_valid(tmp_path, field):
    _, data = arrays(write_field(tmp_path / "f.vtu", field, voxel_size=SIZE))
    cells = data["connectivity"].reshape(-1, 8)
    assert len(cells) == 2 * 3 * 4 - 1
    assert 0 not in cells
    corners = data["Points"][cells]
    edges = [corners[:, b] - corners[:, a] for a, b in ((0, 1), (0, 3), (0, 4))]
    volume = np.einsum("ni,ni->n", np.cross(edges[0], edges[1]), edges[2])
    np.testing.assert_allclose(volume, 6 * 0.5 * 7 * 0.25 * 8 * 0.2)  # right-handed, all alike
    np.testing.assert_allclose(
        data["displacement_um"], true_displacement(data["Points"]), atol=1e-6
    )


def test_csv_holds_physical_lengths_and_words(tmp_path, field):
    table = pd.read_csv(write_field(tmp_path / "f.csv", field, voxel_size=SIZE))
    xyz = table[["x_um", "y_um", "z_um"]].to_numpy()
    moved = table[[f"displacement_{a}_um" for a in "xyz"]].to_numpy()
    np.testing.assert_allclose(moved, true_displacement(xyz), atol=1e-12)
    np.testing.assert_allclose(table["gradient_zx"], F[0, 2], atol=1e-12)
    assert list(table["status"][:2]) == ["outlier", "converged"]


def test_npz_round_trip(tmp_path, field):
    with np.load(write_field(tmp_path / "f.npz", field, voxel_size=SIZE)) as file:
        np.testing.assert_allclose(file["displacement_um"], field.displacement * SIZE)
        np.testing.assert_allclose(file["gauge_length_um"], np.array([33, 35, 37]) * SIZE)
        assert json.loads(str(file["info"]))["displacement_noise"] == 0.01


def test_spam_phi_leads_from_the_reference_to_the_deformed_volume(tmp_path, field):
    path = write_field(tmp_path / "f.tsv", field, voxel_size=SIZE)
    read = np.genfromtxt(path, delimiter="\t", names=True)  # as SPAM reads it
    assert read.dtype.names[:8] == (
        *("NodeNumber", "Zpos", "Ypos", "Xpos", "Fzz", "Fzy", "Fzx", "Zdisp"),
    )
    np.testing.assert_array_equal(read["returnStatus"][:2], [-1, 2])
    centre, other = 13, 37
    phi = np.array([[read[f"F{a}{b}"][centre] for b in "zyx"] for a in "zyx"])
    place, moved = (
        np.stack([read[f"{a}{kind}"] for a in "ZYX"], axis=1) for kind in ("pos", "disp")
    )
    expected = place[centre] + moved[centre] + phi @ (place[other] - place[centre])
    np.testing.assert_allclose(place[other] + moved[other], expected, atol=1e-9)


def test_a_field_that_could_not_be_measured_is_written_as_nan(tmp_path, field):
    field.displacement[3] = np.nan
    _, data = arrays(write_field(tmp_path / "f.vti", field, voxel_size=SIZE))
    assert np.isnan(data["displacement_um"][3]).all()
    assert np.isfinite(data["displacement_um"][4]).all()
    read = np.genfromtxt(
        write_field(tmp_path / "f.tsv", field, voxel_size=SIZE), delimiter="\t", names=True
    )
    assert np.isnan(read["Zdisp"][3])


def test_an_unknown_ending_is_named_and_nothing_is_written(tmp_path, field):
    with pytest.raises(InputError, match=r"f\.xyz.*\.vti"):
        write_field(tmp_path / "f.xyz", field, voxel_size=SIZE)
    with pytest.raises(FileError, match="could not be written"):
        write_field(tmp_path / "no folder" / "f.vti", field, voxel_size=SIZE)
    assert list(tmp_path.iterdir()) == []


def test_strain_in_a_layer_is_the_same_in_every_format(tmp_path, field):
    normal = (0.0, 3.0, 4.0)
    green = 0.5 * (F.T @ F - np.eye(3))
    n = np.array(normal) / 5
    through = n @ green @ n
    expected = {
        "strain_through_thickness": through,
        "strain_in_plane": (np.trace(green) - through) / 2,
        "strain_through_thickness_shear": np.linalg.norm(green @ n - through * n),
    }
    for ending in ("vti", "vtu", "npz", "csv"):
        path = write_field(tmp_path / f"f.{ending}", field, voxel_size=SIZE, normal=normal)
        if ending == "csv":
            table = pd.read_csv(path)
            direction = table[[f"layer_normal_{a}" for a in "zyx"]].to_numpy()[0]
        elif ending == "npz":
            with np.load(path) as file:
                table = dict(file)
            direction = table["layer_normal"]
        else:
            table = arrays(path)[1]
            direction = table["layer_normal"][0, ::-1]
        np.testing.assert_allclose(direction, n)
        for name, value in expected.items():
            np.testing.assert_allclose(table[name], value, atol=1e-7)


def test_without_a_layer_files_have_no_strain_in_one(tmp_path, field):
    _, data = arrays(write_field(tmp_path / "f.vti", field, voxel_size=SIZE))
    assert not [name for name in data if "thickness" in name or "layer" in name]


@pytest.mark.parametrize("ending", ["vti", "vtu", "npz", "csv"])
def test_a_layer_without_direction_writes_nothing(tmp_path, field, ending):
    with pytest.raises(InputError, match="no length"):
        write_field(tmp_path / f"f.{ending}", field, voxel_size=SIZE, normal=(0, 0, 0))
    assert list(tmp_path.iterdir()) == []
