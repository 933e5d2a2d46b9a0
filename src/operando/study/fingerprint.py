"""Short texts that tell whether something has changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from operando.study.edits import edits_in_force, places_corrected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from operando.study.results import StudyResults


def image_fingerprint(source_state: str, voxel_size: Sequence[float]) -> str:
    """Tell one state of the source files and their voxel size from another.

    No result depends on when the frames were taken: tables tell their present times, see
    `Study.table`.
    """
    return _digest(source_state + repr(voxel_size))


def edits_fingerprint(study: Path, name: str) -> str:
    """Tell corrections of particles from others, also once the particles were found anew."""
    return _digest(places_corrected(study, name))


def result_fingerprint(study: StudyResults, product: str) -> str:
    """Tell one state of a result from another; see `Study.fingerprint`."""
    folder, _, name = product.partition("/")
    if not study.product_path(product).exists():
        return ""
    maker = study.maker(product)
    made = maker.id if maker else "unrecorded"
    edits = edits_in_force(study.path, name) if folder in ("particles", "tables") else ""
    return f"{made} corrected {_digest(edits)}" if edits else made


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
