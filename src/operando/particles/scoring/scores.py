"""How well found particles match true ones, in space and through time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.particles.labels.arrays import check_ids, check_same_shape
from operando.particles.labels.closing import at_border
from operando.particles.labels.names import numbered
from operando.particles.labels.sums import overlaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Pairs of a found and a true particle that overlap enough.

    Parameters
    ----------
    found, true
        ``(M,)`` ids of the pairs.
    iou
        ``(M,)`` volume of their intersection over that of their union.
    missed
        ``(A,)`` true particles that nothing matches.
    wrong
        ``(B,)`` found particles that match nothing.
    """

    found: NDArray[np.int64]
    true: NDArray[np.int64]
    iou: NDArray[np.float64]
    missed: NDArray[np.int64]
    wrong: NDArray[np.int64]

    @property
    def precision(self) -> float:
        """Share of the found particles that are true; NaN if none was found."""
        return _share(len(self.found), len(self.found) + len(self.wrong))

    @property
    def recall(self) -> float:
        """Share of the true particles that were found; NaN if there is none."""
        return _share(len(self.true), len(self.true) + len(self.missed))

    @property
    def f_score(self) -> float:
        """Harmonic mean of precision and recall."""
        n = 2 * len(self.found)
        return _share(n, n + len(self.missed) + len(self.wrong))

    @property
    def mean_iou(self) -> float:
        """Mean IoU of the pairs; NaN if there is none."""
        return float(self.iou.mean()) if len(self.iou) else float("nan")

    @property
    def panoptic_quality(self) -> float:
        """F-score times mean IoU [Kirillov et al., CVPR 2019]; 0 if nothing matches."""
        return self.f_score * self.mean_iou if len(self.iou) else self.f_score


def match(
    found: NDArray[Any],
    true: NDArray[Any],
    *,
    iou: float = 0.5,
    smallest: int = 0,
    uncut: bool = False,
) -> Matches:
    """Match found with true particles by the overlap of their voxels.

    Parameters
    ----------
    found, true
        ``(Z, Y, X)`` ids, 0 where there is none.
    iou
        Least intersection over union of a pair, at least 0.5, so that a match is unique.
    smallest
        True particles of fewer voxels do not count, nor does what lies mostly in them: the
        slivers that the image border leaves of a particle say nothing about a method.
    uncut
        Nor do true particles that touch the image border, nor what lies mostly in them: what is
        seen of them does not tell whether two pieces are one particle.

    Raises
    ------
    InputError
        If the volumes differ in shape or the threshold is below 0.5.
    """
    if not 0.5 <= iou < 1:
        raise InputError(f"An IoU of {iou} does not tell which is which", "choose 0.5 to below 1")
    found, found_names = numbered(check_ids(found))
    true, true_names = numbered(check_ids(check_same_shape(true, found, "The truth")))
    a, b, common = overlaps(found, true)
    size_found, size_true = np.bincount(found.reshape(-1)), np.bincount(true.reshape(-1))
    both = (a > 0) & (b > 0)
    ratio = np.zeros(len(a))
    ratio[both] = common[both] / (size_found[a] + size_true[b] - common)[both]
    ignored = size_true < max(smallest, 1)
    if uncut:
        ignored[at_border(true)] = True
    ignored[0] = False
    # Exactly half can be reached by two, only more is unique.
    pair = (ratio > iou) & ~ignored[b]
    mostly_ignored = np.bincount(a, common * ignored[b], len(size_found)) > 0.5 * size_found
    all_found = np.flatnonzero((size_found > 0)[1:] & ~mostly_ignored[1:]) + 1
    all_true = np.flatnonzero(~ignored[1:]) + 1
    return Matches(
        found=found_names[a[pair]],
        true=true_names[b[pair]],
        iou=ratio[pair],
        missed=true_names[np.setdiff1d(all_true, b[pair])],
        wrong=found_names[np.setdiff1d(all_found, a[pair])],
    )


