"""Segment whole frames with a trained model, window by window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.device import choose_device
from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.nets.frames import check_finite
from operando.nets.inference import Block, WindowGrid, blend
from operando.segment.normalise import grey_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.compute.tiles import Box
    from operando.nets.architecture import Triple
    from operando.nets.backends import Backend
    from operando.segment.model import Model

WINDOW = (48, 128, 128)
BLOCK = (64, 512, 512)


def predict(
    model: Model,
    image: Any,
    *,
    frame: int | None = None,
    device: str = "auto",
    progress: ProgressCallback | None = None,
) -> NDArray[np.float32]:
    """Probability of every class in every voxel of one frame.

    Parameters
    ----------
    model
        From `train` or `Model.load`.
    image
        One frame ``(Z, Y, X)`` or ``(C, Z, Y, X)``; a series with `frame`.
    frame
        Which frame of a series ``(T, Z, Y, X)`` or ``(T, C, Z, Y, X)``. Only so a network that
        looks at the frames before and after sees them; else the frame stands in for them.
    device
        "auto", "cpu", "cuda", "mps".
    progress
        Called after every window.

    Returns
    -------
    ``(K, Z, Y, X)`` float32, adding up to 1; ``argmax(0) + 1`` is the label. This holds the
    whole frame in memory; `predict_blocks` does not.

    Raises
    ------
    InputError
        If the image holds NaN or has another number of channels than the model.
    """
    shape = image.shape[-3:]
    out = np.empty((len(model.classes), *shape), np.float32)
    for block in predict_blocks(model, image, frame=frame, device=device, progress=progress):
        out[:, *block.box] = block.probabilities
    return out


def predict_into(
    model: Model,
    image: Any,
    *,
    frame: int | None = None,
    labels_out: Any,
    probabilities_out: Any = None,
    block: Triple = BLOCK,
    is_done: Callable[[Box], bool] = lambda _: False,
    on_block: Callable[[Box], None] = lambda _: None,
    device: str = "auto",
    progress: ProgressCallback | None = None,
    backend: Backend | None = None,
) -> None:
    """Segment one frame from array to array, block by block.

    Parameters
    ----------
    model, image, frame, device, progress, backend
        As in `predict_blocks`.
    labels_out
        ``(Z, Y, X)`` uint8 array-like that is written to: 1..K, never 0.
    probabilities_out
        ``(K, Z, Y, X)`` uint8 array-like (255 = certain), or None.
    block
        Voxels written at a time; a multiple of the chunks of `labels_out`.
    is_done
        Says of a box whether an earlier run finished it.
    on_block
        Called after a box is written.
    """
    for part in predict_blocks(
        model,
        image,
        frame=frame,
        block=block,
        is_done=is_done,
        device=device,
        progress=progress,
        backend=backend,
    ):
        labels_out[part.box] = part.probabilities.argmax(0).astype(np.uint8) + np.uint8(1)
        if probabilities_out is not None:
            probabilities_out[(slice(None), *part.box)] = to_uint8(part.probabilities)
        on_block(part.box)


def predict_blocks(
    model: Model,
    image: Any,
    *,
    frame: int | None = None,
    block: Triple = BLOCK,
    is_done: Callable[[Box], bool] = lambda _: False,
    device: str = "auto",
    progress: ProgressCallback | None = None,
    backend: Backend | None = None,
) -> Iterator[Block]:
    """Segment one frame block by block; memory holds a block and the windows around it.

    The blocks are exact: put together they equal `predict`, whatever their size.

    Parameters
    ----------
    model
        From `train` or `Model.load`.
    image, frame
        As in `predict`: numpy, memmap, dask or zarr.
    block
        Voxels of a block ``(z, y, x)``.
    is_done
        Says of a box whether it can be left out.
    device, progress
        As in `predict`.
    backend
        Runs the network on windows; None takes torch.

    Yields
    ------
    Blocks with ``box`` and ``probabilities`` ``(K, z, y, x)`` float32.
    """
    t, axes = frame or 0, None
    if frame is None:
        axes = {3: "zyx", 4: "czyx"}.get(len(image.shape))
        if axes is None:
            raise InputError(
                f"An image of the shape {tuple(image.shape)}", "give one frame (z, y, x)"
            )
    frames = model.frames(image, axes)
    scale = grey_scale(frames, t, model.percentiles)
    grid = window_grid(model, frames.volume_shape)
    if backend is None:
        from operando.nets.backends import torch_backend

        backend = torch_backend(model.network(), choose_device(device))

    def read(box: Box) -> NDArray[np.float32]:
        raw = frames.read(t, box)
        check_finite(raw, t)
        return scale.apply(raw)

    total = grid.count(tuple(slice(0, n) for n in grid.shape))
    watch = Stopwatch(progress, total, "windows", "Segmenting")
    yield from blend(read, backend, grid, block, is_done=is_done, on_window=watch.advance)


def window_grid(model: Model, shape: Triple) -> WindowGrid:
    """Windows for a volume: large ones in full resolution, a quarter of each edge shared."""
    flat = all(k[0] == 1 for k in model.architecture.kernels)
    wanted = (1, 256, 256) if flat else WINDOW
    z, y, x = (min(w, n) for w, n in zip(wanted, shape, strict=True))
    return WindowGrid(shape=shape, window=(z, y, x), overlap=(z // 4, y // 4, x // 4))


def to_uint8(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Scale probabilities 0..1 to 0..255, rounded."""
    return np.rint(probabilities * 255).astype(np.uint8)
