"""One control for every kind of value a setting can have.

make_editor looks at the pydantic field and chooses; nothing here knows what a setting means.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from pydantic.fields import FieldInfo
from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
    QWidget,
)

from samhq.configuration import read_json
from samhq.errors import SettingsError
from samhq.gui.parameter_controls import FloatBox, IntBox, Slider, WheelFreeComboBox, plain_numbers
from samhq.gui.parameter_words import choice_text, off_text
from samhq.gui.translate import tr
from samhq.settings import SegmentationSettings
from samhq.validation import validated

__all__ = [
    "ChoiceEditor",
    "GridsEditor",
    "NumberEditor",
    "PageEditor",
    "SwitchEditor",
    "TextEditor",
    "ValueEditor",
    "make_editor",
]

_LARGEST_INT = 2**31 - 1
_LARGEST_FLOAT = 1e12
_DECIMALS = 6
_SLIDER_STEPS = 1000


class ValueEditor(QWidget):
    """Shows one value and lets the user change it.

    changed: the new value, after an edit of the user; never after set_value. problem: why an edit
    could not be taken, in a sentence.
    """

    changed = pyqtSignal(object)
    problem = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)

    def value(self) -> Any:
        """The value as it would stand in the settings."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value without telling anybody."""
        raise NotImplementedError

    def controls(self) -> list[QWidget]:
        """The controls that take the keyboard, the main one first."""
        raise NotImplementedError


