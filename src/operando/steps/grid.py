"""Several runs of a step from lists of settings: ``width 8, 16; seed 0, 1, 2``."""

from __future__ import annotations

from itertools import count, product
from math import prod
from typing import TYPE_CHECKING, Any

from operando.errors import InputError
from operando.segment.settings import TrainSettings
from operando.steps.registry import make_step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from operando.steps.step import Step
    from operando.steps.train import Train

MOST_RUNS = 100
_FRAMES = ("reference", "deformed")


def parse_grid(text: str) -> dict[str, list[str]]:
    """Read lists of settings of a training.

    Parameters
    ----------
    text
        Settings by name or title, each with its values between commas; settings between
        semicolons: ``width 8, 16; learning rate 0.001, 0.003``.

    Raises
    ------
    InputError
        If a setting is not known or has no value.
    """
    found: dict[str, list[str]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, values = _split(part)
        if not values:
            raise InputError(f"No value is given in {part!r}", "write, for example, width 8, 16")
        found[name] = values
    return found


def expand_grid(step: Train, text: str, taken: Collection[str] = ()) -> list[Train]:
    """Make one training of every combination of the values in a text; see `parse_grid`.

    Every one is kept under a name of its own that is not among `taken`.

    Raises
    ------
    InputError
        If the text cannot be read, a value is not allowed, or there are too many combinations.
    """
    settings = step.model_dump(mode="json")
    settings["settings"] |= parse_grid(text)
    expanded = _combinations(settings)
    names = free_names(step.model, taken, len(expanded))
    return [
        make_step("train", one | {"model": name})  # type: ignore[misc]
        for one, name in zip(expanded, names, strict=True)
    ]


def make_steps(name: str, settings: Mapping[str, Any]) -> list[Step]:
    """Build the steps of an entry of a recipe: several where a list of settings is given.

    Strain takes lists of frames: ``{reference: 0, deformed: [1, 2, 3]}``. A training with
    ``settings: {width: [8, 16]}`` makes the models ``model`` and ``model 2``.
    """
    if name == "strain":
        return [make_step(name, dict(settings) | one) for one in _products(settings, _FRAMES)]
    inner = settings.get("settings")
    several = isinstance(inner, dict) and any(isinstance(v, list) for v in inner.values())
    if name != "train" or not several:
        return [make_step(name, settings)]
    expanded = _combinations(settings)
    names = free_names(settings.get("model", "model"), (), len(expanded))
    return [
        make_step(name, one | {"model": model}) for one, model in zip(expanded, names, strict=True)
    ]


def free_names(base: str, taken: Collection[str], n: int = 1) -> list[str]:
    """Names such as ``model``, ``model 2``, ``model 3`` that are not taken, the base if it can be.

    Where ``NMC 2`` is taken, counting starts from ``NMC``.
    """
    stem, _, number = base.rpartition(" ")
    stem = stem if base in taken and number.isdecimal() and stem else base
    candidates = (stem if k == 1 else f"{stem} {k}" for k in count(1))
    free = (name for name in candidates if name not in taken)
    return [next(free) for _ in range(n)]


def _combinations(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    inner = settings["settings"]
    return [dict(settings) | {"settings": dict(inner) | one} for one in _products(inner, inner)]


def _products(settings: Mapping[str, Any], names: Iterable[str]) -> list[dict[str, Any]]:
    """Combine the values of those of the named settings that are lists."""
    lists = {name: settings[name] for name in names if isinstance(settings.get(name), list)}
    for name, values in lists.items():
        if not values:
            raise InputError(f"The list of {name!r} is empty", "give it values, or leave it out")
    total = prod(len(values) for values in lists.values())
    if total > MOST_RUNS:
        raise InputError(f"These are {total} runs of one step", f"ask for {MOST_RUNS} at most")
    return [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]


def _split(part: str) -> tuple[str, list[str]]:
    """Name and values of one setting."""
    lowered = part.casefold()
    for called, name in _names_of_settings():
        rest = lowered.removeprefix(called)
        if rest != lowered and not rest[:1].isalnum():
            values = rest.lstrip(" =:").split(",")
            return name, [value.strip() for value in values if value.strip()]
    titles = ", ".join((f.title or n).lower() for n, f in TrainSettings.model_fields.items())
    raise InputError(f"There is no setting called so in {part!r}", f"use one of {titles}")


def _names_of_settings() -> list[tuple[str, str]]:
    """Titles and names of the settings, each with the name; the longest first."""
    fields = TrainSettings.model_fields.items()
    called = [(text.casefold(), n) for n, f in fields for text in (f.title or n, n)]
    return sorted(called, key=lambda pair: -len(pair[0]))
