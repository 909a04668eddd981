"""The menu of exports: the formats, and what they shall hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, get_args

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QActionGroup, QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QMenu, QWidget

from samhq.export_settings import SHAPE_NAMES, ExportSettings, shape_text
from samhq.gui.export_words import TABLE_FORMATS, choice_text, format_text, shape_label
from samhq.gui.session import Session
from samhq.gui.translate import tr

__all__ = ["ExportMenu"]


class _StayingMenu(QMenu):
    """A menu that stays open while boxes in it are checked, so that several can be in one go."""

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Check the box under the pointer; anything else as ever."""
        action = None if event is None else self.actionAt(event.position().toPoint())
        if not _is_box(action):
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Check the box with the space bar or Return; anything else as ever."""
        keys = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event is None or event.key() not in keys or not _is_box(self.activeAction()):
            super().keyPressEvent(event)


def _is_box(action: QAction | None) -> bool:
    """Press an action if it is a box. Returns whether it was one."""
    if action is None or not action.isCheckable() or not action.isEnabled():
        return False
    action.trigger()
    return True


class ExportMenu(QMenu):
    """Formats by name, measurements of shape, names of columns and kinds of objects.

    The choices are export settings of the session, in force at once; `chosen` is called with the name of a format.
    """

    def __init__(
        self, session: Session, formats: Iterable[str], chosen: Callable[[str], object], *, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._boxes: dict[str, QAction] = {}
        self._radios: dict[tuple[str, str], QAction] = {}
        self.setObjectName("export_menu")
        self.setToolTipsVisible(True)
        self._add_formats(formats, chosen)
        self.addSeparator()
        self._shape_menu = self._add_shapes()
        self._add_choice("columns", tr("&Column names"))
        self._add_choice("qupath_object", tr("Objects in &QuPath"))
        self._pictures = self._checkable(self, tr("&Pictures in the YOLO data set"), "export_yolo_pictures")
        self._pictures.triggered.connect(lambda on: self._set(yolo_pictures=on))
        self.aboutToShow.connect(self.show_settings)
        self.show_settings()

    def _add_formats(self, formats: Iterable[str], chosen: Callable[[str], object]) -> None:
        names = list(formats)
        for place, name in enumerate(names):
            if place and name not in TABLE_FORMATS and names[place - 1] in TABLE_FORMATS:
                self.addSeparator()
            action = QAction(format_text(name), self)
            action.setObjectName(f"export_{name}")
            action.triggered.connect(partial(_call, chosen, name))
            self.addAction(action)

    def _add_shapes(self) -> QMenu:
        menu = _StayingMenu(tr("&Shape measurements"), self)
        menu.setObjectName("export_shape_menu")
        self.addMenu(menu)
        for name, text, chosen in (("all", tr("All"), SHAPE_NAMES), ("none", tr("None"), ())):
            action = QAction(text, menu)
            action.setObjectName(f"export_shape_{name}")
            action.triggered.connect(partial(_call, self._set_shapes, chosen))
            menu.addAction(action)
        menu.addSeparator()
        for name in SHAPE_NAMES:
            box = self._checkable(menu, shape_label(name), f"export_shape_{name}")
            box.setToolTip(name)
            box.triggered.connect(self._on_shape)
            self._boxes[name] = box
        return menu

    def _add_choice(self, name: str, title: str) -> None:
        menu = QMenu(title, self)
        menu.setObjectName(f"export_{name}_menu")
        self.addMenu(menu)
        group = QActionGroup(menu)
        for value in get_args(ExportSettings.model_fields[name].annotation):
            action = self._checkable(menu, choice_text(name, value), f"export_{name}_{value}")
            group.addAction(action)
            action.triggered.connect(partial(_call, self._set_choice, (name, value)))
            self._radios[name, value] = action

    def _checkable(self, menu: QMenu, text: str, object_name: str) -> QAction:
        action = QAction(text, menu)
        action.setCheckable(True)
        action.setObjectName(object_name)
        menu.addAction(action)
        return action

    def show_settings(self) -> None:
        """Check what is chosen."""
        chosen = self._session.settings.export
        for name, box in self._boxes.items():
            box.setChecked(name in chosen.shapes)
        for (name, value), action in self._radios.items():
            action.setChecked(getattr(chosen, name) == value)
        self._pictures.setChecked(chosen.yolo_pictures)
        count = len(chosen.shapes)
        title = tr("&Shape measurements ({n} chosen)", n=count) if count else tr("&Shape measurements")
        self._shape_menu.setTitle(title)

    def _on_shape(self) -> None:
        self._set_shapes([name for name, box in self._boxes.items() if box.isChecked()])

    def _set_shapes(self, names: Iterable[str]) -> None:
        self._set(shape=shape_text(names))

    def _set_choice(self, choice: tuple[str, str]) -> None:
        name, value = choice
        self._set(**{name: value})

    def _set(self, **values: object) -> None:
        self._session.set_values("export", **values)
        self.show_settings()


def _call(function: Callable[[Any], object], value: Any, _checked: bool = False) -> None:
    function(value)
