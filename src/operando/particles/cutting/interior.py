"""How deep inside its own particle every voxel lies and where its centre is, told by a network.

Where particles touch over flat faces, or cracks run right through, distances to the surface say
little. The network has seen many such particles: it gives 0 at the border of a particle, also
where another one touches it, and 1 at its deepest place, and it looks through cracks. The way to
the centre [offsets as in Neven et al., CVPR 2019] tells pieces of one particle from neighbours.
It sees how likely a segmentation finds the solid, where gaps of less than a voxel show as dips;
for masks there is one of its own, which does not tell centres. Both were trained by
``tools/train_splitter.py`` on synthetic electrodes, at one size: every solid is resampled so that
its typical particle is 16 voxels across. Particles of less than about a third of that may be taken
for bumps of larger ones that they touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.kept_memory import kept_memory
from operando.compute.tiles import plan_tiles
from operando.errors import FileError
from operando.particles.labels.resampling import enlarge, shrink
from operando.particles.labels.sure import Solid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from operando.particles.labels.boxes import Box
    from operando.particles.labels.sure import Shown

    Shape = tuple[int, int, int]

TYPICAL = 16.0
"""Voxels across the typical particle in what the network sees."""

LARGEST_FACTOR = 1.6
"""By how much small particles are enlarged at most; more would show nothing new."""

HALVINGS = 3
POOLING = 2**HALVINGS

TILE, HALO = (120, 240, 240), 16
"""Whole multiples of the pooling inside the network, so that all tiles lie on one grid; mirrored,
those at the far sides of a volume lie on that of their end."""

ANSWERS = 5
"""Depth, being inside, and the way to the centre along every axis."""

WEIGHTS = "splitter_{}.safetensors"


@dataclass(frozen=True)
class Interior:
    """What the network tells of every voxel, interpolated where it is asked for.

    Parameters
    ----------
    answer
        ``(5, z, y, x)`` of the network, at its scale: depth, share of particles, and the way to
        the centre of the particle along every axis.
    shape
        Of the solid.
    spacing
        Voxel size ``(z, y, x)``.
    """

    answer: Any
    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]

    def depth(self, box: Box) -> NDArray[np.float32]:
        """From 0 at the border of a particle to 1 at its deepest place, in a block.

        It means nothing where there is neither solid nor a particle.
        """
        return enlarge(_Part(self.answer, 0), self.shape, box)

    def inside(self, box: Box) -> NDArray[np.bool_]:
        """Where particles are, their cracks included, in a block."""
        return enlarge(_Part(self.answer, 1), self.shape, box) > 0.5

    def aim(self, box: Box) -> NDArray[np.float32]:
        """Way ``(3, Z, Y, X)`` to the centre of the particle, in the unit of the voxel size."""
        seen = self.answer.shape[1:]
        return np.stack(
            [
                np.float32(TYPICAL * spacing * n / m)
                * enlarge(_Part(self.answer, axis + 2), self.shape, box)
                for axis, (spacing, n, m) in enumerate(
                    zip(self.spacing, self.shape, seen, strict=True)
                )
            ]
        )


@dataclass(frozen=True)
class _Part:
    array: Any
    part: int

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape[1:])

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[np.float32]:
        return np.asarray(self.array[(self.part, *box)])


def interior(
    solid: NDArray[np.bool_], typical: float, spacing: tuple[float, float, float]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Tell how deep in its particle every voxel of a mask lies; see `look_inside`."""
    seen = look_inside(Solid.certain(solid.__getitem__), solid.shape, typical, spacing)
    z, y, x = (slice(0, n) for n in solid.shape)
    return seen.depth((z, y, x)), seen.inside((z, y, x))


def look_inside(
    source: Solid,
    shape: tuple[int, ...],
    typical: float,
    spacing: tuple[float, float, float],
    scratch: Callable[[tuple[int, ...], Any], Any] = np.zeros,
    tick: Callable[[], None] = lambda: None,
    model: Path | None = None,
) -> Interior:
    """Tell how deep in its particle every voxel lies.

    Parameters
    ----------
    source
        The solid. The shipped network for masks does not tell the way to the centre.
    shape
        Of the solid ``(Z, Y, X)``.
    typical
        Typical diameter of the particles, in the unit of `spacing`.
    spacing
        Voxel size ``(z, y, x)``.
    scratch
        Makes an array of a shape and a type, zeros, that need not be in memory.
    tick
        Called after every tile.
    model
        Weights of another network than the shipped ones.
    """
    n_z, n_y, n_x = shape
    size = _seen_shape((n_z, n_y, n_x), typical, spacing)
    shares = scratch(_smaller(size, (n_z, n_y, n_x)), np.float32)
    shrink(source.share, (n_z, n_y, n_x), shares, tick)
    answer = scratch((ANSWERS, *size), np.float32)
    run = _runner(model, source.shown)
    for tile in plan_tiles(size, _even(size, TILE), HALO):
        z, y, x = tile.padded
        seen = enlarge(shares, size, (z, y, x))
        if seen[tile.inner].any():
            answer[(slice(None), *tile.core)] = _from_every_side(run, seen)[:, *tile.inner]
        tick()
    return Interior(answer, (n_z, n_y, n_x), spacing)


