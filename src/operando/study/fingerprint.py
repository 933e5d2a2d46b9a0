"""Short texts that tell whether something has changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from operando.study.edits import edits_in_force

if TYPE_CHECKING:
    from operando.study.study import Study


def fingerprint(study: Study, product: str) -> str:
    """Tell one state of a product from another; see `Study.fingerprint`."""
    folder, _, name = product.partition("/")
    if product == "images":
        return _digest(study.source_state + repr((study.voxel_size, study.times)))
    if folder == "strokes":
        painted = (study.path / f"{product}.u8").exists()
        return f"r{study.strokes(name).revision}" if painted else ""
    if not study.product_path(product).exists():
        return ""
    maker = study.maker(product)
    made = maker.id if maker else "unrecorded"
    edits = edits_in_force(study.path, name) if folder in ("particles", "tables") else ""
    return f"{made} corrected {_digest(edits)}" if edits else made


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
