"""The parameters tab: a draft that is explained, priced, tried out, and in force only when applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
)
from pytestqt.qtbot import QtBot

from samhq import api
from samhq.gui import theme
from samhq.gui.canvas import ImageCanvas
from samhq.gui.parameter_help import Consequence, consequence_text, explained, parameter_help
from samhq.gui.parameter_model import SECTIONS
from samhq.gui.parameter_pictures import draw_scene, scenes
from samhq.gui.presets import matching_preset, presets, with_preset
from samhq.gui.session import Session
from samhq.gui.tabs.parameters import ParametersTab
from samhq.settings import Settings, iter_fields

FEW = {"segmentation": {"points_per_side": 8}}
ENGINE_MS = 90_000


@pytest.fixture
def tab(qtbot: QtBot, session: Session) -> ParametersTab:
    made = ParametersTab(session)
    qtbot.addWidget(made)
    made.resize(1100, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def _child(tab: ParametersTab, kind: type[Any], name: str) -> Any:
    found = tab.findChild(kind, name)
    assert found is not None, name
    return found


def _text(tab: ParametersTab, name: str) -> str:
    return str(_child(tab, QLabel, name).text())


def _press(qtbot: QtBot, tab: ParametersTab, name: str) -> None:
    button = _child(tab, QPushButton, name)
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


# ------------------------------------------------------------ what is in the tab


def test_every_setting_of_these_groups_stands_in_one_section() -> None:
    keys = [key for section in SECTIONS.values() for key in section]
    wanted = {(g, n) for g, n, _ in iter_fields() if g in ("image", "segmentation", "output", "compute")}
    assert len(keys) == len(set(keys))
    assert set(keys) == wanted
    assert {name for _, name in keys} == set(explained()) == set(scenes())


@pytest.mark.parametrize("name", explained())
def test_every_explanation_is_whole(qapp: QApplication, name: str) -> None:
    known = parameter_help(name)
    assert all((known.low, known.high, known.time, known.memory, known.more))
    assert known.low != known.high


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", scenes())
def test_the_pictures_of_low_and_high_differ(qapp: QApplication, name: str, dark: bool) -> None:
    drawn = [_drawn(name, high=high, dark=dark) for high in (False, True)]
    background = theme.colors(dark).base
    assert drawn[0] != drawn[1]
    for picture in drawn:
        other = sum(QColor(picture.pixel(x, y)) != background for x in range(3, 97) for y in range(3, 97))
        assert other > 200


def _drawn(name: str, *, high: bool, dark: bool) -> QImage:
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(theme.colors(dark).window)
    painter = QPainter(image)
    draw_scene(painter, QRectF(0, 0, 100, 100), name, high=high, colors=theme.colors(dark))
    painter.end()
    return image


# ------------------------------------------------------------ presets


def test_presets_are_valid_named_and_recognised(qapp: QApplication) -> None:
    chosen = Settings().updated({"segmentation": {"model": "vit_b"}, "filter": {"min_area": 5}})
    assert len(presets()) == 5
    for preset in presets():
        assert preset.title
        assert preset.text
        used = with_preset(chosen, preset)
        assert used.segmentation.model == "vit_b"
        assert used.filter == chosen.filter
        found = matching_preset(used)
        assert found is not None
        assert found.key == preset.key


def test_presets_cost_what_their_texts_say(qapp: QApplication) -> None:
    def work(key: str) -> tuple[int, int]:
        preset = next(p for p in presets() if p.key == key)
        return api.workload(with_preset(Settings(), preset).segmentation, height=3000, width=3000)

    encodings, prompts = work("standard")
    assert (encodings, prompts) == (1, 1024)
    assert work("fast") == (1, prompts // 4)
    assert work("small") == (1, prompts * 4)
    assert work("large") == (5, prompts * 2)
    assert work("memory") == (1, prompts)


def test_a_preset_takes_the_place_of_another_and_of_points_of_ones_own(qapp: QApplication) -> None:
    by_key = {preset.key: preset for preset in presets()}
    own = Settings().updated({"segmentation": {"points_per_side": None, "point_grids": [[[0.5, 0.5]]]}})
    large = with_preset(own, by_key["large"])
    assert large.segmentation.point_grids is None
    memory = with_preset(large, by_key["memory"])
    assert memory.segmentation.explicit == {"crop_n_layers": 0}
    assert with_preset(memory, by_key["standard"]) == Settings()


def test_only_standard_takes_thresholds_back(qapp: QApplication) -> None:
    tuned = Settings().updated({"segmentation": {"pred_iou_thresh": 0.7}})
    by_key = {preset.key: preset for preset in presets()}
    assert with_preset(tuned, by_key["fast"]).segmentation.pred_iou_thresh == 0.7
    assert with_preset(tuned, by_key["standard"]).segmentation.explicit == {}
    assert matching_preset(tuned) is None


def test_pressing_a_preset_changes_the_draft_and_marks_the_button(qtbot: QtBot, tab: ParametersTab) -> None:
    assert _child(tab, QPushButton, "preset_standard").isChecked()
    _press(qtbot, tab, "preset_small")
    assert tab.model.session.draft.segmentation.points_per_side == 64
    assert _child(tab, QSpinBox, "points_per_side").value() == 64
    assert _child(tab, QPushButton, "preset_small").isChecked()
    assert not _child(tab, QPushButton, "preset_standard").isChecked()
    _child(tab, QSpinBox, "points_per_side").setValue(63)
    assert not any(_child(tab, QPushButton, f"preset_{p.key}").isChecked() for p in presets())


# ------------------------------------------------------------ draft and in force


def test_a_change_is_in_force_only_when_applied(qtbot: QtBot, tab: ParametersTab) -> None:
    session = tab.model.session
    assert not _child(tab, QPushButton, "apply_button").isEnabled()
    _child(tab, QSpinBox, "points_per_side").setValue(16)
    _child(tab, QDoubleSpinBox, "pred_iou_thresh").setValue(0.5)
    assert session.settings.segmentation.points_per_side == 32
    assert "applied: 2. Masks" in _text(tab, "unapplied_badge")
    assert "(2)" in _child(tab, QPushButton, "apply_button").text()
    assert _text(tab, "points_per_side_title").endswith("*")
    with qtbot.waitSignal(session.settings_changed):
        _press(qtbot, tab, "apply_button")
    assert session.settings.segmentation.points_per_side == 16
    assert _text(tab, "unapplied_badge") == "Everything shown is in force."
    assert _text(tab, "points_per_side_title") == "Points per side"


def test_changes_that_find_no_masks_again_do_not_threaten_it(tab: ParametersTab) -> None:
    box = _child(tab, QCheckBox, "contact_sheet")
    box.click()
    assert _text(tab, "unapplied_badge") == "Changes not applied: 1"


def test_revert_and_reset(qtbot: QtBot, tab: ParametersTab) -> None:
    session = tab.model.session
    session.take_settings(
        Settings().updated({"segmentation": {"points_per_side": 20}, "filter": {"min_area": 9}})
    )
    spin = _child(tab, QSpinBox, "points_per_side")
    assert spin.value() == 20
    spin.setValue(40)
    _press(qtbot, tab, "revert_button")
    assert spin.value() == 20
    assert not _child(tab, QPushButton, "revert_button").isEnabled()
    _press(qtbot, tab, "reset_button")
    assert spin.value() == 32
    assert session.draft.segmentation.explicit.keys() <= {"model"}
    assert session.draft.filter.min_area == 9
    assert session.settings.segmentation.points_per_side == 20


def test_values_that_do_not_fit_cannot_be_applied_and_are_shown(qtbot: QtBot, tab: ParametersTab) -> None:
    box = _child(tab, QComboBox, "intensity_range")
    box.setCurrentIndex(box.findData("fixed"))
    _child(tab, QSpinBox, "points_per_side").setValue(16)
    assert not _child(tab, QPushButton, "apply_button").isEnabled()
    assert "do not fit together" in _text(tab, "unapplied_badge")
    assert "needs both" in _text(tab, "intensity_range_problem")
    _press(qtbot, tab, "show_problem_button")
    qtbot.waitUntil(box.hasFocus)
    _press(qtbot, tab, "revert_button")
    assert box.currentData() == "dtype"
    assert tab.model.session.draft.segmentation.points_per_side == 32


def test_the_filter_changed_elsewhere_disturbs_no_edit(tab: ParametersTab) -> None:
    box = _child(tab, QComboBox, "intensity_range")
    box.setCurrentIndex(box.findData("fixed"))
    tab.model.session.set_filter(min_area=50)
    assert box.currentData() == "fixed"
    assert tab.model.session.draft.filter.min_area == 50
    assert tab.model.form.settings.filter.min_area == 50


def test_the_command_has_the_flags_of_the_draft(qtbot: QtBot, tab: ParametersTab) -> None:
    _child(tab, QSpinBox, "points_per_side").setValue(16)
    _press(qtbot, tab, "copy_command_button")
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert "run FOLDER --points-per-side 16" in clipboard.text()
    assert tab.command() == clipboard.text()


# ------------------------------------------------------------ finding and explaining


def test_the_row_in_hand_is_explained(qtbot: QtBot, tab: ParametersTab) -> None:
    assert _text(tab, "explanation_title") == "Points per side"
    title = _child(tab, QLabel, "box_nms_thresh_title")
    qtbot.mouseClick(title, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _text(tab, "explanation_title") == "Box NMS threshold")
    assert _child(tab, QDoubleSpinBox, "box_nms_thresh").hasFocus()
    assert parameter_help("box_nms_thresh").low == _text(tab, "picture_low")
    _child(tab, QSpinBox, "points_per_batch").setFocus()
    qtbot.waitUntil(lambda: "no result" in _text(tab, "explanation_cost"))


def test_a_setting_is_found_by_a_word(qtbot: QtBot, tab: ParametersTab) -> None:
    find = _child(tab, QLineEdit, "find_setting")
    qtbot.keyClicks(find, "crop layers")
    assert _child(tab, QSpinBox, "crop_n_layers").isVisible()
    assert not _child(tab, QSpinBox, "points_per_batch").isVisible()
    assert not _child(tab, QDoubleSpinBox, "pred_iou_thresh").isVisible()
    find.clear()
    assert _child(tab, QSpinBox, "points_per_batch").isVisible()


@pytest.mark.parametrize("width", [740, 900, 1024, 1920])
def test_no_button_is_cut_off(qtbot: QtBot, tab: ParametersTab, width: int) -> None:
    tab.resize(width, 560)
    qtbot.wait(30)
    assert tab.width() == width
    for button in tab.findChildren(QPushButton):
        if button.isVisible():
            assert button.width() >= button.sizeHint().width(), button.objectName()
    for label in tab.findChildren(QLabel):
        if label.isVisible() and label.wordWrap():
            assert label.height() >= label.heightForWidth(label.width()), label.objectName()


# ------------------------------------------------------------ with the engine


def test_the_estimate_says_that_it_knows_nothing(tab: ParametersTab) -> None:
    assert _text(tab, "cost_time") == "How long an image takes here is not known yet."
    assert _child(tab, QPushButton, "measure_button").isVisible()
    assert "prompts: 1,024 " in _text(tab, "cost_work")
    _child(tab, QSpinBox, "points_per_side").setValue(64)
    assert "prompts: 4,096 " in _text(tab, "cost_work")


def test_measuring_recommending_and_trying_on_an_image(qtbot: QtBot, tab: ParametersTab) -> None:
    session = tab.model.session
    with qtbot.waitSignal(session.model_changed, timeout=ENGINE_MS):
        session.look_at_model()
    assert _text(tab, "pred_iou_thresh_note") == "recommended by starter"
    assert _child(tab, QDoubleSpinBox, "pred_iou_thresh").value() == pytest.approx(0.6)

    with qtbot.waitSignal(session.image_changed, timeout=ENGINE_MS):
        session.open_image(next(p for p in api.sample_images() if p.parent.name == "histology"))
    session.take_settings(Settings().updated(FEW))
    _child(tab, QSpinBox, "points_per_side").setValue(10)
    _press(qtbot, tab, "try_button")
    assert _child(tab, QPushButton, "stop_trial_button").isVisible()
    qtbot.waitUntil(
        lambda: tab.model.trial is not None and tab.model.trial.state == "done", timeout=ENGINE_MS
    )
    trial = tab.model.trial
    assert trial is not None
    assert trial.before is not None
    assert trial.after is not None
    assert (trial.before.prompts, trial.after.prompts) == (64, 100)
    assert len(trial.before.masks) > 0
    assert len(trial.after.masks) > 0
    assert _text(tab, "after_result").startswith(f"{len(trial.after.masks)} masks")
    assert not _child(tab, QLabel, "trial_outdated").isVisible()

    # Both pictures show the same place.
    before_canvas, after_canvas = (_child(tab, ImageCanvas, f"{side}_canvas") for side in ("before", "after"))
    before_canvas.setFocus()
    qtbot.waitUntil(before_canvas.hasFocus)
    before_canvas.zoom_to((40, 60, 100, 120))
    assert after_canvas.zoom == pytest.approx(before_canvas.zoom)
    gap = after_canvas.view_rect().center() - before_canvas.view_rect().center()
    assert abs(gap.x()) < 1
    assert abs(gap.y()) < 1

    # The trial measured this computer as well.
    assert _text(tab, "cost_time").startswith("About ")
    slow, fast = tab.model.estimate().draft_s, tab.model.estimate().in_force_s
    assert slow is not None
    assert fast is not None
    assert slow > fast
    _child(tab, QSpinBox, "points_per_side").setValue(60)
    later = tab.model.estimate().draft_s
    assert later is not None
    assert later > 2 * slow
    assert _child(tab, QLabel, "trial_outdated").isVisible()

    # What is in force was found already; only the changed settings are tried again.
    before = trial.before
    _child(tab, QSpinBox, "points_per_side").setValue(5)
    _press(qtbot, tab, "try_button")
    assert tab.model.trial is not trial
    assert tab.model.trial.before is before
    _press(qtbot, tab, "stop_trial_button")
    qtbot.waitUntil(lambda: tab.model.trial.state != "running", timeout=3000)


def test_the_computer_is_measured_on_request(qtbot: QtBot, tab: ParametersTab) -> None:
    _press(qtbot, tab, "measure_button")
    assert not _child(tab, QPushButton, "measure_button").isEnabled()
    qtbot.waitUntil(lambda: tab.model.measuring is None, timeout=ENGINE_MS)
    assert tab.model.estimate().draft_s is not None
    assert not _child(tab, QPushButton, "measure_button").isVisible()


def test_a_model_that_is_not_there_is_told_beside_its_row(qtbot: QtBot, tab: ParametersTab) -> None:
    line = _child(tab, QComboBox, "model").lineEdit()
    line.selectAll()
    qtbot.keyClicks(line, "nowhere.pth")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "nowhere.pth" in _text(tab, "model_problem"), timeout=ENGINE_MS)
    assert tab.model.session.settings.segmentation.model == "starter"


def test_a_tab_made_anew_leaves_nothing_behind(qtbot: QtBot, session: Session) -> None:
    """As when the language changes: widgets and model go, the session and its jobs stay."""
    old = ParametersTab(session)
    old.show()
    with qtbot.waitSignal(session.image_changed):
        session.open_image(api.sample_images()[0])
    old.model.try_out()
    _child(old, QSpinBox, "points_per_side").setValue(9)
    with qtbot.waitSignal(old.destroyed):
        old.deleteLater()
    session.take_settings(Settings().updated(FEW))
    session.model_changed.emit(None)
    session.set_filter(min_area=3)
    qtbot.waitUntil(lambda: not any(job.key.startswith("try") for job in session.jobs.jobs()), timeout=5000)
    new = ParametersTab(session)
    qtbot.addWidget(new)
    assert new.model.form.settings.segmentation.points_per_side == 8


def test_the_keyboard_goes_from_top_to_bottom(qtbot: QtBot, tab: ParametersTab) -> None:
    find = _child(tab, QLineEdit, "find_setting")
    find.setFocus()
    qtbot.waitUntil(find.hasFocus)
    names = []
    for _ in range(14):
        focused = QApplication.focusWidget()
        assert focused is not None
        names.append(focused.objectName())
        assert focused.accessibleName()
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    wanted = ["find_setting", "copy_command_button", *(f"preset_{p.key}" for p in presets())]
    assert names[: len(wanted)] == wanted
    rows = ["points_per_side_slider", "points_per_side", "points_per_side_off", "points_per_batch_slider"]
    assert names[len(wanted) : len(wanted) + 4] == rows


def test_the_chapter_of_the_manual_names_every_preset_and_tag(qapp: QApplication) -> None:
    chapter = (Path(__file__).resolve().parents[2] / "docs" / "window-parameters.md").read_text(
        encoding="utf-8"
    )
    for preset in presets():
        assert f"| {preset.title} |" in chapter
    for consequence in Consequence:
        assert f"| {consequence_text(consequence)} |" in chapter
