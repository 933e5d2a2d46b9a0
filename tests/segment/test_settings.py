from __future__ import annotations

import pytest
from pydantic import ValidationError

from operando.segment import TrainSettings

VOLUME, SLICE = (24, 64, 64), (1, 64, 64)


@pytest.mark.parametrize("patch", [VOLUME, SLICE])
def test_more_effort_takes_more_steps(patch: tuple[int, int, int]) -> None:
    efforts = ("instant", "quick", "balanced", "thorough")
    steps = [TrainSettings(effort=e).steps_on(patch) for e in efforts]
    assert steps[0] == 0
    assert steps == sorted(set(steps))


def test_single_slices_are_learnt_longer_by_default() -> None:
    settings = TrainSettings()
    assert settings.steps_on(SLICE) > settings.steps_on(VOLUME)


def test_every_field_tells_what_it_is() -> None:
    for name, field in TrainSettings.model_fields.items():
        assert field.title, name
        assert field.description, name


@pytest.mark.parametrize(
    "wrong", [{"effort": "endless"}, {"held_out": 0.9}, {"width": 0}, {"speed": 1}]
)
def test_refuses_nonsense(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        TrainSettings(**wrong)


def test_thick_slices_make_shallow_patches() -> None:
    settings = TrainSettings(patch=64, patch_depth=24)
    assert settings.patch_in((100, 100, 100)) == (24, 64, 64)
    assert settings.patch_in((100, 100, 100), (0.4, 0.1, 0.1)) == (6, 64, 64)
    assert settings.patch_in((1, 30, 100)) == (1, 30, 64)
