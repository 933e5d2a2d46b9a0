"""Join a network with a random forest that learnt from the same strokes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from operando.nets.architecture import build
from operando.segment.forest import grow_forest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from operando.nets.architecture import Architecture
    from operando.nets.training import HeldOut
    from operando.segment.lesson import Lesson
    from operando.segment.model import Model

NETWORK, FOREST = "network.", "forest."


def ask_forest(
    architecture: Architecture, weights: Mapping[str, NDArray[Any]], lesson: Lesson
) -> tuple[Architecture, dict[str, NDArray[Any]], HeldOut | None]:
    """Let a network that has learnt ask a forest where it is unsure.

    Returns
    -------
    architecture, weights
        Of the `nets.second_opinion.SecondOpinion` of both.
    held_out
        Scores of both together; None if no strokes were held out.
    """
    import torch

    forest = grow_forest(
        lesson.frames,
        lesson.learn,
        lesson.normalise,
        len(lesson.classes),
        spacing=lesson.spacing,
        seed=lesson.settings.seed,
    )
    both = {
        **{NETWORK + name: values for name, values in weights.items()},
        **{FOREST + name: values for name, values in forest.items()},
    }
    architecture = replace(architecture, second_opinion=True)
    if lesson.evaluate is None:
        return architecture, both, None
    network = build(architecture)
    network.load_state_dict({name: torch.from_numpy(values) for name, values in both.items()})
    return architecture, both, lesson.evaluate(network.eval().to(lesson.device))


def without_forest(model: Model) -> Model:
    """Return the model with its network alone, which can learn on."""
    if not model.architecture.second_opinion:
        return model
    return replace(
        model,
        architecture=replace(model.architecture, second_opinion=False),
        weights={
            name.removeprefix(NETWORK): values
            for name, values in model.weights.items()
            if name.startswith(NETWORK)
        },
    )
