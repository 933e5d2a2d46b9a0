"""The panel Data."""

from __future__ import annotations

from operando.ui.panels.panel import Panel


class DataPanel(Panel):
    """Data."""

    title = "Data"
