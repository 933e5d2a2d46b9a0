from __future__ import annotations

import numpy as np
import pytest
import torch

from operando.errors import DeviceError
from operando.nets import fastest
from operando.nets.architecture import Architecture, build
from operando.nets.fastest import FastestBackend, fastest_backend

WINDOW = np.random.default_rng(0).standard_normal((1, 1, 8, 16, 16), np.float32)


@pytest.fixture(scope="module")
def network(small_unet: Architecture) -> torch.nn.Module:
    return build(small_unet).eval()


def plan(monkeypatch: pytest.MonkeyPatch, **ways: tuple[float, float]) -> None:
    """Replace the ways by ones with a time and a difference, relative to float32 in 1 s."""
    clock = [0.0]
    monkeypatch.setattr(fastest.time, "perf_counter", lambda: clock[0])
    expected = np.full((1, 3, 8, 16, 16), 1 / 3, np.float32)

    def way(seconds: float, difference: float) -> object:
        def run(windows: np.ndarray) -> np.ndarray:
            clock[0] += seconds
            answer = expected.copy()
            answer[:, 0, 0, 0, 0] += difference
            return answer

        return run

    monkeypatch.setattr(fastest, "torch_backend", lambda network, device: way(1, 0))
    candidates = [(name, lambda v=values: way(*v)) for name, values in ways.items()]
    monkeypatch.setattr(fastest, "_candidates", lambda *_: iter(candidates))


def choose(network: torch.nn.Module, windows: int = 100) -> FastestBackend:
    return fastest_backend(network, "cpu", lambda: WINDOW, windows)


def test_takes_the_fastest_that_agrees(
    monkeypatch: pytest.MonkeyPatch, network: torch.nn.Module
) -> None:
    plan(monkeypatch, half=(0.5, 0.01), wrong=(0.1, 0.3), compiled=(0.25, 1e-6), slow=(0.4, 0))
    chosen = choose(network)
    assert (chosen.name, chosen.speed_up) == ("compiled", 4)
    assert chosen.difference == pytest.approx(1e-6, rel=0.1)
    assert chosen(WINDOW)[0, 0, 0, 0, 0] == pytest.approx(1 / 3 + 1e-6)


def test_a_little_faster_is_not_worth_a_difference(
    monkeypatch: pytest.MonkeyPatch, network: torch.nn.Module
) -> None:
    plan(monkeypatch, half=(0.95, 0.01), emulated=(25, 0.01))
    assert choose(network).name == "torch float32"


def test_what_cannot_run_is_no_candidate(
    monkeypatch: pytest.MonkeyPatch, network: torch.nn.Module
) -> None:
    plan(monkeypatch, good=(0.5, 0))

    def broken() -> None:
        raise DeviceError("OpenVINO cannot run this")

    good = list(fastest._candidates())
    monkeypatch.setattr(fastest, "_candidates", lambda *_: iter([("broken", broken), *good]))
    assert choose(network).name == "good"


def test_small_work_and_exact_work_are_done_in_single_precision(network: torch.nn.Module) -> None:
    expected = network(torch.from_numpy(WINDOW)).softmax(1).detach().numpy()
    for windows, precision in ((1, "auto"), (3, "auto"), (10**6, "float32")):
        chosen = fastest_backend(network, "cpu", lambda: WINDOW, windows, precision)
        assert chosen.name == "torch float32"
        np.testing.assert_allclose(chosen(WINDOW), expected, atol=1e-5)


def test_long_work_is_as_right_as_is_said(network: torch.nn.Module) -> None:
    chosen = fastest_backend(network, "cpu", lambda: WINDOW, 10**6)
    expected = network(torch.from_numpy(WINDOW)).softmax(1).detach().numpy()
    difference = np.abs(chosen(WINDOW) - expected).max()
    assert difference <= fastest.TOLERANCE
    assert difference == pytest.approx(chosen.difference, abs=1e-5)


def test_half_precision_only_where_it_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastest, "has_openvino", lambda: True)

    def names(able: bool, ahead: float, device: str = "cpu") -> list[str]:
        monkeypatch.setattr(fastest, "computes_in_bfloat16", lambda _: able)
        return [name for name, _ in fastest._candidates(None, device, 1, ahead)]

    assert names(False, 1e6) == ["OpenVINO float32"]
    assert names(True, 1e6) == ["torch bfloat16", "OpenVINO float32", "OpenVINO bfloat16"]
    assert names(True, 1e6, "cuda") == ["torch bfloat16"]
    assert names(True, 30) == ["torch bfloat16"]
    assert names(True, 1) == []
