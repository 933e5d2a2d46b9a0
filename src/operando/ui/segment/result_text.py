"""What the Segment panel says about a model and about the phases."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from operando.ui.strokes.painter import UNUSED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_MOST_FRAMES = 12


def training_text(values: dict[str, float]) -> str:
    """Say how good the model is."""
    dice = values.get("held_out_dice")
    if dice is None or np.isnan(dice):
        return "Too few strokes to keep some aside: the model has no score."
    return f"Dice {dice:.2f} on strokes held out; 1 is perfect."


def interval_text(table: pd.DataFrame) -> str:
    """Say how far the fractions may be off, in the frame where it is worst; empty if unknown."""
    if "fraction_low" not in table:
        return ""
    off = np.maximum(
        table["fraction_high"] - table["fraction"], table["fraction"] - table["fraction_low"]
    )
    worst = off.groupby(table["phase"], sort=False).max()
    shares = ", ".join(f"{phase} {100 * value:.1f}" for phase, value in worst.items())
    return f"Off by at most (95 %, if the model's own doubt is right): {shares} points."


def unpainted_text(table: pd.DataFrame, unpainted: Sequence[str]) -> str:
    """Warn of phases that were found though nobody painted them; empty if there are none."""
    there = set(table.loc[table["fraction"] > 0, "phase"])
    found = ", ".join(name for name in unpainted if name in there)
    if not found:
        return ""
    return (
        f"⚠ Nobody painted {found}: it is labelled where the network, as it was before your "
        "strokes, takes something for it. Paint a few strokes of it; if the images show none, "
        f"remove the class or call it “{UNUSED}”, and train again."
    )


def fractions_html(table: pd.DataFrame, colours: dict[str, str]) -> str:
    """Volume fractions as an HTML table: a row per phase, a column per frame."""
    shares = table.set_index(["phase", "frame"])["fraction"].to_dict()
    frames = sorted(table["frame"].unique())
    step = -(-len(frames) // _MOST_FRAMES)
    shown = frames[::step]
    cell = "<td align='right' style='padding-left:10px; white-space:nowrap'>{}</td>"
    head = "".join(cell.format(f"frame {t}" if t == shown[0] else t) for t in shown)
    rows = "".join(
        f"<tr><td><span style='color:{colours.get(phase, '#888888')}'>■</span> "
        f"{escape(str(phase))}</td>"
        + "".join(cell.format(f"{100 * shares[phase, t]:.1f}") for t in shown)
        + "</tr>"
        for phase in table["phase"].unique()
    )
    return f"<table cellspacing='2'><tr><td>%</td>{head}</tr>{rows}</table>"
