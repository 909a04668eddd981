"""The image with its masks: shown, pointed at, drawn on. It says what the user did; who acts on it is the session."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter
from PyQt6.QtWidgets import QToolTip, QWidget

from samhq.gui.canvas_layers import LayeredView
from samhq.gui.canvas_marks import paint_brush, paint_gesture
from samhq.gui.canvas_view import View
from samhq.gui.overlay import MaskStyle
from samhq.gui.tools import (
    BoxDrawn,
    CanvasMode,
    Clicked,
    CutDrawn,
    Gesture,
    Outcome,
    RegionDrawn,
    StrokeDrawn,
    brush_step,
    clipped_box,
)
from samhq.gui.translate import tr

if TYPE_CHECKING:
    from samhq.masks import MaskTable
    from samhq.outlines import Outlines

__all__ = ["CanvasMode", "ImageCanvas", "MaskStyle"]

_KEY_STEP = 60
"""Pixels of the screen that an arrow key pans."""

_CURSORS = {
    CanvasMode.SELECT: Qt.CursorShape.ArrowCursor,
    CanvasMode.POINT: Qt.CursorShape.PointingHandCursor,
    CanvasMode.BRUSH: Qt.CursorShape.BlankCursor,
    CanvasMode.ERASER: Qt.CursorShape.BlankCursor,
}
_ARROWS = {
    Qt.Key.Key_Left: (1, 0),
    Qt.Key.Key_Right: (-1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_BRUSHES = (CanvasMode.BRUSH, CanvasMode.ERASER)
_NO_DOUBLE_CLICK = (*_BRUSHES, CanvasMode.POINT, CanvasMode.CUT)


class ImageCanvas(LayeredView):
    """An image with masks.

    clicked: x, y of the pixel, Qt.MouseButton, Qt.KeyboardModifier; in every mode but the brushes.
    region_drawn: polygon (k, 2) float64 in image coordinates, Qt.KeyboardModifier. box_drawn: half-open
    x0, y0, x1, y1 inside the image. stroke_drawn: points (k, 2) float64, radius in image pixels, erase?
    cut_drawn: points (k, 2) float64. cycle_requested: the next mask under the pointer is meant; instead of
    `clicked` where several masks lie. masks_shown, outlines_shown: the user pressed X or Z.
    brush_radius_changed: the user pressed [ or ].
    """

    clicked = pyqtSignal(int, int, object, object)
    region_drawn = pyqtSignal(object, object)
    box_drawn = pyqtSignal(int, int, int, int)
    stroke_drawn = pyqtSignal(object, float, bool)
    cut_drawn = pyqtSignal(object)
    cycle_requested = pyqtSignal()
    masks_shown = pyqtSignal(bool)
    outlines_shown = pyqtSignal(bool)
    brush_radius_changed = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("image_canvas")
        self.setAccessibleName(tr("Image with masks"))
        self._tooltips: Callable[[int], str] | None = None
        self._mode = CanvasMode.SELECT
        self._brush_radius = 8.0
        self._gesture: Gesture | None = None
        self._button = Qt.MouseButton.NoButton
        self._pointer: QPointF | None = None
        self._space = False
        self._last_click: tuple[int, int] | None = None
        self._show_cursor()

    def set_masks(self, masks: MaskTable | None, outlines: Outlines | None) -> None:
        """Show other masks, all NORMAL, without numbers. Raises ValueError if only one of the two is given."""
        super().set_masks(masks, outlines)
        self._last_click = None

    def set_tooltips(self, tooltip: Callable[[int], str] | None) -> None:
        """What is said of the mask under the pointer: a function of its index."""
        self._tooltips = tooltip

    # ------------------------------------------------------------------ modes

    @property
    def mode(self) -> CanvasMode:
        """What the left button does."""
        return self._mode

    def set_mode(self, mode: CanvasMode) -> None:
        """Let the left button do something else; what is being drawn is given up."""
        self._mode = mode
        self._cancel()

    @property
    def brush_radius(self) -> float:
        """Radius of brush and eraser in image pixels."""
        return self._brush_radius

    def set_brush_radius(self, radius: float) -> None:
        """Radius of brush and eraser in image pixels."""
        self._brush_radius = radius
        self._port.update()

    def _cancel(self) -> bool:
        """Give up what is being drawn. Returns whether something was."""
        busy, self._gesture = self._gesture is not None, None
        self._show_cursor()
        self._port.update()
        return busy

    def _show_cursor(self) -> None:
        if self._gesture is not None and self._gesture.moves_image and self._gesture.dragged:
            cursor = Qt.CursorShape.ClosedHandCursor
        elif self._space:
            cursor = Qt.CursorShape.OpenHandCursor
        else:
            cursor = _CURSORS.get(self._mode, Qt.CursorShape.CrossCursor)
        if self._port.cursor().shape() != cursor:
            self._port.setCursor(cursor)

    # ------------------------------------------------------------------ painting

    def _paint_over(self, painter: QPainter, view: View) -> None:
        super()._paint_over(painter, view)
        if self._pointer is None or self._bare:
            return
        place = self._place(self._pointer)
        if self._gesture is not None:
            paint_gesture(painter, view, self._ratio, self._gesture, place, self._brush_radius)
        if self._mode in _BRUSHES and not self._space:
            paint_brush(painter, view, self._ratio, place, self._brush_radius)

    # ------------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's
        """Begin a click or a drag."""
        assert event is not None
        event.accept()
        if self._view is None or self._gesture is not None:
            return
        button, at = event.button(), event.position()
        pans = button == Qt.MouseButton.MiddleButton or (self._space and button == Qt.MouseButton.LeftButton)
        if not pans and button not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            return
        # The right button selects and points, but never draws.
        mode = self._mode if button == Qt.MouseButton.LeftButton else CanvasMode.POINT
        self._button = button
        self._gesture = Gesture(mode, self._device(at), self._place(at), pans=pans, ratio=self._ratio)
        self._pointer = at
        self._port.update()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's
        """Draw or pan while a button is down; tell which pixel is under the pointer."""
        assert event is not None
        event.accept()
        at = event.position()
        self._pointer = at
        if self._view is None:
            return
        if self._gesture is not None:
            moved = self._gesture.move(self._device(at), self._place(at))
            if moved is not None:
                self._pan_device(moved.dx, moved.dy)
            self._show_cursor()
        if self._gesture is not None or self._mode in _BRUSHES:
            self._port.update()
        self._point_at(self._pixel_at(at))
        self._follow_tooltip(event.globalPosition().toPoint(), at)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's
        """End a click or a drag and tell what it meant."""
        assert event is not None
        event.accept()
        if self._gesture is None or event.button() != self._button or self._view is None:
            return
        gesture, self._gesture = self._gesture, None
        at = event.position()
        outcome = gesture.release(self._device(at), self._place(at))
        self._show_cursor()
        self._port.update()
        if outcome is not None:
            self._tell(outcome, event.modifiers())

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's
        """Show the whole image, but where quick clicks mean something by themselves."""
        assert event is not None
        left = event.button() == Qt.MouseButton.LeftButton
        if left and self._mode not in _NO_DOUBLE_CLICK and not self._space and not self._overlaps(event):
            event.accept()
            self.fit()
        else:
            self.mousePressEvent(event)

    def _overlaps(self, event: QMouseEvent) -> bool:
        """Whether several masks lie under the pointer, where a quick second click asks for the next one."""
        place = self.mapToScene(event.position().toPoint())
        return (
            self._mode is CanvasMode.SELECT
            and len(self.hit(math.floor(place.x()), math.floor(place.y()))) > 1
        )

    def _tell(self, outcome: Outcome, modifiers: Qt.KeyboardModifier) -> None:
        assert self._view is not None
        match outcome:
            case Clicked((x, y)):
                self._tell_click(int(np.floor(x)), int(np.floor(y)), modifiers)
            case RegionDrawn(polygon):
                self.region_drawn.emit(polygon, modifiers)
            case BoxDrawn(start, stop):
                size = (self._view.image_width, self._view.image_height)
                box = clipped_box(start, stop, width=size[0], height=size[1])
                if box is not None:
                    self.box_drawn.emit(*box)
            case StrokeDrawn(points, erase):
                self.stroke_drawn.emit(points, self._brush_radius, erase)
            case CutDrawn(points):
                self.cut_drawn.emit(points)

    def _tell_click(self, x: int, y: int, modifiers: Qt.KeyboardModifier) -> None:
        assert self._view is not None
        if not (0 <= x < self._view.image_width and 0 <= y < self._view.image_height):
            return
        left = self._button == Qt.MouseButton.LeftButton
        again = left and self._mode is CanvasMode.SELECT and self._last_click == (x, y)
        self._last_click = (x, y) if left else None
        if again and modifiers == Qt.KeyboardModifier.NoModifier and len(self.hit(x, y)) > 1:
            self.cycle_requested.emit()
        else:
            self.clicked.emit(x, y, self._button, modifiers)

    # ------------------------------------------------------------------ tooltips and keys

    def viewportEvent(self, event: QEvent | None) -> bool:  # noqa: N802 - Qt's
        """Say what is under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_tooltip(event.globalPos(), QPointF(event.pos()))
            return True
        if event is not None and event.type() == QEvent.Type.Leave:
            self._pointer = None
            self._port.update()
        return super().viewportEvent(event)

    def _tooltip_at(self, at: QPointF) -> str:
        pixel = self._pixel_at(at)
        if pixel is None or self._tooltips is None or self._bare:
            return ""
        hits = self.hit(*pixel)
        return self._tooltips(int(hits[0])) if len(hits) else ""

    def _show_tooltip(self, where: QPoint, at: QPointF) -> None:
        text = self._tooltip_at(at)
        if text:
            # Qt takes it away by itself once the pointer leaves this rectangle; here the text is followed instead.
            QToolTip.showText(where, text, self._port, self._port.rect())
        else:
            QToolTip.hideText()

    def _follow_tooltip(self, where: QPoint, at: QPointF) -> None:
        """While a tooltip is shown, it tells of what the pointer has come to."""
        if QToolTip.isVisible() and self._gesture is None and QToolTip.text() != self._tooltip_at(at):
            self._show_tooltip(where, at)

    def event(self, event: QEvent | None) -> bool:
        """Keys of the image go before shortcuts of the window; Tab cycles where masks lie under the pointer."""
        if isinstance(event, QKeyEvent):
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if event.type() == QEvent.Type.ShortcutOverride and plain and self._action_of(event) is not None:
                event.accept()
                return True
            is_tab = event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Tab
            if is_tab and plain and self._pixel is not None and len(self.hit(*self._pixel)):
                self.cycle_requested.emit()
                return True
        return super().event(event)

    def _action_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        key = event.key()
        if key in _ARROWS:
            dx, dy = _ARROWS[Qt.Key(key)]
            return lambda: self.pan(dx * _KEY_STEP, dy * _KEY_STEP)
        actions: dict[int, Callable[[], object]] = {
            Qt.Key.Key_1: self.one_to_one,
            Qt.Key.Key_0: self.fit,
            Qt.Key.Key_Plus: lambda: self.zoom_by(1.25),
            Qt.Key.Key_Equal: lambda: self.zoom_by(1.25),
            Qt.Key.Key_Minus: lambda: self.zoom_by(0.8),
            Qt.Key.Key_X: self._toggle_masks,
            Qt.Key.Key_Z: self._toggle_outlines,
            Qt.Key.Key_B: lambda: self._set_bare(True),
            Qt.Key.Key_Space: lambda: self._set_space(True),
        }
        if self._gesture is not None:
            actions[Qt.Key.Key_Escape] = self._cancel
        if self._mode in _BRUSHES:
            actions[Qt.Key.Key_BracketLeft] = lambda: self._step_brush(-1)
            actions[Qt.Key.Key_BracketRight] = lambda: self._step_brush(1)
        return actions.get(key)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's
        """Keys of the image; all others go on."""
        assert event is not None
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        action = self._action_of(event) if plain else None
        if action is None:
            event.ignore()
            return
        event.accept()
        held = event.key() in (Qt.Key.Key_X, Qt.Key.Key_Z, Qt.Key.Key_B, Qt.Key.Key_Space)
        if not (held and event.isAutoRepeat()):
            action()

    def keyReleaseEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's
        """B and space act while they are held."""
        assert event is not None
        if event.isAutoRepeat() or event.key() not in (Qt.Key.Key_B, Qt.Key.Key_Space):
            event.ignore()
        elif event.key() == Qt.Key.Key_B:
            self._set_bare(False)
        else:
            self._set_space(False)

    def focusOutEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802 - Qt's
        """A key that is released elsewhere is not held any more."""
        self._set_bare(False)
        self._set_space(False)
        super().focusOutEvent(event)

    def _toggle_masks(self) -> None:
        self.show_masks(not self._masks_visible)
        self.masks_shown.emit(self._masks_visible)

    def _toggle_outlines(self) -> None:
        self.show_outlines(not self._overlay.outlines_shown)
        self.outlines_shown.emit(self._overlay.outlines_shown)

    def _set_bare(self, bare: bool) -> None:
        self._bare = bare
        self._port.update()

    def _set_space(self, held: bool) -> None:
        self._space = held
        self._show_cursor()
        self._port.update()

    def _step_brush(self, steps: int) -> None:
        self.set_brush_radius(brush_step(self._brush_radius, steps))
        self.brush_radius_changed.emit(self._brush_radius)