def _even(shape: tuple[int, ...], largest: tuple[int, ...]) -> tuple[int, ...]:
    """Size of as few tiles as there must be, about alike: less is spent on halos."""
    even = (-(-n // -(-n // size)) for n, size in zip(shape, largest, strict=True))
    return tuple(-(-n // POOLING) * POOLING for n in even)


def resample(
    solid: NDArray[Any], typical: float, spacing: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Bring a mask, or shares of solid, to the size at which the network knows particles."""
    n_z, n_y, n_x = solid.shape
    size = _seen_shape((n_z, n_y, n_x), typical, spacing)
    shares = np.empty(_smaller(size, (n_z, n_y, n_x)), np.float32)
    shrink(lambda box: solid[box], (n_z, n_y, n_x), shares)
    return enlarge(shares, size, (slice(0, size[0]), slice(0, size[1]), slice(0, size[2])))


def _seen_shape(shape: Shape, typical: float, spacing: tuple[float, float, float]) -> Shape:
    z, y, x = (
        max(1, round(n * min(TYPICAL * s / typical, LARGEST_FACTOR)))
        for n, s in zip(shape, spacing, strict=True)
    )
    return z, y, x


def _smaller(a: Shape, b: Shape) -> Shape:
    z, y, x = (min(pair) for pair in zip(a, b, strict=True))
    return z, y, x


def _from_every_side(
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]], block: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Mean answer over the cyclic orders of the axes, each as it is and mirrored through a point.

    So turning the axes changes nothing, and what the network gets wrong from one side weighs less.
    """
    total = np.zeros((ANSWERS, *block.shape), np.float32)
    for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        back = np.argsort(order)
        with kept_memory():  # for blocks of one shape only: others would leave gaps in it
            for step in (1, -1):
                mirror = (slice(None, None, step),) * 3
                answer = run(block.transpose(order)[mirror])[:, *mirror].transpose(0, *(1 + back))
                total[:2] += answer[:2]
                total[2:] += step * answer[2 + back]
    total /= 6
    return total


def build_network() -> nn.Module:
    """Make the network, untrained: from shares of solid to what it answers.

    These are the logits of depth and of being inside, and the way to the centre of the particle
    along ``(z, y, x)``, in typical diameters.
    """
    from operando.nets.architecture import Architecture
    from operando.nets.unet3d import UNet3d

    return UNet3d(
        Architecture(
            network="unet3d",
            in_channels=1,
            n_classes=ANSWERS,
            width=12,
            kernels=((3, 3, 3),) * (HALVINGS + 1),
            strides=((2, 2, 2),) * HALVINGS,
        )
    )


def to_input(shares: Any) -> Any:
    """Centre shares of solid, an array or a tensor, around 0."""
    return 2 * shares - 1


@cache
def _runner(
    model: Path | None, shown: Shown
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Load weights; the result takes ``(Z, Y, X)`` and gives ``(5, Z, Y, X)``."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    from operando.compute.device import choose_device
    from operando.nets.backends import computes_in_bfloat16, fold_normalisation

    network = build_network()
    source = model or resources.files("operando.particles.cutting").joinpath(WEIGHTS.format(shown))
    try:
        stored = load(source.read_bytes())
        network.load_state_dict({name: value.float() for name, value in stored.items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise FileError(
            f"{source} holds no network that parts particles ({str(error).splitlines()[0]})",
            "give weights that tools/train_splitter.py wrote",
        ) from error
    device = choose_device()
    # It takes half of the memory and changes depths by 0.0001 on average, by 0.01 at most.
    kind = torch.bfloat16 if computes_in_bfloat16(device) else torch.float32
    ready = fold_normalisation(network).to(device, kind, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def run(shares: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(to_input(shares)))[None, None]
            answer = ready(batch.to(device, kind))[0].float()
            answer[:2] = torch.sigmoid(answer[:2])
        return np.asarray(answer.cpu().numpy())

    return run
