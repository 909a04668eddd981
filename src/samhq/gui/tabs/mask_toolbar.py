"""The row of tools over the image: what the left button does, corrections, and how masks are shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt6.QtCore import QSignalBlocker, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup, QKeySequence, QResizeEvent
from PyQt6.QtWidgets import QDoubleSpinBox, QLabel, QSlider, QToolBar, QToolButton, QWidget

from samhq.gui import theme
from samhq.gui.canvas import CanvasMode
from samhq.gui.mask_document import MaskDocument
from samhq.gui.translate import tr

__all__ = ["MaskToolBar"]


class MaskToolBar(QToolBar):
    """Tools of the mask tab.

    mode_chosen(CanvasMode), opacity_chosen(0..1), fit_chosen, brush_size_chosen(radius in pixels).
    """

    mode_chosen = pyqtSignal(object)
    opacity_chosen = pyqtSignal(float)
    fit_chosen = pyqtSignal()
    brush_size_chosen = pyqtSignal(float)

    def __init__(self, document: MaskDocument, parent: QWidget) -> None:
        super().__init__(parent)
        self._document = document
        self._scope = parent
        self.setObjectName("mask_toolbar")
        self.setAccessibleName(tr("Tools"))
        side = round(self.fontMetrics().height() * 1.2)
        self.setIconSize(QSize(side, side))
        self.modes: dict[CanvasMode, QAction] = {}
        self._named: list[QAction] = []
        self._widths: dict[bool, int] = {}
        self._group = QActionGroup(self)
        # Where the bar is too narrow, Qt's button for the rest is 12 pixels wide: padding would leave no arrow.
        self.setStyleSheet("QToolButton#qt_toolbar_ext_button { padding: 0; }")
        self._add_modes()
        self.addSeparator()
        self.merge = self._add(
            "merge_action",
            tr("Merge"),
            "merge",
            "J",
            tr("Join the selected masks into one"),
            lambda: document.edits.merge(),
        )
        self.delete = self._add(
            "delete_action",
            tr("Delete"),
            "delete",
            "Del",
            tr("Take the selected masks away"),
            lambda: document.edits.delete(),
        )
        self.addSeparator()
        self._add(
            "fit_action",
            tr("Fit"),
            "fit",
            "",
            tr("Show the whole image (0, or a double click)"),
            self.fit_chosen.emit,
        )
        self._size_action = self._add_size()
        self._add_opacity()
        self.show_mode(CanvasMode.SELECT)
        for signal in (document.selection_changed, document.masks_changed, document.state_changed):
            signal.connect(self._show)
        self._show()

    def _add_modes(self) -> None:
        tools = (
            (
                CanvasMode.SELECT,
                tr("Select"),
                "select",
                "S",
                tr("Click selects a mask, again the next one below; right click deselects"),
            ),
            (
                CanvasMode.RECTANGLE,
                tr("Rectangle"),
                "box",
                "M",
                tr("Select masks in a rectangle; Shift adds, Alt removes"),
            ),
            (
                CanvasMode.LASSO,
                tr("Lasso"),
                "lasso",
                "L",
                tr("Select masks in a drawn region; Shift adds, Alt removes"),
            ),
            None,
            (
                CanvasMode.POINT,
                tr("Add by click"),
                "point",
                "P",
                tr(
                    "SAM-HQ makes a mask where you click; right click: not this part; Enter takes it, Esc drops it"
                ),
            ),
            (
                CanvasMode.BOX,
                tr("Add by box"),
                "vector-rectangle",
                "O",
                tr("SAM-HQ makes a mask of what is in a box; Enter takes it, Esc drops it"),
            ),
            (
                CanvasMode.BRUSH,
                tr("Brush"),
                "brush",
                "U",
                tr("Paint onto the selected mask, or a new one; [ and ] change the size"),
            ),
            (
                CanvasMode.ERASER,
                tr("Eraser"),
                "erase",
                "E",
                tr("Erase from the selected masks; [ and ] change the size"),
            ),
            (CanvasMode.CUT, tr("Split"), "split", "K", tr("Split a mask along a line")),
        )
        for tool in tools:
            if tool is None:
                self.addSeparator()
                continue
            mode, text, icon, key, hint = tool
            action = self._add(
                f"mode_{mode.value}", text, icon, key, hint, partial(self.mode_chosen.emit, mode)
            )
            action.setCheckable(True)
            self._group.addAction(action)
            self.modes[mode] = action
        self.modes[CanvasMode.SELECT].setChecked(True)

    def _add(
        self, name: str, text: str, icon: str, key: str, hint: str, slot: Callable[[], object]
    ) -> QAction:
        action = QAction(theme.icon(icon), text, self)
        action.setObjectName(name)
        if key:
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            self._scope.addAction(action)
            hint = tr("{tool}: {hint} ({key})", tool=text, hint=hint, key=key)
        action.setToolTip(hint)
        action.triggered.connect(lambda _checked=False: slot())
        self.addAction(action)
        self._named.append(action)
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            button.setObjectName(f"{name}_button")
            button.setAccessibleName(text)
            button.setAccessibleDescription(hint)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return action

    def _add_size(self) -> QAction | None:
        self.brush_size = QDoubleSpinBox()
        self.brush_size.setObjectName("brush_size")
        self.brush_size.setAccessibleName(tr("Radius of brush and eraser in pixels"))
        self.brush_size.setToolTip(tr("Radius of brush and eraser ([ and ])"))
        self.brush_size.setRange(0.5, 2000.0)
        self.brush_size.setDecimals(1)
        self.brush_size.setSuffix(tr(" px"))
        self.brush_size.valueChanged.connect(self.brush_size_chosen)
        return self.addWidget(self.brush_size)

    def show_brush_size(self, radius: float) -> None:
        """Show a radius without telling anybody."""
        with QSignalBlocker(self.brush_size):
            self.brush_size.setValue(radius)

    def _add_opacity(self) -> None:
        label = QLabel(tr("Fill"))
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setObjectName("opacity_slider")
        self.opacity.setAccessibleName(tr("How much masks cover the image"))
        self.opacity.setToolTip(
            tr("How much masks cover the image. X: masks on or off, Z: outlines, hold B: bare image")
        )
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(10 * theme.letter(self))
        self.opacity.valueChanged.connect(lambda value: self.opacity_chosen.emit(value / 100))
        label.setBuddy(self.opacity)
        self.addWidget(label)
        self.addWidget(self.opacity)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Words beside the symbols where there is room for them."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        beside = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        style = beside if self._wide() <= self.width() else Qt.ToolButtonStyle.ToolButtonIconOnly
        if style != self.toolButtonStyle():
            self.setToolButtonStyle(style)

    def _wide(self) -> int:
        """Width with words, measured anew when the size box comes or goes; it is asked for at every resize."""
        shown = self._size_action is not None and self._size_action.isVisible()
        if shown not in self._widths:
            style = self.toolButtonStyle()
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self._widths[shown] = self.sizeHint().width()
            self.setToolButtonStyle(style)
        return self._widths[shown]

    def show_mode(self, mode: CanvasMode) -> None:
        """Press the button of a mode without telling anybody."""
        self.modes[mode].setChecked(True)
        if self._size_action is not None:
            self._size_action.setVisible(mode in (CanvasMode.BRUSH, CanvasMode.ERASER))
            self._fit()

    def _show(self) -> None:
        document = self._document
        ready = document.session.image is not None and not document.is_generating
        count = int(document.selected.sum()) if ready else 0
        self.merge.setEnabled(count >= 2)
        self.delete.setEnabled(count >= 1)
        for mode in (CanvasMode.POINT, CanvasMode.BOX, CanvasMode.BRUSH, CanvasMode.ERASER, CanvasMode.CUT):
            self.modes[mode].setEnabled(ready)
