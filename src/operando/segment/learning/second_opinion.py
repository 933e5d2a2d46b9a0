"""Others that a network asks where it is unsure: they learn from the same strokes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.nets.architecture import restore
from operando.segment.learning.forest import features_of, grow_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from operando.nets.architecture import Architecture
    from operando.nets.training import HeldOut
    from operando.segment.learning.lesson import Lesson
    from operando.segment.models.model import Model

    Weights = dict[str, NDArray[Any]]

FLAWLESS = 0.002
"""Added to what an opinion is surprised by, so that one that never errs is not all that counts."""


def ask_others(
    architecture: Architecture, weights: Mapping[str, NDArray[Any]], lesson: Lesson
) -> tuple[Architecture, Weights, HeldOut | None]:
    """Let a network that has learnt ask a forest and a regression where it is unsure.

    Each is trusted by how little the held-out strokes surprise it (`HeldOutScore.surprise`); all
    alike if none were held out.

    Returns
    -------
    architecture, weights
        Of the `operando.nets.second_opinion.SecondOpinion` of all.
    held_out
        Scores of all together; None if no strokes were held out.
    """
    from operando.nets.regression import regress
    from operando.nets.second_opinion import OPINIONS

    rows = features_of(lesson)
    states = (
        weights,
        grow_on(lesson, rows),
        regress(rows, lesson.learn.label, len(lesson.classes)),
    )
    together = {
        f"{opinion}.{name}": values
        for opinion, state in zip(OPINIONS, states, strict=True)
        for name, values in state.items()
    }
    architecture = replace(architecture, second_opinion=True)

    def trusting(trust: NDArray[np.float32]) -> Weights:
        return {**together, "trust": trust}

    alike = np.full(len(OPINIONS), 1 / len(OPINIONS), np.float32)
    if lesson.evaluate is None:
        return architecture, trusting(alike), None
    network = restore(architecture, trusting(alike)).to(lesson.device)
    surprise = [lesson.evaluate.surprise(view) for view in network.opinions()]  # type: ignore[operator]
    trust = 1 / (np.array(surprise) + FLAWLESS)
    known = trusting((trust / trust.sum()).astype(np.float32))
    return architecture, known, lesson.evaluate(restore(architecture, known).to(lesson.device))


def network_alone(model: Model) -> Model:
    """Return the model with its network alone, which can learn on."""
    if not model.architecture.second_opinion:
        return model
    return replace(
        model,
        architecture=replace(model.architecture, second_opinion=False),
        weights={
            name.removeprefix("network."): values
            for name, values in model.weights.items()
            if name.startswith("network.")
        },
    )
