"""Symbols that are drawn in the colour of the scheme at the moment they are painted."""

from __future__ import annotations

import logging
from collections.abc import Callable

import qtawesome
from PyQt6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPen, QPixmap
from qtawesome.iconic_font import FontError

__all__ = ["ICONS", "ThemedIconEngine", "app_icon"]

_log = logging.getLogger(__name__)

ICONS = {
    "about": "information-outline",
    "add": "plus",
    "aggregation": "chart-histogram",
    "auto_scroll": "arrow-collapse-down",
    "batch": "image-multiple-outline",
    "box": "vector-square",
    "brush": "brush",
    "check": "check",
    "clear": "broom",
    "close": "close",
    "collapse_down": "chevron-down",
    "collapse_left": "chevron-left",
    "collapse_right": "chevron-right",
    "collapse_up": "chevron-up",
    "command": "console-line",
    "copy": "content-copy",
    "cut": "content-cut",
    "delete": "trash-can-outline",
    "deselect": "select-off",
    "device": "expansion-card-variant",
    "erase": "eraser",
    "error": "alert-circle-outline",
    "export": "export-variant",
    "failed": "close-circle-outline",
    "filter": "filter-outline",
    "fit": "fit-to-page-outline",
    "folder": "folder-open-outline",
    "generate": "auto-fix",
    "help": "help-circle-outline",
    "image": "image-outline",
    "info": "information-outline",
    "invert": "select-inverse",
    "lasso": "lasso",
    "learn": "school-outline",
    "log": "text-box-outline",
    "masks": "shape-outline",
    "merge": "vector-union",
    "model": "cube-outline",
    "none": "circle-off-outline",
    "ok": "check-circle-outline",
    "open": "folder-open-outline",
    "parameters": "tune-variant",
    "pause": "pause",
    "play": "play",
    "point": "cursor-default-click-outline",
    "redo": "redo",
    "refresh": "refresh",
    "reset": "restore",
    "resume": "play-circle-outline",
    "sample": "flask-outline",
    "save": "content-save-outline",
    "search": "magnify",
    "select": "cursor-default-outline",
    "select_all": "select-all",
    "settings": "cog-outline",
    "split": "scissors-cutting",
    "start": "play",
    "stop": "stop",
    "table": "table",
    "undo": "undo",
    "waiting": "clock-outline",
    "warning": "alert-outline",
    "zoom": "magnify-plus-outline",
}
"""Names of what is meant, and the Material Design Icon for each."""

_FONT = "mdi6"


class ThemedIconEngine(QIconEngine):
    """Draws one symbol of the icon font.

    name: of ICONS or of the font. color: given whether the icon is enabled; called at each painting, so
    that icons need not be made anew when the scheme changes. Raises ValueError for an unknown name.
    """

    def __init__(self, name: str, color: Callable[[bool], QColor]) -> None:
        super().__init__()
        self._name = name
        self._color = color
        try:
            self._character: str = qtawesome.charmap(f"{_FONT}.{ICONS.get(name, name)}")
        except (KeyError, ValueError) as error:
            raise ValueError(f"icon {name!r}: is none of the icon font") from error
        except FontError as error:
            # Some companies have Windows refuse fonts of programs: buttons then have their texts only.
            _log.warning("no icons: %s", error)
            self._character = ""

    def paint(self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw the symbol centred in a rectangle, in the colour that is in force now."""
        if painter is None or not self._character:
            return
        painter.save()
        painter.setPen(self._color(mode != QIcon.Mode.Disabled))
        painter.setFont(qtawesome.font(_FONT, max(1, min(rect.width(), rect.height()))))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._character)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """The symbol on a transparent picture of a size in device pixels."""
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return picture

    def clone(self) -> QIconEngine:
        """Another engine that draws the same."""
        return ThemedIconEngine(self._name, self._color)


def app_icon() -> QIcon:
    """The icon of the program: dark objects on a micrograph, one of them outlined. Sizes 16 to 256 px."""
    icon = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        icon.addPixmap(_app_picture(size))
    return icon


def _app_picture(size: int) -> QPixmap:
    picture = QPixmap(size, size)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    # Drawn on a field of 32 x 32, whatever the size.
    painter.scale(size / 32, size / 32)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#D9DEE4"))
    painter.drawRoundedRect(QRectF(1, 1, 30, 30), 7, 7)
    painter.setBrush(QColor("#2B3138"))
    painter.drawEllipse(QPointF(22.5, 22.5), 4.2, 4.2)
    painter.drawEllipse(QPointF(23.5, 8.5), 2.8, 2.8)
    painter.setPen(QPen(QColor("#E8141C"), 2.6))
    painter.drawEllipse(QPointF(11.5, 14.5), 6.4, 6.4)
    painter.end()
    return picture
