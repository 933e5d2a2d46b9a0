"""Teach the rule that joins parts from particles that a user corrected.

The last layer of the rule is fitted again [logistic regression, as in Bishop, Pattern Recognition
and Machine Learning, 4.5]. Its prior is the rule as it was, twice over: a normal distribution of
the weights around the old ones, and the old answer for every neck between particles that nobody
corrected. So few corrections change little, and what was right stays right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.particles.joining.learned import TRUST
from operando.particles.joining.neck_pairs import NeckPairs, draw_pairs
from operando.particles.joining.necks import connect, join_at_necks
from operando.particles.labels.arrays import solid_of
from operando.particles.labels.frames import blocks
from operando.particles.labels.sure import Solid
from operando.particles.parting.cutter import BlockCutter

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.particles.joining.guided import Parts
    from operando.particles.joining.necks import NeckRule
    from operando.particles.labels.boxes import Box
    from operando.particles.settings import SplitSettings

PRIOR = 40.0
"""Precision of the prior of a weight, for inputs that spread by 1."""

REST = 1.0
"""Weight of a neck between particles that nobody corrected."""

FOLDS = 5
"""Corrections are left out in so many groups to see whether the others tell the same."""


@dataclass(frozen=True)
class CorrectedFrame:
    """A frame that was looked at.

    Parameters
    ----------
    parts
        What the splitter joins, see `operando.particles.parting.cutter.BlockCutter.find_parts`.
    own
        ``(P + 1,)`` corrected particle that holds each part, 0 if none does.
    sure
        Particles that were corrected or accepted.
    voxel, typical
        Volume of a voxel and typical diameter.
    """

    parts: Parts
    own: NDArray[np.int64]
    sure: frozenset[int]
    voxel: float
    typical: float

    def join(self, rule: NeckRule, bias: float) -> NDArray[np.int32]:
        """Particle ``(P + 1,)`` of every part, as a rule joins them."""
        return join_at_necks(self.parts, rule, self.voxel, self.typical, bias, TRUST)


def look_again(
    phases: Any,
    ids: Any,
    sure: Collection[int],
    *,
    phase: int,
    probability: Any | None = None,
    spacing: tuple[float, float, float],
    settings: SplitSettings,
    scratch: Path | None = None,
    progress: ProgressCallback | None = None,
) -> CorrectedFrame | None:
    """Cut a frame as the splitter does, and see which corrected particle holds each part.

    Parameters
    ----------
    phases, ids
        ``(Z, Y, X)`` labels and corrected particles; read block by block.
    sure
        Particles that were corrected or accepted.
    phase, probability, spacing, settings, scratch
        As the frame was split with, see `operando.particles.parting.split.split_blocks`.
    progress
        Receives `Progress`; may raise `Cancelled`.

    Returns
    -------
    None if nothing is solid, or all.
    """
    z, y, x = phases.shape

    def read(box: Box) -> NDArray[np.bool_]:
        return solid_of(np.asarray(phases[box]), phase)

    source = Solid.certain(read)
    if probability is not None:
        source = Solid.likely(read, probability, blocks((z, y, x)))
    found = BlockCutter(
        source=source,
        read_guide=None,
        shape=(z, y, x),
        spacing=spacing,
        settings=settings,
        scratch=scratch,
        progress=progress,
    ).find_parts(ids)
    if found is None:
        return None
    parts, own, typical = found
    return CorrectedFrame(parts, own, frozenset(sure), float(np.prod(spacing)), typical)


@dataclass(frozen=True)
class Taught:
    """A rule and how far it can be trusted.

    Parameters
    ----------
    rule
        Taught by all corrections.
    needed
        Merges and splits that corrected the particles which the rule as it was joins.
    spared
        How many fewer are needed with a rule that was taught by corrections of others only.
    changed
        Merges and splits by which the taught rule differs where nobody corrected anything.
    """

    rule: NeckRule
    needed: int
    spared: int
    changed: int

    @property
    def helps(self) -> bool:
        """Whether it spares more than it changes, by more than the noise of such counts."""
        return self.spared - self.changed > float(np.sqrt(max(self.spared, 0) + self.changed))


def teach(
    rule: NeckRule,
    frames: Sequence[CorrectedFrame],
    bias: float,
    progress: ProgressCallback | None = None,
) -> Taught:
    """Teach a rule, and look whether it helps where it was not taught.

    Parameters
    ----------
    rule
        As it was.
    frames
        With corrections.
    bias
        Log odds in favour of joining, as particles are split with it.
    progress
        Receives `Progress`; may raise `Cancelled`.
    """
    lessons = [_Lesson.of(rule, frame, bias) for frame in frames]
    groups = [(k, group) for k, lesson in enumerate(lessons) for group in lesson.groups]
    folds = np.random.default_rng(0).permutation(np.arange(len(groups)) % FOLDS)
    watch = Stopwatch(progress, FOLDS + 1, "rounds", "Learning from corrections")
    needed = sum(edits_between(x.before, x.frame.own, group) for x in lessons for group in x.groups)
    still = 0
    for fold in range(min(FOLDS, len(groups))):
        held_out: list[set[int]] = [set() for _ in lessons]
        for i in np.flatnonzero(folds == fold):
            k, group = groups[i]
            held_out[k].update(group)
        learned = _fit(rule, [x.without(out) for x, out in zip(lessons, held_out, strict=True)])
        for lesson, out in zip(lessons, held_out, strict=True):
            if out:
                names = lesson.frame.join(learned, bias)
                still += edits_between(names, lesson.frame.own, out)
        watch.advance()
    taught = _fit(rule, lessons)
    changed = sum(lesson.changes(taught, bias) for lesson in lessons)
    watch.advance()
    return Taught(taught, needed, needed - still, changed)


@dataclass(frozen=True)
class _Lesson:
    """A frame, the necks in it, and what the rule makes of it.

    Parameters
    ----------
    frame
        The frame.
    pairs
        Drawn from it.
    before
        ``(P + 1,)`` particles as the rule joins them.
    groups
        Corrected and accepted particles; those that it mixes up are in one group.
    sure
        All in these groups: their necks are taken as they were corrected.
    """

    frame: CorrectedFrame
    pairs: NeckPairs
    before: NDArray[np.int32]
    groups: tuple[tuple[int, ...], ...]
    sure: frozenset[int]

    @classmethod
    def of(cls, rule: NeckRule, frame: CorrectedFrame, bias: float) -> _Lesson:
        before = frame.join(rule, bias)
        groups = tuple(
            group for group in mixed_up(before, frame.own) if not frame.sure.isdisjoint(group)
        )
        sure = frozenset[int]().union(*groups)
        rng = np.random.default_rng(0)
        pairs = draw_pairs(frame.parts, frame.own, frame.voxel, frame.typical, rng)
        return cls(frame, pairs, before, groups, sure)

    def without(self, particles: Collection[int]) -> _Lesson:
        """Return what is left to learn if the necks of some particles are not known."""
        if not particles:
            return self
        kept = np.asarray(~np.isin(self.pairs.particles, list(particles)).any(axis=1))
        return replace(self, pairs=self.pairs.where(kept), sure=self.sure - set(particles))

    def changes(self, rule: NeckRule, bias: float) -> int:
        """Count merges and splits by which a rule differs where nobody corrected anything."""
        theirs = np.setdiff1d(self.frame.own, [0, *self.sure])
        untouched = np.where(np.isin(self.frame.own, theirs), self.before, 0)
        after = self.frame.join(rule, bias)
        return edits_between(after, untouched, np.unique(untouched[untouched > 0]))


def _fit(rule: NeckRule, lessons: Sequence[_Lesson]) -> NeckRule:
    """Fit the last layer again."""
    from scipy.optimize import minimize
    from scipy.special import expit

    pairs = NeckPairs.chained([lesson.pairs for lesson in lessons])
    if not len(pairs.together):
        return rule
    sure = np.concatenate([np.isin(x.pairs.particles, list(x.sure)).any(axis=1) for x in lessons])
    seen, odds = rule.look(pairs.features), rule.score(pairs.features)
    spread = np.maximum(seen.std(axis=0), 1e-6)
    inputs = np.column_stack([np.ones(len(seen)), seen / spread])
    wanted = np.where(sure, pairs.together, expit(odds))
    weight = np.where(sure, 1.0, REST)

    def loss(step: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        now = odds + inputs @ step
        cost = float(weight @ (np.logaddexp(0, now) - wanted * now) + PRIOR / 2 * step @ step)
        return cost, inputs.T @ (weight * (expit(now) - wanted)) + PRIOR * step

    step = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B").x
    weights, offset = rule.layers[-1]
    last = (weights + step[1:] / spread, offset + step[0])
    return replace(rule, layers=(*rule.layers[:-1], last))


def edits_between(
    names: NDArray[np.int32], own: NDArray[Any], particles: Collection[int] | NDArray[Any]
) -> int:
    """Count the merges and splits that make what was joined the particles that it should be.

    Parameters
    ----------
    names
        ``(P + 1,)`` what each part was joined to.
    own
        ``(P + 1,)`` particle that it belongs to, 0 if that is not known.
    particles
        Those of `own` that count.
    """
    there = np.isin(own, list(particles))
    pairs = np.unique(np.column_stack([own[there], names[there]]), axis=0)
    found = len(np.unique(pairs[:, 1])) + len(particles)
    return found - 2 * len(mixed_up(names, np.where(there, own, 0)))


def mixed_up(names: NDArray[np.int32], own: NDArray[Any]) -> list[tuple[int, ...]]:
    """Particles `own` that hang together by what `names` joins; parts of none are left out."""
    known = own > 0
    pairs = np.unique(np.column_stack([own[known], own.max() + names[known]]), axis=0)
    if not len(pairs):
        return []
    groups = connect(int(pairs.max()) + 1, pairs)
    found: dict[int, list[int]] = {}
    for particle in np.unique(pairs[:, 0]).tolist():
        found.setdefault(int(groups[particle]), []).append(particle)
    return [tuple(group) for group in found.values()]
