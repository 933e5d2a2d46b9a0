from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import numpy as np
import pytest
import torch
import yaml

from operando.data import LabelClass
from operando.errors import FileError, InputError
from operando.nets.architecture import Architecture, build
from operando.segment import Model, predict
from operando.segment.models.bioimage import export_package, import_package

if TYPE_CHECKING:
    from pathlib import Path

KERNELS = ((3, 3, 3), (3, 3, 3))


def untrained(
    network: str = "unet3d", channels: int = 1, flat: bool = False, **changes: Any
) -> Model:
    architecture = Architecture(
        network=network,
        in_channels=channels,
        n_classes=3,
        width=4,
        kernels=((1, 3, 3), (1, 3, 3)) if flat else KERNELS,
        strides=((1, 2, 2),) if flat else ((2, 2, 2),),
        **changes,
    )
    state = build(architecture).state_dict()
    return Model(
        architecture=architecture,
        weights={name: values.numpy() for name, values in state.items()},
        classes=tuple(
            LabelClass(name, "#aa4400") for name in ("pore", "binder (CBD)", "2nd phase")
        ),
        patch=(8, 16, 16),
        percentiles=(2.0, 98.0),
        voxel_size=(0.2, 0.1, 0.1),
        settings={"seed": 3},
    )


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(1).normal(300, 20, (20, 70, 80)).astype(np.float32)


VALIDATOR = """
import json, sys
from bioimageio.spec import load_description
model = load_description(sys.argv[1], perform_io_checks=True)
summary = model.validation_summary
facts = {"status": summary.status, "details": summary.format()}
if hasattr(model, "inputs"):
    raw, answer = model.inputs[0], model.outputs[0]
    facts["licence"] = str(model.license)
    facts["axes"] = [str(axis.id) for axis in raw.axes]
    facts["scales"] = [axis.scale for axis in raw.axes[2:]]
    facts["classes"] = [str(name) for name in answer.axes[1].channel_names]
print(json.dumps(facts))
"""


def validated(path: Path) -> dict[str, Any]:
    """Ask bioimage.io's own validator, in a process of its own as it leaves files open."""
    if find_spec("bioimageio") is None:
        pytest.skip("bioimageio.spec is not installed")
    command = [sys.executable, "-W", "ignore", "-c", VALIDATOR, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("channels", [1, 2])
def test_bioimage_io_accepts_it(tmp_path: Path, channels: int, flat: bool) -> None:
    path = tmp_path / "model.zip"
    export_package(untrained(channels=channels, flat=flat), path, authors=("A. Painter",))
    described = validated(path)
    assert described["status"] == "valid-format", described["details"]
    assert described["licence"] == "CC-BY-4.0"
    assert described["axes"] == ["batch", "channel", "z", "y", "x"]
    assert described["scales"] == [0.2, 0.1, 0.1]
    assert described["classes"] == ["pore", "binder_CBD", "class_3"]


def test_comes_back_as_it_was(tmp_path: Path, image: np.ndarray) -> None:
    model = untrained()
    path = tmp_path / "model.zip"
    export_package(model, path)
    back = import_package(path)
    assert replace(back, weights={}, curve=model.curve) == replace(model, weights={})
    np.testing.assert_array_equal(
        predict(back, image, device="cpu"), predict(model, image, device="cpu")
    )
    with ZipFile(path) as package:
        package.extractall(tmp_path / "folder")
    assert import_package(tmp_path / "folder").classes == model.classes


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_other_programs_get_the_same_answer(tmp_path: Path, image: np.ndarray) -> None:
    """Run the package as its description says, with nothing of ours."""
    model = untrained()
    path = tmp_path / "model.zip"
    export_package(model, path, image=image)
    with ZipFile(path) as package:
        files = {name: package.read(name) for name in package.namelist()}
    rdf = yaml.safe_load(files["rdf.yaml"])
    described = [rdf["documentation"], *rdf["attachments"], rdf["weights"]["torchscript"]]
    for side in (*rdf["inputs"], *rdf["outputs"]):
        described.append(side["test_tensor"])
    for entry in described:
        assert hashlib.sha256(files[entry["source"]]).hexdigest() == entry["sha256"]

    (tensor,) = rdf["inputs"]
    raw = np.load(io.BytesIO(files[tensor["test_tensor"]["source"]]))
    np.testing.assert_array_equal(raw[0, 0], image[2:18, 3:67, 8:72])
    scale, linear, clip, _ = (step["kwargs"] for step in tensor["preprocessing"])
    low, high = np.percentile(raw, (scale["min_percentile"], scale["max_percentile"]))
    values = (raw - low) / (high - low + scale["eps"]) * linear["gain"] + linear["offset"]
    values = np.clip(values, clip["min"], clip["max"]).astype(np.float32)
    script = torch.jit.load(io.BytesIO(files["weights.torchscript.pt"]))
    answer = script(torch.from_numpy(values)).detach().numpy()
    (output,) = rdf["outputs"]
    expected = np.load(io.BytesIO(files[output["test_tensor"]["source"]]))
    np.testing.assert_allclose(answer, expected, atol=1e-6)
    ours = predict(model, raw[0, 0], device="cpu", precision="float32")
    np.testing.assert_allclose(answer[0], ours, atol=0.02)  # percentiles of slices, not of all

    other = script(torch.zeros(2, 1, 4, 10, 6))
    torch.testing.assert_close(
        other, model.network()(torch.zeros(2, 1, 4, 10, 6)).softmax(1), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize(
    ("network", "changes"),
    [("lrcsnet", {}), ("forest", {}), ("unet3d", {"second_opinion": True})],
)
def test_what_has_no_torchscript_is_refused(
    tmp_path: Path, network: str, changes: dict[str, bool]
) -> None:
    with pytest.raises(InputError, match="no TorchScript"):
        export_package(untrained(network, **changes), tmp_path / "model.zip")
    assert not list(tmp_path.iterdir())


def test_names_that_bioimage_io_does_not_take_are_refused(tmp_path: Path) -> None:
    for name in ("NMC", "phases: new", "x" * 129):
        with pytest.raises(InputError, match="does not do for bioimage"):
            export_package(untrained(), tmp_path / "model.zip", name=name)


def test_images_that_are_too_small_are_refused(tmp_path: Path) -> None:
    for shape in ((8, 64, 64), (2, 16, 64, 64)):
        with pytest.raises(InputError, match="holds no test image of 1 channel"):
            export_package(untrained(), tmp_path / "model.zip", image=np.zeros(shape))


def test_foreign_and_broken_packages_are_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    with pytest.raises(FileError, match="cannot be read"):
        import_package(path)
    path.write_bytes(b"no zip")
    with pytest.raises(FileError, match="cannot be read"):
        import_package(path)
    with ZipFile(path, "w") as package:
        package.writestr("readme.txt", "hello")
    with pytest.raises(FileError, match=r"holds no rdf\.yaml"):
        import_package(path)
    with ZipFile(path, "a") as package:
        package.writestr("rdf.yaml", "type: model\nname: foreign\n")
    with pytest.raises(FileError, match="made by another program"):
        import_package(path)
    export_package(untrained(), path)
    with ZipFile(path) as good:
        files = {name: good.read(name) for name in good.namelist()}
    files["operando/weights.safetensors"] = b"x"
    with ZipFile(path, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
    with pytest.raises(FileError, match="damaged"):
        import_package(path)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        export_package(untrained(), tmp_path / "missing" / "model.zip")
