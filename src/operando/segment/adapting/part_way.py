"""Go part of the way from what a network knew to what it learnt from strokes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from torch import nn

    from operando.nets.training import Fit, HeldOut

LEARNT = 0.7
"""Share of the way that is gone."""


def go_part_way(
    known: Mapping[str, NDArray[Any]],
    result: Fit,
    network: nn.Module,
    evaluate: Callable[[nn.Module], HeldOut] | None,
    share: float = LEARNT,
) -> Fit:
    """Mix the weights before and after training, as [Wortsman 2022] do for robust fine-tuning.

    A few strokes say little of most of the volume. A network that only follows them forgets
    things that were right, the more the longer it trains; part of the way it has most of what the
    strokes teach and little is lost.

    Parameters
    ----------
    known
        Weights before training.
    result
        Of the training.
    network
        Of that kind; it gets the mixed weights.
    evaluate
        Scores it on held-out strokes.
    share
        0 keeps what was known, 1 what was learnt.

    Returns
    -------
    The training with the mixed weights and their score.
    """
    import torch

    weights = {
        name: known[name] + np.asarray(share * (values - known[name]), values.dtype)
        if values.dtype.kind == "f"
        else values
        for name, values in result.weights.items()
    }
    network.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    held_out = result.held_out if evaluate is None else evaluate(network.eval())
    return replace(result, weights=weights, held_out=held_out)
