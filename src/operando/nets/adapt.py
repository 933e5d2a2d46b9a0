"""Carry weights over to a network for other channels, classes or flat images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.nets.architecture import Architecture, Triple, build

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

HEAD = "head."


def flatten_levels(
    architecture: Architecture, kernels: Sequence[Triple], strides: Sequence[Triple]
) -> Architecture:
    """Return the architecture without filters and pooling along z where a plan has none.

    Parameters
    ----------
    architecture
        What the weights were learnt for.
    kernels, strides
        The plan for other images, as `plan_levels` gives it.
    """

    def along_z(old: tuple[Triple, ...], plan: Sequence[Triple]) -> tuple[Triple, ...]:
        planned = [p[0] for p in plan] + [0] * len(old)
        return tuple(
            (min(o[0], p) if p else o[0], o[1], o[2]) for o, p in zip(old, planned, strict=False)
        )

    if all(k[0] == 1 for k in kernels):
        kernels = [(1, 1, 1)] * len(architecture.kernels)
        strides = [(1, 1, 1)] * len(architecture.strides)
    return replace(
        architecture,
        kernels=along_z(architecture.kernels, kernels),
        strides=along_z(architecture.strides, strides),
    )


def adapt_weights(
    weights: Mapping[str, NDArray[Any]],
    architecture: Architecture,
    inherited: Sequence[int | None],
    seed: int = 0,
) -> dict[str, NDArray[Any]]:
    """Make weights fit another architecture of the same family, width and depth.

    A kernel that has become flat is the sum of the old one along z, which answers as the old
    one did on a slice repeated along z. More channels share the filters of the first one.

    Parameters
    ----------
    weights
        What was learnt.
    architecture
        What they shall fit.
    inherited
        Per new class the old class whose head it takes over; None draws a new one from `seed`.

    Returns
    -------
    The state of the network that `architecture` describes.
    """
    fresh = {k: v.numpy() for k, v in build(architecture, seed).state_dict().items()}
    adapted = {}
    for name, target in fresh.items():
        values = np.asarray(weights[name])
        if name.startswith(HEAD):
            rows = [target[k] if old is None else values[old] for k, old in enumerate(inherited)]
            adapted[name] = np.stack(rows)
        else:
            adapted[name] = values if values.shape == target.shape else _fit(values, target.shape)
    return adapted


def _fit(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if values.shape[2] != shape[2]:
        values = values.sum(axis=2, keepdims=True)
    if values.shape[1] != shape[1]:
        values = np.repeat(values.mean(axis=1, keepdims=True), shape[1], axis=1) / shape[1]
    return values
