"""Editors of single settings; each has ``value``, ``setValue`` and ``valueChanged``."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from qtpy.QtCore import QLocale, QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QSpinBox,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo
    from qtpy.QtGui import QWheelEvent

Choices = "Sequence[tuple[Any, str]]"
"""Values, each with the text that stands for it."""

AUTOMATIC = "automatic"
IMAGE_SETS = "image sets"
"""What a field of a model asks for, of which the study knows the choices."""
_LARGEST_INT = 2**31 - 1
_LARGEST_FLOAT = 1e9
_DECIMALS = 9
_LEAST_WIDTH = 64


class _NoWheel:
    """Leaves the wheel to the scroll area unless the editor has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def _plain_numbers() -> QLocale:
    """Write numbers alike in every country: elsewhere 1.5 is read as 15, and 2,5 as 25."""
    plain = QLocale.c()
    plain.setNumberOptions(
        QLocale.NumberOption.OmitGroupSeparator | QLocale.NumberOption.RejectGroupSeparator
    )
    return plain


class IntField(_NoWheel, QSpinBox):
    """A whole number between bounds; None, where it is allowed, is shown as "automatic"."""

    def __init__(
        self,
        low: int = 0,
        high: int = _LARGEST_INT,
        unit: str = "",
        *,
        optional: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._optional = optional
        self.setLocale(_plain_numbers())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setRange(low - optional, high)
        self.setSuffix(f" {unit}" if unit else "")
        self.setKeyboardTracking(False)
        if optional:
            self.setSpecialValueText(AUTOMATIC)

    def value(self) -> int | None:
        """Return the number; None stands for automatic."""
        number = super().value()
        return None if self._optional and number == self.minimum() else number

    def setValue(self, value: int | None) -> None:
        """Show a number, or None where it is allowed."""
        super().setValue(self.minimum() if value is None else value)


class FloatField(_NoWheel, QDoubleSpinBox):
    """A real number between bounds, shown with as many digits as it needs.

    A comma is a decimal point too, and becomes one as it is typed.

    Parameters
    ----------
    low, high
        Bounds, both allowed.
    unit
        Shown behind the number.
    optional
        Whether None is allowed; it is shown as "automatic", below the lower bound.
    parent
        Owner.
    """

    def __init__(
        self,
        low: float = -_LARGEST_FLOAT,
        high: float = _LARGEST_FLOAT,
        unit: str = "",
        *,
        optional: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._optional = optional
        self.setLocale(_plain_numbers())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setDecimals(_DECIMALS)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        self.setMinimumWidth(_LEAST_WIDTH)
        self.setSuffix(f" {unit}" if unit else "")
        self.setRange(low - 10**-_DECIMALS if optional else low, high)
        if optional:
            self.setSpecialValueText(AUTOMATIC)

    def textFromValue(self, value: float) -> str:
        """Write without trailing zeros."""
        return f"{value:z.{_DECIMALS}f}".rstrip("0").rstrip(".")

    def validate(self, text: str, place: int) -> Any:
        """Tell whether a text is a number, or may become one."""
        return super().validate(text.replace(",", "."), place)

    def value(self) -> float | None:
        """Return the number; None stands for automatic."""
        number = round(super().value(), _DECIMALS)
        return None if self._optional and number <= self.minimum() else number

    def setValue(self, value: float | None) -> None:
        """Show a number, or None where it is allowed."""
        super().setValue(self.minimum() if value is None else value)


class BoolField(QCheckBox):
    """Yes or no."""

    valueChanged = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.toggled.connect(self.valueChanged)

    def value(self) -> bool:
        """Return whether it is ticked."""
        return self.isChecked()

    def setValue(self, value: bool) -> None:
        """Tick it or not."""
        self.setChecked(value)


class TextField(QLineEdit):
    """A line of text; an empty one stands for None where it is allowed."""

    valueChanged = Signal(str)

    def __init__(self, *, optional: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._optional = optional
        self.setPlaceholderText(AUTOMATIC if optional else "")
        self.textChanged.connect(self.valueChanged)

    def value(self) -> str | None:
        """Return the text; None stands for automatic."""
        return None if self._optional and not self.text() else self.text()

    def setValue(self, value: str | None) -> None:
        """Show a text, or None where it is allowed."""
        self.setText(value or "")


class ChoiceField(_NoWheel, QComboBox):
    """One of several values.

    Parameters
    ----------
    choices
        Values, each with its text.
    parent
        Owner.
    """

    valueChanged = Signal(object)

    def __init__(
        self, choices: Sequence[tuple[Any, str]] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._values: list[Any] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.set_choices(choices)
        self.currentIndexChanged.connect(self._on_index)

    def set_choices(self, choices: Sequence[tuple[Any, str]], default: Any = None) -> None:
        """Offer other values; the chosen one stays, else the default or the first is chosen."""
        chosen = self.value()
        with QSignalBlocker(self):
            self.clear()
            self._values = [value for value, _ in choices]
            self.addItems([text for _, text in choices])
            places = [self._values.index(v) for v in (chosen, default) if v in self._values]
            self.setCurrentIndex(places[0] if places else 0)

    def value(self) -> Any:
        """Return the chosen value; None while there are no choices."""
        index = self.currentIndex()
        return self._values[index] if 0 <= index < len(self._values) else None

    def setValue(self, value: Any) -> None:
        """Choose a value; one that is not offered is added as it is."""
        if value not in self._values:
            self._values.append(value)
            self.addItem(str(value))
        self.setCurrentIndex(self._values.index(value))

    def _on_index(self, index: int) -> None:
        self.valueChanged.emit(self.value())


class Slider(_NoWheel, QSlider):
    """A whole number between bounds, by dragging."""

    def __init__(self, low: int, high: int, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(low, high)


class TupleField(QWidget):
    """Several numbers in a row."""

    valueChanged = Signal(object)

    def __init__(
        self, fields: Sequence[IntField | FloatField], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.fields = tuple(fields)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for field in self.fields:
            layout.addWidget(field, 1)
            field.valueChanged.connect(self._on_value)

    def value(self) -> tuple[Any, ...]:
        """Return the numbers."""
        return tuple(field.value() for field in self.fields)

    def setValue(self, value: Sequence[Any]) -> None:
        """Show numbers."""
        for field, number in zip(self.fields, value, strict=True):
            field.setValue(number)

    def _on_value(self) -> None:
        self.valueChanged.emit(self.value())


def show_value(editor: QWidget, value: Any) -> None:
    """Let an editor show a value without telling that it has changed."""
    with QSignalBlocker(editor):
        editor.setValue(value)


def make_field(info: FieldInfo, choices: Sequence[tuple[Any, str]] | None = None) -> QWidget:
    """Make the editor that fits a field of a pydantic model.

    Parameters
    ----------
    info
        Type, bounds and unit of the field.
    choices
        Offer these values instead of any.

    Raises
    ------
    TypeError
        If no editor fits the type.
    """
    if choices is not None:
        return ChoiceField(choices)
    extra = info.json_schema_extra or {}
    annotation, optional = _without_none(info.annotation)
    if extra.get("choices") == IMAGE_SETS:
        none = [(None, AUTOMATIC)] if optional else []
        return ChoiceField([*none, ("images", "as recorded")])
    if get_origin(annotation) is Literal:
        names = extra.get("names", {})
        return ChoiceField([(value, names.get(value, value)) for value in get_args(annotation)])
    if annotation is bool:
        return BoolField()
    if annotation is str:
        return TextField(optional=optional)
    if get_origin(annotation) is tuple:
        return TupleField([_number(kind, info, optional=False) for kind in get_args(annotation)])
    return _number(annotation, info, optional=optional)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in {Union, UnionType}:
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        if len(kinds) == 1:
            return kinds[0], True
    return annotation, False


def _number(annotation: Any, info: FieldInfo, *, optional: bool) -> IntField | FloatField:
    unit = (info.json_schema_extra or {}).get("unit", "")
    bounds = {
        name: getattr(bound, name)
        for bound in info.metadata
        for name in ("ge", "gt", "le", "lt")
        if hasattr(bound, name)
    }
    if annotation is int:
        low = bounds.get("ge", bounds.get("gt", -_LARGEST_INT) + ("gt" in bounds))
        high = bounds.get("le", bounds.get("lt", _LARGEST_INT) - ("lt" in bounds))
        return IntField(low, high, unit, optional=optional)
    if annotation is float:
        smallest = 10**-_DECIMALS
        low = bounds.get("ge", bounds.get("gt", -_LARGEST_FLOAT) + smallest * ("gt" in bounds))
        high = bounds.get("le", bounds.get("lt", _LARGEST_FLOAT) - smallest * ("lt" in bounds))
        return FloatField(low, high, unit, optional=optional)
    raise TypeError(f"No editor fits the type {annotation}")
