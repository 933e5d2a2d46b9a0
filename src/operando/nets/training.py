"""The training loop: a fixed number of steps, averaged weights, the best model kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from operando.compute.kept_memory import kept_memory
from operando.compute.progress import ProgressCallback, Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from operando.nets.checkpoint import Checkpoint

Batch = tuple["NDArray[np.float32]", "NDArray[np.uint8]"]
Network = TypeVar("Network", bound=nn.Module)
Objective = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""Takes a network, images ``(N, C, Z, Y, X)`` and labels ``(N, Z, Y, X)``; returns the loss, or
its terms ``(M,)``: their sum is lowered, the first is shown."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast to train.

    Parameters
    ----------
    steps
        Batches.
    learning_rate
        Peak of the one-cycle schedule [Smith 2018].
    weight_decay
        Of AdamW [Loshchilov 2019].
    average
        Time constant, in steps, of the running mean of the weights that is kept.
    evaluations
        How often the held-out strokes are scored.
    keep_from
        Share of the steps after which a model may be kept: while the rate is high, a good score
        on a few strokes is luck.
    freeze_from
        Share of the steps after which batch normalisation uses the statistics it has gathered,
        as it will in prediction; single small patches differ too much from each other.
    """

    steps: int
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    average: float = 30.0
    evaluations: int = 8
    keep_from: float = 0.75
    freeze_from: float = 0.4


