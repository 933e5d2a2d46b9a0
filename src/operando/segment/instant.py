"""Instant mode: frozen features and a light head, fast enough to follow the brush."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.device import choose_device
from operando.compute.progress import Stopwatch
from operando.compute.tiles import plan_tiles
from operando.errors import InputError
from operando.nets.patches import LabelledVoxels
from operando.segment.adapting.head import KNOWN_RIDGE, Head, by_name, fit_head, head_of, rows_of
from operando.segment.adapting.telling import painted_slices, tell
from operando.segment.learning.second_opinion import network_alone
from operando.segment.margin import Margin, find_margin, refuse_margin
from operando.segment.models.model import pretrained
from operando.segment.normalise import GreyScale, Normalise, grey_scale
from operando.segment.painting.strokes import (
    check_shapes,
    class_weights,
    find_strokes,
    keep_imaged,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data.classes import LabelClass
    from operando.segment.models.model import Model

SLAB = 9
TILE = (1, 256, 256)
HALO = 24
ROUNDS = 60
UNKNOWN_RIDGE = 1e-3
"""Of classes that the network does not know: nothing but strokes speaks for them."""
MOST_VOXELS = 20_000
KEPT_BYTES = 2**30
TOLD_ANEW = 2.0
"""When a class has so many times the strokes that it had, or so many times fewer."""


class InstantModel:
    """Logistic regression on the features of a network.

    Features are computed for the slices that are looked at or painted on, from a slab of
    nine slices around them, and kept; learning from strokes then takes well under a second.

    The network that ships is told what the classes look like (`operando.segment.adapting`), and
    told anew whenever the strokes of a class have doubled; then features are computed anew.

    Parameters
    ----------
    images
        As in `train`; only the slices asked for are read, with their neighbours.
    base
        Model whose features are used, and what it knows of its classes; None takes the network
        that ships.
    device
        "auto", "cpu", "cuda", "mps".

    Raises
    ------
    InputError
        If `base` was trained for another number of channels.
    """

    def __init__(self, images: Any, base: Model | None = None, *, device: str = "auto") -> None:
        self._base = pretrained(cracks=True) if base is None else network_alone(base)
        self._ships = base is None
        self._frames = self._base.frames(images)
        self._margins: dict[tuple[int, ...], Margin | None] = {}
        self._device = choose_device(device)
        self._scales: dict[int, GreyScale] = {}
        self._told_by: NDArray[np.int64] | None = None
        self._use(self._base)

    def _use(self, model: Model) -> None:
        """Forget what was seen with other weights."""
        from operando.nets.backends import fold_normalisation

        self._model = model
        self._network = fold_normalisation(model.network()).to(self._device)
        self._kept: OrderedDict[tuple[int, int], NDArray[np.float16]] = OrderedDict()
        self._rows: dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.float32]]] = {}
        self._head: Head | None = None

    def learn(
        self,
        strokes: Any,
        slices: Iterable[tuple[int, int]] | None = None,
        *,
        classes: Sequence[LabelClass] = (),
        progress: ProgressCallback | None = None,
    ) -> None:
        """Fit the head to all strokes; of very many voxels a regular part.

        Parameters
        ----------
        strokes
            ``(T, Z, Y, X)`` integers, 0 where there is no stroke.
        slices
            Frame and z of all slices that hold strokes, where known: only these are read.
        classes
            What 1..K mean: those that the network knows by name start from what it knows of them.
        progress
            Called after every tile of features that are not kept yet.

        Raises
        ------
        InputError
            If there are no strokes where something was imaged, or of one class only, they do
            not fit the images, or the images have a margin of one grey value without strokes.
        """
        check_shapes(self._frames.shape, strokes)
        if slices is None:
            voxels = find_strokes(strokes, self._frames).voxels
        else:
            voxels = keep_imaged(_painted(strokes, slices), self._frames)
        refuse_margin(self._margin(voxels), voxels.position)
        voxels = voxels.select(np.arange(0, len(voxels), 1 + len(voxels) // MOST_VOXELS))
        n_classes = int(voxels.label.max())
        inherited = [*by_name(classes, self._base), *[None] * n_classes][:n_classes]
        if self._ships:
            self._tell(voxels, inherited)
        rows = np.empty((len(voxels), self._n_features), np.float32)
        where = np.stack([voxels.frame, voxels.position[:, 0]], axis=1)
        for t, z in np.unique(where, axis=0):
            here = np.flatnonzero((where == (t, z)).all(axis=1))
            pixels = voxels.position[here, 1:]
            rows[here] = self._rows_at(int(t), int(z), pixels, progress)
        weights = class_weights(voxels, n_classes, 1.0)
        self._head = self._fit_head(rows, voxels.label, weights, inherited)

    def _margin(self, voxels: LabelledVoxels) -> Margin | None:
        """Find the margin of the painted frames, once."""
        painted = tuple(np.unique(voxels.frame).tolist())
        if painted not in self._margins:
            self._margins[painted] = find_margin(self._frames, painted)
        return self._margins[painted]

    def _tell(self, voxels: LabelledVoxels, inherited: Sequence[int | None]) -> None:
        """Tell the network what is painted, if that has changed much."""
        painted = np.bincount(voxels.label, minlength=len(self._base.classes) + 1)
        known = [k + 1 for k, row in enumerate(inherited) if row is not None]
        if not known or not _differs(painted[known], self._told_by):
            return
        for t in np.unique(voxels.frame).tolist():
            self._grey_scale(t)
        slices = painted_slices(self._frames, voxels, Normalise(self._scales))
        self._use(tell(self._base, *slices, inherited))
        self._told_by = painted[known]

    def _fit_head(
        self,
        rows: NDArray[np.float32],
        labels: NDArray[np.uint8],
        class_weight: tuple[float, ...],
        inherited: Sequence[int | None],
    ) -> Head:
        """Fit a head to strokes; classes without strokes get a bias that rules them out."""
        known, bias = rows_of(head_of(self._model), inherited)
        grey = np.zeros((len(known), self._frames.shape[1]), np.float32)
        prior = np.concatenate([known, grey], axis=1), bias
        ridge = [UNKNOWN_RIDGE if row is None else KNOWN_RIDGE for row in inherited]
        weight, bias = fit_head(rows, labels, class_weight, prior, ridge, ROUNDS)
        bias[np.bincount(labels, minlength=len(bias) + 1)[1:] == 0] = -1e9
        return weight, bias

    def preview(
        self, t: int, z: int, *, progress: ProgressCallback | None = None
    ) -> NDArray[np.float32]:
        """Probability of every class in one slice, ``(K, Y, X)``; 0 where nothing was imaged.

        Raises
        ------
        InputError
            If `learn` was not called before.
        """
        if self._head is None:
            raise InputError("There is nothing to preview yet", "learn from strokes first")
        weight, bias = self._head
        features = self.features(t, z, progress=progress).astype(np.float32)
        logits = np.tensordot(weight, features, 1) + bias[:, None, None]
        logits -= logits.max(axis=0)
        odds = np.exp(logits)
        odds /= odds.sum(axis=0)
        height, width = self._frames.volume_shape[1:]
        (known,) = self._frames.imaged(t, (slice(z, z + 1), slice(0, height), slice(0, width)))
        return np.where(known, odds, np.float32(0))

    def features(
        self, t: int, z: int, *, progress: ProgressCallback | None = None
    ) -> NDArray[np.float16]:
        """Features of one slice, ``(F, Y, X)``; computed once, kept while memory lasts."""
        key = (t, z)
        if key not in self._kept:
            self._kept[key] = self._compute(t, z, progress)
            while sum(v.nbytes for v in self._kept.values()) > KEPT_BYTES and len(self._kept) > 1:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    @property
    def _n_features(self) -> int:
        return self._base.architecture.width + self._frames.shape[1]

    def _grey_scale(self, t: int) -> GreyScale:
        if t not in self._scales:
            self._scales[t] = grey_scale(self._frames, t, self._base.percentiles)
        return self._scales[t]

    def _rows_at(
        self, t: int, z: int, pixels: NDArray[np.int64], progress: ProgressCallback | None
    ) -> NDArray[np.float32]:
        """Features of pixels ``(n, 2)`` of a slice; those of the same pixels are kept."""
        before = self._rows.get((t, z))
        if before is not None and np.array_equal(before[0], pixels):
            return before[1]
        y, x = pixels.T
        rows = self.features(t, z, progress=progress)[:, y, x].T.astype(np.float32)
        self._rows[t, z] = (pixels, rows)
        return rows

    def _compute(self, t: int, z: int, progress: ProgressCallback | None) -> NDArray[np.float16]:
        depth, height, width = self._frames.volume_shape
        scale = self._grey_scale(t)
        out = np.empty((self._n_features, height, width), np.float16)
        low, high = max(0, z - SLAB // 2), min(depth, z + SLAB // 2 + 1)
        tiles = list(plan_tiles((1, height, width), TILE, HALO))
        watch = Stopwatch(progress, len(tiles), "tiles", "Looking at a slice")
        for tile in tiles:
            box = (slice(low, high), *tile.padded[1:])
            raw = self._frames.read(t, box)
            image = scale.apply(raw)
            features = np.concatenate([self._run(image), image])[:, z - low]
            out[:, *tile.core[1:]] = features[:, *tile.inner[1:]]
            watch.advance()
        return out

    def _run(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            batch = torch.from_numpy(image[None]).to(self._device)
            features = self._network.features(batch)[0]  # type: ignore[operator]
        return np.asarray(features.cpu().numpy())


def _painted(strokes: Any, slices: Iterable[tuple[int, int]]) -> LabelledVoxels:
    """Painted voxels of the slices given, in order."""
    frames, positions, labels = [], [], []
    for t, z in sorted(slices):
        image = np.asarray(strokes[t, z])
        pixels = np.argwhere(image)
        frames.append(np.full(len(pixels), t))
        positions.append(np.column_stack([np.full(len(pixels), z), pixels]))
        labels.append(image[tuple(pixels.T)].astype(np.uint8))
    found = np.unique(np.concatenate(labels)) if labels else ()
    if len(found) < 2:
        raise InputError("Strokes of fewer than two classes", "paint two classes first")
    return LabelledVoxels(np.concatenate(frames), np.concatenate(positions), np.concatenate(labels))


def _differs(now: NDArray[np.int64], before: NDArray[np.int64] | None) -> bool:
    if before is None or len(before) != len(now):
        return True
    return bool(((now > TOLD_ANEW * before) | (before > TOLD_ANEW * now)).any())
