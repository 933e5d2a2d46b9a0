"""The panel Annotate."""

from __future__ import annotations

from operando.ui.panels.panel import Panel


class AnnotatePanel(Panel):
    """Annotate."""

    title = "Annotate"
