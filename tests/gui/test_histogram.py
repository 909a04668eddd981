"""The histogram draws what it is given, and its handles can be dragged and typed."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPixmap
from PyQt6.QtWidgets import QApplication

from samhq.gui import theme
from samhq.gui.histogram import HistogramMode, HistogramPlot
from samhq.gui.histogram_items import CountAxis, ValueAxis
from samhq.measure import Distribution, measure_distribution


@pytest.fixture(autouse=True)
def light(qapp):
    theme.apply_theme(qapp, "light")
    yield
    theme.apply_theme(qapp, "light")


@pytest.fixture(scope="module")
def two_hills() -> Distribution:
    rng = np.random.default_rng(0)
    gray = np.concatenate([rng.normal(60, 10, 5000), rng.normal(180, 12, 9000)]).clip(0, 255).round()
    return measure_distribution(gray.astype(np.uint16) * 257)


@pytest.fixture
def plot(qtbot, two_hills):
    return shown(qtbot, HistogramPlot(), two_hills)


def shown(qtbot, plot: HistogramPlot, distribution: Distribution | None = None) -> HistogramPlot:
    qtbot.addWidget(plot)
    plot.resize(620, 400)
    if distribution is not None:
        plot.set_distribution(distribution, "dark")
    with qtbot.waitExposed(plot):
        plot.show()
    plot.grab()
    return plot


def place(plot: HistogramPlot, value: float, count: float | None = None) -> QPoint:
    """The pixel of the viewport at a value and a count (linear axis), None for the middle of the height."""
    view = plot.findChild(object, "histogram_view")
    box = view.getViewBox()
    height = sum(box.viewRange()[1]) / 2 if count is None else count
    return view.mapFromScene(box.mapViewToScene(QPointF(value, height)))


def viewport(plot: HistogramPlot):
    return plot.findChild(object, "histogram_view").viewport()


def drag(qtbot, plot: HistogramPlot, start: float, stops: list[float]) -> None:
    port, first, places = viewport(plot), place(plot, start), [place(plot, stop) for stop in stops]
    qtbot.mouseMove(port, first)
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=first)
    for at in places:
        move(port, at)
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=places[-1])


def move(port, at: QPoint) -> None:
    """A move with the button held, which QTest's mouseMove does not send."""
    from PyQt6.QtCore import QEvent
    from PyQt6.QtGui import QMouseEvent

    left = Qt.MouseButton.LeftButton
    position = QPointF(at)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        position,
        QPointF(port.mapToGlobal(at)),
        Qt.MouseButton.NoButton,
        left,
        Qt.KeyboardModifier.NoModifier,
    )
    time.sleep(0.02)  # pyqtgraph leaves out moves that come too fast
    QApplication.sendEvent(port, event)
    QApplication.processEvents()


