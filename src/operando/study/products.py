"""Where the results of a study lie on disk."""

from __future__ import annotations

from pathlib import Path

from operando.errors import InputError

SOURCE = "images"
"""The source images of a study, and the folder of what was made of them."""
COPIED = "source"
"""Name under which images lie in the study that came as an array."""
SUFFIXES = {
    SOURCE: ".zarr",
    "phases": ".zarr",
    "particles": ".zarr",
    "splitters": ".json",
    "strain": ".zarr",
    "tables": ".parquet",
    "models": "",
    "reports": "",
}
"""Folders of products, and how the names of their files end."""


def is_name(name: str) -> bool:
    """Whether a file can be called so; hidden ones are those of unfinished results."""
    return bool(name) and not name.startswith(".") and Path(name).name == name


def product_path(study: Path, product: str) -> Path:
    """Path of a product such as ``"phases/phases"``.

    Images may also be a ``.json`` of transforms, see `operando.study.image_sets`.

    Raises
    ------
    InputError
        If it is no name of a product.
    """
    folder, _, name = product.partition("/")
    if folder not in SUFFIXES or not is_name(name):
        raise InputError(f"{product!r} names no product", f"use one of {sorted(SUFFIXES)}/NAME")
    path = study / folder / f"{name}{SUFFIXES[folder]}"
    seen_through = path.with_suffix(".json")
    return seen_through if folder == SOURCE and seen_through.exists() else path


def product_names(study: Path, folder: str) -> list[str]:
    """Names of the finished products of one folder, such as ``"strain"``."""
    root = study / folder
    if not root.is_dir():
        return []
    endings = {SUFFIXES[folder], ".json"} if folder == SOURCE else {SUFFIXES[folder]}
    return sorted(
        path.name if folder == "models" else path.stem
        for path in root.iterdir()
        if is_name(path.name) and (path.suffix in endings or "" in endings)
    )
