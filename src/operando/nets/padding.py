"""Edges for networks that pool: any size in, the same size out."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from operando.nets.architecture import Triple


def total_pooling(strides: Sequence[Triple]) -> Triple:
    """Voxels ``(z, y, x)`` that become one on the coarsest level."""
    z, y, x = (prod(s[axis] for s in strides) for axis in range(3))
    return z, y, x


def pad_up(x: Tensor, multiple: Triple) -> Tensor:
    """Replicate the far edges of ``(N, C, Z, Y, X)`` up to a multiple of the pooling."""
    pad = [(-n) % m for n, m in zip(x.shape[2:], multiple, strict=True)]
    if not any(pad):
        return x
    return functional.pad(x, (0, pad[2], 0, pad[1], 0, pad[0]), mode="replicate")


def crop(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Undo `pad_up`: keep the first voxels ``(z, y, x)``."""
    return x[:, :, : shape[0], : shape[1], : shape[2]]
