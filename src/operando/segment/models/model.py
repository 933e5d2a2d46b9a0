"""A trained model: all that is needed to segment, kept in a folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.atomic import replacing
from operando.data.classes import LabelClass
from operando.errors import FileError, InputError
from operando.nets.architecture import Architecture, Triple, restore
from operando.nets.frames import Frames, frames_for
from operando.segment.models.model_card import model_card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import nn

FORMAT = 1
CRACK = "crack"
PRETRAINED = Path(__file__).parents[2] / "nets" / "weights" / "electrodes"
CURVE_COLUMNS = ("step", "loss", "held_out_loss", "held_out_dice")
WEIGHTS_FILE, CARD_FILE, CURVE_FILE = "weights.safetensors", "model.json", "curve.parquet"
README_FILE = "README.md"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A network that has learnt, with what it was taught.

    Parameters
    ----------
    architecture
        The network.
    weights
        Its state, by name.
    classes
        Class k of these is the value k + 1 of strokes and labels.
    patch
        Voxels ``(z, y, x)`` of the patches it was trained on.
    percentiles
        Grey-value percentiles of a frame that become -1 and 1.
    voxel_size
        ``(z, y, x)`` in µm, None if not known.
    settings
        The training's settings.
    scores
        ``steps``, ``best_step``, ``strokes``, ``stroke_voxels``, and ``held_out_loss`` and
        ``held_out_dice`` where strokes were held out.
    curve
        ``(n, 4)``: step, loss, held_out_loss, held_out_dice; NaN where not measured.
    """

    architecture: Architecture
    weights: Mapping[str, NDArray[Any]] = field(repr=False)
    classes: tuple[LabelClass, ...]
    patch: Triple
    percentiles: tuple[float, float] = (1.0, 99.0)
    voxel_size: tuple[float, float, float] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    curve: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)), repr=False)

    def network(self) -> nn.Module:
        """Build the network with these weights, on the CPU, in evaluation mode."""
        try:
            return restore(self.architecture, self.weights)
        except RuntimeError as error:
            raise InputError(
                f"The weights do not fit the network {self.architecture.network!r}",
                "the model is damaged, train it again",
            ) from error

    def frames(self, images: Any, axes: str | None = None) -> Frames:
        """Read images as the network takes them; parameters as in `Frames`.

        Raises
        ------
        InputError
            If they have another number of channels than the model was trained for.
        """
        self.check_channels(Frames(images, axes).shape[1])
        return frames_for(self.architecture.network, images, axes)

    def check_channels(self, channels: int) -> None:
        """Refuse images with another number of channels.

        Raises
        ------
        InputError
            If `channels` is not what the model was trained for.
        """
        wanted = self.architecture.image_channels
        if channels != wanted:
            raise InputError(
                f"The model was trained for {wanted} channel(s), these images have {channels}",
                "choose other images or train a new model",
            )

    def save(self, folder: str | Path) -> None:
        """Write the model to a folder, whole or not at all; a model that was there is replaced.

        A README.md beside the weights is its `model_card`.

        Raises
        ------
        FileError
            If the folder cannot be written.
        """
        from safetensors.numpy import save as serialise

        with replacing(Path(folder)) as partial:
            partial.mkdir()
            arrays = {k: np.asarray(v, order="C") for k, v in self.weights.items()}
            (partial / WEIGHTS_FILE).write_bytes(serialise(arrays))
            (partial / CARD_FILE).write_text(json.dumps(self._card(), indent=2) + "\n", "utf-8")
            (partial / README_FILE).write_text(model_card(self), "utf-8")
            self._curve_frame().to_parquet(partial / CURVE_FILE, index=False)

    @classmethod
    def load(cls, folder: str | Path) -> Model:
        """Read a model from a folder.

        Raises
        ------
        FileError
            If there is none, it is damaged, or a newer version wrote it.
        """
        import pandas as pd
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        source = Path(folder)
        if not (source / CARD_FILE).is_file():
            raise FileError(f"There is no model in {source}", "choose a folder with a model.json")
        try:
            card = json.loads((source / CARD_FILE).read_text("utf-8"))
            version = int(card["format"])
            if version > FORMAT:
                raise FileError(
                    f"The model in {source} has format {version}, this version reads {FORMAT}",
                    "update napari-operando",
                )
            weights = load_file(source / WEIGHTS_FILE)
            curve = pd.read_parquet(source / CURVE_FILE)[list(CURVE_COLUMNS)].to_numpy(float)
            return cls(weights=weights, curve=curve, **_from_card(card))
        except FileError:
            raise
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise FileError(
                f"The model in {source} is damaged ({error})", "train it again or copy it anew"
            ) from error

    def _card(self) -> dict[str, Any]:
        from importlib.metadata import version

        return {
            "format": FORMAT,
            "version": version("napari-operando"),
            "architecture": self.architecture.as_dict(),
            "classes": [asdict(c) for c in self.classes],
            "channels": self.architecture.image_channels,
            "patch": list(self.patch),
            "normalisation": {"percentiles": list(self.percentiles)},
            "voxel_size_um": None if self.voxel_size is None else list(self.voxel_size),
            "settings": dict(self.settings),
            "seed": self.settings.get("seed"),
            "scores": dict(self.scores),
        }

    def _curve_frame(self) -> Any:
        import pandas as pd

        table = pd.DataFrame(self.curve, columns=list(CURVE_COLUMNS))
        return table.astype({"step": "int64"})


def pretrained(*, cracks: bool = False) -> Model:
    """Load the model that comes with the package: synthetic electrodes, one channel.

    Its classes are pore, binder and particle; `tools/pretrain.py` made it.

    Parameters
    ----------
    cracks
        Whether cracks are a fourth class; otherwise they are pore.
    """
    model = Model.load(PRETRAINED)
    kept = tuple(c for c in model.classes if cracks or c.name != CRACK)
    rows = {name: model.weights[name][: len(kept)] for name in ("head.weight", "head.bias")}
    return replace(
        model,
        architecture=replace(model.architecture, n_classes=len(kept)),
        classes=kept,
        weights={**model.weights, **rows},
    )


def _from_card(card: Mapping[str, Any]) -> dict[str, Any]:
    z, y, x = card["patch"]
    low, high = card["normalisation"]["percentiles"]
    size = card["voxel_size_um"]
    return {
        "architecture": Architecture.from_dict(card["architecture"]),
        "classes": tuple(LabelClass(**c) for c in card["classes"]),
        "patch": (int(z), int(y), int(x)),
        "percentiles": (float(low), float(high)),
        "voxel_size": None if size is None else tuple(float(v) for v in size),
        "settings": card["settings"],
        "scores": card["scores"],
    }
