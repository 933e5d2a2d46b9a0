"""A segmentation made from another one, which stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.compute.tiles import Box
    from operando.data import LabelClass
    from operando.study import Study
    from operando.study.partial import PartialResult


def check_names(study: Study, source: str, result: str, step: str) -> None:
    """Refuse to write over the segmentation that is read, or over one of another step.

    Raises
    ------
    InputError
        If the result would take the place of a segmentation.
    """
    product = f"phases/{result}"
    maker = study.maker(product)
    foreign = result in study.products("phases") and not (maker and maker.step == step)
    if result == source or foreign:
        raise InputError(
            f"The result {result!r} would take the place of a segmentation of this study",
            "choose a name that is not used",
        )


def open_or_create(
    partial: PartialResult, study: Study, classes: Sequence[LabelClass]
) -> tuple[Any, Any]:
    """Open labels and probabilities that an earlier run left unfinished, or make them."""
    from operando.atomic import making
    from operando.study.phases import create_phases, open_phases

    if not partial.content.exists():
        with making(partial.content) as empty:
            create_phases(empty, study.series, classes)
    labels, probabilities, _ = open_phases(partial.content, writable=True)
    return labels, probabilities


class FrameBlocks:
    """Which blocks of one frame are done."""

    def __init__(self, partial: PartialResult, t: int) -> None:
        self._partial = partial
        self._t = t

    def has(self, box: Box) -> bool:
        """Whether an earlier run finished a box."""
        return self._partial.is_done(self._key(box))

    def add(self, box: Box) -> None:
        """Note that a box is written."""
        self._partial.mark_done(self._key(box))

    def _key(self, box: Box) -> str:
        return f"{self._t} " + " ".join(f"{side.start}:{side.stop}" for side in box)