def link_accuracy(
    found: NDArray[Any] | Sequence[NDArray[Any]],
    true: NDArray[Any] | Sequence[NDArray[Any]],
    *,
    smallest: int = 0,
) -> float:
    """Share of the true links that were found.

    A true link is a particle that is seen in two successive frames. It is found if in both
    frames a found particle matches it (`match`), and both bear the same id.

    Parameters
    ----------
    found, true
        ``(T, Z, Y, X)`` ids that stay the same through time.
    smallest
        As in `match`.

    Returns
    -------
    0 to 1, NaN if there is no true link.
    """
    if len(found) != len(true):
        raise InputError(
            f"{len(found)} found frames for {len(true)} true ones", "give the truth of every frame"
        )
    right = total = 0
    before: dict[int, int] | None = None
    for a, b in zip(found, true, strict=True):
        matches = match(a, b, smallest=smallest)
        now = dict.fromkeys(matches.missed.tolist(), 0)
        now |= dict(zip(matches.true.tolist(), matches.found.tolist(), strict=True))
        if before is not None:
            both = now.keys() & before.keys()
            total += len(both)
            right += sum(now[k] == before[k] > 0 for k in both)
        before = now
    return _share(right, total)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


@dataclass(frozen=True, kw_only=True)
class SliceScores:
    """Scores of one slice in the way of Jiang et al., Nat. Commun. 11 (2020) 2310.

    Particles are counted: cross-sections in the slice that match a true one are right, others
    wrong, and true ones that nothing matches are missed. There are no true negatives among
    particles, so Matthews' coefficient is taken over voxels: matched against true foreground.

    Parameters
    ----------
    right, wrong, missed
        Number of cross-sections.
    mcc
        Matthews' correlation coefficient of the voxels; NaN where it is not defined.
    """

    right: int
    wrong: int
    missed: int
    mcc: float

    @property
    def precision(self) -> float:
        """Right ones among those found."""
        return _share(self.right, self.right + self.wrong)

    @property
    def sensitivity(self) -> float:
        """Right ones among the true; also called recall."""
        return _share(self.right, self.right + self.missed)

    @property
    def jaccard(self) -> float:
        """Right ones among those found or true."""
        return _share(self.right, self.right + self.wrong + self.missed)

    @property
    def dice(self) -> float:
        """Harmonic mean of precision and sensitivity; for counts the same as F1."""
        return _share(2 * self.right, 2 * self.right + self.wrong + self.missed)

    def f_measure(self, beta: float = 1.0) -> float:
        """F-measure, in which sensitivity weighs `beta` times as much as precision."""
        b = beta**2
        whole = (1 + b) * self.right + b * self.missed + self.wrong
        return (1 + b) * self.right / whole if whole else float("nan")


def slice_scores(
    found: NDArray[Any],
    true: NDArray[Any],
    *,
    axis: int = 0,
    iou: float = 0.5,
    smallest: int = 0,
) -> list[SliceScores]:
    """Score every slice by itself.

    Parameters
    ----------
    found, true
        ``(Z, Y, X)`` ids.
    axis
        Normal of the slices.
    iou, smallest
        As in `match`, for cross-sections.

    Returns
    -------
    One record per slice that holds any particle, found or true.
    """
    found = check_ids(found)
    true = check_ids(check_same_shape(true, found, "The truth"))
    out = []
    for k in range(found.shape[axis]):
        a, b = (np.asarray(ids.take([k], axis)).swapaxes(0, axis) for ids in (found, true))
        if not a.any() and not b.any():
            continue
        pairs = match(a, b, iou=iou, smallest=smallest)
        out.append(
            SliceScores(
                right=len(pairs.found),
                wrong=len(pairs.wrong),
                missed=len(pairs.missed),
                mcc=_mcc(np.isin(a, pairs.found), b > 0),
            )
        )
    return out


def mean_slice_scores(scores: Sequence[SliceScores]) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of every score over slices, as Jiang et al. give them.

    Slices in which a score is not defined are left out of it.
    """
    names = ("precision", "sensitivity", "jaccard", "dice", "mcc")
    columns = {name: np.array([getattr(s, name) for s in scores], float) for name in names}
    columns["f_measure"] = np.array([s.f_measure() for s in scores], float)
    out = {}
    for name, values in columns.items():
        known = values[np.isfinite(values)]
        nan = float("nan")
        out[name] = (float(known.mean()), float(known.std())) if known.size else (nan, nan)
    return out


def _mcc(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    tp, fp = float((found & true).sum()), float((found & ~true).sum())
    fn, tn = float((~found & true).sum()), float((~found & ~true).sum())
    whole = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / whole**0.5 if whole > 0 else float("nan")
