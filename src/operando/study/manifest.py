"""study.json: what a study is made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from operando.atomic import write_text
from operando.data.series import check_voxel_size
from operando.errors import StudyError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = 1
FILE_NAME = "study.json"


class Manifest(BaseModel):
    """Content of study.json.

    Parameters
    ----------
    schema_version
        Layout of the study on disk.
    name
        What the study is called.
    sources
        Files or folders of the images, relative to the study where they lie beside it.
    voxel_size
        ``(z, y, x)`` in µm.
    times
        Hours since the first frame.
    hints
        Arguments for `operando.files.read`, such as ``axes``.
    frames
        Names of the frames in the one folder of the images, in order; earlier versions did not
        note them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    name: str
    sources: tuple[str, ...]
    voxel_size: Annotated[tuple[float, float, float], AfterValidator(check_voxel_size)]
    times: tuple[float, ...]
    hints: dict[str, Any] = {}
    frames: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write study.json."""
        write_text(folder / FILE_NAME, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read study.json; refuse what is no study or comes from a newer version."""
        path = folder / FILE_NAME
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise StudyError(
                f"{folder} is not a study, it has no {FILE_NAME}",
                "choose a folder made by operando, or make one with `operando new`",
            ) from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise StudyError(f"{path} is damaged ({error})", "restore it from a copy") from None
        version = content.get("schema_version") if isinstance(content, dict) else None
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise StudyError(
                f"{folder} was written by a newer version of operando (layout {version}, "
                f"this one knows {SCHEMA_VERSION})",
                "update napari-operando",
            )
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise StudyError(
                f"{path} is damaged ({where}: {first['msg']})", "restore it from a copy"
            ) from None
