"""recipe.yaml: every step that ran, so that it can be read, cited and run again."""

from __future__ import annotations

import platform
import uuid
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from operando.atomic import write_text
from operando.errors import FileError
from operando.study.source_state import file_version

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

FILE_NAME = "recipe.yaml"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_RECORDED_PACKAGES = ("napari-operando", "numpy", "scipy", "scikit-image", "torch", "numba", "zarr")


class Entry(BaseModel):
    """One step that ran, or that is to be run.

    Parameters
    ----------
    step
        Name of the step.
    settings
        Its settings, all of them.
    id
        Identifies this run; also the fingerprint of what it wrote.
    inputs
        Fingerprint of everything that it read.
    outputs
        Names of what it wrote.
    summary
        What came out, in a few words.
    values
        What came out, in numbers.
    started, seconds
        When and how long it ran (UTC).
    versions
        Of the packages that matter.
    superseded
        Whether a later entry wrote the same outputs; such entries are not run again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    settings: dict[str, Any] = {}
    id: str = Field(default_factory=lambda: uuid.uuid4().hex[:12])
    inputs: dict[str, str] = {}
    outputs: tuple[str, ...] = ()
    summary: str = ""
    values: dict[str, float] = {}
    started: str = ""
    seconds: float = 0.0
    versions: dict[str, str] = {}
    superseded: bool = False


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that the numbers depend on."""
    found = {"python": platform.python_version()}
    for name in _RECORDED_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def read_entries(path: Path) -> list[Entry]:
    """Read a recipe; an absent file is an empty one."""
    if not path.exists():
        return []
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader) or []
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise FileError(f"{path} is not YAML ({reason})", "mend or restore the recipe") from None
    if not isinstance(content, list):
        raise FileError(f"{path} is not a list of steps", "start every step with '- step: NAME'")
    entries = []
    for number, item in enumerate(content, 1):
        try:
            entries.append(Entry.model_validate(item))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "entry"
            raise FileError(
                f"Step {number} of {path} cannot be read ({where}: {first['msg']})",
                "see `operando steps` for the names and settings",
            ) from None
    return entries


class Recipe:
    """The record of a study; the file is read again when it has changed.

    Parameters
    ----------
    path
        The file, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[object, list[Entry]] = (None, [])

    @property
    def entries(self) -> list[Entry]:
        """Every step that ran, in order."""
        version = file_version(self.path)
        if version != self._read[0]:
            self._read = (version, read_entries(self.path))
        return list(self._read[1])

    def add(self, entry: Entry) -> None:
        """Add a step that ran; older ones that wrote the same outputs become superseded."""
        wrote = set(entry.outputs)
        kept = [_superseded(e) if wrote & set(e.outputs) else e for e in self.entries]
        self._write([*kept, entry])

    def supersede(self, product: str) -> None:
        """Mark the runs that wrote a product, and nothing else, as superseded."""
        entries = self.entries
        kept = [_superseded(e) if e.outputs == (product,) else e for e in entries]
        if kept != entries:
            self._write(kept)

    def disown(self, products: Collection[str]) -> None:
        """Mark the runs that wrote some products as superseded: others lie in their place."""
        entries = self.entries
        kept = [_superseded(e) if set(e.outputs) & set(products) else e for e in entries]
        if kept != entries:
            self._write(kept)

    def _write(self, entries: list[Entry]) -> None:
        write_entries(self.path, entries)
        self._read = (file_version(self.path), entries)


def _superseded(entry: Entry) -> Entry:
    return entry.model_copy(update={"superseded": True})


def write_entries(path: Path, entries: Sequence[Entry]) -> None:
    """Write a recipe, leaving out what has its default."""
    content = [entry.model_dump(mode="json", exclude_defaults=True) for entry in entries]
    write_text(path, yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def replay_order(entries: Sequence[Entry]) -> list[Entry]:
    """Entries worth running again, each after those that write what it reads."""
    waiting = [entry for entry in entries if not entry.superseded]
    ordered: list[Entry] = []
    while waiting:
        ready = next((e for e in waiting if not _waits_for_others(e, waiting)), waiting[0])
        waiting.remove(ready)
        ordered.append(ready)
    return ordered


def _waits_for_others(entry: Entry, waiting: Sequence[Entry]) -> bool:
    return any(set(other.outputs) & set(entry.inputs) for other in waiting if other is not entry)
