"""Which images a result was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operando.study.products import SOURCE

if TYPE_CHECKING:
    from operando.study import Study


def images_read(study: Study, product: str) -> tuple[str, int]:
    """Look up the image set and channel that a product, or the phases it came of, was made of.

    The source where that is not recorded, or where the set is not there any more.
    """
    maker = study.maker(product)
    settings = maker.settings if maker is not None else {}
    phases = f"phases/{settings.get('phases', '')}"
    if "images" not in settings and "phases" in settings and phases != product:
        return images_read(study, phases)
    name = str(settings.get("images", SOURCE))
    return (name, int(settings.get("channel", 0))) if name in study.image_sets else (SOURCE, 0)
