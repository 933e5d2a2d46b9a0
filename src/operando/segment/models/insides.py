"""What a network has made of a slice, level by level, and what its first layer looks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.device import choose_device
from operando.errors import InputError
from operando.segment.normalise import grey_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from operando.nets.architecture import Triple
    from operando.segment.models.model import Model

SLAB = 17
"""Slices that are run, with the one that is asked for in the middle."""
MOST = 256
"""Longest edge of the part of the slice that is run, voxels."""


@dataclass(frozen=True)
class FeatureMaps:
    """Output of one level of a network.

    Attributes
    ----------
    level : str
        ``"down 1"`` to the coarsest, then ``"up ..."``; the last is what classes are told from.
    coarseness : tuple of int
        Voxels ``(z, y, x)`` that share one value.
    maps : ndarray
        ``(C, Y, X)`` in voxels of the image, one map per feature.
    """

    level: str
    coarseness: tuple[int, int, int]
    maps: NDArray[np.float32]


def middle_part(shape: tuple[int, int], most: int = MOST) -> tuple[slice, slice]:
    """Cut the middle out of a slice ``(y, x)``, at most so many voxels wide."""
    y, x = (slice(max(0, (n - most) // 2), max(0, (n - most) // 2) + min(n, most)) for n in shape)
    return y, x


def feature_maps(
    model: Model, images: Any, t: int, z: int, part: tuple[slice, slice], *, device: str = "auto"
) -> list[FeatureMaps]:
    """Run a network on a part of a slice and keep what every level gives.

    Near the edges of the part the maps differ from those in a whole image by as far as the
    network sees.

    Parameters
    ----------
    model
        A network; a random forest has no levels.
    images
        As in `train`; only the slices around `z` are read.
    t, z
        Frame and slice.
    part
        ``(y, x)`` with start and stop, such as `middle_part` gives.
    device
        "auto", "cpu", "cuda", "mps".

    Raises
    ------
    InputError
        If the model is a forest, or was trained for another number of channels.
    """
    import torch

    from operando.nets.padding import total_pooling

    network = _network(model)
    frames = model.frames(images)
    low, high = max(0, z - SLAB // 2), min(frames.volume_shape[0], z + SLAB // 2 + 1)
    raw = frames.read(t, (slice(low, high), *part))
    image = grey_scale(frames, t, model.percentiles).apply(raw)
    multiple = total_pooling(model.architecture.strides)
    kept: list[FeatureMaps] = []
    hooks = [
        level.register_forward_hook(_keep(kept, name, image.shape[1:], multiple, z - low))
        for name, level in _levels(network)
    ]
    try:
        with torch.inference_mode():
            on = choose_device(device)
            network.to(on).features(torch.from_numpy(image[None]).to(on))  # type: ignore[operator]
    finally:
        for hook in hooks:
            hook.remove()
    return kept


def first_kernels(model: Model) -> NDArray[np.float32]:
    """Kernels ``(C, z, y, x)`` of the first convolution that sees neighbouring voxels.

    Of several input channels, the mean is taken.

    Raises
    ------
    InputError
        If the model is a forest.
    """
    from torch import nn

    for layer in _network(model).modules():
        if isinstance(layer, nn.Conv3d) and max(layer.kernel_size) > 1:
            return np.asarray(layer.weight.detach().mean(dim=1).numpy(), np.float32)
    raise InputError("The network sees no neighbouring voxels", "choose another model")


def _network(model: Model) -> nn.Module:
    network = model.network()
    inner: nn.Module = getattr(network, "network", network)  # of a second opinion
    if not hasattr(inner, "encoder"):
        raise InputError(
            f"A {model.architecture.network} has no feature maps",
            "choose a model that is a network",
        )
    return inner


def _levels(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """Name the levels in the order in which a network runs them."""
    from operando.nets.unet3d import UNet3d

    down = [(f"down {k}", level) for k, level in enumerate(network.encoder, 1)]  # type: ignore[arg-type]
    up = list(network.decoder)  # type: ignore[arg-type]
    if isinstance(network, UNet3d):  # keeps them from the finest to the coarsest
        up.reverse()
    return down + [(f"up {len(up) - k}", level) for k, level in enumerate(up)]


def _keep(
    kept: list[FeatureMaps], name: str, shape: tuple[int, ...], multiple: Triple, z: int
) -> Any:
    """Return a hook that keeps one slice of a level's output, as large as the image is."""

    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        del module
        # Frames of a network that sees time lie along the batch; the middle one is asked for.
        features = output[len(output) // 2]
        padded = [-(-n // m) * m for n, m in zip(shape, multiple, strict=True)]
        coarse = [n // m for n, m in zip(padded, features.shape[1:], strict=True)]
        flat = features[:, z // coarse[0]].float().cpu().numpy()
        maps = flat.repeat(coarse[1], axis=1).repeat(coarse[2], axis=2)
        kept.append(FeatureMaps(name, tuple(coarse), maps[:, : shape[1], : shape[2]].copy()))  # type: ignore[arg-type]

    return hook
