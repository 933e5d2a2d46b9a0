from __future__ import annotations

import pytest
from pydantic import ValidationError

from operando.segment import TrainSettings


def test_more_effort_takes_more_steps() -> None:
    steps = [TrainSettings(effort=e).steps for e in ("quick", "balanced", "thorough")]
    assert steps == sorted(set(steps))


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
