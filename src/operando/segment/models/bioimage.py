"""Models as bioimage.io packages, for other programs and back."""

from __future__ import annotations

import io
import re
import tempfile
import warnings
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import numpy as np

from operando.atomic import replacing
from operando.errors import FileError, InputError, as_path
from operando.segment.models.bioimage_description import (
    EPS,
    INPUT_FILE,
    OUTPUT_FILE,
    OWN_FILES,
    OWN_FOLDER,
    SCRIPT_FILE,
    About,
    describe,
)
from operando.segment.models.model import README_FILE, Model
from operando.segment.models.model_card import model_card
from operando.segment.normalise import LIMIT

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

DESCRIPTION_FILE = "rdf.yaml"
TEST_SHAPE = (16, 64, 64)
NAME = re.compile(r"[\w+\-() ]{5,128}")


def export_package(
    model: Model,
    path: str | Path,
    *,
    name: str = "Battery electrode phases",
    authors: tuple[str, ...] = (),
    licence: str = "CC-BY-4.0",
    image: Any = None,
) -> None:
    """Write a model as a bioimage.io package (a zip file, model description 0.5).

    Other programs run its TorchScript weights; they take grey values, scale them from the
    percentiles of the image that the model was trained with, and get the probabilities of the
    classes as channels. What this program needs to go on training lies beside, so that
    `import_package` gives the same model back.

    Parameters
    ----------
    model
        A U-Net; forests, second opinions and LRCS-Net have no TorchScript.
    path
        New file, ``.zip``. One that is there is replaced.
    name
        Five letters or more.
    authors
        Names of who painted and trained.
    licence
        SPDX identifier, such as "CC-BY-4.0" or "CC0-1.0".
    image
        ``(Z, Y, X)`` or ``(C, Z, Y, X)`` from which the test image in the package is cut (its
        middle), anything that slices like numpy; None takes random grey blobs.

    Raises
    ------
    InputError
        If the network has no TorchScript, the name is too short or has odd signs, or the image
        is too small.
    FileError
        If the file cannot be written.
    """
    if not NAME.fullmatch(name):
        raise InputError(
            f"The name {name!r} does not do for bioimage.io",
            "use 5 to 128 letters, numbers, spaces, hyphens and brackets",
        )
    script, multiple = _script(model)
    raw = _test_image(model, multiple, image)
    files = _own_files(model)
    files[SCRIPT_FILE] = _saved(script)
    files[README_FILE] = model_card(model).encode()
    files[INPUT_FILE] = _as_npy(raw)
    files[OUTPUT_FILE] = _as_npy(_run(script, _normalised(raw, model.percentiles)))
    about = About(name=name, licence=licence, authors=authors or ("unknown",), multiple=multiple)
    files[DESCRIPTION_FILE] = _as_yaml(describe(model, about, files))
    with (
        replacing(as_path(path), make_folder=False) as partial,
        ZipFile(partial, "w", ZIP_DEFLATED) as package,
    ):
        for file, content in files.items():
            package.writestr(file, content)


def import_package(path: str | Path) -> Model:
    """Read a model from a bioimage.io package that `export_package` wrote.

    Parameters
    ----------
    path
        A zip file, or the folder that it was unpacked to.

    Returns
    -------
    The model that was exported, weight by weight.

    Raises
    ------
    FileError
        If it is no package, it is damaged, or another program wrote it: how such a model
        expects its images is not known well enough to run it.
    """
    source = as_path(path)
    try:
        files = _read(source)
    except (OSError, BadZipFile) as error:
        raise FileError(f"{source} cannot be read ({error})", "give a bioimage.io zip") from error
    if DESCRIPTION_FILE not in files:
        raise FileError(f"{source} holds no {DESCRIPTION_FILE}", "give a bioimage.io package")
    own = {name: files.get(f"{OWN_FOLDER}/{name}") for name in OWN_FILES}
    if None in own.values():
        raise FileError(
            f"The bioimage.io package {source} was made by another program",
            "only those that napari-operando exported can be imported; train a model from strokes",
        )
    with tempfile.TemporaryDirectory() as folder:
        for name, content in own.items():
            Path(folder, name).write_bytes(content or b"")
        return Model.load(folder)


