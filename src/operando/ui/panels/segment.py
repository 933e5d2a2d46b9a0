"""The panel Segment."""

from __future__ import annotations

from operando.ui.panels.panel import Panel


class SegmentPanel(Panel):
    """Segment."""

    title = "Segment"
