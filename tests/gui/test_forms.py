"""Forms made from the settings: every field has a control, and bad combinations are told, not raised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from samhq.gui.forms import FormModel, GroupForm, SettingEditor, help_of, title_of
from samhq.gui.parameter_editors import GridsEditor, TextEditor
from samhq.settings import Settings, iter_fields

ALL = [(group, name) for group, name, _ in iter_fields()]
GRIDS = [[[0.5, 0.5], [0.25, 0.75]], [[0.1, 0.2]]]

OTHER_VALUES: dict[str, Any] = {
    "shape": "perimeter,solidity",
    "columns": "imagej",
    "qupath_object": "cell",
    "class_name": "nucleus",
    "page": 3,
    "scene": 2,
    "channel_measured": "DAPI",
    "channel_shown": "2",
    "z_slice": "all",
    "time_point": None,
    "pixel_size": 0.25,
    "intensity_range": "percentile",
    "black_point": -12.5,
    "white_point": 4095.0,
    "black_percentile": 0.1,
    "white_percentile": 99.9,
    "stretch": "none",
    "model": "vit_b",
    "prompts": "discovered",
    "prompt_min_aggregation": 40.0,
    "prompt_polarity": "bright",
    "points_per_side": None,
    "pred_iou_thresh": 0.123456,
    "crop_overlap_ratio": 0.5,
    "point_grids": GRIDS,
    "min_area": 199.0,
    "min_intensity": 1e9,
    "min_ratio": 37.25,
    "polarity": "bright",
    "overlaps": "exclusive",
    "label": "none",
    "output_mode": "coco_rle",
    "device": "cuda:1",
    "precision": "bf16",
    "threads": 2,
}


def _other(group: str, name: str) -> Any:
    if name in OTHER_VALUES:
        return OTHER_VALUES[name]
    default = getattr(getattr(Settings(), group), name)
    return not default if isinstance(default, bool) else default + 1


def _form(qtbot: QtBot, names: list[tuple[str, str]], **options: Any) -> GroupForm:
    form = GroupForm(names, **options)
    qtbot.addWidget(form)
    form.show()
    return form


def _child(widget: QWidget, kind: type[Any], name: str) -> Any:
    found = widget.findChild(kind, name)
    assert found is not None, name
    return found


@pytest.mark.parametrize(("group", "name"), ALL)
def test_every_setting_has_a_control_that_keeps_its_value(qtbot: QtBot, group: str, name: str) -> None:
    editor = SettingEditor(group, name)
    qtbot.addWidget(editor)
    default = getattr(getattr(Settings(), group), name)
    assert editor.value() == default
    assert not editor.is_changed
    told: list[Any] = []
    editor.changed.connect(told.append)
    for value in (_other(group, name), default):
        editor.set_value(value)
        assert editor.value() == value
        assert type(editor.value()) is type(value)
    assert told == []


@pytest.mark.parametrize(("group", "name"), ALL)
def test_every_control_has_a_name_for_screen_readers_and_help(qtbot: QtBot, group: str, name: str) -> None:
    editor = SettingEditor(group, name)
    qtbot.addWidget(editor)
    for control in editor.editor.controls():
        assert title_of(group, name) in control.accessibleName()
        assert help_of(group, name) in control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert editor.main_control().objectName() == name


def test_a_value_shown_is_not_rounded_until_it_is_edited(qtbot: QtBot) -> None:
    editor = SettingEditor("segmentation", "crop_overlap_ratio")
    qtbot.addWidget(editor)
    assert editor.value() == 512 / 1500
    spin = _child(editor, QDoubleSpinBox, "crop_overlap_ratio")
    assert spin.text() == "0.3413"
    with qtbot.waitSignal(editor.changed):
        spin.stepUp()
    assert editor.value() == pytest.approx(512 / 1500 + 0.01, abs=1e-6)


def test_typing_a_number_with_a_comma_is_the_same_as_with_a_point(qtbot: QtBot) -> None:
    editor = SettingEditor("segmentation", "pred_iou_thresh")
    qtbot.addWidget(editor)
    spin = _child(editor, QDoubleSpinBox, "pred_iou_thresh")
    spin.selectAll()
    qtbot.keyClicks(spin, "0,75")
    assert editor.value() == 0.75


def test_numbers_stay_in_their_range(qtbot: QtBot) -> None:
    editor = SettingEditor("segmentation", "points_per_side")
    qtbot.addWidget(editor)
    spin = _child(editor, QSpinBox, "points_per_side")
    assert (spin.minimum(), spin.maximum()) == (1, 256)
    spin.setValue(1000)
    assert editor.value() == 256


def test_off_gives_none_and_back_the_number(qtbot: QtBot) -> None:
    form = _form(qtbot, [("filter", "min_area")])
    told: list[tuple[str, Any]] = []
    form.changed.connect(lambda name, value: told.append((name, value)))
    off = _child(form, QCheckBox, "min_area_off")
    spin = _child(form, QDoubleSpinBox, "min_area")
    assert off.isChecked()
    assert not spin.isEnabled()
    off.click()
    spin.setValue(199)
    off.click()
    assert told == [("min_area", 0.0), ("min_area", 199.0), ("min_area", None)]
    off.click()
    assert form.values() == {"min_area": 199.0}


def test_the_wheel_changes_a_box_only_with_the_focus(qtbot: QtBot) -> None:
    form = _form(
        qtbot, [("segmentation", "points_per_side"), ("filter", "polarity"), ("segmentation", "pred_iou_thresh")],
        sliders=True,
    )  # fmt: skip
    qtbot.waitExposed(form)
    before = form.values()
    names = {QSpinBox: "points_per_side", QComboBox: "polarity", QDoubleSpinBox: "pred_iou_thresh"}
    for kind, name in names.items():
        box = _child(form, kind, name)
        form.setFocus()
        _turn(box)
        assert form.values() == before
    spin = _child(form, QSpinBox, "points_per_side")
    form.activateWindow()
    spin.setFocus()
    qtbot.waitUntil(spin.hasFocus)
    _turn(spin)
    assert form.values()["points_per_side"] == 31


def _turn(widget: QWidget) -> None:
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle, widget.mapToGlobal(middle), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def test_a_slider_and_its_box_show_the_same_number(qtbot: QtBot) -> None:
    editor = SettingEditor("segmentation", "pred_iou_thresh", slider=True)
    qtbot.addWidget(editor)
    slider = _child(editor, QWidget, "pred_iou_thresh_slider")
    slider.setValue(500)
    assert editor.value() == 0.5
    editor.set_value(1.0)
    assert slider.value() == 1000


def test_an_impossible_combination_waits_beside_its_row_and_then_comes_in_force_at_once(qtbot: QtBot) -> None:
    form = _form(qtbot, [("image", n) for n in ("intensity_range", "black_point", "white_point")])
    told: list[dict[tuple[str, str], Any]] = []
    form.values_changed.connect(told.append)
    box = _child(form, QComboBox, "intensity_range")
    box.setCurrentIndex(box.findData("fixed"))
    assert "needs both black_point and white_point" in form.editor("intensity_range").problem
    assert form.editor("intensity_range").value() == "fixed"
    assert form.values()["intensity_range"] == "dtype"
    for name, number in (("black_point", 200.0), ("white_point", 100.0)):
        _child(form, QCheckBox, f"{name}_off").click()
        _child(form, QDoubleSpinBox, name).setValue(number)
    assert "must be below white_point" in form.editor("black_point").problem
    assert told == []
    _child(form, QDoubleSpinBox, "white_point").setValue(4095)
    assert form.values() == {"intensity_range": "fixed", "black_point": 200.0, "white_point": 4095.0}
    assert told == [
        {
            ("image", "intensity_range"): "fixed",
            ("image", "black_point"): 200.0,
            ("image", "white_point"): 4095.0,
        }
    ]
    assert not any(editor.problem for editor in form.editors())


def test_two_forms_with_one_model_are_valid_together(qtbot: QtBot) -> None:
    model = FormModel()
    first = _form(qtbot, [("segmentation", "points_per_side")], model=model)
    second = _form(qtbot, [("segmentation", "point_grids")], model=model)
    _child(first, QCheckBox, "points_per_side_off").click()
    assert "either points_per_side or point_grids" in first.editor("points_per_side").problem
    editor = second.editor("point_grids").editor
    editor.set_value(GRIDS)
    editor.changed.emit(GRIDS)
    assert model.settings.segmentation.points_per_side is None
    assert not first.editor("points_per_side").problem


def test_the_dot_tells_a_change_and_takes_it_back(qtbot: QtBot) -> None:
    form = _form(qtbot, [("segmentation", "points_per_side")])
    dot = _child(form, QToolButton, "points_per_side_dot")
    assert not dot.isVisible()
    _child(form, QSpinBox, "points_per_side").setValue(16)
    assert dot.isVisible()
    with qtbot.waitSignal(form.values_changed) as caught:
        qtbot.mouseClick(dot, Qt.MouseButton.LeftButton)
    assert caught.args == [{("segmentation", "points_per_side"): 32}]
    assert not dot.isVisible()
    assert form.model.settings.segmentation.explicit == {}


def test_what_the_model_recommends_is_shown_where_nobody_chose(qtbot: QtBot) -> None:
    form = _form(qtbot, [("segmentation", "pred_iou_thresh")])
    form.model.set_recommended("starter", {"pred_iou_thresh": 0.6})
    editor = form.editor("pred_iou_thresh")
    assert editor.value() == 0.6
    assert not editor.is_changed
    note = _child(form, QWidget, "pred_iou_thresh_note")
    assert note.text() == "recommended by starter"
    _child(form, QDoubleSpinBox, "pred_iou_thresh").setValue(0.88)
    assert editor.is_changed
    assert note.text() == "starter recommends 0.6"
    assert form.model.settings.segmentation.explicit == {"pred_iou_thresh": 0.88}
    _child(form, QToolButton, "pred_iou_thresh_dot").click()
    assert editor.value() == 0.6


def test_values_set_from_outside_tell_nobody(qtbot: QtBot) -> None:
    form = _form(qtbot, [("filter", "min_area"), ("filter", "min_ratio")])
    told: list[Any] = []
    form.values_changed.connect(told.append)
    form.changed.connect(lambda *args: told.append(args))
    form.set_values({"min_area": 50, "min_ratio": 37.0})
    form.set_settings(Settings().updated({"filter": {"min_area": 7}}))
    assert form.values() == {"min_area": 7.0, "min_ratio": None}
    assert told == []


def test_a_device_that_cannot_be_is_told(qtbot: QtBot) -> None:
    form = _form(qtbot, [("compute", "device")])
    box = _child(form, QComboBox, "device")
    line = box.lineEdit()
    assert isinstance(line, QLineEdit)
    line.selectAll()
    qtbot.keyClicks(line, "gpu7")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert "allowed is auto, cpu, cuda" in form.editor("device").problem
    assert form.values() == {"device": "auto"}
    line.selectAll()
    qtbot.keyClicks(line, "cuda:1")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert form.values() == {"device": "cuda:1"}
    assert form.editor("device").problem == ""


def test_a_model_is_taken_when_its_name_is_complete(qtbot: QtBot) -> None:
    editor = SettingEditor("segmentation", "model")
    qtbot.addWidget(editor)
    assert isinstance(editor.editor, TextEditor)
    editor.editor.set_suggestions(("starter", "vit_b"))
    assert editor.value() == "starter"
    told: list[Any] = []
    editor.changed.connect(told.append)
    line = _child(editor, QComboBox, "model").lineEdit()
    line.selectAll()
    qtbot.keyClicks(line, "my model.pth")
    assert told == []
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert told == ["my model.pth"]


def test_point_grids_come_from_a_file_and_are_counted(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "points.json"
    path.write_text(json.dumps(GRIDS), encoding="utf-8")
    editor = SettingEditor("segmentation", "point_grids")
    qtbot.addWidget(editor)
    assert isinstance(editor.editor, GridsEditor)
    with qtbot.waitSignal(editor.changed):
        editor.editor.load(path)
    assert [[list(point) for point in grid] for grid in editor.value()] == GRIDS
    count = _child(editor, QWidget, "point_grids_count")
    assert count.text() == "3 points, 2 layers"
    with qtbot.waitSignal(editor.changed):
        _child(editor, QToolButton, "point_grids_clear").click()
    assert editor.value() is None


@pytest.mark.parametrize("content", ["[", "[[[2, 0.5]]]", '{"a": 1}', "[[]]", ""])
def test_a_bad_file_of_points_is_told_beside_the_row(qtbot: QtBot, tmp_path: Path, content: str) -> None:
    path = tmp_path / "points.json"
    path.write_text(content, encoding="utf-8")
    editor = SettingEditor("segmentation", "point_grids")
    qtbot.addWidget(editor)
    assert isinstance(editor.editor, GridsEditor)
    editor.editor.load(path)
    assert "points.json" in editor.problem
    assert editor.value() is None