def _script(model: Model) -> tuple[nn.Module, tuple[int, int, int]]:
    """Return probabilities as TorchScript, and the voxels of which edges must be multiples."""
    import torch
    from torch import nn

    from operando.nets.backends import fold_normalisation

    network = model.network()
    multiple = getattr(network, "multiple", None)
    example = torch.zeros(1, model.architecture.in_channels, *(2 * m for m in multiple or (1,) * 3))
    try:
        if multiple is None:
            raise RuntimeError("tables instead of layers")
        layers = nn.Sequential(fold_normalisation(network), nn.Softmax(dim=1)).eval()
        with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
            warnings.simplefilter("ignore")  # padding is decided by the shape, see `pad_up`
            script: nn.Module = torch.jit.trace(layers, example)  # type: ignore[no-untyped-call]
            return script, multiple
    except (RuntimeError, TypeError) as error:
        name = "second opinion" if model.architecture.second_opinion else "network"
        raise InputError(
            f"The {name} of this model ({model.architecture.network}) has no TorchScript, which "
            "bioimage.io needs",
            "train a U-Net without second opinion",
        ) from error


def _test_image(model: Model, multiple: tuple[int, int, int], image: Any) -> NDArray[np.float32]:
    """Return grey values ``(1, C, z, y, x)`` whose edges the network takes."""
    from scipy.ndimage import gaussian_filter

    channels = model.architecture.in_channels
    flat = all(kernel[0] == 1 for kernel in model.architecture.kernels)
    wanted = (1, *TEST_SHAPE[1:]) if flat else TEST_SHAPE
    shape = tuple(-(-n // m) * m for n, m in zip(wanted, multiple, strict=True))
    if image is not None:
        given = image if len(image.shape) == 4 else image[None]
        extra = [n - m for n, m in zip(given.shape, (channels, *shape), strict=True)]
        if extra[0] or min(extra) < 0:
            raise InputError(
                f"An image of the shape {tuple(image.shape)} holds no test image of {channels} "
                f"channel(s) and {shape} voxels",
                "give a larger one, or none",
            )
        middle = [slice(e // 2, e // 2 + m) for e, m in zip(extra[1:], shape, strict=True)]
        return np.ascontiguousarray(given[:, *middle], np.float32)[None]
    noise = np.random.default_rng(0).standard_normal((channels, *shape))
    blobs = np.stack([gaussian_filter(values, 3) > 0 for values in noise])
    return (1000 * blobs + 100 * noise + 2000)[None].astype(np.float32)


def _normalised(raw: NDArray[np.float32], percentiles: tuple[float, float]) -> NDArray[np.float32]:
    """Do what the description asks other programs to do."""
    low, high = np.percentile(raw, percentiles, axis=(0, 2, 3, 4), keepdims=True)
    scaled = (raw - low) / (high - low + EPS) * 2 - 1
    return np.asarray(np.clip(scaled, -LIMIT, LIMIT), np.float32)


def _run(script: nn.Module, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    import torch

    with torch.no_grad():
        return np.asarray(script(torch.from_numpy(windows)).numpy())


def _own_files(model: Model) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "model")
        model.save(target)
        return {f"{OWN_FOLDER}/{name}": (target / name).read_bytes() for name in OWN_FILES}


def _saved(script: nn.Module) -> bytes:
    import torch

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is on its way out, bioimage.io still uses it
        torch.jit.save(script, buffer)
    return buffer.getvalue()


def _as_npy(values: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def _as_yaml(content: dict[str, Any]) -> bytes:
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode()


def _read(source: Path) -> dict[str, bytes]:
    wanted = (DESCRIPTION_FILE, *(f"{OWN_FOLDER}/{name}" for name in OWN_FILES))
    if source.is_dir():
        return {name: (source / name).read_bytes() for name in wanted if (source / name).is_file()}
    with ZipFile(source) as package:
        there = set(package.namelist())
        return {name: package.read(str(PurePosixPath(name))) for name in wanted if name in there}
