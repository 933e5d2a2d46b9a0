"""The description in a bioimage.io package: how other programs run the model."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from operando.segment.models.model import CARD_FILE, CURVE_FILE, README_FILE, WEIGHTS_FILE
from operando.segment.normalise import LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from operando.segment.models.model import Model

FORMAT_VERSION = "0.5.4"
SCRIPT_FILE, INPUT_FILE, OUTPUT_FILE = "weights.torchscript.pt", "test_input.npy", "test_output.npy"
OWN_FOLDER = "operando"
OWN_FILES = (CARD_FILE, WEIGHTS_FILE, CURVE_FILE)
EPS = 1e-6
SOURCE = {
    "text": "Çiçek et al. 2016, 3D U-Net: Learning Dense Volumetric Segmentation from Sparse "
    "Annotation",
    "doi": "10.1007/978-3-319-46723-8_49",
}


@dataclass(frozen=True, kw_only=True)
class About:
    """What the description says beside what the model knows of itself.

    Parameters
    ----------
    name, licence
        Of the model; the licence as SPDX identifier.
    authors
        Names.
    multiple
        Voxels ``(z, y, x)`` of which the edges of an image must be multiples.
    """

    name: str
    licence: str
    authors: Sequence[str]
    multiple: tuple[int, int, int]


def describe(model: Model, about: About, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the content of the description, model format 0.5.

    Parameters
    ----------
    model
        Whose probabilities the package gives.
    about
        Name, authors and so on.
    files
        All others of the package, by name.
    """
    import torch

    classes = [c.name for c in model.classes]
    script = {**_file(SCRIPT_FILE, files), "pytorch_version": torch.__version__.partition("+")[0]}
    return {
        "format_version": FORMAT_VERSION,
        "type": "model",
        "name": about.name,
        "description": f"Segments tomograms of battery electrodes: {', '.join(classes)}. Made "
        "with napari-operando.",
        "authors": [{"name": author} for author in about.authors],
        "license": about.licence,
        "cite": [SOURCE],
        "documentation": _file(README_FILE, files),
        "tags": ["battery", "tomography", "3d", "segmentation", "pytorch", "unet"],
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "inputs": [_input(model, about.multiple, files)],
        "outputs": [_output(model, files)],
        "weights": {"torchscript": script},
        "attachments": [_file(f"{OWN_FOLDER}/{own}", files) for own in OWN_FILES],
    }


def _input(
    model: Model, multiple: tuple[int, int, int], files: Mapping[str, bytes]
) -> dict[str, Any]:
    lengths: list[Any] = [{"min": m, "step": m} for m in multiple]
    if _is_flat(model):
        lengths[0] = 1
    channels = [f"channel_{i + 1}" for i in range(model.architecture.in_channels)]
    return {
        "id": "raw",
        "description": "Grey values of one frame",
        "axes": _axes(model, channels, lengths),
        "data": {"type": "float32"},
        "test_tensor": _file(INPUT_FILE, files),
        "preprocessing": _preprocessing(model.percentiles),
    }


def _preprocessing(percentiles: tuple[float, float]) -> list[dict[str, Any]]:
    """Return how other programs scale grey values, as `operando.segment.normalise` does."""
    low, high = percentiles
    scaling = {
        "axes": ["batch", "z", "y", "x"],
        "min_percentile": low,
        "max_percentile": high,
        "eps": EPS,
    }
    return [
        {"id": "scale_range", "kwargs": scaling},
        {"id": "scale_linear", "kwargs": {"gain": 2.0, "offset": -1.0}},
        {"id": "clip", "kwargs": {"min": -LIMIT, "max": LIMIT}},
        {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
    ]


def _output(model: Model, files: Mapping[str, bytes]) -> dict[str, Any]:
    classes = [c.name for c in model.classes]
    lengths: list[Any] = [{"tensor_id": "raw", "axis_id": a} for a in "zyx"]
    if _is_flat(model):
        lengths[0] = 1
    return {
        "id": "probabilities",
        "description": f"Probability of every class: {', '.join(classes)}",
        "axes": _axes(model, _identifiers(classes), lengths),
        "data": {"type": "float32", "range": [0.0, 1.0]},
        "test_tensor": _file(OUTPUT_FILE, files),
    }


def _axes(model: Model, channels: Sequence[str], lengths: Sequence[Any]) -> list[dict[str, Any]]:
    size: list[dict[str, Any]] = [{}, {}, {}]
    if model.voxel_size is not None:
        size = [{"unit": "micrometer", "scale": edge} for edge in model.voxel_size]
    return [
        {"type": "batch"},
        {"type": "channel", "channel_names": list(channels)},
        *(
            {"type": "space", "id": axis, "size": length, **edge}
            for axis, length, edge in zip("zyx", lengths, size, strict=True)
        ),
    ]


def _is_flat(model: Model) -> bool:
    return all(kernel[0] == 1 for kernel in model.architecture.kernels)


def _identifiers(names: list[str]) -> list[str]:
    """Turn names of classes into words without spaces, each of its own."""
    found: list[str] = []
    for k, name in enumerate(names, 1):
        word = re.sub(r"\W+", "_", name).strip("_")
        word = word if word.isidentifier() else f"class_{k}"
        found.append(f"{word}_{k}" if word in found else word)
    return found


def _file(name: str, files: Mapping[str, bytes]) -> dict[str, str]:
    return {"source": name, "sha256": hashlib.sha256(files[name]).hexdigest()}
