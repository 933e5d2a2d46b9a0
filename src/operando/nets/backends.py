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


def torch_backend(network: nn.Module, device: str = "cpu") -> Backend:
    """Run a network in torch, float32, with batch normalisation folded into the convolutions."""
    ready = fold_normalisation(network).to(device=device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def run(windows: NDArray[np.float32]) -> NDArray[np.float32]:
        batch = torch.from_numpy(np.ascontiguousarray(windows))
        try:
            with torch.inference_mode():
                batch = batch.to(device, memory_format=torch.channels_last_3d)
                answer: NDArray[np.float32] = ready(batch).softmax(dim=1).cpu().numpy()
        except torch.OutOfMemoryError as error:
            raise DeviceError(
                f"A window of {windows.shape[2:]} voxels does not fit into the memory of {device}",
                "use a smaller window",
            ) from error
        return answer

    return run


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
