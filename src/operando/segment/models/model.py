"""A trained model: all that is needed to segment, kept in a folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.atomic import replacing
from operando.data.classes import LabelClass
from operando.errors import FileError, as_path
from operando.nets.architecture import TIME_UNET, Architecture
from operando.segment.models.model_card import model_card
from operando.segment.models.taught_network import TaughtNetwork

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
CRACK = "crack"
PRETRAINED = Path(__file__).parents[2] / "nets" / "weights" / "electrodes"
CURVE_COLUMNS = ("step", "loss", "held_out_loss", "held_out_dice")
WEIGHTS_FILE, CARD_FILE, CURVE_FILE = "weights.safetensors", "model.json", "curve.parquet"
README_FILE = "README.md"


@dataclass(frozen=True, kw_only=True)
class Model(TaughtNetwork):
    """A network that has learnt, with what it was taught, as it is kept in a folder.

    Parameters are those of `TaughtNetwork`.
    """

    def save(self, folder: str | Path) -> None:
        """Write the model to a folder, whole or not at all; a model that was there is replaced.

        A README.md beside the weights is its `model_card`.

        Raises
        ------
        FileError
            If the folder cannot be written, or holds something else than a model.
        """
        from safetensors.numpy import save as serialise

        folder = as_path(folder)
        if folder.is_dir() and any(folder.iterdir()) and not (folder / CARD_FILE).exists():
            raise FileError(f"{folder} holds something else than a model", "name a new folder")
        with replacing(folder) as partial:
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

        source = as_path(folder)
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
            "start": self.start,
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


def has_weights(network: str, channels: int) -> bool:
    """Tell whether the weights that ship are of such a network, for so many channels."""
    return network in {"unet3d", TIME_UNET} and channels == 1


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
        "start": card.get("start", ""),
        "settings": card["settings"],
        "scores": card["scores"],
    }
