"""Short texts that tell whether something has changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from operando.study.edits import edits_in_force, places_corrected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from operando.study.results import StudyResults


def image_fingerprint(
    source_state: str, voxel_size: Sequence[float], times: Sequence[float]
) -> str:
    """Tell one state of the source files and their calibration from another.

    What stands behind the dash does not change with the times.
    """
    whole, still = repr((voxel_size, times)), repr(voxel_size)
    return f"{_digest(source_state + whole)}-{_digest(source_state + still)}"


def same_images(seen: str, now: str, *, times: bool) -> bool:
    """Compare fingerprints of images, with their times or without.

    Older ones have nothing behind the dash.
    """
    whole_seen, _, still_seen = seen.partition("-")
    whole_now, _, still_now = now.partition("-")
    return whole_seen == whole_now or (not times and still_seen == still_now)


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
