"""What was made of a study, read from its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operando.errors import StudyError
from operando.study.fields import read_field
from operando.study.phases import open_phases, phase_classes
from operando.study.products import product_names, product_path
from operando.study.record import FILE_NAME, Recipe

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from operando.data import LabelClass
    from operando.data.displacement import DisplacementField
    from operando.study.record import Entry


class StudyResults:
    """The results in the folder of a study, and the record of how they came about.

    Results are addressed by product names such as ``"phases/phases"``: the folder and the name
    inside it.

    Attributes
    ----------
    path : Path
        Folder of the study.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._recipe = Recipe(path / FILE_NAME)

    def product_path(self, product: str) -> Path:
        """Where a product such as ``"phases/phases"`` lies on disk."""
        return product_path(self.path, product)

    def products(self, folder: str) -> list[str]:
        """Names of the finished products of one folder, such as ``"strain"``."""
        return product_names(self.path, folder)

    def open_array(self, product: str) -> Any:
        """Open a block-wise result (images, phases, particles) as a Zarr array for reading."""
        from operando.files.ome_zarr import open_image

        return open_image(self._there(product))

    def phases(self, name: str) -> tuple[Any, Any, tuple[LabelClass, ...]]:
        """Open a segmentation for reading.

        Returns
        -------
        labels
            Zarr array ``(t, z, y, x)`` uint8; class k of `classes` has the label k + 1.
        probabilities
            Zarr array ``(t, c, z, y, x)`` uint8, 0 to 255, one channel per class.
        classes
            What the labels mean.

        Raises
        ------
        StudyError
            If there is none of this name.
        """
        return open_phases(self._there(f"phases/{name}"))

    def phase_classes(self, name: str) -> tuple[LabelClass, ...]:
        """Read what the labels of a segmentation mean: class k has the label k + 1."""
        return phase_classes(self._there(f"phases/{name}"))

    def table(self, name: str) -> pd.DataFrame:
        """Read a table such as ``"particles"``; its columns carry their units.

        Raises
        ------
        StudyError
            If there is none of this name.
        """
        import pandas as pd

        path = self.product_path(f"tables/{name}")
        if not path.exists():
            there = ", ".join(self.products("tables")) or "none yet"
            raise StudyError(
                f"There is no table {name!r} in this study (tables: {there})",
                "run the step that makes it",
            )
        return pd.read_parquet(path)

    def field(self, name: str) -> DisplacementField:
        """Read a displacement field such as ``"000-001"``: of frame 1 against frame 0.

        Raises
        ------
        StudyError
            If there is none of this name.
        """
        return read_field(self.product_path(f"strain/{name}"))

    @property
    def recipe_path(self) -> Path:
        """Where the record of every step lies."""
        return self._recipe.path

    @property
    def entries(self) -> list[Entry]:
        """Every step that ran, in order."""
        return self._recipe.entries

    def maker(self, product: str) -> Entry | None:
        """Run that wrote a product as it is; None if none did."""
        made = [e for e in self.entries if product in e.outputs and not e.superseded]
        return made[-1] if made else None

    def _there(self, product: str) -> Path:
        path = self.product_path(product)
        if not path.exists():
            raise StudyError(f"There is no {product} in this study", "run the step that makes it")
        return path
