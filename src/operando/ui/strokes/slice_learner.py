"""What the live preview learns from, and the learning; knows no window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operando.errors import Cancelled
from operando.steps.training_runs import model_in_use

if TYPE_CHECKING:
    from threading import Event

    import numpy as np
    from numpy.typing import NDArray

    from operando.compute.progress import Progress
    from operando.segment import InstantModel
    from operando.study import Study

Place = tuple[int, int]
"""Frame and z of a slice."""


@dataclass(frozen=True)
class Basis:
    """Images and model of a study that a preview starts from.

    Attributes
    ----------
    images : str
        Image set, the newest.
    model : str or None
        Model in use; None stands for the one that ships with the package.
    state : tuple of str
        Changes when one of them is made anew.
    """

    images: str
    model: str | None
    state: tuple[str, str]


def newest_basis(study: Study) -> Basis:
    """Look up what a preview of a study starts from now."""
    images, model = study.image_sets[-1], model_in_use(study)
    made = study.fingerprint(f"models/{model}") if model is not None else ""
    return Basis(images, model, (study.fingerprint(images), made))


class SliceLearner:
    """Learns from strokes and labels slices; lives in a thread.

    Parameters
    ----------
    study
        Images and strokes.
    basis
        Which images, and whose features.

    Attributes
    ----------
    basis : Basis
    is_own : bool
        Whether the features are those of a model of the study; a forest has none.
    sees_first : bool
        Whether only the first of several channels is looked at: the model that ships reads one.
    """

    def __init__(self, study: Study, basis: Basis) -> None:
        self.basis = basis
        self._study = study
        self._instant: InstantModel | None = None
        self._learned: int | None = None
        self.is_own = self.sees_first = False

    def labels(self, painted: list[Place], place: Place, stop: Event) -> NDArray[np.uint8] | None:
        """Label one slice ``(y, x)`` from all strokes; None if it was stopped.

        Parameters
        ----------
        painted
            Slices that hold strokes.
        place
            Slice to label.
        stop
            Set to end this at the next tile.
        """

        def go_on(progress: Progress) -> None:
            del progress
            if stop.is_set():
                raise Cancelled

        from operando.segment.phases.labels import labels_of

        try:
            instant = self._instant = self._instant or self._make()
            strokes = self._study.strokes()
            if self._learned != strokes.revision:
                revision = strokes.revision
                instant.learn(strokes.array, painted, classes=strokes.classes, progress=go_on)
                self._learned = revision
            probabilities = instant.preview(*place, progress=go_on)
        except Cancelled:
            return None
        return labels_of(probabilities)

    def _make(self) -> InstantModel:
        from operando.segment import InstantModel, Model

        images = self._study.image_series(self.basis.images).data
        if self.basis.model is not None:
            own = Model.load(self._study.product_path(f"models/{self.basis.model}"))
            if own.architecture.network != "forest":
                self.is_own = True
                return InstantModel(images, own)
        self.sees_first = images.shape[1] > 1
        return InstantModel(images[:, :1])
