"""Choose the fastest way to run a network on this machine, by trying each on a window."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from operando.compute.kept_memory import kept_memory
from operando.compute.progress import Stopwatch
from operando.errors import DeviceError
from operando.nets.backends import computes_in_bfloat16, run_on, torch_backend
from operando.nets.halving import halve_when_full
from operando.nets.openvino_network import compile_network, has_openvino

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from torch import nn

    from operando.compute.progress import ProgressCallback
    from operando.nets.backends import Backend

Precision = Literal["auto", "float32"]
TOLERANCE = 0.02
"""Largest difference of a probability from single precision that a faster way may make."""
WORTH_TRYING_SECONDS = 20.0
WORTH_COMPILING_SECONDS = 40.0
"""Work ahead in float32 from which trying half precision, and compiling, pays."""
WORTH_CHANGING = 0.9
"""A way has to take less than this share of the time of another to be preferred."""


@dataclass(frozen=True)
class FastestBackend:
    """A way to run a network, and how it compares with torch in single precision.

    Parameters
    ----------
    run
        Takes windows ``(N, C, Z, Y, X)``, returns class probabilities ``(N, K, Z, Y, X)``.
    name
        "torch float32", "torch bfloat16", "OpenVINO float32", "OpenVINO bfloat16".
    speed_up
        Voxel rate relative to torch float32 on the window that was tried.
    difference
        Largest difference of its probabilities there.
    """

    run: Backend
    name: str = "torch float32"
    speed_up: float = 1.0
    difference: float = 0.0

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return class probabilities ``(N, K, Z, Y, X)``."""
        return self.run(windows)


def fastest_backend(
    network: nn.Module,
    device: str,
    example: Callable[[], NDArray[np.float32]],
    windows: int,
    precision: Precision = "auto",
    progress: ProgressCallback | None = None,
) -> FastestBackend:
    """Choose the fastest backend whose probabilities stay within `TOLERANCE` of float32.

    Torch float32 is timed on one window. If the work ahead takes longer than
    `WORTH_TRYING_SECONDS`, half precision is tried where the device computes with it; on the
    processor, from `WORTH_COMPILING_SECONDS`, OpenVINO too, where it is installed. Whatever is
    chosen halves the windows when the memory is full (see `halve_when_full`).

    Parameters
    ----------
    network
        Gives logits.
    device
        Torch device.
    example
        Reads a typical window ``(1, C, Z, Y, X)``, normalised.
    windows
        How many windows are to be computed.
    precision
        "float32" takes torch in single precision untried.
    progress
        Called before every try.
    """
    reference = halve_when_full(torch_backend(network, device))
    chosen = FastestBackend(reference)
    if precision == "float32" or windows < 2:
        return chosen
    trying = Stopwatch(progress, 0, "ways", f"Trying {chosen.name}")
    window = example()
    expected, seconds = _timed(reference, window)
    best = seconds
    for name, build in _candidates(network, device, window.shape[1], seconds * windows):
        trying.advance(message=f"Trying {name}")
        try:
            backend = halve_when_full(build())
            answer, taken = _timed(backend, window)
        except (DeviceError, RuntimeError):
            continue  # one that cannot run this network here is no candidate
        difference = float(np.abs(answer - expected).max())
        if difference <= TOLERANCE and taken < WORTH_CHANGING * best:
            best = taken
            chosen = FastestBackend(backend, name, seconds / taken, difference)
    return chosen


def _candidates(
    network: nn.Module, device: str, channels: int, ahead: float
) -> Iterator[tuple[str, Callable[[], Backend]]]:
    able = computes_in_bfloat16(device)
    if able and ahead > WORTH_TRYING_SECONDS:
        yield "torch bfloat16", lambda: torch_backend(network, device, half=True)
    if device == "cpu" and has_openvino() and ahead > WORTH_COMPILING_SECONDS:
        yield "OpenVINO float32", lambda: run_on(compile_network(network, channels))
        if able:
            yield (
                "OpenVINO bfloat16",
                lambda: run_on(compile_network(network, channels, half=True)),
            )


def _timed(backend: Backend, window: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Run twice, as the first run warms up; return the answer and the seconds of the second."""
    with kept_memory():
        backend(window)
        start = time.perf_counter()
        answer = backend(window)
        return answer, time.perf_counter() - start
