"""The batch tab as a user meets it: real clicks, real files, the real engine."""

from __future__ import annotations

import time

import numpy as np
import pytest
import tifffile
from batch_scene import (  # noqa: F401 - fixtures among them
    done_once,
    done_slides,
    errors,
    open_done,
    run,
    session,
    shared_session,
    slides,
    small_copy,
    states,
    until,
    wait_until_finished,
)
from PyQt6 import sip
from PyQt6.QtCore import QPoint, QPointF, Qt, QTimer
from PyQt6.QtGui import QDropEvent, QGuiApplication
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QMenu,
    QWidget,
)
from test_image_list import LargeOverview

from samhq import api
from samhq.gui.canvas import MaskStyle
from samhq.gui.image_list import Column, ImageState
from samhq.gui.tabs.batch import BatchTab
from samhq.gui.theme import apply_theme

# ruff: noqa: F811 - fixtures are named by parameters


@pytest.fixture
def tab(qtbot, qapp, session):
    apply_theme(qapp, "light")  # its paddings decide what fits
    made = BatchTab(session)
    made.resize(1000, 560)
    made.show()
    qtbot.waitExposed(made)
    yield made
    # Nobody may listen any more once a tab is gone, as after a change of the language.
    sip.delete(made)


def find(tab, name: str):
    found = tab.findChild(QWidget, name)
    assert found is not None, name
    return found


def click(widget, button=Qt.MouseButton.LeftButton) -> None:
    QTest.mouseClick(widget, button)


def row_of(tab, path: str) -> int:
    return tab.images.model.row_of((path, 1))


def click_row(tab, path: str) -> None:
    table = tab.images.table
    index = tab.images.model.index(row_of(tab, path), Column.IMAGE)
    table.scrollTo(index)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center())


def styles(tab) -> list[int]:
    return tab.picture.canvas._overlay.styles.tolist()


# -------------------------------------------------------------------- from nothing to numbers


def test_at_first_it_says_what_to_do(qtbot, tab, run):
    assert find(tab, "empty_state").isVisible()
    assert not find(tab, "start_button").isEnabled()
    assert not find(tab, "export_button").isEnabled()
    assert not find(tab, "command_button").isEnabled()
    assert tab.command() == ""


def test_the_samples_are_copied_and_planned(qtbot, tab, run, tmp_path):
    tab.input_step.copy_sample(tmp_path)
    until(qtbot, lambda: run.plan is not None)
    assert run.source == tmp_path / "samhq_demo" / "micrographs"
    assert run.plan.pages == 8
    assert not find(tab, "empty_state").isVisible()
    assert "8 images" in find(tab, "plan_text").text()
    assert "free" in find(tab, "plan_text").text()


def test_drop_start_and_numbers(qtbot, tab, run, session, slides):
    """Drop a folder, press Start: that is all."""
    run.outputs.set_writes_after_run(True)
    (slides / "photo.bmp").write_bytes(b"BM")
    session.open_paths([slides])
    until(qtbot, lambda: run.plan is not None)
    assert "1 passed over" in find(tab, "skipped_button").text()
    click(find(tab, "skipped_button"))
    assert "photo.bmp" in find(tab, "skipped_text").text()
    click(find(tab, "start_button"))
    assert run.is_running
    assert not find(tab, "start_button").isEnabled()
    assert not find(tab, "choose_input_button").isEnabled()
    assert find(tab, "batch_stop_button").isEnabled()
    assert find(tab, "run_progress").isVisible()
    wait_until_finished(qtbot, run)
    until(qtbot, lambda: run.outputs.folder is not None and find(tab, "view_output_button").isEnabled())
    text = find(tab, "run_text").text()
    assert "2 images segmented" in text
    assert "1 failed" in text
    assert f"{run.look.kept} of {run.look.found} objects kept" in text
    # The first image with objects is shown without being asked for.
    until(qtbot, lambda: run.shown is not None and run.shown.key == ("a/cells 1.png", 1))
    assert len(styles(tab)) == run.look.rows.found[0]

    click(find(tab, "view_output_button"))
    until(qtbot, lambda: tab.picture.output_canvas._pyramid is not None)
    assert tab.picture.output_canvas.isVisible()
    click(find(tab, "show_table_button"))
    until(qtbot, lambda: tab.picture.table.model().rowCount() == run.look.kept)
    session.set_filter(min_area=5)
    assert "another filter" in find(tab, "picture_note").text()


