"""The controls of the aggregation tab: region, sensitivity and range."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from samhq.gui import theme
from samhq.gui.analysis import RegionKind
from samhq.gui.forms import SettingEditor, help_of, title_of
from samhq.gui.histogram_handles import number_text
from samhq.gui.translate import plain, tr

if TYPE_CHECKING:
    from samhq.gui.session import Session
    from samhq.settings import AnalysisSettings

__all__ = ["RangeEditor", "RegionChooser", "Sensitivity", "make_button", "make_label"]

_SLIDER_STEPS = 100


def make_button(
    name: str, text: str, icon: str, slot: Callable[[], object], *, hint: str = "", role: str = ""
) -> QPushButton:
    """A button with everything a control needs."""
    button = QPushButton(theme.icon(icon, "on_accent" if role == "primary" else "text"), text)
    button.setObjectName(name)
    button.setAccessibleName(plain(text))
    button.setToolTip(hint)
    button.setAccessibleDescription(hint)
    theme.set_role(button, role)
    button.clicked.connect(lambda _: slot())
    return button


def make_label(name: str, role: str = "", text: str = "") -> QLabel:
    """A label that wraps, of a role of the theme; its text can be selected and holds no markup."""
    label = QLabel(text)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    theme.set_role(label, role)
    return label


class RegionChooser(QWidget):
    """Four buttons for what is analysed. chosen(RegionKind): the user pressed one."""

    chosen = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._buttons: dict[RegionKind, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for kind, text, icon, hint in (
            (RegionKind.IMAGE, tr("&Whole"), "image", tr("Analyze the whole image")),
            (RegionKind.RECTANGLE, tr("&Rectangle"), "box", tr("Draw a rectangle on the image")),
            (RegionKind.LASSO, tr("&Lasso"), "lasso", tr("Draw around a part of the image")),
            (
                RegionKind.MASKS,
                tr("&Masks"),
                "masks",
                tr("The masks that are selected in the tab Mask Analysis"),
            ),
        ):
            button = QToolButton()
            button.setObjectName(f"region_{kind}_button")
            button.setText(text)
            button.setIcon(theme.icon(icon))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setCheckable(True)
            button.setAccessibleName(plain(text))
            button.setAccessibleDescription(hint)
            button.setToolTip(hint)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _, kind=kind: self.chosen.emit(kind))
            self._group.addButton(button)
            self._buttons[kind] = button
            row.addWidget(button, 1)

    def show_kind(self, kind: RegionKind, *, masks: bool) -> None:
        """Press the button of a kind. masks: whether there are selected masks."""
        self._buttons[kind].setChecked(True)
        self._buttons[RegionKind.MASKS].setEnabled(masks or kind is RegionKind.MASKS)


class Sensitivity(QWidget):
    """Smoothing and prominence with sliders, bins and polarity: in force at every move."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._editors: dict[tuple[str, str], SettingEditor] = {}
        self._sliders: dict[str, QSlider] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, key in enumerate(
            (
                ("filter", "polarity"),
                ("analysis", "smoothing"),
                ("analysis", "prominence"),
                ("analysis", "bins"),
            )
        ):
            self._add_row(grid, row, key)
        session.settings_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Show the settings in force."""
        settings = self._session.settings
        for (group, name), editor in self._editors.items():
            editor.set_value(getattr(getattr(settings, group), name))
            editor.set_problem("")
        for name, slider in self._sliders.items():
            if not slider.isSliderDown():
                with QSignalBlocker(slider):
                    slider.setValue(_step_of(name, settings.analysis))

    def _add_row(self, grid: QGridLayout, row: int, key: tuple[str, str]) -> None:
        title = QLabel(title_of(*key))
        title.setToolTip(f"<p>{help_of(*key)}</p>")
        editor = SettingEditor(*key)
        title.setBuddy(editor.main_control())
        group, name = key
        editor.changed.connect(lambda value: self._change(group, name, value))
        self._editors[key] = editor
        grid.addWidget(title, row, 0)
        if key[1] not in ("smoothing", "prominence"):
            grid.addWidget(editor, row, 1, 1, 2)
            return
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setObjectName(f"{key[1]}_slider")
        slider.setRange(0, _SLIDER_STEPS)
        slider.setAccessibleName(title_of(*key))
        slider.setAccessibleDescription(help_of(*key))
        slider.setToolTip(f"<p>{help_of(*key)}</p>")
        slider.valueChanged.connect(lambda step, name=key[1]: self._slide(name, step))
        self._sliders[key[1]] = slider
        grid.addWidget(slider, row, 1)
        grid.addWidget(editor, row, 2)

    def _slide(self, name: str, step: int) -> None:
        self._change("analysis", name, _value_of(name, step, self._session.settings.analysis))

    def _change(self, group: str, name: str, value: Any) -> None:
        if group == "filter":
            self._session.set_filter(**{name: value})
            return
        analysis = self._session.settings.analysis
        if name == "bins" and analysis.smoothing > value:
            # Fewer bins than the smoothing is wide are refused; who asks for them wants less of it.
            self._session.set_values(group, bins=value, smoothing=float(value))
        else:
            self._session.set_values(group, **{name: value})


def _value_of(name: str, step: int, analysis: AnalysisSettings) -> float:
    """What a place of a slider means: finer near 0, where it matters."""
    part = step / _SLIDER_STEPS
    if name == "smoothing":
        return round(part**2 * analysis.bins / 5, 1)
    return 0.0 if step == 0 else float(f"{10 ** (4 * part - 4):.2g}")


def _step_of(name: str, analysis: AnalysisSettings) -> int:
    if name == "smoothing":
        part = math.sqrt(analysis.smoothing * 5 / analysis.bins)
    else:
        part = 0.0 if analysis.prominence <= 0 else (math.log10(analysis.prominence) + 4) / 4
    return round(min(max(part, 0.0), 1.0) * _SLIDER_STEPS)


class RangeEditor(QWidget):
    """Two numbers from 0 to 100 and how many pixels lie between. edited(lowest, highest): by the user."""

    edited = pyqtSignal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self._values = (0.0, 100.0)
        self._low = _spin("range_lowest", tr("Lowest aggregation of the range"))
        self._high = _spin("range_highest", tr("Highest aggregation of the range"))
        self._count = make_label("range_count", "muted")
        self._low.valueChanged.connect(self._edit_low)
        self._high.valueChanged.connect(self._edit_high)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._low, 1)
        row.addWidget(QLabel("–"))
        row.addWidget(self._high, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(row)
        column.addWidget(self._count)

    def show_range(self, lowest: float, highest: float) -> None:
        """Show a range without telling anybody."""
        self._values = (lowest, highest)
        for box, value in ((self._low, lowest), (self._high, highest)):
            with QSignalBlocker(box):
                box.setValue(value)

    def show_count(self, inside: int, pixels: int) -> None:
        """Say how many of the pixels lie in the range."""
        if not pixels:
            self._count.setText("")
            return
        text = tr(
            "{inside} of {pixels} pixels ({percent} %)",
            inside=number_text(inside),
            pixels=number_text(pixels),
            percent=f"{100 * inside / pixels:.2f}",
        )
        self._count.setText(text)

    def _edit_low(self, value: float) -> None:
        # The other end keeps the digits that its box does not show.
        self._edit(value, max(value, self._values[1]))

    def _edit_high(self, value: float) -> None:
        self._edit(min(value, self._values[0]), value)

    def _edit(self, lowest: float, highest: float) -> None:
        self.show_range(lowest, highest)
        self.edited.emit(lowest, highest)


def _spin(name: str, spoken: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setObjectName(name)
    box.setAccessibleName(spoken)
    box.setToolTip(spoken)
    box.setRange(0.0, 100.0)
    box.setDecimals(2)
    box.setSingleStep(0.5)
    box.setKeyboardTracking(False)
    return box
