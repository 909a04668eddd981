"""Forms made from the settings: one row for every pydantic field, none written by hand.

FormModel holds the settings that a form shows, GroupForm shows them. A value that does not fit the
others is shown with its message and kept back until the whole group is valid again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import (
    QApplication,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from samhq.gui import theme
from samhq.gui.parameter_editors import NumberEditor, ValueEditor, make_editor
from samhq.gui.parameter_form import FormModel, Key, field_of, help_of, title_of
from samhq.gui.parameter_words import value_text
from samhq.gui.translate import tr
from samhq.settings import Settings

__all__ = ["FormModel", "GroupForm", "SettingEditor", "field_of", "help_of", "title_of"]


class SettingEditor(QWidget):
    """The control of one setting with a dot that tells, and undoes, a change, and a line for messages.

    changed: the new value, after an edit of the user. reset_asked: the dot was pressed.
    """

    changed = pyqtSignal(object)
    reset_asked = pyqtSignal()

    def __init__(self, group: str, name: str, *, slider: bool = False, parent: QWidget | None = None) -> None:
        """slider: a slider beside the number, where the setting has both bounds."""
        super().__init__(parent)
        self.group, self.name = group, name
        self.setObjectName(f"{name}_editor")
        self._default = field_of(group, name).get_default()
        self.editor: ValueEditor = make_editor(name, field_of(group, name), slider=slider)
        self._dot = self._make_dot()
        self._message = _message_label(f"{name}_problem", "error")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.editor, 1)
        row.addWidget(self._dot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self._message)
        self._describe()
        self.editor.set_value(self._default)
        self.editor.changed.connect(self._edited)
        self.editor.problem.connect(self.set_problem)
        self._show_dot()

    def value(self) -> Any:
        """The value as it would stand in the settings."""
        return self.editor.value()

    def set_value(self, value: Any) -> None:
        """Show a value without telling anybody."""
        if value != self.editor.value():
            self.editor.set_value(value)
        self._show_dot()

    def set_default(self, value: Any) -> None:
        """The value from which a change is told, if it is not the default of the setting."""
        self._default = value
        self._show_dot()

    @property
    def is_changed(self) -> bool:
        """True if the value is not the default."""
        return bool(self.editor.value() != self._default)

    def set_problem(self, text: str) -> None:
        """Show why the value does not fit; empty for nothing."""
        self._message.setText(text)
        self._message.setVisible(bool(text))

    @property
    def problem(self) -> str:
        """The message that is shown."""
        return self._message.text()

    def main_control(self) -> QWidget:
        """The control that takes the keyboard first."""
        return self.editor.controls()[0]

    def _make_dot(self) -> QToolButton:
        dot = QToolButton()
        dot.setObjectName(f"{self.name}_dot")
        # Drawn by the theme, so that it follows a change of the scheme.
        dot.setIcon(theme.icon("circle-medium", "accent"))
        dot.setAutoRaise(True)
        policy = dot.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        dot.setSizePolicy(policy)
        dot.clicked.connect(self._reset)
        return dot

    def _describe(self) -> None:
        title, text = title_of(self.group, self.name), help_of(self.group, self.name)
        for control in self.editor.controls():
            own = control.property("text") or ""
            control.setAccessibleName(
                f"{title} ({own})" if own and control is not self.main_control() else title
            )
            control.setAccessibleDescription(text)
            control.setToolTip(f"<p>{text}</p>")
        self._dot.setAccessibleName(tr("Back to the default: {title}", title=title))

    def _edited(self, value: Any) -> None:
        self.set_problem("")
        self._show_dot()
        self.changed.emit(value)

    def _reset(self) -> None:
        self.editor.set_value(self._default)
        self.set_problem("")
        self._show_dot()
        # The dot vanishes under the pointer; the keyboard must not vanish with it.
        self.main_control().setFocus(Qt.FocusReason.OtherFocusReason)
        self.reset_asked.emit()
        self.changed.emit(self._default)

    def _show_dot(self) -> None:
        self._dot.setVisible(self.is_changed)
        shown = value_text(self.name, self._default)
        self._dot.setToolTip(tr("Changed; press for the default: {value}", value=shown))


class GroupForm(QWidget):
    """Rows of settings.

    changed: name and value of an edit in force, once for every setting; values_changed: the same as
    {(group, name): value} at once, to be preferred where an edit in the middle would not be valid.
    focused: group and name of the row whose control took the keyboard.
    """

    changed = pyqtSignal(str, object)
    values_changed = pyqtSignal(object)
    focused = pyqtSignal(str, str)

    def __init__(
        self,
        names: Sequence[Key],
        *,
        model: FormModel | None = None,
        stacked: bool = False,
        sliders: bool = False,
        tags: Mapping[Key, str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """names: group and name of the settings, in order.

        model: shared with other forms, which then are valid or not together. stacked: titles over
        the controls, for narrow columns. tags: a word for each row, e.g. what a change costs.
        """
        super().__init__(parent)
        self.model = model or FormModel(parent=self)
        self._names = list(names)
        self._editors: dict[Key, SettingEditor] = {}
        self._titles: dict[Key, QLabel] = {}
        self._notes: dict[Key, QLabel] = {}
        self._tags: dict[Key, QLabel] = {}
        self._tag_width = 0
        self._is_compact = False
        self._rows: dict[Key, list[QWidget]] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(3 if stacked else 7)
        self._grid.setColumnStretch(0 if stacked else 1, 1)
        for key in names:
            self._add_row(key, stacked=stacked, slider=sliders, tag=(tags or {}).get(key, ""))
        self.model.values_changed.connect(self._accepted)
        self.model.refreshed.connect(self._refresh)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)
        self._refresh()

    def editor(self, name: str) -> SettingEditor:
        """The editor of a setting. Raises KeyError if the form has none."""
        return next(e for (_, n), e in self._editors.items() if n == name)

    def editors(self) -> Iterable[SettingEditor]:
        """All editors in the order of the rows."""
        return self._editors.values()

    def mark(self, keys: Container[Key]) -> None:
        """Set the titles of some rows off, as changed and not applied yet."""
        for key, title in self._titles.items():
            text = title_of(*key)
            theme.set_role(title, "warning" if key in keys else "")
            title.setText(tr("{title} *", title=text) if key in keys else text)
            title.setAccessibleDescription(tr("changed, not applied yet") if key in keys else "")

    def show_only(self, keys: Container[Key]) -> bool:
        """Hide all rows but some, to find a setting. Returns whether any is left."""
        shown = [key for key in self._names if key in keys]
        for key, widgets in self._rows.items():
            for widget in widgets:
                widget.setVisible(key in shown)
            if key in self._tags:
                self._tags[key].setVisible(key in shown and not self._is_compact)
        return bool(shown)

    def set_compact(self, compact: bool) -> None:
        """Leave out sliders and tags, for want of room."""
        self._is_compact = compact
        for editor in self._editors.values():
            if isinstance(editor.editor, NumberEditor):
                editor.editor.show_slider(not compact)
        for key, tag in self._tags.items():
            tag.setVisible(not compact and not self._rows[key][0].isHidden())
        self._grid.setColumnMinimumWidth(2, 0 if compact else self._tag_width)

    def column_widths(self) -> tuple[int, ...]:
        """Width each column asks for."""
        items = [
            [self._grid.itemAtPosition(row, c) for row in range(self._grid.rowCount())] for c in range(3)
        ]
        return tuple(
            max((i.sizeHint().width() for i in column if i is not None), default=0) for column in items
        )

    def set_column_widths(self, title: int, tag: int) -> None:
        """Give titles and tags at least these widths, so that forms below each other stand in line."""
        self._tag_width = tag
        self._grid.setColumnMinimumWidth(0, title)
        self._grid.setColumnMinimumWidth(2, tag)

    def values(self) -> dict[str, Any]:
        """Values in force by name, without edits kept back."""
        return {name: getattr(getattr(self.model.settings, group), name) for group, name in self._names}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show values by name without telling anybody. Raises SettingsError if they do not fit together."""
        groups: dict[str, dict[str, Any]] = {}
        for group, name in self._names:
            if name in values:
                groups.setdefault(group, {})[name] = values[name]
        self.model.show_settings(self.model.settings.updated(groups))

    def set_settings(self, settings: Settings) -> None:
        """Show settings without telling anybody."""
        self.model.show_settings(settings)

    def _add_row(self, key: Key, *, stacked: bool, slider: bool, tag: str) -> None:
        editor = SettingEditor(*key, slider=slider)
        editor.editor.changed.connect(partial(self.model.change, *key))
        editor.editor.problem.connect(partial(self.model.note_problem, *key))
        editor.reset_asked.connect(partial(self.model.reset, *key))
        self._editors[key] = editor
        label = self._make_title(key)
        note = _message_label(f"{key[1]}_note", "muted")
        self._notes[key] = note
        row = self._grid.rowCount()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(editor)
        column.addWidget(note)
        self._rows[key] = [label, body]
        if stacked:
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(body, row + 1, 0)
        else:
            # As high as the control, which its text then stands beside, whatever lines follow below.
            label.setMinimumHeight(editor.main_control().sizeHint().height())
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(body, row, 1)
        if tag:
            tagged = QLabel(tag)
            tagged.setObjectName(f"{key[1]}_tag")
            theme.set_role(tagged, "muted")
            tagged.setMinimumHeight(label.minimumHeight())
            self._tags[key] = tagged
            self._grid.addWidget(tagged, row, 1 if stacked else 2, Qt.AlignmentFlag.AlignTop)

    def _make_title(self, key: Key) -> QLabel:
        label = _Title(title_of(*key))
        label.setObjectName(f"{key[1]}_title")
        label.setToolTip(f"<p>{help_of(*key)}</p>")
        label.setBuddy(self._editors[key].main_control())
        label.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        self._titles[key] = label
        return label

    def _on_focus(self, _: QWidget | None, now: QWidget | None) -> None:
        for key, editor in self._editors.items():
            if now is not None and editor.isAncestorOf(now):
                self.focused.emit(*key)

    def _refresh(self) -> None:
        for key, editor in self._editors.items():
            editor.set_default(self.model.default(*key))
            editor.set_value(self.model.value(*key))
            editor.set_problem(self.model.problem(*key))
            self._show_note(key)

    def _show_note(self, key: Key) -> None:
        recommended, model = self.model.recommended(*key), self.model.recommended_by
        text = ""
        if recommended is not None:
            shown = value_text(key[1], recommended)
            text = (
                tr("{model} recommends {value}", model=model, value=shown)
                if self.model.is_chosen(*key) and self.model.value(*key) != recommended
                else tr("recommended by {model}", model=model)
            )
        self._notes[key].setText(text)
        self._notes[key].setVisible(bool(text))

    def _accepted(self, values: Mapping[Key, Any]) -> None:
        mine = {key: value for key, value in values.items() if key in self._editors}
        if mine:
            self.values_changed.emit(mine)
        for (_, name), value in mine.items():
            self.changed.emit(name, value)


class _Title(QLabel):
    """The title of a row; pressing it is as good as going to the control."""

    def mousePressEvent(self, ev: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Give the keyboard to the control."""
        buddy = self.buddy()
        if buddy is not None:
            buddy.setFocus(Qt.FocusReason.MouseFocusReason)
        super().mousePressEvent(ev)


def _message_label(object_name: str, role: str) -> QLabel:
    label = QLabel()
    label.setObjectName(object_name)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    theme.set_role(label, role)
    label.setVisible(False)
    return label
