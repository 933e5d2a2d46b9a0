"""Take a model that was trained elsewhere into a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    from operando.compute.progress import ProgressCallback
    from operando.study import Study


class ImportModel(Step):
    """Take over a model from a bioimage.io package that napari-operando exported."""

    name: ClassVar[str] = "import-model"
    title: ClassVar[str] = "Import model"

    package: str = Field(
        "model.zip",
        title="Package",
        description="bioimage.io package (zip), as `operando export STUDY models/model` writes it",
    )
    model: str = Field("model", title="Model", description="Name under which the model is kept")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Nothing of the study."""
        del study
        return ()

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the model."""
        del study
        return (f"models/{self.model}",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Read the package and keep its model."""
        del progress
        from operando.atomic import replacing
        from operando.segment.bioimage import import_package

        model = import_package(Path(self.package))
        with replacing(study.product_path(f"models/{self.model}")) as partial:
            model.save(partial)
        classes = ", ".join(c.name for c in model.classes)
        return StepResult(f"knows {classes}", dict(model.scores))
