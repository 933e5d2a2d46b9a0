"""From brush strokes to phases, particles and strain in 3D+t tomograms of working batteries."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from operando.study import Study

__version__ = "0.1.0"

_ROOMS = (
    "align",
    "chemistry",
    "clean",
    "data",
    "errors",
    "files",
    "particles",
    "report",
    "samples",
    "segment",
    "steps",
    "strain",
    "study",
)

__all__ = ["Study", "__version__"]


def __getattr__(name: str) -> Any:
    """Import a room when it is first used, so that ``import operando`` stays quick."""
    if name == "Study":
        return import_module("operando.study").Study
    if name in _ROOMS:
        return import_module(f"operando.{name}")
    raise AttributeError(f"module 'operando' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), "Study", *_ROOMS]
