"""A form for any pydantic model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from operando.ui.forms.fields import BoolField, ChoiceField, make_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic.fields import FieldInfo

LABEL_WIDTH = 118
"""Of labels in forms, so that forms below each other line up."""


class SettingsForm(QWidget):
    """Edits the fields of a model: some up front, the others under "More".

    Fields of nested models are named with dots: ``"settings.effort"``.

    Parameters
    ----------
    model
        Class whose fields are edited; all of them need a default.
    up_front
        Names of the fields that are always seen, in this order.
    hidden
        Names of fields that are not shown; they keep the value that was set. The name of a nested
        model hides all its fields.
    choices
        For some fields the values to choose from, each with its text.
    parent
        Owner.

    Attributes
    ----------
    more : QToolButton
        Shows and hides the other fields; whoever owns the form places it.
    """

    valueChanged = Signal()

    def __init__(
        self,
        model: type[BaseModel],
        up_front: Sequence[str] = (),
        hidden: Sequence[str] = (),
        choices: Mapping[str, Sequence[tuple[Any, str]]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._base = model()
        self._fields: dict[str, QWidget] = {}
        self.more = QToolButton()
        self.more.setCheckable(True)
        self.more.setText("More ▾")
        self.more.setToolTip("The other settings; their defaults work")
        self._rest = QWidget()
        front_form, rest_form = _form_layout(), _form_layout(self._rest)
        choices = choices or {}
        infos = {name: (group, info) for name, group, info in _flat_fields(model)}
        for name in up_front:
            self._add(front_form, name, infos[name][1], choices.get(name))
        self._add_rest(rest_form, infos, {*up_front, *hidden}, choices)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(front_form)
        layout.addWidget(self._rest)
        self._rest.hide()
        if not rest_form.rowCount():  # showing it while it has no parent would open a window
            self.more.hide()
        self.more.toggled.connect(self._on_more)
        self.setValue(self._base)

    def value(self) -> BaseModel:
        """Return the model with what was entered."""
        content = self._base.model_dump()
        for name, field in self._fields.items():
            *parents, last = name.split(".")
            part = content
            for parent in parents:
                part = part[parent]
            part[last] = field.value()
        return type(self._base).model_validate(content)

    def setValue(self, value: BaseModel) -> None:
        """Show the values of a model."""
        self._base = value
        before = self.blockSignals(True)
        for name, field in self._fields.items():
            part: Any = value
            for key in name.split("."):
                part = getattr(part, key)
            field.setValue(part)
        self.blockSignals(before)
        self.valueChanged.emit()

    def reset(self) -> None:
        """Show the defaults."""
        self.setValue(type(self._base)())

    def field(self, name: str) -> QWidget:
        """Return the editor of a field."""
        return self._fields[name]

    def set_choices(self, name: str, choices: Sequence[tuple[Any, str]]) -> None:
        """Offer other values for a field that was made with choices."""
        field = self._fields.get(name)
        if isinstance(field, ChoiceField):
            field.set_choices(choices)

    def choose(self, name: str, value: Any) -> None:
        """Choose a value of a field that is shown; nothing happens if it is not."""
        if name in self._fields:
            self._fields[name].setValue(value)

    def _add_rest(
        self,
        form: QFormLayout,
        infos: Mapping[str, tuple[str, FieldInfo]],
        elsewhere: set[str],
        choices: Mapping[str, Sequence[tuple[Any, str]]],
    ) -> None:
        heading = ""
        for name, (group, info) in infos.items():
            if name in elsewhere or name.partition(".")[0] in elsewhere:
                continue
            if group != heading:
                heading = group
                form.addRow(_heading(group))
            self._add(form, name, info, choices.get(name))

    def _add(
        self,
        form: QFormLayout,
        name: str,
        info: FieldInfo,
        choices: Sequence[tuple[Any, str]] | None,
    ) -> None:
        field = make_field(info, choices)
        field.setToolTip(info.description or "")
        field.setObjectName(name)
        title = info.title or name
        if isinstance(field, BoolField):
            field.setText(title)
            form.addRow(QLabel(""), field)
        else:
            label = QLabel(title)
            label.setToolTip(info.description or "")
            label.setMinimumWidth(LABEL_WIDTH)
            form.addRow(label, field)
        field.valueChanged.connect(self._on_value)
        self._fields[name] = field

    def _on_value(self) -> None:
        self.valueChanged.emit()

    def _on_more(self, shown: bool) -> None:
        self._rest.setVisible(shown)
        self.more.setText("Less ▴" if shown else "More ▾")


def _flat_fields(
    model: type[BaseModel], prefix: str = "", group: str = ""
) -> Iterator[tuple[str, str, FieldInfo]]:
    """Name, group and description of every field; nested models come after plain fields."""
    nested = []
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            nested.append((name, info))
        else:
            yield f"{prefix}{name}", group, info
    for name, info in nested:
        yield from _flat_fields(info.annotation, f"{prefix}{name}.", info.title or name)


def _form_layout(parent: QWidget | None = None) -> QFormLayout:
    form = QFormLayout(parent)
    form.setContentsMargins(0, 0, 0, 0)
    form.setSpacing(6)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return form


def _heading(text: str) -> QLabel:
    label = QLabel(f"<b>{text}</b>")
    label.setContentsMargins(0, 6, 0, 0)
    return label
