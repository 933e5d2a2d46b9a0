"""Figures and the HTML report of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from operando.study import Study

__all__ = ["report_path", "write_report"]


def report_path(study: Study) -> Path:
    """Where the report of a study lies once it is written."""
    return study.path / "reports" / "report.html"


def write_report(study: Study, path: str | Path | None = None) -> Path:
    """Write the HTML report of everything that a study holds.

    Parameters
    ----------
    study
        An open study; nothing of it is changed but its reports.
    path
        The page; by default `report_path` of the study.

    Returns
    -------
    Where the page lies.
    """
    from operando.data.given import check_kind
    from operando.errors import as_path
    from operando.report.page import write_report as write
    from operando.study import Study

    check_kind(study, Study, "study", "open one with operando.Study.open")
    path = as_path(path) if path else report_path(study)
    write(study, path)
    return path
