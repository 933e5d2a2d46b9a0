"""What a network looks like, as plain data, and the one table of networks to choose from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

Triple = tuple[int, int, int]

TIME_UNET = "unet3d_time"
SEEN_FRAMES = 3
"""Frames that a network takes which looks before and after."""

NETWORKS: dict[str, str] = {
    "unet3d": "operando.nets.unet3d:UNet3d",
    "separable": "operando.nets.separable_unet3d:SeparableUNet3d",
    "lrcsnet": "operando.nets.lrcsnet3d:LRCSNet3d",
    TIME_UNET: "operando.nets.time_unet3d:TimeUNet3d",
    "forest": "operando.nets.forest:Forest",
}
"""Name of a network and the class that builds it from an `Architecture`."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Everything needed to build a network again.

    Parameters
    ----------
    network
        A name in `NETWORKS`.
    in_channels, n_classes
        Channels that the network takes (see `image_channels`), classes of the answer.
    width
        Feature channels at full resolution; doubled per level.
    kernels
        Kernel edge ``(z, y, x)`` per level, full resolution first.
    strides
        Pooling factor ``(z, y, x)`` from each level to the next; one fewer than `kernels`.
    second_opinion
        Whether the network asks a random forest where it is unsure.
    """

    network: str
    in_channels: int
    n_classes: int
    width: int
    kernels: tuple[Triple, ...]
    strides: tuple[Triple, ...]
    second_opinion: bool = False

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise InputError(
                f"There is no network {self.network!r}", f"choose one of {', '.join(NETWORKS)}"
            )
        if len(self.kernels) != len(self.strides) + 1:
            raise InputError(
                f"{len(self.kernels)} levels need {len(self.kernels) - 1} poolings,"
                f" not {len(self.strides)}"
            )

    @property
    def sees_time(self) -> bool:
        """Whether the network looks at the frames before and after too."""
        return self.network == TIME_UNET

    @property
    def image_channels(self) -> int:
        """Channels of one frame."""
        return self.in_channels // SEEN_FRAMES if self.sees_time else self.in_channels

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Architecture:
        """Rebuild it from what `as_dict` gave."""
        plain = dict(values)
        for name in ("kernels", "strides"):
            plain[name] = tuple(tuple(int(v) for v in triple) for triple in plain[name])
        return cls(**plain)


def plan_levels(
    shape: Sequence[int], spacing: Sequence[float] = (1.0, 1.0, 1.0), levels: int = 3
) -> tuple[tuple[Triple, ...], tuple[Triple, ...]]:
    """Choose kernels and poolings that fit a patch and its voxels.

    An axis of one voxel is neither filtered nor pooled. An axis whose voxels are more than
    1.5 times longer than the shortest is left alone until pooling of the others has caught up
    (the rule of nnU-Net [Isensee 2021]), then filtered on every level. No axis is pooled to
    fewer than four voxels.

    Parameters
    ----------
    shape
        Voxels of a patch, ``(z, y, x)``.
    spacing
        Edge lengths of a voxel, any unit.
    levels
        Resolutions at most.

    Returns
    -------
    kernels, strides
        As in `Architecture`.
    """
    size, length = list(shape), [float(s) for s in spacing]
    filtered = [False, False, False]
    kernels: list[Triple] = []
    strides: list[Triple] = []
    while True:
        poolable = [n >= 8 for n in size]
        lengths = [s for s, ok in zip(length, poolable, strict=True) if ok] or length
        near = [s <= 1.5 * min(lengths) + 1e-9 for s in length]
        filtered = [
            n > 1 and (before or now) for n, before, now in zip(size, filtered, near, strict=True)
        ]
        kernels.append(_triple(3 if ok else 1 for ok in filtered))
        stride = _triple(2 if a and b else 1 for a, b in zip(poolable, near, strict=True))
        if len(kernels) == levels or max(stride) == 1:
            return tuple(kernels), tuple(strides)
        strides.append(stride)
        size = [-(-n // f) for n, f in zip(size, stride, strict=True)]
        length = [s * f for s, f in zip(length, stride, strict=True)]


def build(architecture: Architecture, seed: int = 0) -> nn.Module:
    """Return the network with weights drawn from `seed`; the global random state is kept."""
    import torch

    if architecture.second_opinion:
        module, name = "operando.nets.second_opinion", "SecondOpinion"
    else:
        module, _, name = NETWORKS[architecture.network].partition(":")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: nn.Module = getattr(import_module(module), name)(architecture)
    return network


def restore(architecture: Architecture, weights: Mapping[str, NDArray[Any]]) -> nn.Module:
    """Return the network with weights that it has learnt, on the CPU, in evaluation mode.

    Raises
    ------
    RuntimeError
        If the weights are those of another network.
    """
    import torch

    network = build(architecture)
    network.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in weights.items()})
    return network.eval()


def _triple(values: Any) -> Triple:
    z, y, x = values
    return z, y, x
