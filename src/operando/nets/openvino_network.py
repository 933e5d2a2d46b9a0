"""Networks compiled for the processor by OpenVINO, where it is installed (extra ``fast-cpu``)."""

from __future__ import annotations

import sys
import warnings
from copy import copy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from operando.errors import DeviceError
from operando.nets.backends import fold_normalisation
from operando.nets.padding import crop, pad_up
from operando.nets.second_opinion import SecondOpinion

if TYPE_CHECKING:
    from operando.nets.architecture import Triple

TELEMETRY = "openvino_telemetry"
EXAMPLE = 2
"""Edge of the coarsest level of the window that is traced, in voxels."""


def has_openvino() -> bool:
    """Tell whether OpenVINO is installed and can be used without telling anyone.

    OpenVINO reports its use over the network by a package of its own, `openvino_telemetry`. It
    goes without if that cannot be imported, so this program bars the import (see
    `import_silently`). Where another program in this process was faster, OpenVINO is not used.
    """
    return sys.modules.get(TELEMETRY) is None and find_spec("openvino") is not None


def import_silently() -> Any:
    """Import OpenVINO with its telemetry barred for as long as this process lives.

    Raises
    ------
    DeviceError
        If it is not installed or cannot be loaded, or its telemetry was imported before.
    """
    if not has_openvino():
        raise DeviceError(
            "OpenVINO is not installed or its telemetry is at work",
            "pip install napari-operando[fast-cpu]",
        )
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]
    try:
        import openvino
        import openvino.frontend
    except (ImportError, OSError) as error:
        raise DeviceError(f"OpenVINO cannot be loaded ({error})", "install it anew") from error
    return openvino


class OpenVinoNetwork(nn.Module):
    """A network as OpenVINO computes it, in the shape of a torch module.

    Shapes: ``(N, C, Z, Y, X)`` to logits ``(N, K, Z, Y, X)``, both float32 on the processor;
    any Z, Y, X. Each size is compiled when it comes first, in about half a second.

    Parameters
    ----------
    network
        Of a kind that has ``multiple``, the voxels it pools into one.
    channels
        C.
    half
        Whether to multiply in bfloat16 instead of float32.

    Raises
    ------
    DeviceError
        If OpenVINO cannot be used or does not know an operation of this network.
    """

    def __init__(self, network: nn.Module, channels: int, *, half: bool = False) -> None:
        super().__init__()
        openvino = import_silently()
        self.multiple: Triple = network.multiple  # type: ignore[assignment]
        self._settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if half else "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        example = torch.zeros(1, channels, *(EXAMPLE * m for m in self.multiple))
        failures: tuple[type[Exception], ...]
        failures = (RuntimeError, TypeError, *_failures(openvino.frontend))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # tracing warns of branches that padding decides
                self._model = openvino.convert_model(network, example_input=example)
        except failures as error:
            raise DeviceError(f"OpenVINO cannot run {type(network).__name__}") from error
        self._core = openvino.Core()
        self._compiled: dict[tuple[int, ...], Any] = {}

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of every class in every voxel."""
        padded = pad_up(x, self.multiple).contiguous()
        shape = tuple(padded.shape)
        if shape not in self._compiled:
            self._model.reshape(list(shape))
            self._compiled[shape] = self._core.compile_model(self._model, "CPU", self._settings)
        logits = np.array(self._compiled[shape](padded.numpy())[0])
        return crop(torch.from_numpy(logits), x.shape[2:])


def compile_network(network: nn.Module, channels: int, *, half: bool = False) -> nn.Module:
    """Compile a trained network; a second opinion goes on asking its forest.

    Parameters and errors as for `OpenVinoNetwork`.
    """
    if isinstance(network, SecondOpinion):
        compiled = copy(network)
        compiled._modules = {
            **network._modules,
            "network": compile_network(network.network, channels, half=half),
        }
        return compiled.eval()
    if not hasattr(network, "multiple"):
        raise DeviceError(f"OpenVINO cannot run {type(network).__name__}")
    return OpenVinoNetwork(fold_normalisation(network), channels, half=half).eval()


def _failures(frontend: Any) -> tuple[type[Exception], ...]:
    """Errors of OpenVINO's reading of networks; they share no base of their own."""
    names = (
        "GeneralFailure",
        "NotImplementedFailure",
        "OpConversionFailure",
        "OpValidationFailure",
    )
    return tuple(getattr(frontend, name) for name in names)
