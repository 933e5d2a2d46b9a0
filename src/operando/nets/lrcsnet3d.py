"""LRCS-Net in three dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional

from operando.nets.padding import crop, pad_up, total_pooling
from operando.nets.unet3d import convolution

if TYPE_CHECKING:
    from operando.nets.architecture import Architecture, Triple


class LRCSNet3d(nn.Module):
    """The shallow LRCS-Net of SegmentPy [Su 2022], with 3D kernels.

    A cheap encoder of one convolution per level, widths 2w, 2w, 4w, each followed by maximum
    pooling that remembers where the maximum was; a bottleneck of width 4w with a sigmoid; a
    decoder of two convolutions per level with batch normalisation, joined by putting values
    back where the maxima were. There are no skips. Width 16 with four levels (three poolings)
    and three classes has 0.66 M parameters. With fewer levels the last ones are left out.

    Shapes: ``(N, C, Z, Y, X)`` to logits ``(N, K, Z, Y, X)``; any Z, Y, X.

    Parameters
    ----------
    architecture
        Channels, classes, width, kernels and strides.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        w, kernels = architecture.width, architecture.kernels
        self.strides = architecture.strides
        self.multiple = total_pooling(self.strides)
        pooled = [2 * w if i + 1 < len(self.strides) else 4 * w for i in range(len(self.strides))]
        inputs = [architecture.in_channels, *pooled]
        self.encoder = nn.ModuleList(
            _rectified(inputs[i], width, kernels[i]) for i, width in enumerate(pooled)
        )
        self.bottleneck = nn.Sequential(
            nn.Conv3d(inputs[-1], 4 * w, kernels[-1], padding=_half(kernels[-1])), nn.Sigmoid()
        )
        self.decoder = nn.ModuleList()
        channels = 4 * w
        for i in reversed(range(len(kernels))):
            width = pooled[i - 1] if i else w
            middle = channels if i else w
            self.decoder.append(
                nn.Sequential(
                    *convolution(channels, middle, kernels[i]),
                    *convolution(middle, width, kernels[i]),
                )
            )
            channels = width
        self.head = nn.Conv3d(w, architecture.n_classes, 1)

    def features(self, x: Tensor) -> Tensor:
        """Return what the head sees: ``(N, width, Z, Y, X)``."""
        shape = x.shape[2:]
        x = pad_up(x, self.multiple)
        where = []
        for level, stride in zip(self.encoder, self.strides, strict=True):
            x, index = functional.max_pool3d(level(x), stride, return_indices=True)
            where.append(index)
        x = self.decoder[0](self.bottleneck(x))
        for level, stride, index in zip(
            self.decoder[1:], reversed(self.strides), reversed(where), strict=True
        ):
            x = level(functional.max_unpool3d(x, index, stride))
        return crop(x, shape)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of every class in every voxel."""
        logits: Tensor = self.head(self.features(x))
        return logits


def _rectified(channels: int, width: int, kernel: Triple) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(channels, width, kernel, padding=_half(kernel)), nn.ReLU(inplace=True)
    )


def _half(kernel: Triple) -> Triple:
    z, y, x = ((k - 1) // 2 for k in kernel)
    return z, y, x
