"""Every trained model of a study beside the others: settings, scores, what it gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from operando.segment.models.model import CARD_FILE, CURVE_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from operando.study import Study
    from operando.study.record import Entry

_MODEL, _PHASES = "model", "phases"
_ORDER = (
    *("run", "trained", "seconds", "strokes", "setting_"),
    *("held_out_dice", "held_out_accuracy", "held_out_iou_"),
    *("dice", "accuracy", "iou_", "boundary_um_", "interface_um2_", "fraction_"),
)


def training_runs(study: Study) -> pd.DataFrame:
    """One row per trained model of a study, in the order of training.

    Returns
    -------
    Columns ``run``, ``trained`` (UTC, ISO), ``seconds``, ``strokes``, one per setting that is not
    the same in all, ``held_out_dice``, ``held_out_accuracy`` and ``held_out_iou_PHASE``;
    where the step `score-model` ran on the model as it is: ``accuracy``, ``dice`` and
    ``iou_PHASE``, ``boundary_um_PHASE``, ``interface_um2_PHASE``, means over frames, and
    ``fraction_PHASE``, of the voxels that the reference knows. A model that was not scored has
    the fractions of the segmentation that it made. Columns without any value are left out;
    ``attrs["reference"]`` holds fractions and interfaces of the reference by column.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    reference: dict[str, float] = {}
    for name in study.products("models"):
        card = _card(study, name)
        if card is None:
            continue
        made = study.maker(f"models/{name}")
        scored, truth = _reference_scores(study, name)
        reference |= truth
        rows.append(
            {
                "run": name,
                "trained": made.started if made else "",
                "seconds": _seconds(made) if made else float("nan"),
                "strokes": card["scores"].get("strokes", float("nan")),
                **_settings(card, made),
                **_held_out(card["scores"]),
                **(scored or _own_fractions(study, name)),
            }
        )
    table = pd.DataFrame(rows)
    if rows:
        table = table.sort_values("trained", kind="stable", ignore_index=True)
        table = table.drop(columns=_same_everywhere(table)).dropna(axis="columns", how="all")
        ordered = sorted((str(name) for name in table.columns), key=_place)
        table = table[ordered]
    table.attrs["reference"] = reference
    return table


def learning_curve(study: Study, run: str) -> pd.DataFrame:
    """Curve of a trained model; empty if it has none.

    Returns
    -------
    Columns ``step``, ``loss``, ``held_out_loss``, ``held_out_dice``; NaN where not measured.
    """
    import pandas as pd

    path = study.product_path(f"models/{run}") / CURVE_FILE
    if not path.exists():
        return pd.DataFrame(columns=["step", "loss", "held_out_loss", "held_out_dice"])
    return pd.read_parquet(path)


def model_in_use(study: Study) -> str | None:
    """Model that was trained or brought in last, or segmented with since; None without one."""
    there = study.products("models")
    for entry in reversed(study.entries):
        trained = entry.step in ("train", "import-model")
        used = entry.step == "segment" and f"{_PHASES}/{_PHASES}" in entry.outputs
        if (trained or used) and entry.settings.get("model", _MODEL) in there:
            return str(entry.settings.get("model", _MODEL))
    if _MODEL in there:
        return _MODEL
    return there[-1] if there else None


def _seconds(made: Entry) -> float:
    """How long a training took, with what an earlier run of it did before it was stopped."""
    return made.seconds + made.values.get("seconds_before", 0.0)


def _place(column: str) -> int:
    """Place of a column in the table; those of one kind stay in the order they came."""
    fitting = [k for k, prefix in enumerate(_ORDER) if column.startswith(prefix)]
    return fitting[0] if fitting else len(_ORDER)


def _card(study: Study, name: str) -> dict[str, Any] | None:
    """Read what is written about a model; None if it is damaged."""
    path = study.product_path(f"models/{name}") / CARD_FILE
    try:
        card = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return card if isinstance(card, dict) and "scores" in card else None


def _settings(card: Mapping[str, Any], made: Entry | None) -> dict[str, Any]:
    start = {"start": made.settings["start"]} if made and "start" in made.settings else {}
    return {f"setting_{k}": v for k, v in (start | card.get("settings", {})).items()}


def _same_everywhere(table: pd.DataFrame) -> list[str]:
    """Columns of settings in which no two runs differ."""
    settings = [c for c in table.columns if c.startswith("setting_")]
    return [c for c in settings if table[c].astype(str).nunique() < 2]


def _held_out(scores: Mapping[str, float]) -> dict[str, float]:
    first = ("held_out_dice", "held_out_accuracy")
    ious = {name: value for name, value in scores.items() if name.startswith("held_out_iou_")}
    return {name: scores.get(name, float("nan")) for name in first} | ious


def _reference_scores(study: Study, name: str) -> tuple[dict[str, float], dict[str, float]]:
    """Scores of a model by `score-model`, and the same of the reference; empty if outdated."""
    entry = study.maker(f"tables/{name}_score")
    model = f"models/{name}"
    if entry is None or entry.inputs.get(model) != study.fingerprint(model):
        return {}, {}
    if f"{name}_score" not in study.products("tables"):
        return {}, {}
    table = study.table(f"{name}_score")
    scores = {"accuracy": entry.values["accuracy"], "dice": entry.values["mean_dice"]}
    reference: dict[str, float] = {}
    by_phase = table.groupby("phase", sort=False)
    for measure in ("iou", "boundary_um"):
        means = by_phase[measure].mean()
        scores |= {f"{measure}_{phase}": float(value) for phase, value in means.items()}
    for prefix, into in (("labelled", scores), ("reference", reference)):
        voxels = by_phase[f"{prefix}_voxels"].sum()
        share = voxels / voxels.sum()
        into |= {f"fraction_{phase}": float(value) for phase, value in share.items()}
    for column, into in (("interface_um2", scores), ("reference_interface_um2", reference)):
        means = by_phase[column].mean()
        into |= {f"interface_um2_{phase}": float(value) for phase, value in means.items()}
    return scores, reference


def _own_fractions(study: Study, name: str) -> dict[str, float]:
    """Mean fractions in the segmentation that the model made, if there is one."""
    model = f"models/{name}"
    for phases in study.products("phases"):
        entry = study.maker(f"phases/{phases}")
        current = entry is not None and entry.inputs.get(model) == study.fingerprint(model)
        if current and phases in study.products("tables"):
            means = study.table(phases).groupby("phase", sort=False)["fraction"].mean()
            return {f"fraction_{phase}": float(value) for phase, value in means.items()}
    return {}
