from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from operando.errors import DeviceError
from operando.nets import openvino_network
from operando.nets.architecture import Architecture, build
from operando.nets.backends import run_on, torch_backend
from operando.nets.forest import grow
from operando.nets.openvino_network import compile_network, has_openvino, import_silently
from operando.nets.scale_features import scale_features

if TYPE_CHECKING:
    from pathlib import Path

installed = pytest.mark.skipif(
    openvino_network.find_spec("openvino") is None, reason="OpenVINO is not installed"
)


def network(name: str = "unet3d", second_opinion: bool = False) -> torch.nn.Module:
    net = build(
        Architecture(
            network=name,
            in_channels=1,
            n_classes=3,
            width=4,
            kernels=((3, 3, 3), (3, 3, 3)),
            strides=((2, 2, 2),),
            second_opinion=second_opinion,
        )
    )
    return net.eval()


def windows(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, 1, *shape), np.float32)


@installed
@pytest.mark.parametrize("name", ["unet3d", "separable"])
def test_equals_torch_for_windows_of_any_size(name: str) -> None:
    net = network(name)
    compiled = run_on(compile_network(net, 1))
    for shape in ((8, 16, 16), (7, 19, 16)):
        expected = torch_backend(net)(windows(shape))
        np.testing.assert_allclose(compiled(windows(shape)), expected, atol=1e-5)


@installed
def test_answers_do_not_share_memory() -> None:
    compiled = compile_network(network(), 1)
    image = torch.from_numpy(windows((8, 16, 16)))
    with torch.inference_mode():
        first = compiled(image)
        kept = first.clone()
        compiled(image + 1)
    torch.testing.assert_close(first, kept, rtol=0, atol=0)


@installed
def test_a_second_opinion_is_asked_all_the_same() -> None:
    net = network(second_opinion=True)
    image = windows((8, 16, 16))
    rows = scale_features(image[0]).reshape(31, -1).T
    labels = np.where(image.ravel() > 0, 1, 3).astype(np.uint8)
    net.forest.load_state_dict(
        {k: torch.from_numpy(v) for k, v in grow(rows, labels, 3, trees=5).items()}
    )
    expected = torch_backend(net)(image)
    assert np.abs(expected - torch_backend(net.network)(image)).max() > 0.1
    np.testing.assert_allclose(run_on(compile_network(net, 1))(image), expected, atol=1e-5)


@installed
def test_networks_with_operations_it_lacks_are_refused() -> None:
    for name in ("lrcsnet", "forest"):
        with pytest.raises(DeviceError, match="OpenVINO cannot run"):
            compile_network(network(name), 1)


class Unusual(torch.nn.Module):
    """A network of one operation that OpenVINO does not have."""

    multiple = (1, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j0(x)


@installed
def test_operations_that_tracing_takes_and_openvino_lacks_are_refused_too() -> None:
    with pytest.raises(DeviceError, match="OpenVINO cannot run Unusual"):
        compile_network(Unusual(), 1)


def test_refused_with_advice_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_network, "find_spec", lambda _: None)
    assert not has_openvino()
    with pytest.raises(DeviceError, match="fast-cpu"):
        import_silently()


def test_not_used_where_its_telemetry_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_network, "find_spec", lambda _: object())
    assert has_openvino()
    monkeypatch.setitem(sys.modules, openvino_network.TELEMETRY, sys)
    assert not has_openvino()


@installed
def test_nothing_is_told_to_anyone(tmp_path: Path) -> None:
    """A telemetry package that would leave a mark lies first in the path, and no socket opens."""
    package = tmp_path / "openvino_telemetry"
    (package / "backend").mkdir(parents=True)
    leave_mark = f"import pathlib; pathlib.Path({str(tmp_path)!r}, 'told').touch()\n"
    (package / "__init__.py").write_text(leave_mark + "class Telemetry: pass\n")
    (package / "backend" / "__init__.py").write_text("backend_ga4 = None\n")
    script = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
def refuse(event, arguments):
    if event.startswith("socket."):
        raise SystemExit(f"{{event}} {{arguments}}")
import torch
from operando.nets.architecture import Architecture, build
from operando.nets.openvino_network import compile_network
net = build(Architecture(network="unet3d", in_channels=1, n_classes=2, width=2,
    kernels=((3, 3, 3), (3, 3, 3)), strides=((2, 2, 2),))).eval()
sys.addaudithook(refuse)
with torch.inference_mode():
    compile_network(net, 1)(torch.zeros(1, 1, 4, 4, 4))
assert sys.modules["openvino_telemetry"] is None
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
    assert not (tmp_path / "told").exists()