class SwitchEditor(ValueEditor):
    """A check box for a yes-or-no setting."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QCheckBox(tr("on"))
        self._box.setObjectName(name)
        self._box.toggled.connect(self.changed.emit)
        self._row.addWidget(self._box)
        self._row.addStretch(1)

    def value(self) -> bool:
        """True if ticked."""
        return self._box.isChecked()

    def set_value(self, value: Any) -> None:
        """Tick or untick the box."""
        with QSignalBlocker(self._box):
            self._box.setChecked(bool(value))

    def controls(self) -> list[QWidget]:
        """The check box."""
        return [self._box]


class ChoiceEditor(ValueEditor):
    """A combo box over the values of a Literal."""

    def __init__(self, name: str, choices: tuple[Any, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = WheelFreeComboBox()
        self._box.setObjectName(name)
        for choice in choices:
            self._box.addItem(choice_text(name, choice), choice)
        self._box.currentIndexChanged.connect(lambda: self.changed.emit(self.value()))
        self._row.addWidget(self._box, 1)

    def value(self) -> Any:
        """The chosen value."""
        return self._box.currentData()

    def set_value(self, value: Any) -> None:
        """Choose a value."""
        with QSignalBlocker(self._box):
            self._box.setCurrentIndex(self._box.findData(value))

    def controls(self) -> list[QWidget]:
        """The combo box."""
        return [self._box]


class TextEditor(ValueEditor):
    """An editable combo box: text with suggestions, such as a device or a model; with a file chooser if asked."""

    def __init__(
        self, name: str, suggestions: tuple[str, ...], *, files: str = "", parent: QWidget | None = None
    ) -> None:
        """files: name filter of a file chooser, empty for none."""
        super().__init__(parent)
        self._box = WheelFreeComboBox()
        self._box.setObjectName(name)
        self._box.setEditable(True)
        self._box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._filter = files
        self._last = ""
        self.set_suggestions(suggestions)
        # Not on every key: half a path is no model.
        self._box.activated.connect(self._commit)
        line = self._box.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._commit)
        self._row.addWidget(self._box, 1)
        self._browse = QPushButton(tr("Browse…"))
        self._browse.setObjectName(f"{name}_browse")
        self._browse.clicked.connect(self._choose_file)
        self._row.addWidget(self._browse)
        self._browse.setVisible(bool(files))  # in its row: alone it would flash up as a window

    def set_suggestions(self, suggestions: tuple[str, ...]) -> None:
        """The texts offered in the list; the text that stands there stays."""
        text = self._box.currentText()
        with QSignalBlocker(self._box):
            self._box.clear()
            self._box.addItems(list(suggestions))
            self._box.setEditText(text)

    def value(self) -> str:
        """The text without spaces around it."""
        return self._box.currentText().strip()

    def set_value(self, value: Any) -> None:
        """Show a text."""
        self._last = str(value)
        with QSignalBlocker(self._box):
            self._box.setEditText(self._last)
        line = self._box.lineEdit()
        if line is not None:
            line.setToolTip(self._last)
            line.setCursorPosition(0)

    def controls(self) -> list[QWidget]:
        """The combo box, then the button."""
        return [self._box, self._browse] if self._filter else [self._box]

    def _commit(self) -> None:
        if self.value() != self._last:
            self._last = self.value()
            self.changed.emit(self._last)

    def _choose_file(self) -> None:
        start = self.value() if Path(self.value()).is_file() else ""
        path, _ = QFileDialog.getOpenFileName(self, tr("Choose a model file"), start, self._filter)
        if path:
            self._box.setEditText(path)
            self._commit()


class NumberEditor(ValueEditor):
    """A spin box for a whole or a real number, with "off" beside it where the setting may be None."""

    def __init__(
        self, name: str, field: FieldInfo, *, slider: bool = False, parent: QWidget | None = None
    ) -> None:
        """slider: a slider beside the box, where the setting has both bounds."""
        super().__init__(parent)
        kinds = get_args(field.annotation) or (field.annotation,)
        low, high, step, unit = _range_of(field)
        self._whole = float not in kinds
        self._spin = self._spin_box(low, high, step)
        self._spin.setObjectName(name)
        if unit:
            self._spin.setSuffix(f" {tr(unit)}")
        self._exact: float | int | None = None
        self._slider = _slider(name) if slider and low is not None and high is not None else None
        if self._slider is not None:
            self._slider.valueChanged.connect(self._slide)
            self._row.addWidget(self._slider, 1)
        self._row.addWidget(self._spin)
        self._off = QCheckBox(off_text(name)) if type(None) in kinds else None
        if self._off is not None:
            self._off.setObjectName(f"{name}_off")
            self._off.toggled.connect(self._switch)
            self._row.addWidget(self._off)
        # Less than the slider's stretch counts only while there is no slider.
        self._row.addStretch(0 if self._slider else 1)
        self._spin.valueChanged.connect(self._spun)

    def _spin_box(self, low: float | None, high: float | None, step: float) -> QSpinBox | QDoubleSpinBox:
        spin: QSpinBox | QDoubleSpinBox
        if self._whole:
            spin = IntBox()
            spin.setRange(
                int(low) if low is not None else -_LARGEST_INT,
                int(high) if high is not None else _LARGEST_INT,
            )
            spin.setSingleStep(max(int(step), 1))
        else:
            spin = FloatBox()
            spin.setDecimals(_DECIMALS)
            spin.setRange(
                low if low is not None else -_LARGEST_FLOAT, high if high is not None else _LARGEST_FLOAT
            )
            spin.setSingleStep(step)
        plain_numbers(spin)
        return spin

    def value(self) -> float | int | None:
        """The number, exactly as it was set until somebody edits it; None if off."""
        if self._off is not None and self._off.isChecked():
            return None
        return self._exact if self._exact is not None else self._spin.value()

    def set_value(self, value: Any) -> None:
        """Show a number, or off for None."""
        if self._off is not None:
            with QSignalBlocker(self._off):
                self._off.setChecked(value is None)
        self._spin.setEnabled(value is not None)
        if value is not None and value != self.value():
            with QSignalBlocker(self._spin):
                self._spin.setValue(int(value) if self._whole else value)
        self._exact = value
        self._follow()

    def controls(self) -> list[QWidget]:
        """The spin box, then slider and "off"."""
        return [w for w in (self._spin, self._slider, self._off) if w is not None]

    def show_slider(self, shown: bool) -> None:
        """Show or hide the slider, where there is one."""
        if self._slider is not None:
            self._slider.setVisible(shown)

    def _spun(self) -> None:
        self._exact = None
        self._follow()
        self.changed.emit(self.value())

    def _switch(self, off: bool) -> None:
        self._spin.setEnabled(not off)
        self._follow()
        if not off:
            self._spin.setFocus(Qt.FocusReason.OtherFocusReason)
            self._spin.selectAll()
        self.changed.emit(self.value())

    def _follow(self) -> None:
        """Move the slider to the number."""
        if self._slider is None:
            return
        low, high = self._spin.minimum(), self._spin.maximum()
        with QSignalBlocker(self._slider):
            self._slider.setValue(round((self._spin.value() - low) / (high - low) * _SLIDER_STEPS))
        self._slider.setEnabled(self._spin.isEnabled())

    def _slide(self, position: int) -> None:
        low, high, step = self._spin.minimum(), self._spin.maximum(), self._spin.singleStep()
        wanted = low + (high - low) * position / _SLIDER_STEPS
        stepped = round(wanted / step) * step
        if self._whole:
            self._spin.setValue(int(stepped))  # type: ignore[call-overload, unused-ignore]
        else:
            self._spin.setValue(round(stepped, _DECIMALS))  # type: ignore[arg-type]


class ChannelEditor(TextEditor):
    """The name or number of a channel; nothing stands for none chosen."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(
            name, ("1", "2", "3") if name == "channel_shown" else ("1", "2", "3", "all"), parent=parent
        )
        line = self._box.lineEdit()
        if line is not None:
            line.setPlaceholderText(tr("not chosen"))

    def value(self) -> str | None:  # type: ignore[override]
        """The text, None without any."""
        return super().value() or None

    def set_value(self, value: Any) -> None:
        """Show a channel; nothing for None."""
        super().set_value("" if value is None else value)

    def _commit(self) -> None:
        if (self.value() or "") != self._last:
            self._last = self.value() or ""
            self.changed.emit(self.value())