@dataclass(frozen=True)
class HeldOut:
    """Scores on strokes that the network never saw.

    Parameters
    ----------
    loss, dice
        Means.
    confusion
        ``(K, K)`` voxels by painted class (rows) and by the network's answer, where counted.
    """

    loss: float
    dice: float
    confusion: NDArray[np.int64] | None = None


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What training gave.

    Parameters
    ----------
    weights
        State of the best network.
    curve
        One ``(step, loss, held_out_loss, held_out_dice)`` per step, NaN where not measured.
    best_step
        Step whose weights were kept.
    held_out
        Its scores; None if nothing was held out.
    resumed_at, seconds_before
        Step up to which an earlier run that was stopped had trained, and how long; 0 if none.
    """

    weights: dict[str, NDArray[Any]]
    curve: list[tuple[int, float, float, float]]
    best_step: int
    held_out: HeldOut | None = None
    resumed_at: int = 0
    seconds_before: float = 0.0

    @property
    def resumption(self) -> dict[str, float]:
        """Where it was taken up and how long it had taken by then; empty if it never stopped."""
        if not self.resumed_at:
            return {}
        return {"resumed_at": self.resumed_at, "seconds_before": self.seconds_before}


@dataclass
class _SoFar:
    """What training has given up to a step.

    Parameters
    ----------
    best
        State of the best network.
    curve, best_step
        As in `Fit`.
    best_scores, held_out
        Of the best network, and of the one that was scored last.
    """

    best: dict[str, Tensor]
    curve: list[tuple[int, float, float, float]] = field(default_factory=list)
    best_step: int = 0
    best_scores: HeldOut | None = None
    held_out: HeldOut = HeldOut(float("nan"), float("nan"))

    def keep_if_better(self, network: nn.Module, scores: HeldOut, step: int) -> None:
        """Take a network for the best one; of equal ones the last."""
        if self.best_scores is None or scores.dice >= self.best_scores.dice:
            self.best, self.best_scores, self.best_step = _state(network), scores, step

    def note(self, step: int, loss: float, scores: HeldOut | None) -> None:
        """Add a step to the curve; None if nothing was scored."""
        if scores is not None:
            self.held_out = scores
        of_curve = (np.nan, np.nan) if scores is None else (scores.loss, scores.dice)
        self.curve.append((step, loss, *of_curve))

    def state_dict(self) -> dict[str, Any]:
        """Return it as tensors and plain values."""
        return {
            "best": self.best,
            "curve": self.curve,
            "best_step": self.best_step,
            "best_scores": None if self.best_scores is None else _plain(self.best_scores),
            "held_out": _plain(self.held_out),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.best, self.curve, self.best_step = state["best"], state["curve"], state["best_step"]
        best = state["best_scores"]
        self.best_scores = None if best is None else _held_out(*best)
        self.held_out = _held_out(*state["held_out"])


def fit(
    network: Network,
    draw: Callable[[], Batch],
    objective: Objective,
    schedule: Schedule,
    *,
    evaluate: Callable[[Network], HeldOut] | None = None,
    device: str = "cpu",
    half: bool | None = None,
    progress: ProgressCallback | None = None,
    checkpoint: Checkpoint | None = None,
) -> Fit:
    """Train a network.

    Parameters
    ----------
    network
        Changed in place; parameters that require no gradient, and the statistics of
        normalisations with such, stay as they are.
    draw
        Gives the next images ``(N, C, Z, Y, X)`` and labels ``(N, Z, Y, X)``.
    objective
        Gives the loss of a network on images and labels, or its terms. If it is a module with
        weights of its own, these are trained too.
    schedule
        Steps and rates.
    evaluate
        Scores a network on held-out strokes; the best score wins, of equal ones the last.
        Without it the last weights are kept.
    device
        Torch device.
    half
        Whether to multiply in bfloat16; None does where that is fast and safe.
    progress
        Called each step with the values ``loss`` (of several terms the first),
        ``held_out_loss`` and ``held_out_dice``.
    checkpoint
        Where a training of the same is taken up and kept; the objective's random state has to be
        part of its `state_dict`.
    """
    network.to(device=device, memory_format=torch.channels_last_3d).train()  # type: ignore[call-overload]
    _freeze_statistics(network, only_frozen=True)
    trained = [p for p in network.parameters() if p.requires_grad]
    if isinstance(objective, nn.Module):
        trained.extend(objective.to(device).parameters())
    optimizer = torch.optim.AdamW(
        trained, lr=schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, schedule.learning_rate, total_steps=schedule.steps, pct_start=0.2
    )
    averaged = deepcopy(network).eval()
    every = max(1, schedule.steps // schedule.evaluations)
    so_far = _SoFar(_state(averaged))
    parts: dict[str, Any] = {
        "network": network,
        "averaged": averaged,
        "optimizer": optimizer,
        "rate": rate,
        "so_far": so_far,
        **({"objective": objective} if isinstance(objective, nn.Module) else {}),
    }
    resumed_at = _resume(checkpoint, parts, so_far)
    message = f"Training, resumed at step {resumed_at}" if resumed_at else "Training"
    watch = Stopwatch(progress, schedule.steps, "steps", message)
    for _, value, held_out_loss, held_out_dice in so_far.curve:
        watch.skip(values=_values(value, HeldOut(held_out_loss, held_out_dice)))
    half = _halves(device) if half is None else half
    with kept_memory(), _deterministic():
        for step in range(resumed_at + 1, schedule.steps + 1):
            if step > schedule.freeze_from * schedule.steps:
                _freeze_statistics(network)
            value = _step(network, draw(), objective, optimizer, device, half)
            rate.step()
            _average(averaged, network, min(1 - 1 / schedule.average, step / (step + 10)))
            scored = None
            if evaluate is not None and (step % every == 0 or step == schedule.steps):
                scored = evaluate(averaged)
                if step >= schedule.keep_from * schedule.steps:
                    so_far.keep_if_better(averaged, scored, step)
            so_far.note(step, value, scored)
            if checkpoint is not None:
                checkpoint.save_if_due(lambda: {k: part.state_dict() for k, part in parts.items()})
            watch.advance(values=_values(value, so_far.held_out))
    if evaluate is None:
        so_far.best, so_far.best_step = _state(averaged), schedule.steps
    return Fit(
        weights={name: values.numpy() for name, values in so_far.best.items()},
        curve=so_far.curve,
        best_step=so_far.best_step,
        held_out=so_far.best_scores,
        resumed_at=resumed_at,
        seconds_before=checkpoint.seconds_before if checkpoint is not None else 0.0,
    )


def _resume(checkpoint: Checkpoint | None, parts: Mapping[str, Any], so_far: _SoFar) -> int:
    """Bring a training to where an earlier run of it was stopped; returns the step, else 0."""
    state = checkpoint.load() if checkpoint is not None else None
    if state is not None:
        for name, part in parts.items():
            part.load_state_dict(state[name])
    return len(so_far.curve)


def _halves(device: str) -> bool:
    """Tell whether to multiply in bfloat16: on graphics cards that can.

    Not on processors: oneDNN's gradients of 3D kernels in bfloat16 hold uninitialised memory
    where a level is two voxels thin (seen with torch 2.13, AVX-512).
    """
    return device.startswith("cuda") and bool(
        torch.cuda.is_bf16_supported(including_emulation=False)
    )


def _step(
    network: nn.Module,
    batch: Batch,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    device: str,
    half: bool,
) -> float:
    images = torch.from_numpy(batch[0]).to(device, memory_format=torch.channels_last_3d)
    labels = torch.from_numpy(batch[1]).to(device)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=half):
        terms = objective(network, images, labels)
    terms.sum().backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return float(terms.detach().reshape(-1)[0])


def _freeze_statistics(network: nn.Module, *, only_frozen: bool = False) -> None:
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and not (
            only_frozen and module.weight.requires_grad
        ):
            module.eval()


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module, keep: float) -> None:
    for kept, new in zip(
        averaged.state_dict().values(), network.state_dict().values(), strict=True
    ):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - keep)
        else:
            kept.copy_(new)


def _state(network: nn.Module) -> dict[str, Tensor]:
    return {k: v.detach().cpu().clone() for k, v in network.state_dict().items()}


def _plain(scores: HeldOut) -> tuple[float, float, Tensor | None]:
    table = scores.confusion
    return scores.loss, scores.dice, None if table is None else torch.from_numpy(table)


def _held_out(loss: float, dice: float, table: Tensor | None) -> HeldOut:
    return HeldOut(loss, dice, None if table is None else table.numpy())


def _values(loss: float, held_out: HeldOut) -> dict[str, float]:
    values = {"loss": loss, "held_out_loss": held_out.loss, "held_out_dice": held_out.dice}
    return {k: v for k, v in values.items() if np.isfinite(v)}


@contextmanager
def _deterministic() -> Iterator[None]:
    """Choose repeatable kernels, and restore what the program had chosen."""
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
