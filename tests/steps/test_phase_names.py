from __future__ import annotations

from dataclasses import replace

import pytest

from operando.data import DEFAULT_CLASSES
from operando.errors import InputError
from operando.steps.phase_names import PhaseNames, label_of


def test_labels_count_from_one() -> None:
    assert [label_of(c.name, DEFAULT_CLASSES) for c in DEFAULT_CLASSES] == [1, 2, 3]


def test_an_unknown_phase_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"'wood'.*pore, binder, particle"):
        label_of("wood", DEFAULT_CLASSES)


def test_phases_that_there_are_not_have_no_label() -> None:
    labels = PhaseNames(pore="binder").labels(DEFAULT_CLASSES)
    assert (labels.pore, labels.binder, labels.collector) == (2, 2, None)


def test_capitals_do_not_matter_unless_they_tell_classes_apart() -> None:
    pore, binder, particle = DEFAULT_CLASSES
    capital = replace(pore, name="Pore")
    assert PhaseNames().labels((capital, binder, particle)).pore == 1
    assert PhaseNames().labels((capital, binder, pore)).pore == 3
    assert PhaseNames(pore="Pore").labels((binder, capital, pore)).pore == 2