def pixels(plot: HistogramPlot) -> np.ndarray:
    picture = viewport(plot).grab().toImage().convertToFormat(picture_format())
    data = picture.constBits().asstring(picture.sizeInBytes())
    rows = np.frombuffer(data, np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return rows[:, : picture.width() * 4].reshape(picture.height(), picture.width(), 4)[..., 2::-1]


def picture_format():
    from PyQt6.QtGui import QImage

    return QImage.Format.Format_RGB32


def near(picture: np.ndarray, color: QColor, reach: int = 24) -> np.ndarray:
    difference = picture.astype(int) - (color.red(), color.green(), color.blue())
    return np.abs(difference).max(axis=-1) <= reach


# ------------------------------------------------------------ drawing


def test_peaks_are_red_dots_and_troughs_orange_ones_where_the_numbers_say(plot, two_hills):
    assert len(two_hills.peaks) == 2
    assert len(two_hills.troughs) == 1
    picture, colors = pixels(plot), theme.colors(False)
    for bins, color in ((two_hills.peaks, colors.peak), (two_hills.troughs, colors.trough)):
        found = near(picture, color)
        for i in bins:
            at = place(plot, two_hills.centers[i], two_hills.smoothed[i])
            patch = found[at.y() - 3 : at.y() + 4, at.x() - 3 : at.x() + 4]
            assert patch.mean() > 0.6
    # Nothing else is red.
    assert near(picture, colors.peak).sum() < 2 * 90


def test_dots_lie_on_the_bars_where_nothing_is_smoothed(qtbot):
    counts = np.repeat(np.array([0, 20, 40, 60], np.uint16) * 1000, [5, 30, 2, 9])
    distribution = measure_distribution(counts, bins=101, smoothing=0)
    plot = shown(qtbot, HistogramPlot(), distribution)
    expected = [place(plot, distribution.centers[i], distribution.counts[i]) for i in distribution.peaks]
    assert len(expected) == 4
    drawn = sorted(plot._marks.positions(peaks=True))
    for at, (x, y) in zip(sorted((p.x(), p.y()) for p in expected), drawn, strict=True):
        assert abs(at[0] - x) <= 1.5
        assert abs(at[1] - y) <= 1.5


def test_bars_reach_as_high_as_their_counts(qtbot):
    plot = shown(qtbot, HistogramPlot(HistogramMode.VIEW))
    plot.set_counts([10.0, 20.0, 30.0, 40.0], [0, 50, 100, 25])
    picture = near(pixels(plot), plot._look.counting)
    for value, count in ((10, 0), (20, 50), (30, 100), (40, 25)):
        base, tip = place(plot, value, 0), place(plot, value, count)
        column = picture[: base.y(), base.x()]
        assert abs(int(column.sum()) - (base.y() - tip.y())) <= 2


@pytest.mark.parametrize("bins", [256, 701, 4096, 65536])
def test_a_lone_pixel_is_seen_among_any_number_of_bins(qtbot, bins):
    distribution = measure_distribution(np.array([0, 40000], np.uint16), bins=bins, smoothing=0, prominence=1)
    plot = shown(qtbot, HistogramPlot(HistogramMode.VIEW))
    plot.set_counts(distribution.centers, distribution.counts)
    at = place(plot, 100 - 40000 / 655.35, 0.2)
    drawn = ~near(pixels(plot), plot._look.ground)[at.y()]
    assert drawn[at.x() - 2 : at.x() + 3].any()
    assert not drawn[at.x() - 60 : at.x() - 20].any()


def test_the_logarithmic_axis_shows_empty_bins_as_nothing_and_single_pixels_as_something(qtbot):
    plot = shown(qtbot, HistogramPlot(HistogramMode.VIEW))
    plot.set_counts(np.arange(5.0), [0, 1, 10, 10000, 0])
    plot.log_check.setChecked(True)
    picture = near(pixels(plot), plot._look.counting)
    heights = [int(picture[:, place(plot, v).x()].sum()) for v in range(5)]
    assert heights[0] == heights[4] == 0
    assert 0 < heights[1] < heights[2] < heights[3]
    # One and ten lie as far apart as a decade, which a linear axis would not show.
    decade = (heights[3] - heights[2]) / 3
    assert abs(heights[2] - heights[1] - decade) <= 3


def test_an_image_without_counts_or_with_one_bin_is_drawn(qtbot):
    plot = shown(qtbot, HistogramPlot())
    for centers, counts in (([], []), ([5.0], [3]), ([1.0, 2.0], [0, 0])):
        plot.set_counts(centers, counts)
        for log in (True, False):
            plot.set_log(log)
            plot.grab()
    plot.set_distribution(None)
    plot.grab()


def test_counts_of_another_length_are_refused(qtbot):
    plot = shown(qtbot, HistogramPlot())
    with pytest.raises(ValueError, match="centers"):
        plot.set_counts([1.0, 2.0], [3])


@pytest.mark.parametrize("smoothing", [0, 2, 100])
@pytest.mark.parametrize("bins", [256, 65536])
def test_many_bins_are_drawn_again_and_again(qtbot, bins, smoothing):
    level = np.random.default_rng(1).normal(30000, 9000, 100_000).clip(0, 65535).astype(np.uint16)
    distribution = measure_distribution(level, bins=bins, smoothing=smoothing, prominence=0.0001)
    plot = shown(qtbot, HistogramPlot(), distribution)
    for i in range(3):
        plot.set_distribution(distribution, "dark")
        plot.set_range(10 + i, 60)
        viewport(plot).repaint()
        assert plot.range == (10 + i, 60)


def test_it_follows_a_change_to_the_dark_scheme(qapp, plot):
    bright = pixels(plot)[3, 3].mean()
    theme.apply_theme(qapp, "dark")
    picture = pixels(plot)
    assert picture[3, 3].mean() < 60 < bright
    assert near(picture, theme.colors(True).peak).sum() > 20


def test_axes_say_whole_counts_and_no_powers(qapp):
    count, value = CountAxis("left"), ValueAxis("bottom")
    assert count.tickStrings([0.0, 0.5, 1.0, 20000.0], 1.0, 0.5) == ["0", "", "1", "20,000"]
    assert value.tickStrings([0.0, 250000.0], 1.0, 250000.0) == ["0", "250,000"]
    count.setLogMode(y=True)
    assert count.tickStrings([0.0, 1.0, 3.0], 1.0, 1.0) == ["1", "10", "1,000"]


@pytest.mark.parametrize("width", [150, 200, 300, 700])
def test_numbers_of_the_axis_never_run_together(qtbot, width):
    plot = shown(qtbot, HistogramPlot(HistogramMode.THRESHOLD))
    for end in (100, 64_000, 1_700_000):
        plot.set_counts(np.linspace(0, end, 50), np.arange(50), limits=(0, end))
        plot.resize(width, 220)
        plot.grab()
        axis = plot._plot.getAxis("bottom")
        picture = QPixmap(10, 10)
        painter = QPainter(picture)
        _, _, texts = axis.generateDrawSpecs(painter)
        painter.end()
        spans = sorted((rect.left(), rect.right()) for rect, _, text in texts if text)
        assert len(spans) >= 2
        assert all(right + 4 < left for (_, right), (left, _) in pairwise(spans)), end


def test_the_values_beside_the_handles_are_whole_in_a_low_plot(qtbot, two_hills):
    plot = shown(qtbot, HistogramPlot(), two_hills)
    plot.resize(300, 150)
    plot.grab()
    view = plot._plot.getViewBox().sceneBoundingRect()
    for label in plot._handles._labels[:2]:
        assert view.adjusted(-1, -1, 1, 1).contains(label.mapRectToScene(label.boundingRect()))


def test_a_title_longer_than_the_axis_stays_within_the_plot(qtbot):
    plot = shown(qtbot, HistogramPlot(HistogramMode.RANGE))
    plot.set_counts([0, 1], [1000, 2000], limits=(0, 100))
    plot.set_axis("Aggregation of pixels")
    plot.resize(160, 220)
    plot.grab()
    label = plot._plot.getAxis("bottom").label
    assert label.mapRectToScene(label.boundingRect()).right() <= plot._plot.viewport().width()


# ------------------------------------------------------------ range


def test_dragging_an_end_tells_every_move_and_then_that_it_is_over(qtbot, plot):
    plot.set_range(20, 80)
    moves, commits = [], []
    plot.range_changed.connect(lambda *r: moves.append(r))
    plot.range_committed.connect(lambda *r: commits.append(r))
    drag(qtbot, plot, 20, [25, 30, 35, 40])
    assert len(moves) >= 3
    assert [m[0] for m in moves] == sorted(m[0] for m in moves)
    assert all(m[1] == 80 for m in moves)
    assert commits == [moves[-1]]
    assert plot.range == pytest.approx((40, 80), abs=1)
    assert plot.range[0] == round(plot.range[0], 1)


def test_dragging_inside_moves_the_whole_range(qtbot, plot):
    plot.set_range(20, 50)
    drag(qtbot, plot, 30, [35, 40, 50])
    assert plot.range == pytest.approx((40, 70), abs=1.5)


def test_an_end_stops_at_the_end_of_the_axis_and_at_the_other_end(qtbot, plot):
    plot.set_range(20, 40)
    drag(qtbot, plot, 40, [60, 90, 100.9])
    assert plot.range == (20, 100)
    drag(qtbot, plot, 20, [10, 1, -0.9])
    assert plot.range == (0, 100)


def test_setting_a_range_emits_nothing_and_sorts(plot):
    said = []
    plot.range_changed.connect(lambda *r: said.append(r))
    plot.range_committed.connect(lambda *r: said.append(r))
    plot.set_range(70, 30)
    assert plot.range == (30, 70)
    assert not said


def test_bars_outside_the_range_are_pale(plot):
    plot.set_range(0, 50)
    picture = pixels(plot)
    low, high = place(plot, 29.5, 20), place(plot, 76.5, 20)
    assert near(picture, plot._look.counting, 40)[low.y(), low.x()]
    assert near(picture, plot._look.left_out, 40)[high.y(), high.x()]


def test_arrow_keys_move_the_active_end(qtbot, plot):
    plot.set_range(20, 80)
    commits = []
    plot.range_committed.connect(lambda *r: commits.append(r))
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.range == (20.5, 80)
    qtbot.keyClick(plot, Qt.Key.Key_Up)
    qtbot.keyClick(plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert plot.range == (20.5, 75)
    qtbot.keyClick(plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert plot.range == (20.5, 74.9)
    qtbot.keyClick(plot, Qt.Key.Key_End)
    assert plot.range == (20.5, 100)
    qtbot.keyClick(plot, Qt.Key.Key_Down)
    qtbot.keyClick(plot, Qt.Key.Key_Home)
    assert plot.range == (0, 100)
    assert len(commits) == 5


def test_an_end_cannot_be_typed_past_the_other(qtbot, plot):
    plot.set_range(50, 50.2)
    for _ in range(3):
        qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.range == (50.2, 50.2)


def test_screen_readers_hear_the_range(plot):
    plot.set_range(20, 80)
    assert "Aggregation" in plot.accessibleName()
    assert "20 to 80" in plot.accessibleDescription()


# ------------------------------------------------------------ threshold


@pytest.fixture
def areas(qtbot):
    plot = shown(qtbot, HistogramPlot(HistogramMode.THRESHOLD))
    plot.set_counts(np.arange(50, 1000, 100), np.arange(10)[::-1] * 20)
    plot.set_axis("Area A (px)", "Objects", readout="Area {value}: {n} objects")
    plot.grab()
    return plot


def test_a_threshold_is_off_until_it_is_dragged_and_at_the_left_end_again(qtbot, areas):
    said, commits = [], []
    areas.threshold_changed.connect(said.append)
    areas.threshold_committed.connect(commits.append)
    assert areas.threshold is None
    drag(qtbot, areas, 0, [100, 200, 300])
    assert areas.threshold == pytest.approx(300, abs=5)
    assert areas.threshold == round(areas.threshold)
    assert len(said) >= 2
    drag(qtbot, areas, areas.threshold, [200, 50, -9])
    assert areas.threshold is None
    assert said[-1] is None
    assert len(commits) == 2
    assert commits[1] is None


def test_a_threshold_set_from_outside_is_shown_and_emits_nothing(areas):
    said = []
    areas.threshold_changed.connect(said.append)
    areas.set_threshold(400)
    assert areas.threshold == 400
    picture = pixels(areas)
    assert near(picture, areas._look.left_out)[place(areas, 150, 3).y(), place(areas, 150).x()]
    assert near(picture, areas._look.counting)[place(areas, 550, 3).y(), place(areas, 550).x()]
    areas.set_threshold(None)
    assert not said


def test_a_threshold_beyond_all_bars_can_still_be_caught(qtbot, areas):
    areas.set_threshold(5000)
    drag(qtbot, areas, 5000, [4000, 2000, 500])
    assert areas.threshold == pytest.approx(500, abs=40)


def test_other_counts_leave_the_threshold_alone(areas):
    areas.set_threshold(400)
    areas.set_counts(np.arange(50, 600, 100), np.ones(6))
    assert areas.threshold == 400
    areas.set_counts(np.arange(5, 60, 10), np.ones(6))
    assert areas.threshold == 400


def test_keys_move_a_threshold_and_switch_it_off(qtbot, areas):
    qtbot.keyClick(areas, Qt.Key.Key_Right)
    assert areas.threshold == 5
    qtbot.keyClick(areas, Qt.Key.Key_PageUp)
    assert areas.threshold == 55
    qtbot.keyClick(areas, Qt.Key.Key_Delete)
    assert areas.threshold is None
    assert "off" in areas.accessibleDescription()


# ------------------------------------------------------------ pointer


def test_the_bin_under_the_pointer_is_read_out(qtbot, areas):
    seen = []
    areas.hovered.connect(seen.append)
    at = place(areas, 250)
    areas._pointer_moved(areas.findChild(object, "histogram_view").mapToScene(at))
    assert areas.findChild(object, "histogram_readout").text() == "Area 250: 140 objects"
    assert seen[-1] == pytest.approx(250, abs=3)


def test_a_click_on_a_dot_tells_which_it_is(qtbot, plot, two_hills):
    clicked = []
    plot.mark_clicked.connect(lambda *m: clicked.append(m))
    plot.set_range(0, 1)
    x, y = sorted(plot._marks.positions(peaks=True))[1]
    at = plot.findChild(object, "histogram_view").mapFromScene(QPointF(x, y))
    qtbot.mouseClick(viewport(plot), Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: bool(clicked), timeout=2000)
    assert clicked == [(True, 2)]


def test_jumping_to_a_peak_brings_it_into_view_and_rings_it(plot, two_hills):
    view = plot.findChild(object, "histogram_view")
    view.setXRange(0, 5, padding=0)
    target = float(two_hills.centers[two_hills.peaks[1]])
    plot.jump_to(target)
    left, right = view.viewRange()[0]
    assert left < target < right
    assert right - left == pytest.approx(5, rel=0.01)
    plot.grab()
    assert plot._marks._ring_at is not None


def test_zooming_fits_the_height_to_what_is_seen_and_a_reset_shows_all(plot, two_hills):
    view = plot.findChild(object, "histogram_view")
    whole = view.viewRange()
    view.setXRange(50, 55, padding=0)
    assert view.viewRange()[1][1] < whole[1][1] / 5
    plot.reset_view()
    assert view.viewRange()[0] == pytest.approx(whole[0])
    assert view.viewRange()[1] == pytest.approx(whole[1])


def test_the_wheel_zooms_at_the_pointer_and_a_double_click_shows_all(qtbot, plot):
    view, whole = plot.findChild(object, "histogram_view"), plot._plot.viewRange()[0]
    turn(viewport(plot), place(plot, 30))
    left, right = view.viewRange()[0]
    assert right - left < whole[1] - whole[0]
    assert left < 30 < right
    plot.set_range(0, 1)
    qtbot.mouseDClick(viewport(plot), Qt.MouseButton.LeftButton, pos=place(plot, 30))
    qtbot.waitUntil(lambda: view.viewRange()[0] == pytest.approx(whole), timeout=2000)


def turn(port, at: QPoint) -> None:
    from PyQt6.QtGui import QWheelEvent

    event = QWheelEvent(
        QPointF(at),
        QPointF(port.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(port, event)


def test_dragging_beside_the_range_moves_the_view(qtbot, plot):
    view = plot.findChild(object, "histogram_view")
    view.setXRange(20, 60, padding=0)
    plot.set_range(0, 5)
    drag(qtbot, plot, 50, [48, 45, 40])
    assert view.viewRange()[0][0] == pytest.approx(30, abs=1.5)
    assert plot.range == (0, 5)


def test_new_counts_keep_a_zoom_made_by_hand(plot, two_hills):
    view = plot.findChild(object, "histogram_view")
    view.setXRange(20, 40, padding=0)
    view.getViewBox().sigRangeChangedManually.emit([True, False])
    plot.set_distribution(two_hills, "dark")
    assert view.viewRange()[0] == pytest.approx([20, 40])


def test_the_log_box_tells_users_choices_only(plot):
    said = []
    plot.log_changed.connect(said.append)
    plot.set_log(True)
    assert plot.log
    assert not said
    plot.log_check.click()
    assert said == [False]
