from __future__ import annotations

import pytest

from operando.data import DEFAULT_CLASSES, LabelClass
from operando.data.classes import COLOUR_CYCLE, MAX_CLASSES, check_classes, next_colour
from operando.errors import InputError


def test_the_defaults_are_sound_and_told_apart() -> None:
    assert check_classes(DEFAULT_CLASSES) == DEFAULT_CLASSES
    assert len({c.colour for c in DEFAULT_CLASSES}) == 3


@pytest.mark.parametrize("name", ["", "  "])
def test_a_class_needs_a_name(name: str) -> None:
    with pytest.raises(InputError, match="needs a name"):
        LabelClass(name, "#000000")


@pytest.mark.parametrize("colour", ["", "red", "#12345", "#1234567", "#12345g", "#123456\n"])
def test_a_colour_has_six_digits(colour: str) -> None:
    with pytest.raises(InputError, match="is not a colour"):
        LabelClass("pore", colour)


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="Two classes are called 'pore'"):
        check_classes([LabelClass("pore", "#000000"), LabelClass("pore", "#111111")])


@pytest.mark.parametrize("n", [0, MAX_CLASSES + 1])
def test_none_and_too_many_are_refused(n: int) -> None:
    with pytest.raises(InputError, match=f"{n} classes"):
        check_classes([LabelClass(str(i), "#000000") for i in range(n)])


def test_new_classes_take_free_colours_as_long_as_there_are_any() -> None:
    classes: list[LabelClass] = []
    for i in range(len(COLOUR_CYCLE) + 3):
        classes.append(LabelClass(str(i), next_colour(classes)))
    assert {c.colour for c in classes[: len(COLOUR_CYCLE)]} == set(COLOUR_CYCLE)
    assert next_colour([classes[0], classes[2]]) == COLOUR_CYCLE[1]
    assert next_colour([LabelClass("a", COLOUR_CYCLE[0].upper())]) == COLOUR_CYCLE[1]
