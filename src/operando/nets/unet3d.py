"""A small 3D U-Net for few labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from operando.nets.padding import crop, pad_up, total_pooling

if TYPE_CHECKING:
    from operando.nets.architecture import Architecture, Triple

WIDEST = 8
"""Feature channels never exceed this many times the width."""


class UNet3d(nn.Module):
    """3D U-Net [Çiçek 2016] with an in-plane and a full convolution per level.

    Each level filters ``(1, k, k)``, then ``(k, k, k)``: at equal depth 0.7 times the work of
    two full convolutions. Levels are joined by strided convolutions down and nearest
    neighbours up, and skips are concatenated. Width 16 with three levels has 0.26 M parameters
    and sees about 20 voxels far, with four levels 1.1 M and 40 voxels.

    Shapes: ``(N, C, Z, Y, X)`` to logits ``(N, K, Z, Y, X)``; any Z, Y, X (edges are
    replicated up to a multiple of the pooling inside).

    Parameters
    ----------
    architecture
        Channels, classes, width, kernels and strides.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        kernels, strides = architecture.kernels, architecture.strides
        self.widths = widths = [architecture.width * min(2**i, WIDEST) for i in range(len(kernels))]
        self.multiple = total_pooling(strides)
        self.encoder = nn.ModuleList()
        channels = architecture.in_channels
        for level, (width, kernel) in enumerate(zip(widths, kernels, strict=True)):
            stride = strides[level - 1] if level else (1, 1, 1)
            self.encoder.append(self._level(channels, width, kernel, stride))
            channels = width
        self.decoder = nn.ModuleList(
            self._level(widths[i] + widths[i + 1], widths[i], kernels[i])
            for i in range(len(strides))
        )
        self.head = nn.Conv3d(widths[0], architecture.n_classes, 1)

    def features(self, x: Tensor) -> Tensor:
        """Return what the head sees: ``(N, width, Z, Y, X)``."""
        shape = x.shape[2:]
        skips = self.encode(pad_up(x, self.multiple))
        x = skips.pop()
        for level in reversed(self.decoder):
            x = level(_joined(skips.pop(), x))
        return crop(x, shape)

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return the features of every level, full resolution first."""
        levels = []
        for level in self.encoder:
            x = level(x)
            levels.append(x)
        return levels

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of every class in every voxel."""
        logits: Tensor = self.head(self.features(x))
        return logits

    @staticmethod
    def _level(
        channels: int, width: int, kernel: Triple, stride: Triple = (1, 1, 1)
    ) -> nn.Sequential:
        flat = (1, *kernel[1:])
        first = tuple(max(k, s) for k, s in zip(flat, stride, strict=True))
        return nn.Sequential(
            *convolution(channels, width, first, stride), *convolution(width, width, kernel)
        )


def _joined(skip: Tensor, coarse: Tensor) -> Tensor:
    """Bring coarse features to the size of a skip and put them behind it."""
    fine = functional.interpolate(coarse, size=skip.shape[2:], mode="nearest")
    return torch.cat([skip, fine], dim=1)


def convolution(
    channels: int,
    width: int,
    kernel: tuple[int, ...],
    stride: Triple = (1, 1, 1),
    groups: int = 1,
) -> tuple[nn.Module, ...]:
    """Convolution, batch normalisation, leaky rectifier: the brick of the networks here."""
    padding = tuple((k - 1) // 2 for k in kernel)
    return (
        nn.Conv3d(channels, width, kernel, stride, padding, bias=False, groups=groups),  # type: ignore[arg-type]
        nn.BatchNorm3d(width),
        nn.LeakyReLU(0.01, inplace=True),
    )
