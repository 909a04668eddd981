"""A view of one image: zoom, pan, read-out and scale bar, without masks or tools."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QObject, QPointF, QRectF, QRunnable, Qt, QThreadPool, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QNativeGestureEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PyQt6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QLabel, QWidget

from samhq.filters import aggregation_of_levels
from samhq.gui import theme
from samhq.gui.canvas_image import Area, Pyramid
from samhq.gui.canvas_marks import paint_scale_bar
from samhq.gui.canvas_view import View
from samhq.gui.translate import tr

__all__ = ["ImageView"]

_WHEEL_STEP = 1.25
_AT_ONCE = 3_000_000
"""Pixels of an image whose pyramid is made at once, in a few milliseconds; of larger ones in another thread."""

_MARGIN = 8
_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_READOUT_STYLE = (
    "QLabel { background: rgba(0, 0, 0, 185); color: white; "
    "border: none; border-radius: 4px; padding: 2px 6px; }"
)


class _Told(QObject):
    ready = pyqtSignal(object)


class _Extend(QRunnable):
    """Makes the smaller levels of a pyramid and tells after each."""

    def __init__(self, pyramid: Pyramid) -> None:
        super().__init__()
        self.pyramid = pyramid
        self.told = _Told()
        self.wanted = True

    def run(self) -> None:
        while self.wanted and self.pyramid.extend():
            self.told.ready.emit(self.pyramid)


class ImageView(QGraphicsView):
    """An image that is zoomed with the wheel and panned; coordinates of the scene are pixels of the image.

    view_changed: another part or size is shown. hovered: (x, y) of the pixel under the pointer, None outside.
    """

    view_changed = pyqtSignal()
    hovered = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setScene(QGraphicsScene(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMinimumSize(160, 120)
        # Files are dropped on the window.
        self.setAcceptDrops(False)
        self._port.setAcceptDrops(False)
        self._port.setMouseTracking(True)
        self._pyramid: Pyramid | None = None
        self._extending: _Extend | None = None
        self._view: View | None = None
        self._fitted = True
        self._ratio = 1.0
        self._pixel_size_um: float | None = None
        self._drawn: tuple[object, tuple[QImage, Area] | None] = (None, None)
        self._level: npt.NDArray[np.uint16] | None = None
        self._level_changes = 0
        self._aggregation = aggregation_of_levels("dark")
        self._native: Callable[[int], str] = str
        self._pixel: tuple[int, int] | None = None
        self._shows_focus = False
        # Not a child of the viewport, which may scroll what it holds.
        self._readout = QLabel(self)
        self._readout.setObjectName("readout")
        self._readout.setStyleSheet(_READOUT_STYLE)
        self._readout.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._readout.setAccessibleName(tr("Pixel under the pointer"))
        self._readout.hide()
        theme.notifier.changed.connect(self._theme_changed)

    @property
    def _port(self) -> QWidget:
        port = self.viewport()
        assert port is not None
        return port

    # ------------------------------------------------------------------ image

    def set_image(
        self,
        rgb: npt.NDArray[np.uint8] | None,
        *,
        pixel_size_um: float | None = None,
        keep_view: bool = False,
    ) -> None:
        """Show an image.

        rgb: (h, w, 3) uint8, or None for none; kept, not copied. pixel_size_um: edge of a pixel in
        micrometres, for the scale bar. keep_view: show the same place as before if the size is the same.
        """
        if self._extending is not None:
            self._extending.wanted = False
            self._extending = None
        self._pyramid = None if rgb is None else Pyramid(rgb)
        self._pixel_size_um = pixel_size_um
        self._level = None
        self._drawn = (None, None)
        old, self._view = self._view, None
        if self._pyramid is None:
            self._point_at(None)
            self.setSceneRect(QRectF())
            self._port.update()
            return
        self._extend(self._pyramid)
        width, height = self._pyramid.width, self._pyramid.height
        same = old is not None and (old.image_width, old.image_height) == (width, height)
        self._ratio = self._port.devicePixelRatioF()
        if old is not None and keep_view and same:
            self._show_view(old, fitted=self._fitted)
        else:
            self._show_view(View(width, height, *self._device_size()).fitted(), fitted=True)
        self._point_at(None)

    def set_levels(self, level: npt.NDArray[np.uint16] | None, polarity: str = "dark") -> None:
        """Gray levels for the read-out, (h, w) uint16 of the image's size, and what aggregation means."""
        if level is not None and (self._pyramid is None or level.shape != self._image_shape()):
            raise ValueError(f"levels of shape {level.shape}, expected {self._image_shape()}")
        self._level = level
        self._level_changes += 1
        self._aggregation = aggregation_of_levels(polarity)
        self._show_readout()
        self._port.update()

    def set_native(self, native: Callable[[int], str] | None) -> None:
        """How a gray level (0..65535) is written in the depth of the file; None for the level itself."""
        self._native = native or str
        self._show_readout()

    def _image_shape(self) -> tuple[int, int] | None:
        return None if self._pyramid is None else (self._pyramid.height, self._pyramid.width)

    def _extend(self, pyramid: Pyramid) -> None:
        if pyramid.width * pyramid.height <= _AT_ONCE:
            while pyramid.extend():
                pass
            return
        self._extending = _Extend(pyramid)
        self._extending.told.ready.connect(self._level_ready)
        pool = QThreadPool.globalInstance()
        assert pool is not None
        pool.start(self._extending)

    def _level_ready(self, pyramid: Pyramid) -> None:
        if pyramid is self._pyramid:
            self._port.update()

    # ------------------------------------------------------------------ what is seen

    @property
    def zoom(self) -> float:
        """Device pixels an image pixel takes; 1 is 100 %."""
        return 1.0 if self._view is None else self._view.scale

    def fit(self) -> None:
        """Show the whole image, and keep doing so while the window is resized."""
        if self._view is not None:
            self._show_view(self._view.fitted(), fitted=True)

    def one_to_one(self) -> None:
        """One device pixel for each pixel of the image; the middle stays."""
        self.zoom_by(1 / self.zoom)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Enlarge. at: the point of the viewport that stays, the middle by default."""
        if self._view is None:
            return
        x, y = (self._view.width / 2, self._view.height / 2) if at is None else self._device(at)
        self._show_view(self._view.zoomed(factor, x, y), fitted=False)

    def zoom_to(self, box: tuple[float, float, float, float]) -> None:
        """Show a box of the image, x0, y0, x1, y1, as large as it fits."""
        if self._view is not None:
            self._show_view(self._view.around(box), fitted=False)

    def reveal(self, box: tuple[float, float, float, float]) -> None:
        """Put a box, x0, y0, x1, y1, in the middle if it is not wholly in sight; the size stays."""
        if self._view is None:
            return
        x0, y0, x1, y1 = self._view.seen()
        if not (x0 <= box[0] and y0 <= box[1] and box[2] <= x1 and box[3] <= y1):
            self._show_view(self._view.around(box, self._view.scale), fitted=False)

    def pan(self, dx: float, dy: float) -> None:
        """Move the image by pixels of the screen."""
        self._pan_device(dx * self._ratio, dy * self._ratio)

    def view_rect(self) -> QRectF:
        """The part of the image in sight, in pixels of the image; empty without one."""
        if self._view is None:
            return QRectF()
        x0, y0, x1, y1 = self._view.seen()
        return QRectF(x0, y0, max(0.0, x1 - x0), max(0.0, y1 - y0))

    def _pan_device(self, dx: float, dy: float) -> None:
        if self._view is not None:
            self._show_view(self._view.panned(dx, dy), fitted=False)

    def _show_view(self, view: View, *, fitted: bool) -> None:
        self._view, self._fitted = view, fitted
        # The scene follows, so that mapToScene and mapFromScene speak of pixels of the image.
        scale = view.scale / self._ratio
        self.setTransform(QTransform.fromScale(scale, scale))
        left, top = view.to_image(0, 0)
        self.setSceneRect(left, top, view.width / view.scale, view.height / view.scale)
        self._port.update()
        self.view_changed.emit()

    def _device_size(self) -> tuple[int, int]:
        size = self._port.size()
        return max(1, round(size.width() * self._ratio)), max(1, round(size.height() * self._ratio))

    def _fit_viewport(self) -> None:
        """Follow the size of the viewport and the scaling of its screen."""
        ratio = self._port.devicePixelRatioF()
        if self._view is None:
            self._ratio = ratio
            return
        view, change = self._view, ratio / self._ratio
        self._ratio = ratio
        if change != 1:
            view = replace(view, scale=view.scale * change, x=view.x * change, y=view.y * change)
        view = view.resized(*self._device_size())
        self._show_view(view.fitted() if self._fitted else view, fitted=self._fitted)

    def _device(self, at: QPointF) -> tuple[float, float]:
        return at.x() * self._ratio, at.y() * self._ratio

    def _place(self, at: QPointF) -> tuple[float, float]:
        """Image coordinates of a point of the viewport."""
        assert self._view is not None
        return self._view.to_image(*self._device(at))

    def _pixel_at(self, at: QPointF) -> tuple[int, int] | None:
        """The pixel of the image at a point of the viewport, None outside."""
        if self._view is None:
            return None
        x, y = (math.floor(v) for v in self._place(at))
        inside = 0 <= x < self._view.image_width and 0 <= y < self._view.image_height
        return (x, y) if inside else None

    # ------------------------------------------------------------------ read-out

    def _point_at(self, pixel: tuple[int, int] | None) -> None:
        if pixel != self._pixel:
            self._pixel = pixel
            self._show_readout()
            self.hovered.emit(pixel)

    def readout(self) -> str:
        """What is said of the pixel under the pointer, "" without one."""
        if self._pixel is None:
            return ""
        x, y = self._pixel
        if self._level is None:
            return tr("x {x}   y {y}", x=x, y=y)
        level = int(self._level[y, x])
        aggregation = f"{self._aggregation[level]:.1f}"
        gray = self._native(level)
        return tr(
            "x {x}   y {y}   gray {gray}   aggregation {percent}", x=x, y=y, gray=gray, percent=aggregation
        )

    def _show_readout(self) -> None:
        text = self.readout()
        self._readout.setVisible(bool(text))
        if text:
            self._readout.setText(text)
            self._place_readout()

    def _place_readout(self) -> None:
        label, port = self._readout, self._port
        room = max(1, port.width() - 2 * _MARGIN)
        label.setWordWrap(False)
        label.adjustSize()
        if label.width() > room:
            label.setWordWrap(True)
            label.resize(room, label.heightForWidth(room))
        bottom = port.height() - _MARGIN
        # In a narrow viewport the read-out goes above the scale bar, which takes a quarter of the width or so.
        if self._pixel_size_um is not None and label.width() > 0.65 * room:
            bottom -= 2 * label.fontMetrics().height() + 2
        label.move(_MARGIN, bottom - label.height())

    # ------------------------------------------------------------------ painting

    def drawBackground(self, painter: QPainter | None, rect: QRectF) -> None:  # noqa: N802 - Qt's
        """Paint the image."""
        assert painter is not None
        painter.save()
        painter.resetTransform()
        painter.fillRect(self._port.rect(), theme.colors().alternate)
        if self._pyramid is not None and self._view is not None:
            key = (self._pyramid, len(self._pyramid.levels), self._view)
            if self._drawn[0] != key:
                self._drawn = (key, self._pyramid.draw(self._view))
            self._paint_picture(painter, self._drawn[1])
        painter.restore()

    def drawForeground(self, painter: QPainter | None, rect: QRectF) -> None:  # noqa: N802 - Qt's
        """Paint what stands over the image."""
        assert painter is not None
        painter.save()
        painter.resetTransform()
        if self._view is not None:
            self._paint_over(painter, self._view)
            if self._pixel_size_um is not None:
                um = self._pixel_size_um * self._ratio / self._view.scale
                paint_scale_bar(painter, um, self._port.width(), self._port.height())
        if self.hasFocus() and self._shows_focus:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.colors().accent), 2))
            painter.drawRect(self._port.rect().adjusted(1, 1, -1, -1))
        painter.restore()

    def _paint_over(self, painter: QPainter, view: View) -> None:
        """What a subclass paints over the image, in pixels of the viewport."""

    def _paint_picture(self, painter: QPainter, drawn: tuple[QImage, Area] | None) -> None:
        """Paint a picture whose pixels are device pixels, without scaling it."""
        if drawn is None:
            return
        image, area = drawn
        image.setDevicePixelRatio(self._ratio)
        painter.drawImage(QPointF(area.x0 / self._ratio, area.y0 / self._ratio), image)

    def _theme_changed(self) -> None:
        self._port.update()

    # ------------------------------------------------------------------ events

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's
        """Keep the middle, or the whole image, in sight."""
        super().resizeEvent(event)
        self._fit_viewport()
        self._place_readout()

    def focusInEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802 - Qt's
        """Show a frame for those who come by keyboard."""
        assert event is not None
        self._shows_focus = event.reason() in _KEYBOARD
        super().focusInEvent(event)

    def event(self, event: QEvent | None) -> bool:
        """Follow the window to a screen of another scaling."""
        if event is not None and event.type() == QEvent.Type.DevicePixelRatioChange:
            self._fit_viewport()
        return super().event(event)

    def viewportEvent(self, event: QEvent | None) -> bool:  # noqa: N802 - Qt's
        """Pinch on a touchpad zooms; the read-out goes when the pointer leaves."""
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_by(1 + event.value(), event.position())
                return True
        elif event is not None and event.type() == QEvent.Type.Leave:
            self._point_at(None)
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 - Qt's
        """Zoom at the pointer."""
        assert event is not None
        self.zoom_by(_WHEEL_STEP ** (event.angleDelta().y() / 120), event.position())
        self._point_at(self._pixel_at(event.position()))
        event.accept()
