"""Spin boxes, sliders and combo boxes that do not change when somebody only scrolls past them."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QLocale, Qt
from PyQt6.QtGui import QValidator, QWheelEvent
from PyQt6.QtWidgets import QAbstractSpinBox, QComboBox, QDoubleSpinBox, QSlider, QSpinBox, QWidget

__all__ = ["FloatBox", "IntBox", "Slider", "WheelFreeComboBox", "plain_numbers"]


class IntBox(QSpinBox):
    """A spin box that the wheel changes only while it has the focus."""

    def wheelEvent(self, e: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the page that is scrolled."""
        _wheel_if_focused(self, super().wheelEvent, e)


class FloatBox(QDoubleSpinBox):
    """A spin box without needless zeros that takes a comma as well as a point."""

    def wheelEvent(self, e: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the page that is scrolled."""
        _wheel_if_focused(self, super().wheelEvent, e)

    def textFromValue(self, v: float) -> str:  # noqa: N802 - Qt's name
        """At most four decimals, and none that are zero."""
        text = f"{v:.4f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text

    def validate(self, input: str | None, pos: int) -> tuple[QValidator.State, str, int]:  # noqa: A002 - Qt's name
        """As Qt does, after commas became points."""
        return super().validate((input or "").replace(",", "."), pos)


class WheelFreeComboBox(QComboBox):
    """A combo box that the wheel changes only while it has the focus, and that may be narrower than its texts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(9)

    def wheelEvent(self, e: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the page that is scrolled."""
        _wheel_if_focused(self, super().wheelEvent, e)

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        """Open the list wide enough for its longest text."""
        view = self.view()
        if view is not None:
            view.setMinimumWidth(min(view.sizeHintForColumn(0) + 2 * view.frameWidth() + 24, 640))
        super().showPopup()


class Slider(QSlider):
    """A slider that the wheel moves only while it has the focus."""

    def wheelEvent(self, e: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the page that is scrolled."""
        _wheel_if_focused(self, super().wheelEvent, e)


def plain_numbers(box: QSpinBox | QDoubleSpinBox) -> None:
    """Numbers as in files and on the command line, with a point and no thousands separators; the usual width."""
    locale = QLocale(QLocale.Language.C)
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    box.setLocale(locale)
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    box.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
    # The range may be wide; the box needs only room for the usual values, in all rows alike.
    box.setFixedWidth(box.fontMetrics().horizontalAdvance("0" * 13))


def _wheel_if_focused(
    widget: QWidget, turn: Callable[[QWheelEvent | None], None], event: QWheelEvent | None
) -> None:
    if event is None:
        return
    if widget.hasFocus():
        turn(event)
    else:
        event.ignore()
