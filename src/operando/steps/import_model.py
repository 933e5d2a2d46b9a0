"""Take a model that was trained elsewhere into a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from operando.errors import as_path
from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    from operando.compute.progress import ProgressCallback
    from operando.study import Study


class ImportModel(Step):
    """Take over a model of another study: its folder, or its package for bioimage.io."""

    name: ClassVar[str] = "import-model"
    title: ClassVar[str] = "Import model"

    package: str = Field(
        "model.zip",
        title="Package",
        description="bioimage.io package (zip), as `operando export STUDY models/model` writes it, "
        "or the folder of a model in another study",
    )
    model: str = Field("model", title="Model", description="Name under which the model is kept")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Nothing of the study."""
        return ()

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the model."""
        return (f"models/{self.model}",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Read the package or folder and keep its model."""
        from operando.atomic import replacing
        from operando.segment import Model
        from operando.segment.models.bioimage import import_package

        source = as_path(self.package)
        model = Model.load(source) if source.is_dir() else import_package(source)
        with replacing(study.product_path(f"models/{self.model}")) as partial:
            model.save(partial)
        classes = ", ".join(c.name for c in model.classes)
        return StepResult(f"knows {classes}", dict(model.scores))