def test_stop_with_the_button_and_resume(qtbot, tab, run, slides):
    for number in range(3, 9):
        small_copy("histology/nuclei_3.png", slides / f"more {number}.png")
    run.set_source(slides)
    click(find(tab, "start_button"))
    until(qtbot, lambda: run.running is not None)
    until(qtbot, lambda: row_of(tab, run.running[0]) >= 0 if run.running else False)
    assert tab.images.model.state_counts()[ImageState.RUNNING] == 1
    until(qtbot, lambda: run.look is not None and ImageState.DONE in run.look.rows.states)
    click(find(tab, "batch_stop_button"))
    until(qtbot, lambda: not run.is_running)
    assert tab.images.model.state_counts()[ImageState.RUNNING] == 0
    assert find(tab, "start_button").accessibleName() == "Resume"
    until(qtbot, lambda: run.plan is not None and run.plan.done > 0)
    assert "done before" in find(tab, "plan_text").text()


def test_failed_images_are_shown_and_retried(qtbot, tab, run, done_slides):
    open_done(qtbot, run, done_slides)
    assert find(tab, "retry_button").isVisible()
    click(find(tab, "show_failed_button"))
    assert [tab.images.model.key_at(0)] == [("broken.png", 1)]
    assert tab.images.model.rowCount() == 1
    small_copy("histology/nuclei_3.png", done_slides / "broken.png")
    click(find(tab, "retry_button"))
    wait_until_finished(qtbot, run)
    assert states(run)["broken.png"] is ImageState.DONE
    assert not find(tab, "retry_button").isVisible()


# -------------------------------------------------------------------- list, picture and filter


