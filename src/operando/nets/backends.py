"""Ways to run a trained network on a batch of windows."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from operando.errors import DeviceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Backend = Callable[["NDArray[np.float32]"], "NDArray[np.float32]"]
"""Takes windows ``(N, C, Z, Y, X)``, returns class probabilities ``(N, K, Z, Y, X)``."""


class WindowTooLarge(DeviceError):
    """A window that does not fit into the memory of its device."""


def torch_backend(network: nn.Module, device: str = "cpu", *, half: bool = False) -> Backend:
    """Run a network in torch, with batch normalisation folded into the convolutions.

    Parameters
    ----------
    network
        Gives logits; it is copied.
    device
        Torch device.
    half
        Whether to multiply in bfloat16 instead of float32.

    Raises
    ------
    WindowTooLarge
        By the backend, if a window does not fit into the memory of the device.
    """
    ready = fold_normalisation(network).to(device=device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return run_on(ready, device, half=half)


def run_on(ready: nn.Module, device: str = "cpu", *, half: bool = False) -> Backend:
    """Make a backend of a module that already lies on its device; see `torch_backend`."""
    kind = torch.device(device).type

    def run(windows: NDArray[np.float32]) -> NDArray[np.float32]:
        batch = torch.from_numpy(np.ascontiguousarray(windows))
        try:
            with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=half):
                batch = batch.to(device, memory_format=torch.channels_last_3d)
                answer: NDArray[np.float32] = ready(batch).float().softmax(dim=1).cpu().numpy()
                return answer
        except (RuntimeError, MemoryError) as error:
            if not _is_full(error):
                raise
        # Outside of the handler, as the exception holds on to what the network had allocated.
        raise WindowTooLarge(
            f"A window of {windows.shape[2:]} voxels does not fit into the memory of {device}",
            "close other programs or use a smaller network",
        )

    return run


def computes_in_bfloat16(device: str = "cpu") -> bool:
    """Tell whether a device multiplies in bfloat16 by itself.

    Processors that only emulate it take twenty times as long as in float32.
    """
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities() if device == "cpu" else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def fold_normalisation(network: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode whose convolutions do the batch normalisation too."""
    folded = deepcopy(network).eval()
    for module in folded.modules():
        if isinstance(module, nn.Sequential):
            _fold(module)
    return folded


def _fold(layers: nn.Sequential) -> None:
    kept: list[Any] = []
    for layer in layers:
        if isinstance(layer, nn.BatchNorm3d) and kept and isinstance(kept[-1], nn.Conv3d):
            kept[-1] = fuse_conv_bn_eval(kept[-1], layer)
        else:
            kept.append(layer)
    while len(layers):
        del layers[0]
    layers.extend(kept)


def _is_full(error: BaseException) -> bool:
    """Tell running out of memory from other errors; of the processor, torch raises no own kind."""
    kinds = (torch.OutOfMemoryError, MemoryError)
    return isinstance(error, kinds) or "DefaultCPUAllocator" in str(error)
