"""The images of a study: its source, and the sets that were made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operando.data.series import FrameCountError, check_times, check_voxel_size
from operando.errors import StudyError
from operando.study.converted import CONVERTED, made_of, open_converted
from operando.study.image_sets import open_image_set
from operando.study.products import COPIED, SOURCE, product_names, product_path
from operando.study.sources import Sources, in_recorded_order, with_note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from operando.data.series import Series
    from operando.study.manifest import Manifest
    from operando.study.record import Recipe


class Images:
    """What `Study` knows about its images.

    Parameters
    ----------
    folder
        The study.
    manifest
        Says where the source files are, and their calibration.
    recipe
        Says which sets were made when.
    """

    def __init__(self, folder: Path, manifest: Manifest, recipe: Recipe) -> None:
        self.manifest = manifest
        self.sources = Sources(manifest.sources, folder)
        self._folder, self._recipe = folder, recipe
        self._series: Series | None = None

    @property
    def series(self) -> Series:
        """The source, converted where it was, opened at first use."""
        if self._series is None:
            self._series = self._converted() or self.source_series
        return self._series

    @property
    def source_series(self) -> Series:
        """The images as the source files hold them."""
        try:
            images = self.sources.open(**self._calibration, **self.manifest.hints)
            return in_recorded_order(images, self.manifest.frames)
        except FrameCountError as error:
            raise self.sources.refusal(error.n_frames, len(self.manifest.times)) from error

    @property
    def source_state(self) -> str:
        """State of the source files; if they are gone, of when they were converted."""
        gone = "" if self.sources.are_there else made_of(self._converted_path)
        return gone or self.sources.state

    @property
    def sets(self) -> list[str]:
        """The source ``"images"``, then others as they were made."""
        entries = self._recipe.entries
        made = [p for e in entries for p in e.outputs if p.startswith(f"{SOURCE}/")]
        others = set(product_names(self._folder, SOURCE)) - {COPIED, CONVERTED}
        there = [f"{SOURCE}/{name}" for name in sorted(others)]
        age = {product: number for number, product in enumerate(made)}
        return [SOURCE, *sorted(there, key=lambda product: age.get(product, -1))]

    def open(self, product: str) -> Series:
        """Open a set, such as ``"images/denoised"``."""
        if product == SOURCE:
            return self.series
        path = product_path(self._folder, product)
        if not product.startswith(f"{SOURCE}/") or not path.exists():
            raise StudyError(
                f"There are no {product} in this study", f"use one of {', '.join(self.sets)}"
            )
        return open_image_set(path, product.partition("/")[2], self.series, self.open)

    def calibrate(self, voxel_size: Sequence[float] | None, times: Sequence[float] | None) -> None:
        """Correct the calibration; what is None stays.

        Without any change the images are opened anew; else files, of which there may be thousands,
        are not looked at again.
        """
        changes: dict[str, Any] = {}
        if voxel_size is not None:
            changes["voxel_size"] = check_voxel_size(voxel_size)
        if times is not None:
            changes["times"] = check_times(times, len(self.manifest.times))
        self.manifest = self.manifest.model_copy(update=changes)
        self.manifest.write(self._folder)
        known = self._series if changes else None
        self._series = known.with_calibration(**changes) if known is not None else None

    @property
    def _calibration(self) -> dict[str, Any]:
        known = self.manifest
        return {"voxel_size": known.voxel_size, "times": known.times, "name": known.name}

    @property
    def _converted_path(self) -> Path:
        return product_path(self._folder, f"{SOURCE}/{CONVERTED}")

    def _converted(self) -> Series | None:
        images = open_converted(self._converted_path, self.source_state, **self._calibration)
        if images is None or self.sources.are_there:
            return images
        return with_note(
            images,
            f"the images of this study are gone ({self.sources.paths[0]}), their converted copy is "
            "shown; put them back, or correct the sources in its study.json",
        )