def test_a_click_in_the_list_shows_the_image_with_its_objects(qtbot, tab, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    click_row(tab, "b/cells 2.png")
    assert run.selected == ("b/cells 2.png", 1)
    until(qtbot, lambda: run.shown is not None and run.shown.key == run.selected)
    found = run.filtered()
    assert styles(tab) == [MaskStyle.NORMAL] * len(found)
    limit = float(np.median(found.initial_area)) + 0.5
    session.set_filter(min_area=limit)
    until(qtbot, lambda: MaskStyle.FADED in styles(tab))
    keep = found.initial_area >= limit
    assert styles(tab) == [MaskStyle.NORMAL if kept else MaskStyle.FADED for kept in keep]
    assert f"{keep.sum()} of {len(keep)} objects kept" in find(tab, "picture_note").text()
    dropped = int(np.flatnonzero(~keep)[0])
    hint = tab.picture.canvas._tooltips(dropped)
    assert f"A {found.initial_area[dropped]:,} px" in hint
    assert f"is below {limit:,g}" in hint
    assert "Dropped" not in tab.picture.canvas._tooltips(int(np.flatnonzero(keep)[0]))
    # Keyboard: the next image of the list.
    QTest.keyClick(tab.images.table, Qt.Key.Key_Down)
    assert run.selected == ("broken.png", 1)
    until(qtbot, lambda: "text file" in find(tab, "picture_note").text())


def test_the_selection_survives_sorting_and_filtering(qtbot, tab, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    click_row(tab, "b/cells 2.png")
    header = tab.images.table.horizontalHeader()
    QTest.mouseClick(
        header.viewport(),
        Qt.MouseButton.LeftButton,
        pos=QPoint(header.sectionViewportPosition(Column.STATE) + 20, header.height() // 2),
    )
    QTest.keyClicks(tab.images.search, "cells")
    assert tab.images.model.rowCount() == 2
    assert find(tab, "image_count").text() == "2 of 3 images"
    session.set_filter(min_ratio=1)
    until(qtbot, lambda: run.look.view.settings == session.filter)
    assert run.selected == ("b/cells 2.png", 1)
    assert tab.images.table.currentIndex().row() == row_of(tab, "b/cells 2.png")
    tab.images.search.clear()
    assert tab.images.table.currentIndex().row() == row_of(tab, "b/cells 2.png")


def test_a_threshold_dragged_in_the_histogram_filters_the_run(qtbot, tab, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    plot = tab.histograms.plots["area"]
    qtbot.wait(50)
    view = plot.findChild(QWidget, "histogram_view")
    box = view.getViewBox()

    def at(value: float) -> QPoint:
        middle = sum(box.viewRange()[1]) / 2
        return view.mapFromScene(box.mapViewToScene(QPointF(value, middle)))

    target = run.look.bars["area"].end / 2
    port = view.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=at(0))
    for part in (0.2, 0.5, 0.8, 1.0):
        QTest.mouseMove(port, at(part * target))
        qtbot.wait(20)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=at(target))
    assert session.filter.min_area == pytest.approx(target, rel=0.1)
    until(qtbot, lambda: run.look.view.settings == session.filter)
    assert run.look.kept < run.look.found
    assert f"{run.look.kept} of {run.look.found}" in find(tab, "run_text").text()
    shown = tab.filter_step.form.editor("min_area").value()
    assert shown == pytest.approx(session.filter.min_area)
    session.undo.undo()  # the whole drag is one step
    assert session.filter.min_area is None
    assert plot.threshold is None


def test_the_histograms_tell_kept_objects_from_dropped_ones(qtbot, tab, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    plot = tab.histograms.plots["area"]
    assert plot._kept.series.counts.sum() == plot._series.counts.sum()
    session.set_filter(min_ratio=40.0)
    until(qtbot, lambda: run.look.view.settings == session.filter)
    assert 0 < plot._kept.series.counts.sum() < plot._series.counts.sum()
    assert np.array_equal(plot._kept.series.centers, plot._series.centers)
    plot.log_check.click()
    assert plot._kept.log
    run.set_source(done_slides / "a")
    until(qtbot, lambda: run.look is None)
    assert not len(plot._kept.series.counts)
    assert not len(plot._series.counts)


def test_a_filter_typed_in_the_form_moves_the_histogram(qtbot, tab, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    tab.filter_step.form.model.change("filter", "min_aggregation", 25.0)
    assert session.filter.min_aggregation == 25
    assert tab.histograms.plots["aggregation"].range == (25.0, 100.0)
    tab.filter_step.form.model.change("filter", "min_ratio", 30.0)
    assert tab.histograms.plots["ratio"].threshold == 30.0


def test_an_image_is_opened_in_the_mask_tab(qtbot, tab, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    asked = []
    session.tab_requested.connect(asked.append)
    click_row(tab, "a/cells 1.png")
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        QTest.keyClick(tab.images.table, Qt.Key.Key_Return)
    assert session.image.path == done_slides / "a" / "cells 1.png"
    assert asked == ["masks"]


@pytest.mark.parametrize("planned", [False, True])
def test_a_page_is_opened_with_the_gray_levels_of_the_run(qtbot, tab, run, session, tmp_path, planned):
    ramp = np.linspace(1000, 9000, 64 * 80).reshape(64, 80)
    pages = np.stack([ramp, ramp[:, ::-1] * 3]).astype(np.uint16)
    pages[:, 20:40, 20:40] = 500
    (tmp_path / "stack").mkdir()
    tifffile.imwrite(tmp_path / "stack" / "s.tif", pages, photometric="minisblack")
    kind = "dtype" if planned else "percentile"
    session.take_settings(session.settings.updated({"image": {"page": "all", "intensity_range": kind}}))
    run.set_source(tmp_path / "stack")
    until(qtbot, lambda: run.plan is not None)
    if not planned:
        run.start()
        wait_until_finished(qtbot, run)
        until(qtbot, lambda: run.facts is not None)
        assert run.facts.frozen_scale is not None
    key = ("s.tif", 2)
    assert key in run.rows.keys
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        tab.images.opened.emit(key)
    assert session.image.image.page == 2
    if not planned:
        with api.open_run(run.folder) as opened:
            record = next(r for r in opened.records() if r.page == 2)
            assert np.array_equal(session.image.image.rgb, opened.read_rgb(record))


def test_the_number_of_an_object_is_that_of_the_table(qtbot, tab, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    click_row(tab, "a/cells 1.png")
    until(qtbot, lambda: run.shown is not None and run.filtered() is not None)
    limit = float(np.median(run.filtered().initial_area)) + 0.5
    with qtbot.waitSignal(run.filtered_changed, timeout=10_000):
        session.set_filter(min_area=limit)
    run.outputs.export()
    until(qtbot, lambda: not run.outputs.is_busy and run.outputs.is_current)
    rows = api.read_output_table(run.outputs.folder, "objects.csv", limit=10_000)
    numbers = {tuple(map(int, row[8:12])): int(row[1]) for row in rows.rows if row[0] == "a/cells 1.png"}
    keep = run.filtered().keep
    assert 0 < keep.sum() < len(keep)
    assert not keep[: int(keep.sum())].all()  # some dropped one stands before a kept one
    for index, box in enumerate(run.shown.masks.boxes.tolist()):
        text = tab.picture.canvas._tooltips(index)
        if keep[index]:
            assert text.startswith(f"Object {numbers[tuple(box)]}: A")
        else:
            assert "Object" not in text
            assert "Dropped" in text


# -------------------------------------------------------------------- output


def test_stop_ends_the_batch_and_an_export(qtbot, tab, run, slides):
    for number in range(3, 9):
        small_copy("histology/nuclei_3.png", slides / f"more {number}.png")
    run.set_source(slides)
    run.start()
    until(qtbot, lambda: run.look is not None and ImageState.DONE in run.look.rows.states)
    assert run.outputs.export()
    click(find(tab, "batch_stop_button"))
    until(qtbot, lambda: not run.is_running and not run.outputs.is_busy)
    assert run.outputs.written is None
    assert ImageState.WAITING in run.look.rows.states


def test_export_and_open(qtbot, tab, run, session, done_slides, monkeypatch):
    opened = []
    monkeypatch.setattr(
        "samhq.gui.batch_output.QDesktopServices.openUrl", lambda url: opened.append(url.toLocalFile())
    )
    open_done(qtbot, run, done_slides)
    click(find(tab, "export_button"))
    assert not find(tab, "export_button").isEnabled()
    until(qtbot, lambda: not run.outputs.is_busy and run.outputs.folders)
    click(find(tab, "open_output_button"))
    assert opened == [str(done_slides.parent / "slides_SAM_HQ_Output_Agg=0-100")]
    session.set_filter(min_area=77)
    click(find(tab, "export_button"))
    until(qtbot, lambda: len(run.outputs.folders) == 2)
    combo = find(tab, "output_choice")
    assert {combo.itemText(i) for i in range(combo.count())} == {"Agg=0-100", "A=77_Agg=0-100"}
    menu = find(tab, "export_formats_button").menu()
    coco = next(action for action in menu.actions() if "COCO" in action.text())
    coco.trigger()
    until(qtbot, lambda: not run.outputs.is_busy)
    assert list(run.outputs.folder.glob("*_coco.json"))


def test_copy_as_command(qtbot, tab, run, session, slides):
    run.set_source(slides)
    session.set_filter(min_area=12)
    click(find(tab, "command_button"))
    assert QGuiApplication.clipboard().text() == tab.command()
    assert "--min-area 12" in tab.command()


# -------------------------------------------------------------------- input


def test_one_dropped_image_is_the_input_of_a_batch(qtbot, tab, run, slides):
    from PyQt6.QtCore import QMimeData, QUrl

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(slides / "a" / "cells 1.png"))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    tab.input_step.dropEvent(event)
    assert run.source == slides / "a" / "cells 1.png"
    assert run.is_single
    until(qtbot, lambda: run.plan is not None)
    assert run.plan.pages == 1


def test_recent_folders_and_runs_are_offered(qtbot, tab, run, done_slides):
    open_done(qtbot, run, done_slides)
    menu = QMenu()
    tab.input_step.fill_menu(menu)
    texts = [action.text() for action in menu.actions()]
    assert str(done_slides) in texts
    assert any("ample" in text for text in texts)


def test_other_settings_than_those_of_the_stored_run_are_told_and_can_be_taken(
    qtbot, tab, run, session, done_slides
):
    session.set_draft("segmentation", "points_per_side", 7)
    assert find(tab, "apply_parameters_button").isVisible()
    click(find(tab, "apply_parameters_button"))
    open_done(qtbot, run, done_slides)
    assert "Points per side" in find(tab, "input_note").text()
    click(find(tab, "use_run_settings_button"))
    assert session.settings.segmentation.points_per_side == 4
    assert not find(tab, "use_run_settings_button").isVisible()


# -------------------------------------------------------------------- for everybody


def test_every_control_has_a_name_and_can_be_reached(qtbot, tab, run, done_slides):
    open_done(qtbot, run, done_slides)
    controls = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QAbstractItemView)
    for kind in controls:
        for widget in tab.findChildren(kind):
            parent = widget.parentWidget()
            inner = isinstance(parent, QAbstractSpinBox | QComboBox | QLineEdit | QAbstractItemView)
            if inner or "qt_" in widget.objectName() or isinstance(parent.parentWidget(), QComboBox):
                continue
            name = widget.accessibleName() or getattr(widget, "text", lambda: "")()
            assert name, f"{type(widget).__name__} {widget.objectName()} in {parent.objectName()}"
    for name in ("start_button", "image_search", "image_table", "batch_canvas", "area_histogram"):
        assert find(tab, name).focusPolicy() & Qt.FocusPolicy.TabFocus, name


@pytest.mark.parametrize("state", ["empty", "done"])
def test_nothing_is_cut_off_in_a_small_window(qtbot, tab, run, done_slides, state):
    if state == "done":
        open_done(qtbot, run, done_slides)
    # What is left of 1024 x 700 beside menu, tabs, strip and the folded log.
    assert tab.minimumSizeHint().width() <= 980
    assert tab.minimumSizeHint().height() <= 560
    tab.resize(980, 560)
    qtbot.wait(20)
    for button in tab.actions_box.findChildren(QAbstractButton):
        assert button.width() >= button.minimumSizeHint().width(), button.objectName()


def test_a_tab_that_is_made_anew_shows_the_same_and_the_old_one_is_gone(qtbot, session, run, done_slides):
    first = BatchTab(session)
    open_done(qtbot, run, done_slides)
    session.set_filter(min_area=50)
    until(qtbot, lambda: run.look.view.settings == session.filter and run.shown is not None)
    sip.delete(first)
    second = BatchTab(session)
    assert second.images.model.rowCount() == 3
    assert second.images.table.currentIndex().row() == second.images.model.row_of(run.selected)
    assert len(styles(second)) == len(run.shown.masks)
    assert second.histograms.plots["area"].threshold == 50
    session.set_filter(min_area=60)  # nobody of the first tab listens any more
    until(qtbot, lambda: run.look.view.settings == session.filter)
    assert second.histograms.plots["area"].threshold == 60
    sip.delete(second)


def test_the_window_does_not_stall_while_600000_objects_are_filtered(qtbot, tab, run, session, tmp_path):
    """Times are reported, not asserted: the machine may be busy."""
    live = run._live
    run.folder = live.folder = tmp_path
    live._overview = LargeOverview(images=3000, each=200)
    live.update()
    until(qtbot, lambda: run.look is not None)
    beats = [time.perf_counter()]
    heart = QTimer()
    heart.timeout.connect(lambda: beats.append(time.perf_counter()))
    heart.start(2)
    asked: list[float] = []
    looks: list[tuple[float, float]] = []
    run.look_changed.connect(lambda look: looks.append((time.perf_counter(), look.view.settings.min_area)))
    tab.images.table.sortByColumn(Column.KEPT, Qt.SortOrder.DescendingOrder)
    for step in range(60):
        session.set_filter(min_area=1000.0 + 10 * step)
        asked.append(time.perf_counter())
        qtbot.wait(16)
    until(qtbot, lambda: run.look.view.settings == session.filter)
    last = time.perf_counter() - asked[-1]
    heart.stop()
    gaps = np.diff(beats) * 1000
    assert run.look.view.settings.min_area == 1590
    assert len(looks) > 3  # the run follows while the threshold moves
    print(  # noqa: T201
        f"event loop: longest gap {gaps.max():.0f} ms, 99.9 % {np.quantile(gaps, 0.999):.0f} ms; "
        f"{len(looks)} looks in 60 moves, the last {last * 1000:.0f} ms after its move"
    )


def test_every_column_of_the_list_is_seen_in_a_window_of_1280(qtbot, tab, run, done_slides):
    open_done(qtbot, run, done_slides)
    tab.resize(1236, 680)
    qtbot.wait(50)
    table = tab.images.table
    header, viewport = table.horizontalHeader(), table.viewport()
    assert header.length() <= viewport.width()


def test_the_symbol_of_the_run_follows_the_theme(qtbot, qapp, tab, run, done_slides):
    open_done(qtbot, run, done_slides)
    before = tab.run_bar._symbol.pixmap().toImage()
    apply_theme(qapp, "dark")
    try:
        assert tab.run_bar._symbol.pixmap().toImage() != before
    finally:
        apply_theme(qapp, "light")