class PageEditor(ValueEditor):
    """A page, scene, z slice or time point of a file with many: none chosen, all, or a number."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = WheelFreeComboBox()
        self._box.setObjectName(name)
        for text, data in (
            (tr("not chosen"), "none"),
            (tr("all pages") if name == "page" else tr("all of them"), "all"),
            (tr("page number") if name == "page" else tr("number"), "number"),
        ):
            self._box.addItem(text, data)
        self._number = IntBox()
        self._number.setObjectName(f"{name}_number")
        self._number.setRange(1, 999_999)
        self._number.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._box.currentIndexChanged.connect(self._edited)
        self._number.valueChanged.connect(self._edited)
        self._row.addWidget(self._box, 1)
        self._row.addWidget(self._number)
        self._number.setEnabled(False)

    def value(self) -> int | str | None:
        """None, "all", or the page counted from 1."""
        kind = self._box.currentData()
        return self._number.value() if kind == "number" else "all" if kind == "all" else None

    def set_value(self, value: Any) -> None:
        """Show a choice."""
        kind = "none" if value is None else "all" if value == "all" else "number"
        with QSignalBlocker(self._box), QSignalBlocker(self._number):
            self._box.setCurrentIndex(self._box.findData(kind))
            if kind == "number":
                self._number.setValue(int(value))
        self._number.setEnabled(kind == "number")

    def controls(self) -> list[QWidget]:
        """The combo box, then the number."""
        return [self._box, self._number]

    def _edited(self) -> None:
        self._number.setEnabled(self._box.currentData() == "number")
        self.changed.emit(self.value())


class GridsEditor(ValueEditor):
    """Explicit prompt points from a JSON file: shows how many there are."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grids: list[Any] | None = None
        self._shown = QLabel()
        self._shown.setObjectName(f"{name}_count")
        self._load = QPushButton(tr("Load…"))
        self._load.setObjectName(name)
        self._load.clicked.connect(self._choose_file)
        self._clear = QToolButton()
        self._clear.setText(tr("Clear"))
        self._clear.setObjectName(f"{name}_clear")
        self._clear.clicked.connect(lambda: self._edit(None))
        self._row.addWidget(self._shown, 1)
        self._row.addWidget(self._load)
        self._row.addWidget(self._clear)
        self.set_value(None)

    def value(self) -> list[Any] | None:
        """One list of (x, y) from 0 to 1 for each crop layer, or None."""
        return self._grids

    def set_value(self, value: Any) -> None:
        """Show grids."""
        self._grids = value
        self._clear.setEnabled(bool(value))
        if value is None:
            self._shown.setText(tr("none"))
            return
        points = sum(len(grid) for grid in value)
        self._shown.setText(tr("{points} points, {layers} layers", points=points, layers=len(value)))

    def controls(self) -> list[QWidget]:
        """The buttons."""
        return [self._load, self._clear]

    def load(self, path: Path) -> None:
        """Take the points of a JSON file; what is wrong with it is told through `problem`."""
        try:
            grids = {"points_per_side": None, "point_grids": read_json(path)}
            read = validated(SegmentationSettings, grids, path.name)
        except SettingsError as error:
            self.problem.emit(str(error))
            return
        self._edit(read.point_grids)

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Choose a file with prompt points"), "", tr("JSON files (*.json)")
        )
        if path:
            self.load(Path(path))

    def _edit(self, grids: Any) -> None:
        self.set_value(grids)
        self.changed.emit(grids)


