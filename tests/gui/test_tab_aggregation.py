"""The aggregation tab shows the analysis, and every control does what it says."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PyQt6 import sip
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollBar,
    QSlider,
    QSplitter,
    QToolButton,
    QWidget,
)

from samhq.gui.analysis import RegionKind
from samhq.gui.tabs.aggregation import AggregationTab


def settled(qtbot, session) -> None:
    qtbot.waitUntil(lambda: not session.jobs.jobs() and not session.analysis.is_busy, timeout=10_000)


@pytest.fixture
def empty(qtbot, session) -> AggregationTab:
    tab = AggregationTab(session)
    qtbot.addWidget(tab)
    tab.resize(1000, 600)
    with qtbot.waitExposed(tab):
        tab.show()
    return tab


@pytest.fixture
def tab(qtbot, session, empty, micrograph) -> AggregationTab:
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        session.open_image(micrograph)
    settled(qtbot, session)
    empty.grab()
    return empty


def child(tab: QWidget, kind: type, name: str):
    found = tab.findChild(kind, name)
    assert found is not None, name
    return found


def press(qtbot, tab: QWidget, name: str) -> None:
    button = child(tab, QAbstractButton, name)
    assert button.isEnabled(), name
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def cell(table, row: int, column: int) -> str:
    return table.model().index(row, column).data()


def at_pixel(tab: AggregationTab, x: float, y: float):
    return tab.canvas.mapFromScene(QPointF(x, y))


def drag_over(qtbot, tab: AggregationTab, *places: tuple[float, float]) -> None:
    port = tab.canvas.viewport()
    first, *others = (at_pixel(tab, x, y) for x, y in places)
    qtbot.mouseMove(port, first)
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=first)
    for place in others:
        qtbot.mouseMove(port, place)
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=others[-1])


# ------------------------------------------------------------ first look


def test_without_an_image_it_says_what_to_do_and_a_sample_is_one_click_away(qtbot, session, empty):
    assert child(empty, QWidget, "empty_state").isVisible()
    assert not child(empty, QPushButton, "analyze_button").isEnabled()
    assert empty.command() == ""
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        qtbot.mouseClick(child(empty, QPushButton, "empty_button_1"), Qt.MouseButton.LeftButton)
    settled(qtbot, session)
    assert not child(empty, QWidget, "empty_state").isVisible()
    assert session.analysis.distribution is not None
    assert cell(child(empty, QAbstractItemView, "statistics_table"), 0, 1) != "–"


def test_an_image_that_is_chosen_is_opened(qtbot, session, empty, micrograph, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(micrograph), ""))
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        press(qtbot, empty, "select_image_button")
    settled(qtbot, session)
    assert "cells.png" in child(empty, QLabel, "file_label").text()
    assert "512 × 512" in child(empty, QLabel, "file_label").text()


def test_the_statistics_are_those_of_the_analysis(session, tab):
    found, table = session.analysis.distribution, child(tab, QAbstractItemView, "statistics_table")
    rows = {cell(table, row, 0): cell(table, row, 1) for row in range(table.model().rowCount())}
    assert rows["Pixels"] == "262,144"
    assert rows["Mean"] == f"{found.mean:.3f}"
    assert rows["Median"] == f"{found.median:.3f}"
    assert rows["Standard deviation (SD)"] == f"{found.sd:.3f}"
    assert rows["95th percentile"] == f"{found.percentiles[95]:.3f}"
    assert rows["Polarity"] == "dark"
    # All of them are seen without scrolling inside the table.
    assert table.viewport().height() >= table.rowHeight(0) * len(rows)


# ------------------------------------------------------------ peaks and troughs


def test_peaks_and_troughs_are_listed_from_left_to_right_as_they_are_numbered_in_the_plot(session, tab):
    found, table = session.analysis.distribution, child(tab, QAbstractItemView, "marks_table")
    n = table.model().rowCount()
    assert n == len(found.peaks) + len(found.troughs) == 3
    assert [cell(table, row, 0) for row in range(n)] == ["Peak 1", "Trough 1", "Peak 2"]
    centers = [float(cell(table, row, 1)) for row in range(n)]
    assert centers == sorted(centers)
    assert centers[0] == pytest.approx(found.centers[found.peaks[0]], abs=0.01)
    counts = [int(cell(table, row, 2).replace(",", "")) for row in range(n)]
    assert counts[2] == found.counts[found.peaks[1]]


def test_a_click_on_a_row_rings_its_dot_in_the_plot(qtbot, session, tab):
    table, found = child(tab, QAbstractItemView, "marks_table"), session.analysis.distribution
    place = table.visualRect(table.model().index(2, 1)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert tab.plot._marks._ringed == pytest.approx(found.centers[found.peaks[1]])
    qtbot.keyClick(table, Qt.Key.Key_Up)
    assert tab.plot._marks._ringed == pytest.approx(found.centers[found.troughs[0]])


def test_a_click_on_a_dot_selects_its_row(tab):
    tab.plot.mark_clicked.emit(False, 1)
    table = child(tab, QAbstractItemView, "marks_table")
    assert cell(table, table.currentIndex().row(), 0) == "Trough 1"


def test_one_hill_alone_says_how_to_find_more(qtbot, session, tab):
    assert not child(tab, QLabel, "no_trough").isVisibleTo(tab)
    session.set_values("analysis", prominence=1.0)
    settled(qtbot, session)
    assert session.analysis.distribution.troughs.size == 0
    assert child(tab, QLabel, "no_trough").isVisibleTo(tab)


def test_a_row_that_is_used_is_where_the_range_begins(qtbot, session, tab):
    table, found = child(tab, QAbstractItemView, "marks_table"), session.analysis.distribution
    place = table.visualRect(table.model().index(1, 1)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    trough = found.centers[found.troughs[0]]
    assert session.analysis.range == (pytest.approx(trough, abs=0.01), 100)
    assert session.analysis.range[0] <= trough
    table.selectRow(2)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert session.analysis.range[0] == pytest.approx(found.centers[found.peaks[1]], abs=0.01)


def test_the_pixel_under_the_pointer_is_shown_in_the_histogram(qtbot, session, tab):
    tab.canvas.hovered.emit((100, 200))
    level = int(session.image.image.level[200, 100])
    assert tab.plot._marks._pointer == pytest.approx(100 - level / 655.35)
    tab.plot.grab()
    tab.canvas.hovered.emit(None)
    assert tab.plot._marks._pointer is None


# ------------------------------------------------------------ sensitivity


def test_sliders_change_the_analysis_while_they_move(qtbot, session, tab):
    before = len(session.analysis.distribution.peaks)
    slider = child(tab, QSlider, "prominence_slider")
    slider.setValue(10)
    assert session.settings.analysis.prominence == pytest.approx(10**-3.6, rel=0.03)
    settled(qtbot, session)
    child(tab, QSlider, "smoothing_slider").setValue(5)
    assert session.settings.analysis.smoothing == pytest.approx(0.1)
    settled(qtbot, session)
    assert len(session.analysis.distribution.peaks) > before
    assert tab.plot._marks.series.peaks.size == session.analysis.distribution.peaks.size


def test_sliders_show_what_is_in_force(session, tab):
    session.set_values("analysis", prominence=0.1, smoothing=12.8)
    assert child(tab, QSlider, "prominence_slider").value() == 75
    assert child(tab, QSlider, "smoothing_slider").value() == 50
    session.set_values("analysis", prominence=0.0, smoothing=0.0)
    assert child(tab, QSlider, "prominence_slider").value() == 0
    assert child(tab, QSlider, "smoothing_slider").value() == 0


def test_fewer_bins_than_the_smoothing_is_wide_are_accepted(qtbot, session, tab):
    session.set_values("analysis", smoothing=40.0)
    tab._sensitivity._change("analysis", "bins", 16)
    settled(qtbot, session)
    assert session.settings.analysis.bins == 16
    assert len(session.analysis.distribution.counts) == 16


def test_the_polarity_is_that_of_the_filter(qtbot, session, tab):
    box = child(tab, QWidget, "polarity_editor").findChild(QComboBox)
    mean = session.analysis.distribution.mean
    qtbot.keyClick(box, Qt.Key.Key_Down)
    settled(qtbot, session)
    assert session.filter.polarity == "bright"
    assert session.analysis.distribution.mean == pytest.approx(100 - mean)


def test_the_logarithmic_axis_is_a_setting(session, tab):
    tab.plot.log_check.click()
    assert session.settings.analysis.log_scale
    session.set_values("analysis", log_scale=False)
    assert not tab.plot.log_check.isChecked()


# ------------------------------------------------------------ range


def test_dragging_the_range_counts_and_highlights_its_pixels_at_every_move(qtbot, session, tab, micrograph):
    aggregation = 100 * (255 - cv2.imread(str(micrograph), cv2.IMREAD_UNCHANGED).astype(int)) / 255
    before = tab.canvas.viewport().grab().toImage()
    counts = []
    for low in (20.0, 40.0, 60.0):
        tab.plot.range_changed.emit(low, 100.0)
        counts.append(child(tab, QLabel, "range_count").text().split(" ")[0].replace(",", ""))
    expected = [np.count_nonzero(aggregation >= low) for low in (20, 40, 60)]
    assert [int(count) for count in counts] == expected
    assert session.analysis.range == (60, 100)
    assert child(tab, QDoubleSpinBox, "range_lowest").value() == 60
    after = tab.canvas.viewport().grab().toImage()
    y, x = np.argwhere(aggregation >= 75)[0]
    place = at_pixel(tab, x + 0.5, y + 0.5)
    assert before.pixelColor(place).saturation() < 30
    assert after.pixelColor(place).saturation() > 100


def test_typed_numbers_move_the_handles(qtbot, session, tab):
    box = child(tab, QDoubleSpinBox, "range_lowest")
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "35.5")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert session.analysis.range == (35.5, 100)
    assert tab.plot.range == (35.5, 100)
    child(tab, QDoubleSpinBox, "range_highest").setValue(20.0)
    assert session.analysis.range == (20, 20)


def test_the_range_is_sent_to_the_filter_by_a_button_alone(qtbot, session, tab):
    assert not child(tab, QPushButton, "use_range_button").isEnabled()
    tab.plot.set_range(30, 70)
    tab.plot.range_changed.emit(30.0, 70.0)
    assert session.filter.min_aggregation == 0
    press(qtbot, tab, "use_range_button")
    assert (session.filter.min_aggregation, session.filter.max_aggregation) == (30, 70)
    assert not child(tab, QPushButton, "use_range_button").isEnabled()
    session.undo.undo()
    assert tab.plot.range == (0, 100)


# ------------------------------------------------------------ regions


def test_a_rectangle_is_drawn_with_the_mouse(qtbot, session, tab):
    press(qtbot, tab, "region_rectangle_button")
    assert "rectangle" in child(tab, QLabel, "region_hint").text()
    drag_over(qtbot, tab, (100, 120), (200, 200), (300, 220))
    settled(qtbot, session)
    assert session.analysis.region.kind is RegionKind.RECTANGLE
    assert session.analysis.distribution.pixels == pytest.approx(200 * 100, rel=0.06)
    # Its outline is drawn over the image.
    picture = tab.canvas.viewport().grab().toImage()
    edge = [picture.pixelColor(at_pixel(tab, 200, 120 + dy)) for dy in np.arange(-4, 4.1, 0.5)]
    assert max(color.red() - color.green() for color in edge) > 100
    press(qtbot, tab, "region_image_button")
    settled(qtbot, session)
    assert session.analysis.distribution.pixels == 512 * 512


def test_a_lasso_is_drawn_with_the_mouse(qtbot, session, tab):
    press(qtbot, tab, "region_lasso_button")
    drag_over(qtbot, tab, (100, 100), (300, 100), (300, 300), (100, 300), (100, 110))
    settled(qtbot, session)
    assert session.analysis.region.kind is RegionKind.LASSO
    assert session.analysis.distribution.pixels == pytest.approx(200 * 200, rel=0.06)


def test_masks_can_be_chosen_only_if_some_are_selected(tab):
    assert not child(tab, QToolButton, "region_masks_button").isEnabled()


# ------------------------------------------------------------ chart and clipboard


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_the_chart_is_saved_and_opens_again(qtbot, session, tab, tmp_path, monkeypatch, ending):
    target = tmp_path / f"chart.{ending}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    with qtbot.waitSignal(session.notice, timeout=20_000):
        press(qtbot, tab, "save_chart_button")
    data = target.read_bytes()
    if ending == "png":
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).size > 0
    else:
        assert data.startswith(b"%PDF" if ending == "pdf" else b"<?xml")


def test_a_name_without_an_ending_gets_that_of_the_chosen_kind(qtbot, session, tab, tmp_path, monkeypatch):
    offered = []

    def choose(_parent, _title, name, kinds):
        offered.append(name)
        return str(tmp_path / "chart"), kinds.split(";;")[2]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    with qtbot.waitSignal(session.notice, timeout=20_000):
        press(qtbot, tab, "save_chart_button")
    assert (tmp_path / "chart.svg").is_file()
    assert Path(offered[0]).name == "cells_aggregation.png"


def test_the_window_lives_on_while_a_chart_is_saved(qtbot, session, tab, tmp_path):
    turns = 0
    session.analysis.save_chart(tmp_path / "chart.png")
    while session.jobs.jobs():
        qtbot.wait(1)
        turns += 1
    assert turns > 3
    assert (tmp_path / "chart.png").exists()


def test_clearing_takes_the_chart_away_and_analyze_brings_it_back(qtbot, session, tab):
    press(qtbot, tab, "clear_chart_button")
    assert tab.plot._marks.series.counts.size == 0
    assert cell(child(tab, QAbstractItemView, "statistics_table"), 0, 1) == "–"
    assert child(tab, QAbstractItemView, "marks_table").model().rowCount() == 0
    assert not child(tab, QPushButton, "save_chart_button").isEnabled()
    press(qtbot, tab, "analyze_button")
    settled(qtbot, session)
    assert tab.plot._marks.series.counts.sum() == 512 * 512


def test_numbers_and_command_go_to_the_clipboard(qtbot, session, tab, micrograph):
    press(qtbot, tab, "copy_numbers_button")
    assert "Mean\t" in QGuiApplication.clipboard().text()
    press(qtbot, tab, "copy_command_button")
    assert QGuiApplication.clipboard().text() == tab.command()
    assert str(micrograph) in tab.command()
    assert "aggregate" in tab.command()


# ------------------------------------------------------------ the view itself


def test_a_view_made_anew_shows_the_same(qtbot, session, tab):
    session.analysis.set_range(30, 70)
    again = AggregationTab(session)
    qtbot.addWidget(again)
    assert again.plot.range == (30, 70)
    assert again.plot._marks.series.peaks.size == 2
    assert child(again, QLabel, "file_label").text() == child(tab, QLabel, "file_label").text()
    assert child(again, QLabel, "range_count").text() == child(tab, QLabel, "range_count").text()


def test_a_view_that_is_gone_is_not_asked_any_more(qtbot, session, micrograph):
    # As when the language changes: the window is made anew, the session stays. Errors in slots fail the test.
    gone = AggregationTab(session)
    sip.delete(gone)
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        session.open_image(micrograph)
    settled(qtbot, session)
    session.set_values("analysis", smoothing=5.0, log_scale=True)
    session.set_filter(polarity="bright", min_aggregation=20)
    session.analysis.use_outline(np.array([[0.0, 0.0], [50.0, 0.0], [50.0, 50.0]]))
    session.masks.selection_changed.emit()
    settled(qtbot, session)
    assert session.analysis.distribution is not None


def test_the_splitter_is_remembered(qtbot, session, tab):
    tab._splitter.setSizes([420, 220])
    tab._splitter.splitterMoved.emit(420, 1)
    again = AggregationTab(session)
    qtbot.addWidget(again)
    again.resize(tab.size())
    again.show()
    assert again._splitter.sizes() == pytest.approx(tab._splitter.sizes(), abs=2)


def test_every_control_has_a_name_for_screen_readers(tab):
    kinds = (QAbstractButton, QAbstractSpinBox, QAbstractSlider, QComboBox, QAbstractItemView)
    controls = [w for kind in kinds for w in tab.findChildren(kind)]
    assert len(controls) > 20
    for control in controls:
        inner = isinstance(control, QScrollBar | QHeaderView) or not control.isVisibleTo(tab)
        assert inner or control.accessibleName() or control.objectName().startswith("qt_"), (
            control.objectName()
        )


def test_the_keyboard_reaches_everything_in_the_order_of_the_steps(qtbot, tab):
    start = child(tab, QPushButton, "select_image_button")
    start.setFocus()
    seen, widget = [], start
    for _ in range(400):
        name = widget.objectName()
        if name and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            seen.append(name)
        widget = widget.nextInFocusChain()
        if widget is start:
            break
    wanted = [
        "select_image_button",
        "analyze_button",
        "region_rectangle_button",
        "range_lowest",
        "smoothing_slider",
        "statistics_table",
        "marks_table",
        "save_chart_button",
        "aggregation_plot",
        "image_canvas",
    ]
    places = [seen.index(name) for name in wanted]
    assert places == sorted(places)


@pytest.mark.parametrize("size", [(1000, 560), (700, 560), (1890, 980)])
def test_nothing_is_cut_off(qtbot, tab, size):
    tab.resize(*size)
    qtbot.wait(30)
    assert tab.width() == size[0]
    for button in tab.findChildren(QPushButton):
        if button.isVisible():
            assert button.width() >= button.sizeHint().width() - 1, button.objectName()
    assert tab.plot.width() > 250
    assert tab.canvas.width() > 250
    assert tab.plot.height() > 180
    assert tab.canvas.height() > 180


def test_without_an_image_nothing_is_said_to_be_analyzed(qtbot, session, empty, micrograph):
    hint = child(empty, QLabel, "region_hint")
    assert hint.text() == ""
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        session.open_image(micrograph)
    assert hint.text() == "Analyzed: the whole image."


def test_image_and_histogram_stand_where_they_have_most_room(tab):
    splitter = child(tab, QSplitter, "aggregation_splitter")
    tab.resize(1000, 600)
    assert splitter.orientation() == Qt.Orientation.Vertical
    tab.resize(1500, 600)
    assert splitter.orientation() == Qt.Orientation.Horizontal
