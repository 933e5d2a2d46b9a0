"""Segment whole frames with a trained model, window by window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.device import choose_device, free_memory
from operando.compute.kept_memory import kept_memory
from operando.compute.progress import Stopwatch
from operando.compute.tiles import plan_tiles
from operando.errors import InputError
from operando.nets.frames import array_of, imaged
from operando.nets.inference import Block, WindowGrid, blend
from operando.nets.window_size import fit_window, memory_per_voxel
from operando.segment.normalise import grey_scale
from operando.segment.phases.labels import labels_of, to_uint8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.compute.tiles import Box
    from operando.nets.architecture import Triple
    from operando.nets.backends import Backend
    from operando.nets.fastest import FastestBackend, Precision
    from operando.segment.models.model import Model

WINDOW = (48, 128, 128)
BLOCK = (64, 512, 512)


def predict(
    model: Model,
    image: Any,
    *,
    frame: int | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    progress: ProgressCallback | None = None,
) -> NDArray[np.float32]:
    """Probability of every class in every voxel of one frame.

    Parameters
    ----------
    model
        From `train` or `Model.load`.
    image
        One frame ``(Z, Y, X)`` or ``(C, Z, Y, X)``; a series, array or `Series`, with `frame`.
    frame
        Which frame of a series ``(T, Z, Y, X)`` or ``(T, C, Z, Y, X)``. Only so a network that
        looks at the frames before and after sees them; else the frame stands in for them.
    device
        "auto", "cpu", "cuda", "mps".
    precision
        "auto" computes long jobs in the fastest way that changes probabilities by 0.02 at most
        (`fastest_backend`), "float32" all in single precision.
    progress
        Called after every window.

    Returns
    -------
    ``(K, Z, Y, X)`` float32, adding up to 1; ``argmax(0) + 1`` is the label. They are 0 where
    nothing was imaged: where a channel is NaN. This holds the whole frame in memory;
    `predict_blocks` does not.

    Raises
    ------
    InputError
        If there is no such frame, nothing was imaged in it, or it has another number of channels
        than the model.
    """
    shape = array_of(image).shape[-3:]
    out = np.empty((len(model.classes), *shape), np.float32)
    blocks = predict_blocks(
        model, image, frame=frame, device=device, precision=precision, progress=progress
    )
    for block in blocks:
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
    precision: Precision = "auto",
    progress: ProgressCallback | None = None,
    backend: Backend | None = None,
) -> None:
    """Segment one frame from array to array, block by block.

    Parameters
    ----------
    model, image, frame, device, precision, progress, backend
        As in `predict_blocks`.
    labels_out
        ``(Z, Y, X)`` uint8 array-like that is written to: 1..K, 0 where nothing was imaged.
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
        precision=precision,
        progress=progress,
        backend=backend,
    ):
        labels_out[part.box] = labels_of(part.probabilities)
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
    precision: Precision = "auto",
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
    device, precision, progress
        As in `predict`.
    backend
        Runs the network on windows; None takes what `choose_backend` finds for one frame.

    Yields
    ------
    Blocks with ``box`` and ``probabilities`` ``(K, z, y, x)`` float32.
    """
    device = choose_device(device)
    source = _Source(model, image, frame, device)
    backend = backend or _choose(model, source, 1, device, precision, progress)
    name = getattr(backend, "name", "")
    message = f"Segmenting ({name})" if name else "Segmenting"
    n_windows = source.n_windows(block)
    watch = Stopwatch(progress, n_windows, "windows", message)
    watch.skip(n_windows - source.n_windows(block, is_done))
    with kept_memory():
        for part in blend(
            source.read, backend, source.grid, block, is_done=is_done, on_window=watch.advance
        ):
            if source.has_gaps:
                part.probabilities[:, ~source.imaged(part.box)] = 0
            yield part


def choose_backend(
    model: Model,
    image: Any,
    *,
    frame: int | None = None,
    n_frames: int = 1,
    device: str = "auto",
    precision: Precision = "auto",
    progress: ProgressCallback | None = None,
) -> FastestBackend:
    """Choose how to run the model on frames of one shape, by trying ways on a window.

    Parameters
    ----------
    model, image, frame, device, precision
        As in `predict`. The window is the middle one of this frame.
    n_frames
        How many such frames are to be segmented with it.
    progress
        Called before every try.
    """
    device = choose_device(device)
    source = _Source(model, image, frame, device)
    return _choose(model, source, n_frames, device, precision, progress)


def _choose(
    model: Model,
    source: _Source,
    n_frames: int,
    device: str,
    precision: Precision,
    progress: ProgressCallback | None,
) -> FastestBackend:
    from operando.nets.fastest import fastest_backend

    windows = n_frames * source.n_windows(BLOCK)
    return fastest_backend(
        model.network(), device, source.middle_window, windows, precision, progress
    )


class _Source:
    """Normalised windows of one frame."""

    def __init__(self, model: Model, image: Any, frame: int | None, device: str) -> None:
        axes = None
        if frame is None:
            shape = array_of(image).shape
            axes = {3: "zyx", 4: "czyx"}.get(len(shape))
            if axes is None:
                raise InputError(
                    f"An image of the shape {tuple(shape)}",
                    "give one frame (z, y, x), or say which one by frame=",
                )
        self._t = frame or 0
        self._frames = model.frames(image, axes)
        if not 0 <= self._t < self._frames.shape[0]:
            raise InputError(
                f"There is no frame {frame}", f"the last one is {self._frames.shape[0] - 1}"
            )
        self._scale = grey_scale(self._frames, self._t, model.percentiles)
        self.grid = window_grid(model, self._frames.volume_shape, device)
        self.has_gaps = False
        """Whether something that was not imaged was met so far."""

    def n_windows(self, block: Triple, is_done: Callable[[Box], bool] = lambda _: False) -> int:
        """Count the windows of the blocks that are not done."""
        boxes = (tile.core for tile in plan_tiles(self.grid.shape, block))
        return self.grid.count(box for box in boxes if not is_done(box))

    def middle_window(self) -> NDArray[np.float32]:
        """Read ``(1, C, z, y, x)``."""
        starts = [self.grid.starts(axis) for axis in range(3)]
        middle = [s[len(s) // 2] for s in starts]
        box = tuple(slice(s, s + n) for s, n in zip(middle, self.grid.window, strict=True))
        return self.read(box)[None]

    def read(self, box: Box) -> NDArray[np.float32]:
        """Read ``(C, z, y, x)``."""
        raw = self._frames.read(self._t, box)
        self.has_gaps |= not imaged(raw).all()
        return self._scale.apply(raw)

    def imaged(self, box: Box) -> NDArray[np.bool_]:
        """Tell which voxels of a box were imaged."""
        return self._frames.imaged(self._t, box)


def window_grid(model: Model, shape: Triple, device: str = "cpu") -> WindowGrid:
    """Windows for a volume, a quarter of each edge shared: as large as the memory allows."""
    flat = all(k[0] == 1 for k in model.architecture.kernels)
    wanted = (1, 256, 256) if flat else WINDOW
    z, y, x = (min(w, n) for w, n in zip(wanted, shape, strict=True))
    z, y, x = fit_window((z, y, x), memory_per_voxel(model.architecture), free_memory(device))
    return WindowGrid(shape=shape, window=(z, y, x), overlap=(z // 4, y // 4, x // 4))
