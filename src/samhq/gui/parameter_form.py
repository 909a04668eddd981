"""The settings behind a form: always valid, with the edits that do not fit in yet kept beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic.fields import FieldInfo
from PyQt6.QtCore import QObject, pyqtSignal

from samhq.errors import SettingsError
from samhq.gui.translate import tr
from samhq.settings import GROUPS, Settings, settings_from_dict

__all__ = ["FormModel", "Key", "field_of", "help_of", "title_of"]

Key = tuple[str, str]
"""Group and name of a setting."""


def field_of(group: str, name: str) -> FieldInfo:
    """The pydantic field of a setting. Raises KeyError if there is none."""
    return GROUPS[group].model_fields[name]


def title_of(group: str, name: str) -> str:
    """The title of a setting in the language of the window."""
    return tr(field_of(group, name).title or name)


def help_of(group: str, name: str) -> str:
    """The help of a setting in the language of the window."""
    return tr(field_of(group, name).description or "")


class FormModel(QObject):
    """The settings behind one or more forms, always valid, and the edits that do not fit in yet.

    values_changed: {(group, name): value} of all edits that came into force together.
    refreshed: something else than the user changed what is to be shown, or a message came or went.
    """

    values_changed = pyqtSignal(object)
    refreshed = pyqtSignal()

    def __init__(self, settings: Settings | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings or Settings()
        self._pending: dict[str, dict[str, Any]] = {}
        self._problems: dict[Key, str] = {}
        self._recommended: Mapping[str, Any] = {}
        self.recommended_by = ""

    @property
    def settings(self) -> Settings:
        """The valid settings, with all edits but those kept back."""
        return self._settings

    @property
    def pending(self) -> dict[Key, Any]:
        """Edits that are kept back because their group would not be valid."""
        return {(group, name): v for group, values in self._pending.items() for name, v in values.items()}

    def show_settings(self, settings: Settings) -> None:
        """Take other settings. Edits that were kept back stay where their group did not change."""
        before, self._settings = self._settings, settings
        for group in GROUPS:
            one, other = getattr(before, group), getattr(settings, group)
            if one is not other and one.explicit != other.explicit:
                self._forget(group)
        self.refreshed.emit()

    def drop_pending(self) -> None:
        """Forget all edits that were kept back."""
        for group in GROUPS:
            self._forget(group)
        self.refreshed.emit()

    def note_problem(self, group: str, name: str, text: str) -> None:
        """Show what was found out about a value that is in force, until its group is edited again."""
        self._problems[group, name] = text
        self.refreshed.emit()

    def _forget(self, group: str) -> None:
        self._pending.pop(group, None)
        self._problems = {key: text for key, text in self._problems.items() if key[0] != group}

    def set_recommended(self, model: str, values: Mapping[str, Any]) -> None:
        """What a model recommends for the segmentation settings that nobody chose; empty for nothing."""
        self.recommended_by = model
        self._recommended = dict(values)
        self.refreshed.emit()

    def recommended(self, group: str, name: str) -> Any:
        """What the model recommends for a setting, None if nothing."""
        return self._recommended.get(name) if group == "segmentation" else None

    def default(self, group: str, name: str) -> Any:
        """The value a setting has if nobody chooses one: the model's recommendation, else the default."""
        recommended = self.recommended(group, name)
        chosen_grids = "point_grids" in self._settings.segmentation.model_fields_set
        if recommended is None or (name == "points_per_side" and chosen_grids):
            return field_of(group, name).get_default()
        return recommended

    def value(self, group: str, name: str) -> Any:
        """The value to show: the last edit, the chosen value, or what holds if nobody chooses."""
        pending = self._pending.get(group, {})
        if name in pending:
            return pending[name]
        settings = getattr(self._settings, group)
        return getattr(settings, name) if self.is_chosen(group, name) else self.default(group, name)

    def is_chosen(self, group: str, name: str) -> bool:
        """True if somebody chose a value, even one that equals the default."""
        return name in self._pending.get(group, {}) or name in getattr(self._settings, group).model_fields_set

    def problem(self, group: str, name: str) -> str:
        """Why the edits of a group are kept back, for the row beside which it is shown; else empty."""
        return self._problems.get((group, name), "")

    def change(self, group: str, name: str, value: Any) -> None:
        """Take an edit of the user; it comes into force when the group is valid."""
        waiting = self._pending.setdefault(group, {})
        waiting[name] = value
        self._settle(group, name, lambda: self._settings.updated({group: waiting}))

    def reset(self, group: str, name: str) -> None:
        """Go back to what holds if nobody chooses."""
        waiting = self._pending.setdefault(group, {})
        waiting.pop(name, None)

        def without() -> Settings:
            chosen = {g: dict(getattr(self._settings, g).explicit) for g in GROUPS}
            chosen[group].pop(name, None)
            chosen[group] |= waiting
            return settings_from_dict(chosen)

        self._settle(group, name, without)

    def _settle(self, group: str, name: str, make: Callable[[], Settings]) -> None:
        waiting = self._pending[group]
        self._problems = {key: text for key, text in self._problems.items() if key[0] != group}
        try:
            self._settings = make()
        except SettingsError as error:
            text = str(error).removeprefix("settings: ")
            self._problems[group, self._row_of(text, group, name)] = text
            self.refreshed.emit()
            return
        accepted = {(group, n): v for n, v in waiting.items()}
        accepted.setdefault((group, name), getattr(getattr(self._settings, group), name))
        del self._pending[group]
        self.values_changed.emit(accepted)
        self.refreshed.emit()

    def _row_of(self, text: str, group: str, last: str) -> str:
        """The edited setting that a message names first, else the one edited last."""
        named = sorted((text.find(n), n) for n in self._pending[group] if n in text)
        return named[0][1] if named else last
