"""Tell the network that ships what the classes of these strokes look like, before it learns."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.nets.frames import imaged
from operando.segment.adapting.appearance import describe_appearance, length
from operando.segment.models.model import PRETRAINED, pretrained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from operando.nets.conditioning import Conditioner
    from operando.nets.frames import Frames
    from operando.nets.patches import LabelledVoxels
    from operando.segment.models.model import Model
    from operando.segment.normalise import Normalise

CONDITIONER_FILE = "conditioner.safetensors"
"""Beside the weights that ship."""

MOST_VOXELS = 2**24
"""Of the painted slices that are looked at."""


def tell(
    model: Model,
    slices: NDArray[np.float32],
    labels: NDArray[np.uint8],
    inherited: Sequence[int | None],
) -> Model:
    """Return the network that ships as it is after it was told the grey values of the strokes.

    No training: see `operando.nets.conditioning`.

    Parameters
    ----------
    model
        From `operando.segment.models.model.pretrained`, with its cracks.
    slices, labels
        From `painted_slices`.
    inherited
        Class of the model that every class of the strokes is, None if it knows none such; these
        are passed over.
    """
    known = np.zeros(len(inherited) + 1, np.uint8)
    known[1:] = [0 if k is None else k + 1 for k in inherited]
    appearance = describe_appearance(slices, known[labels], len(model.classes))
    return replace(model, weights=told(model.weights, appearance))


def painted_slices(
    frames: Frames, voxels: LabelledVoxels, normalise: Normalise
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Read the slices that carry strokes, grey values and labels ``(n, y, x)``; of many some.

    Of frames that are seen with those before and after, the middle one. NaN where nothing was
    imaged.
    """
    _, height, width = frames.volume_shape
    painted = np.unique(np.column_stack([voxels.frame, voxels.position[:, 0]]), axis=0)
    most = max(1, MOST_VOXELS // (height * width))
    chosen = painted[np.unique(np.linspace(0, len(painted) - 1, most).round().astype(int))]
    images, labels = [], []
    for t, z in chosen.tolist():
        box = slice(z, z + 1), slice(0, height), slice(0, width)
        values = frames.read(t, box, keep=False)
        scaled = normalise(values, t)
        images.append(np.where(imaged(values), scaled[len(scaled) // 2], np.nan)[0])
        labels.append(voxels.paint(t, box)[0])
    return np.stack(images), np.stack(labels)


def told(
    weights: Mapping[str, NDArray[Any]], appearance: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """Return the weights after the network was told an appearance."""
    import torch

    tensors = {name: torch.from_numpy(np.array(values)) for name, values in weights.items()}
    with torch.no_grad():
        changed = _conditioner()(torch.from_numpy(appearance), tensors)
    return {name: values.numpy() for name, values in changed.items()}


@cache
def _conditioner() -> Conditioner:
    import torch
    from safetensors.numpy import load_file

    from operando.nets.conditioning import Conditioner

    model = pretrained(cracks=True)
    conditioner = Conditioner(model.network(), torch.zeros(length(len(model.classes))))
    state = load_file(PRETRAINED / CONDITIONER_FILE)
    conditioner.load_state_dict({name: torch.from_numpy(values) for name, values in state.items()})
    return conditioner.eval()
