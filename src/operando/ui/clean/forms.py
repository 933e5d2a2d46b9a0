"""One form per operation, one of them shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from operando.ui.forms.fields import ChoiceField
from operando.ui.forms.form import LABEL_WIDTH, SettingsForm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from operando.steps import Step


class OperationForms(QWidget):
    """Chooses a step and edits its settings; has the interface of a `SettingsForm`.

    Parameters
    ----------
    steps
        Classes to choose from.
    up_front
        For each by its name the fields that are always seen.
    parent
        Owner.

    Attributes
    ----------
    operation : ChoiceField
        Which step.
    more : QToolButton
        Shows and hides the other fields.
    """

    valueChanged = Signal()

    def __init__(
        self,
        steps: Sequence[type[Step]],
        up_front: Mapping[str, Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.operation = ChoiceField([(step.name, step.title) for step in steps])
        self.operation.setObjectName("operation")
        self.more = QToolButton()
        self.more.setCheckable(True)
        self.more.setText("More ▾")
        self.more.setToolTip("The other settings; their defaults work")
        self._forms = {
            step.name: SettingsForm(step, up_front=("images", *up_front.get(step.name, ())))
            for step in steps
        }
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        top = QFormLayout()
        top.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        label = QLabel("Operation")
        label.setMinimumWidth(LABEL_WIDTH)
        top.addRow(label, self.operation)
        layout.addLayout(top)
        for form in self._forms.values():
            layout.addWidget(form)
            form.valueChanged.connect(self.valueChanged)
        self.more.toggled.connect(self._on_more)
        self.operation.valueChanged.connect(self._on_operation)
        self._show_form()

    @property
    def current(self) -> SettingsForm:
        """The form that is shown."""
        return self._forms[self.operation.value()]

    def value(self) -> Step:
        """Return the chosen step with its settings."""
        return self.current.value()

    def setValue(self, value: Step) -> None:
        """Choose a step and show its settings."""
        self._forms[value.name].setValue(value)
        self.operation.setValue(value.name)

    def reset(self) -> None:
        """Show the defaults of every step."""
        for form in self._forms.values():
            form.reset()

    def field(self, name: str) -> QWidget:
        """Return the editor of a field of the chosen step."""
        return self.current.field(name)

    def form_of(self, name: str) -> SettingsForm:
        """Return the form of a step."""
        return self._forms[name]

    def set_choices(self, name: str, choices: Sequence[tuple[Any, str]]) -> None:
        """Offer other values in every form that has the field."""
        for form in self._forms.values():
            form.set_choices(name, choices)

    def choose(self, name: str, value: Any) -> None:
        """Choose a value in every form that has the field."""
        for form in self._forms.values():
            form.choose(name, value)

    def _on_operation(self) -> None:
        self._show_form()
        self.valueChanged.emit()

    def _show_form(self) -> None:
        for form in self._forms.values():
            form.setVisible(form is self.current)

    def _on_more(self, shown: bool) -> None:
        for form in self._forms.values():
            form.more.setChecked(shown)
        self.more.setText("Less ▴" if shown else "More ▾")
