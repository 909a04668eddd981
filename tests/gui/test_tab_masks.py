"""The mask tab as a user meets it: image, masks, clicks on the canvas, filter, table, files."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from mask_scene import nested_scene, open_scene, put_masks
from PyQt6 import sip
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QGuiApplication, QMouseEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)

from samhq import api
from samhq.gui.canvas import CanvasMode, MaskStyle
from samhq.gui.tabs.masks import MasksTab, styles_of
from samhq.gui.theme import apply_theme
from samhq.gui.translate import install_language

POINTS = 6


@pytest.fixture
def tab(qtbot, session):
    session.current_tab = "masks"
    made = MasksTab(session)
    qtbot.addWidget(made)
    made.resize(1024, 640)
    made.show()
    return made


@pytest.fixture
def nested(qtbot, tab, session, tmp_path):
    rgb, table = nested_scene()
    open_scene(qtbot, session, tmp_path / "nested.png", rgb)
    put_masks(session, table)
    return tab


def place_of(canvas, x, y):
    """Where the middle of a pixel of the image is on the canvas."""
    return canvas.mapFromScene(QPointF(x + 0.5, y + 0.5))


def move(port, place):
    """Move the pointer; offscreen there is no cursor that would do it."""
    at = QPointF(place)
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, at, port.mapToGlobal(at), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(port, event)


def click(qtbot, tab, x, y, button=Qt.MouseButton.LeftButton, modifier=Qt.KeyboardModifier.NoModifier):
    place = place_of(tab.canvas, x, y)
    move(tab.canvas.viewport(), place)
    qtbot.mouseClick(tab.canvas.viewport(), button, modifier, place)


def drag(qtbot, tab, start, stop, modifier=Qt.KeyboardModifier.NoModifier):
    port = tab.canvas.viewport()
    first, last = place_of(tab.canvas, *start), place_of(tab.canvas, *stop)
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, modifier, first)
    move(port, (first + last) / 2)
    move(port, last)
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, modifier, last)


def press(qtbot, tab, name):
    button = tab.findChild(QAbstractButton, name)
    assert button.isEnabled(), name
    button.click()


def selected(tab):
    return np.flatnonzero(tab.document.selected).tolist()


def pixel_of(masks, index):
    """A pixel that only this mask covers, x, y; the middle-most one."""
    ys, xs = np.nonzero(masks.mask(index))
    order = np.argsort((xs - xs.mean()) ** 2 + (ys - ys.mean()) ** 2)
    for at in order:
        if len(masks.hit(int(xs[at]), int(ys[at]))) == 1:
            return int(xs[at]), int(ys[at])
    raise AssertionError("no pixel of its own")


# -------------------------------------------------------------------- the whole way


def test_from_a_micrograph_to_the_numbers_of_the_command_line(qtbot, tab, session, tmp_path):
    sample = next(p for p in api.sample_images() if p.parent.name == "histology")
    image = tmp_path / "in" / "slide.png"
    image.parent.mkdir()
    shutil.copy(sample, image)
    with qtbot.waitSignal(session.image_changed, timeout=20000):
        session.open_image(image)
    session.set_draft("segmentation", "points_per_side", POINTS)
    session.apply_draft()
    press(qtbot, tab, "generate_button")
    job = tab.document.job
    with qtbot.waitSignal(job.finished, timeout=60000):
        pass
    masks = tab.document.masks
    assert len(masks) > 3
    session.set_filter(min_aggregation=20.0, min_ratio=15.0)
    kept = np.flatnonzero(tab.document.filtered.keep)
    assert len(kept) >= 2

    click(qtbot, tab, *pixel_of(masks, int(kept[1])))
    assert selected(tab) == [int(kept[1])]
    press(qtbot, tab, "deselect_all_button")
    press(qtbot, tab, "calculate_button")
    exported = export(qtbot, tab, "csv", tmp_path / "window")
    arguments = [str(image), "--points-per-side", str(POINTS), "--min-aggregation", "20", "--min-ratio", "15"]
    # In a process of its own, as the engine is: PyTorch's last digit depends on its number of threads.
    command = [sys.executable, "-m", "samhq", "run", *arguments, "--out", str(tmp_path / "cli")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    from_cli = next((tmp_path / "cli").rglob("objects.csv"))
    assert exported.read_bytes() == from_cli.read_bytes()
    assert exported.parent.name == from_cli.parent.name
    assert_table_equals(tab, exported)

    # Only the calculated ones.
    click(qtbot, tab, *pixel_of(masks, int(kept[1])))
    press(qtbot, tab, "calculate_button")
    rows = read_rows(export(qtbot, tab, "csv", tmp_path / "one"))
    assert len(rows) == 1
    assert float(rows[0]["intensity"]) == tab.document.filtered.intensity[kept[1]]
    assert tab.table.model.rowCount() == 1

    picture = tmp_path / "marked.png"
    with qtbot.waitSignal(session.notice, timeout=30000):
        tab.results.save_picture(picture)
    assert picture.stat().st_size > 1000
    command = tab.command()
    assert str(image) in command
    assert f"--points-per-side {POINTS}" in command
    assert "--min-ratio 15" in command


def export(qtbot, tab, format_name, folder):
    folder.mkdir()
    with qtbot.waitSignal(tab.session.notice, timeout=30000):
        tab.results.export(format_name, folder)
    names = {"csv": "objects.csv", "txt": "*.txt", "coco": "*coco.json", "labels": "*_labels.tif"}
    names |= {"geojson": "*.geojson", "parquet": "objects.parquet", "yolo": "data.yaml"}
    return next(folder.rglob(names[format_name]))


def read_rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def assert_table_equals(tab, path):
    """Every cell of the table is the number in the file, to the last digit."""
    rows = read_rows(path)
    model = tab.table.model
    assert model.rowCount() == len(rows)
    for at, row in enumerate(rows):
        for column, head in enumerate(model.heads):
            assert model.index(at, column).data(Qt.ItemDataRole.ToolTipRole) == row[head.name], head.name


def test_every_format_holds_the_calculated_objects(qtbot, nested, tmp_path):
    nested.document.select_indices(np.array([1, 3]))
    press(qtbot, nested, "calculate_button")
    text = export(qtbot, nested, "txt", tmp_path / "txt").read_text(encoding="utf-8")
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == 3
    coco = json.loads(export(qtbot, nested, "coco", tmp_path / "coco").read_text(encoding="utf-8"))
    assert [a["area"] for a in coco["annotations"]] == [625, 300]
    import tifffile

    labels = tifffile.imread(export(qtbot, nested, "labels", tmp_path / "labels"))
    assert sorted(np.unique(labels).tolist()) == [0, 1, 2]
    nested.session.set_values("export", shape="solidity", class_name="nucleus")
    features = json.loads(export(qtbot, nested, "geojson", tmp_path / "geojson").read_text(encoding="utf-8"))
    properties = [feature["properties"] for feature in features["features"]]
    assert [p["measurements"]["area_px"] for p in properties] == [625, 300]
    assert [p["measurements"]["solidity"] for p in properties] == [1, 1]
    assert properties[0]["classification"]["name"] == "nucleus"
    import polars

    assert polars.read_parquet(export(qtbot, nested, "parquet", tmp_path / "parquet"))[
        "area_px"
    ].to_list() == [625, 300]
    yolo = export(qtbot, nested, "yolo", tmp_path / "yolo")
    assert (yolo.parent / "images").is_dir()


# -------------------------------------------------------------------- canvas


def test_repeated_clicks_reach_every_overlapping_mask(qtbot, nested):
    seen = []
    for _ in range(4):
        click(qtbot, nested, 20, 20)
        seen.append(selected(nested))
        qtbot.wait(QGuiApplication.styleHints().mouseDoubleClickInterval() + 50)
    assert seen == [[2], [1], [0], []]


def test_tab_over_the_image_goes_to_the_next_mask(qtbot, nested):
    click(qtbot, nested, 20, 20)
    nested.canvas.setFocus()
    qtbot.keyClick(nested.canvas, Qt.Key.Key_Tab)
    assert selected(nested) == [1]


def test_right_click_deselects(qtbot, nested):
    nested.document.select_all()
    click(qtbot, nested, 60, 30, Qt.MouseButton.RightButton)
    assert selected(nested) == [0, 1, 2]


def test_rectangle_and_lasso_replace_add_and_remove(qtbot, nested):
    nested.set_mode(CanvasMode.RECTANGLE)
    drag(qtbot, nested, (50, 15), (75, 45))
    assert selected(nested) == [3]
    drag(qtbot, nested, (2, 2), (47, 47), Qt.KeyboardModifier.ShiftModifier)
    assert selected(nested) == [0, 1, 2, 3]
    drag(qtbot, nested, (50, 15), (75, 45), Qt.KeyboardModifier.AltModifier)
    assert selected(nested) == [0, 1, 2]


def test_what_fails_the_filter_fades_and_what_is_selected_stands_out(nested):
    nested.session.set_filter(min_area=200)
    nested.document.select_indices(np.array([0, 2]))
    styles = [MaskStyle(s) for s in styles_of(nested.document)]
    assert styles == [MaskStyle.SELECTED, MaskStyle.NORMAL, MaskStyle.FADED, MaskStyle.NORMAL]


def test_the_tool_tip_on_the_canvas_says_why_a_mask_fades(qtbot, nested):
    nested.session.set_filter(min_area=200)
    text = nested.canvas._tooltips(2)
    assert "100 px is 100 below the minimum 200" in text


def test_a_double_clicked_row_is_shown_on_the_image(nested):
    before = nested.canvas.view_rect()
    nested.table.zoom_requested.emit(3)
    after = nested.canvas.view_rect()
    assert after.width() < before.width()
    assert after.contains(62.0, 30.0)


def test_brush_and_delete_by_mouse_and_key(qtbot, nested):
    click(qtbot, nested, 60, 30)
    nested.set_mode(CanvasMode.BRUSH)
    size = nested.findChild(QDoubleSpinBox, "brush_size")
    qtbot.waitUntil(size.isVisible, timeout=2000)
    size.setValue(2.0)
    assert nested.canvas.brush_radius == 2.0
    qtbot.keyClick(nested.canvas, Qt.Key.Key_BracketLeft)
    assert size.value() == nested.canvas.brush_radius < 2.0
    with qtbot.waitSignal(nested.document.masks_changed, timeout=30000):
        drag(qtbot, nested, (69, 30), (76, 30))
    assert nested.document.masks.areas()[3] > 300
    nested.canvas.setFocus()
    with qtbot.waitSignal(nested.document.masks_changed, timeout=30000):
        qtbot.keyClick(nested.canvas, Qt.Key.Key_Delete)
    assert len(nested.document.masks) == 3
    nested.session.undo.undo()
    assert len(nested.document.masks) == 4


def test_the_r_key_marks_what_is_not_wanted(qtbot, nested):
    nested.document.select_indices(np.array([1]))
    nested.canvas.setFocus()
    qtbot.keyClick(nested.canvas, Qt.Key.Key_R)
    assert np.flatnonzero(nested.document.rejected).tolist() == [1]
    assert styles_of(nested.document)[1] == MaskStyle.FADED


def test_commands_have_keys(qtbot, nested):
    canvas, document = nested.canvas, nested.document
    canvas.setFocus()
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(canvas, Qt.Key.Key_A, control)
    assert selected(nested) == [0, 1, 2, 3]
    qtbot.keyClick(canvas, Qt.Key.Key_D, control)
    assert selected(nested) == []
    document.select_indices(np.array([2]))
    qtbot.keyClick(canvas, Qt.Key.Key_F6)
    assert document.rows().tolist() == [2]
    qtbot.keyClick(canvas, Qt.Key.Key_I, control)
    assert selected(nested) == [0, 1, 3]
    for key, mode in (
        (Qt.Key.Key_M, CanvasMode.RECTANGLE),
        (Qt.Key.Key_K, CanvasMode.CUT),
        (Qt.Key.Key_S, CanvasMode.SELECT),
    ):
        qtbot.keyClick(canvas, key)
        assert canvas.mode is mode


def test_an_edit_while_a_filter_is_proposed_is_shown(qtbot, nested):
    document = nested.document
    document.select_indices(np.array([0]))
    with qtbot.waitSignal(document.suggestion.changed, timeout=20000):
        document.suggestion.ask()
    with qtbot.waitSignal(document.masks_changed, timeout=30000):
        document.edits.delete()
    assert not document.suggestion.is_open
    assert nested.canvas.hit(20, 20).tolist() == [1, 0]


def test_an_image_of_another_size_takes_the_place_of_one_with_masks(qtbot, nested, micrograph):
    session = nested.session
    nested.document.select_all()
    with qtbot.waitSignal(session.image_changed, timeout=20000):
        session.open_image(micrograph)
    height, width = session.image.image.level.shape
    assert nested.canvas.hit(20, 20).tolist() == []
    move(nested.canvas.viewport(), place_of(nested.canvas, width // 2, height // 2))
    assert "aggregation" in nested.canvas.readout()
    assert nested.table.model.rowCount() == 0
    session.set_filter(polarity="bright")
    session.undo.undo()
    assert session.filter.polarity == "dark"


def test_escape_in_a_field_keeps_the_selection(qtbot, nested):
    nested.document.select_all()
    field = nested.select.form.editor("min_aggregation").main_control()
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert len(selected(nested)) == 4


def test_a_model_that_is_not_there_is_said_over_the_tab(qtbot, nested, tmp_path):
    failures = []
    nested.session.error_reported.connect(lambda tab, failure: failures.append((tab, failure)))
    nested.session.set_model(str(tmp_path / "gone.pth"))
    press(qtbot, nested, "generate_button")
    qtbot.waitUntil(lambda: not nested.document.is_generating, timeout=60000)
    tab, failure = failures[-1]
    assert tab == "masks"
    assert "gone.pth" in failure.why
    assert failure.remedy
    assert len(nested.document.masks) == 4
    assert nested.findChild(QPushButton, "generate_button").isEnabled()


def test_escape_leaves_the_innermost_thing(qtbot, nested):
    nested.document.select_all()
    nested.set_mode(CanvasMode.LASSO)
    qtbot.keyClick(nested.canvas, Qt.Key.Key_Escape)
    assert nested.canvas.mode is CanvasMode.SELECT
    assert len(selected(nested)) == 4
    qtbot.keyClick(nested.canvas, Qt.Key.Key_Escape)
    assert selected(nested) == []


def test_a_click_with_sam_is_taken_with_enter(qtbot, nested):
    nested.set_mode(CanvasMode.POINT)
    click(qtbot, nested, 62, 30)
    prompt = nested.document.prompt
    bar = nested.findChild(QWidget, "answer_bar")
    assert bar.isVisible()
    qtbot.waitUntil(lambda: not prompt.is_computing, timeout=60000)
    click(qtbot, nested, 3, 55, Qt.MouseButton.RightButton)
    qtbot.waitUntil(lambda: not prompt.is_computing, timeout=60000)
    assert prompt.labels.tolist() == [1, 0]
    mask = prompt.mask
    assert mask.any()
    with qtbot.waitSignal(nested.document.masks_changed, timeout=30000):
        qtbot.keyClick(nested.canvas, Qt.Key.Key_Return)
    assert np.array_equal(nested.document.masks.mask(4), mask)
    assert not bar.isVisible()


# -------------------------------------------------------------------- panels


def test_a_number_in_the_filter_form_is_in_force_at_once(qtbot, nested):
    editor = nested.select.form.editor("min_area")
    editor.editor.set_value(200.0)
    editor.editor.changed.emit(200.0)
    assert nested.session.filter.min_area == 200
    assert nested.findChild(QLabel, "selection_text").text().startswith("3 of 4 masks pass")
    nested.session.undo.undo()
    assert editor.value() is None


def test_the_preview_sets_the_aggregation_range(qtbot, nested):
    nested.setup.plot.range_changed.emit(30.0, 60.0)
    chosen = nested.session.filter
    assert (chosen.min_aggregation, chosen.max_aggregation) == (30.0, 60.0)
    nested.session.set_filter(max_aggregation=90.0)
    assert nested.setup.plot.range == (30.0, 90.0)
    qtbot.waitUntil(lambda: nested.session.analysis.distribution is not None, timeout=20000)


def test_the_models_are_offered_with_their_downloads(qtbot, tab, session):
    combo = tab.findChild(QComboBox, "model_combo")
    qtbot.waitUntil(lambda: combo.findData("vit_b") >= 0, timeout=20000)
    assert combo.currentData() == "starter"
    assert "379 MB" in combo.itemText(combo.findData("vit_b"))
    combo.setCurrentIndex(combo.findData("vit_b"))
    combo.activated.emit(combo.currentIndex())
    button = tab.findChild(QPushButton, "download_button")
    assert button.isVisible()
    assert session.settings.segmentation.model == "starter"


def test_without_an_image_the_tab_says_what_to_do(tab):
    assert tab.findChild(QWidget, "empty_state").isVisible()
    assert not tab.findChild(QPushButton, "generate_button").isEnabled()
    assert tab.command() == ""


def test_every_control_has_a_name_and_nothing_is_wider_than_its_column(nested):
    for kind in (QAbstractButton, QComboBox, QSlider, QLineEdit):
        for control in nested.findChildren(kind):
            if control.isVisible() and control.focusPolicy() != Qt.FocusPolicy.NoFocus:
                named = control.accessibleName() or control.parentWidget().accessibleName()
                assert named or control.text(), control.objectName()
    steps = nested.steps.widget()
    assert steps.minimumSizeHint().width() <= nested.steps.viewport().width()
    assert nested.steps.width() <= 400


def test_the_tab_made_anew_shows_the_same_and_the_old_one_is_gone(qtbot, session, tmp_path):
    rgb, table = nested_scene()
    old = MasksTab(session)
    old.show()
    open_scene(qtbot, session, tmp_path / "nested.png", rgb)
    put_masks(session, table)
    session.masks.select_indices(np.array([1]))
    notices = []
    session.notice.connect(notices.append)
    sip.delete(old)
    again = MasksTab(session)
    qtbot.addWidget(again)
    again.show()
    assert selected(again) == [1]
    assert again.canvas.hit(20, 20).tolist() == [2, 1, 0]
    assert again.table.model.rowCount() == 4
    # Nothing calls what was deleted, and nothing is said twice.
    session.set_filter(min_area=200)
    session.masks.select_none()
    with qtbot.waitSignal(session.masks.edits.refused, timeout=20000):
        session.masks.edits.merge()
    assert len(notices) == 1
    assert again.table.model.rowCount() == 3


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_no_tool_goes_out_of_sight_at_any_width(qtbot, qapp, session, language):
    apply_theme(qapp, "light")
    install_language(language)
    try:
        made = MasksTab(session)
        qtbot.addWidget(made)
        made.show()
        made.stack.setCurrentIndex(1)
        bar = made.toolbar
        for mode in (CanvasMode.SELECT, CanvasMode.BRUSH):
            bar.show_mode(mode)
            for width in range(980, 1700, 20):
                made.resize(width, 640)
                QApplication.processEvents()
                more = bar.findChild(QToolButton, "qt_toolbar_ext_button")
                assert bar.opacity.isVisible(), width
                assert more is None or not more.isVisible(), width
    finally:
        install_language("en")


def test_the_preview_comes_with_an_image(qtbot, tab, session, tmp_path):
    assert not tab.setup.plot.isVisible()
    open_scene(qtbot, session, tmp_path / "nested.png", nested_scene()[0])
    assert tab.setup.plot.isVisible()
