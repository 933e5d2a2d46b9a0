"""What a model was taught, how good it is, and what it is not for: a page to go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operando.segment.settings import TrainSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operando.segment.models.taught_network import TaughtNetwork

_SCORES = {
    "held_out_dice": ("Dice on strokes held out", ".3f"),
    "held_out_loss": ("loss on strokes held out", ".3f"),
}
_BATCHES = {
    "steps": ("batches trained", ".0f"),
    "best_step": ("batch of the weights kept", ".0f"),
    "resumed_at": ("batch after which it was stopped and went on", ".0f"),
}


def model_card(model: TaughtNetwork) -> str:
    """Describe a model in Markdown, from what is stored with it.

    Parameters
    ----------
    model
        Of any network.

    Returns
    -------
    Sections on classes, data and normalisation, strokes, scores, limits and settings. What is not
    known is said to be so. Follows "Model Cards for Model Reporting" (Mitchell et al. 2019).
    """
    names = [f"`{c.name}`" for c in model.classes]
    title = ", ".join(c.name for c in model.classes)
    sections = [
        f"# Segmentation model: {title}\n\n{_network(model)}",
        "## Classes\n\n" + "\n".join(f"{k}. {name}" for k, name in enumerate(names, 1)),
        f"## Data\n\n{_data(model)}",
        f"## Strokes\n\n{_strokes(model.scores)}",
        f"## Scores\n\n{_scores(model.scores)}",
        f"## What it is not for\n\n{_limits(model)}",
        f"## Settings of the training\n\n{_settings(model.settings)}",
    ]
    return "\n\n".join(sections) + "\n"


def _network(model: TaughtNetwork) -> str:
    architecture = model.architecture
    numbers = sum(weights.size for weights in model.weights.values())
    if architecture.network == "forest":
        return f"Random forest of {architecture.width} trees, {numbers:,} stored numbers."
    patch = " × ".join(str(n) for n in model.patch)
    told = [
        f"Network `{architecture.network}`, {numbers:,} stored numbers, patches of {patch} voxels "
        "(z × y × x)."
    ]
    told.append(
        f"It started from {model.start}."
        if model.start
        else "What it started from was not recorded."
    )
    if model.settings.get("effort") == "instant":
        told.append("No batch was trained: its last layer was fitted to the strokes.")
    if architecture.second_opinion:
        told.append(
            "Where it is unsure it asks a random forest and a regression that learnt from the same "
            "strokes."
        )
    return " ".join(told)


def _data(model: TaughtNetwork) -> str:
    low, high = model.percentiles
    channels = model.architecture.image_channels
    size = "not known"
    if model.voxel_size is not None:
        size = " × ".join(f"{edge:g}" for edge in model.voxel_size) + " µm (z × y × x)"
    return "\n".join(
        [
            f"- Channels: {channels}",
            f"- Voxel size: {size}",
            f"- Normalisation: in every frame and channel the percentiles {low:g} and {high:g} of "
            "the grey values become -1 and 1",
        ]
    )


def _strokes(scores: Mapping[str, float]) -> str:
    if "strokes" not in scores:
        return "Not recorded."
    return f"{scores['strokes']:,.0f} strokes with {scores['stroke_voxels']:,.0f} voxels."


def _scores(scores: Mapping[str, float]) -> str:
    shown = _SCORES | (_BATCHES if scores.get("steps", 0) > 1 else {})
    known = [
        f"- {title}: {scores[name]:{form}}"
        for name, (title, form) in shown.items()
        if name in scores
    ]
    if "held_out_dice" not in scores:
        known.append("- No strokes were held out: how good it is was not measured.")
    return "\n".join(known)


def _limits(model: TaughtNetwork) -> str:
    channels = model.architecture.image_channels
    return "\n".join(
        [
            "- Images of another contrast, instrument, reconstruction or voxel size, before its "
            "labels were looked at there.",
            f"- Images with a number of channels other than {channels}: they are refused.",
            "- Anything that is none of its classes: every voxel gets one of them.",
            "- Frames whose mixture of phases is very different: percentiles move with it.",
            "- A statement of accuracy: scores are of what was held out of the training, "
            "not of all voxels. Compare with a reference segmentation for that.",
        ]
    )


def _settings(settings: Mapping[str, Any]) -> str:
    if not settings:
        return "Not recorded."
    return "\n".join(f"- {_title(name)}: {value}" for name, value in settings.items())


def _title(name: str) -> str:
    """Title and unit of a setting; its name where it is none of `TrainSettings`."""
    field = TrainSettings.model_fields.get(name)
    if field is None or field.title is None:
        return f"`{name}`"
    extra = field.json_schema_extra
    unit = extra.get("unit") if isinstance(extra, dict) else None
    return f"{field.title} ({unit})" if unit else field.title