def make_editor(
    name: str, field: FieldInfo, *, slider: bool = False, parent: QWidget | None = None
) -> ValueEditor:
    """The control that fits a setting. Raises TypeError for a kind of value none is made for."""
    annotation = field.annotation
    members = get_args(annotation)
    if name == "point_grids":
        return GridsEditor(name, parent)
    if name in ("page", "scene", "z_slice", "time_point"):
        return PageEditor(name, parent)
    if name in ("channel_measured", "channel_shown"):
        return ChannelEditor(name, parent)
    if annotation is bool:
        return SwitchEditor(name, parent)
    if getattr(annotation, "__origin__", None) is Literal:
        return ChoiceEditor(name, members, parent)
    if {annotation, *members} & {int, float} and not {str, bool} & set(members):
        return NumberEditor(name, field, slider=slider, parent=parent)
    if annotation is str and name == "model":
        files = tr("SAM-HQ models (*.pth *.pt *.safetensors)")
        return TextEditor(name, ("starter",), files=files, parent=parent)
    if annotation is str:
        return TextEditor(name, ("auto", "cpu", "cuda", "cuda:0", "mps"), parent=parent)
    raise TypeError(f"{name}: no control is made for {annotation}")


def _range_of(field: FieldInfo) -> tuple[float | None, float | None, float, str]:
    """Lowest and highest value, step and unit."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    low: float | None = None
    high: float | None = None
    for item in field.metadata:
        low = getattr(item, "ge", low)
        high = getattr(item, "le", high)
    step = extra.get("step")
    return low, high, float(step) if isinstance(step, int | float) else 1.0, str(extra.get("unit") or "")


def _slider(name: str) -> QSlider:
    slider = Slider(Qt.Orientation.Horizontal)
    slider.setObjectName(f"{name}_slider")
    slider.setRange(0, _SLIDER_STEPS)
    slider.setSingleStep(_SLIDER_STEPS // 100)
    slider.setPageStep(_SLIDER_STEPS // 10)
    slider.setMinimumWidth(slider.fontMetrics().horizontalAdvance("0" * 8))
    slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return slider
