"""The image with its masks under real mouse and keys."""

from __future__ import annotations

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from canvas_scene import (
    HEIGHT,
    LEFT,
    MIDDLE,
    NONE,
    WIDTH,
    at,
    click,
    collected,
    color,
    shown_canvas,
    with_masks,
)
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QHelpEvent, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QLineEdit, QToolTip, QVBoxLayout, QWidget

from samhq.gui.canvas import CanvasMode, MaskStyle
from samhq.gui.canvas_marks import length_text, scale_bar
from samhq.masks import MaskTable
from samhq.outlines import outlines


@pytest.fixture
def canvas(qtbot):
    return shown_canvas(qtbot)


def wheel(canvas, point, steps):
    QApplication.sendEvent(
        canvas.viewport(),
        QWheelEvent(
            QPointF(point),
            canvas.viewport().mapToGlobal(QPointF(point)),
            QPoint(),
            QPoint(0, 120 * steps),
            Qt.MouseButton.NoButton,
            NONE,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )


# ---------------------------------------------------------------------------- what is seen


def test_a_new_image_is_whole(canvas):
    assert canvas.view_rect().getRect() == (0, 0, WIDTH, HEIGHT)
    assert canvas.zoom == pytest.approx(700 / HEIGHT)


def test_pixels_stand_where_the_scene_says(canvas):
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    canvas.set_image(rgb)
    for steps, point in ((6, QPoint(700, 200)), (5, QPoint(300, 500)), (-1, QPoint(20, 20))):
        wheel(canvas, point, steps)
        x0, y0, width, height = canvas.view_rect().getRect()
        for x, y in ((x0 + width * 0.2, y0 + height * 0.7), (x0 + width * 0.9, y0 + height * 0.3)):
            assert color(canvas, int(x), int(y)) == tuple(rgb[int(y), int(x)].tolist())


def test_at_100_percent_every_pixel_is_one_on_the_screen(canvas):
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 255, (700, 1000, 3), dtype=np.uint8)
    canvas.set_image(rgb)
    canvas.zoom_by(3)
    QTest.keyClick(canvas, Qt.Key.Key_1)
    assert canvas.zoom == 1
    image = canvas.grab().toImage()
    origin = canvas.mapFromScene(QPointF(0, 0))
    seen = {
        (x, y): image.pixelColor(origin.x() + x, origin.y() + y).getRgb()[:3]
        for x, y in ((500, 300), (641, 402))
    }
    assert seen == {(x, y): tuple(rgb[y, x].tolist()) for x, y in seen}


@pytest.mark.parametrize("steps", [3, -3])
def test_the_wheel_zooms_at_the_pointer(canvas, steps):
    point = QPoint(620, 180)
    before = canvas.mapToScene(point)
    wheel(canvas, point, steps)
    after = canvas.mapToScene(point)
    assert canvas.zoom == pytest.approx(700 / HEIGHT * 1.25**steps)
    assert abs(after.x() - before.x()) < 0.6
    assert abs(after.y() - before.y()) < 0.6


def test_middle_drag_pans_and_so_does_the_left_with_space(canvas):
    canvas.one_to_one()
    canvas.zoom_by(4)
    moved = []
    for button, space in ((MIDDLE, False), (LEFT, True)):
        canvas.set_mode(CanvasMode.BOX)
        before = canvas.view_rect().topLeft()
        if space:
            QTest.keyPress(canvas, Qt.Key.Key_Space)
            assert canvas.viewport().cursor().shape() == Qt.CursorShape.OpenHandCursor
        QTest.mousePress(canvas.viewport(), button, NONE, QPoint(500, 300))
        QTest.mouseMove(canvas.viewport(), QPoint(470, 280))
        assert canvas.viewport().cursor().shape() == Qt.CursorShape.ClosedHandCursor
        QTest.mouseMove(canvas.viewport(), QPoint(460, 280))
        QTest.mouseRelease(canvas.viewport(), button, NONE, QPoint(460, 280))
        if space:
            QTest.keyRelease(canvas, Qt.Key.Key_Space)
        moved.append(canvas.view_rect().topLeft() - before)
        assert canvas.viewport().cursor().shape() == Qt.CursorShape.CrossCursor
    assert [(m.x(), m.y()) for m in moved] == [pytest.approx((10, 5))] * 2


def test_a_double_click_shows_the_whole_image_but_not_under_the_brush(canvas):
    canvas.zoom_by(5)
    canvas.set_mode(CanvasMode.BRUSH)
    QTest.mouseDClick(canvas.viewport(), LEFT, NONE, QPoint(500, 300))
    assert canvas.view_rect().width() < WIDTH
    canvas.set_mode(CanvasMode.SELECT)
    QTest.mouseDClick(canvas.viewport(), LEFT, NONE, QPoint(500, 300))
    assert canvas.view_rect().getRect() == (0, 0, WIDTH, HEIGHT)


def test_a_fitted_image_stays_fitted_when_the_window_grows(canvas, qtbot):
    canvas.resize(1300, 900)
    qtbot.waitUntil(lambda: canvas.zoom == pytest.approx(900 / HEIGHT))
    canvas.zoom_to((100, 100, 140, 140))
    middle = canvas.mapToScene(canvas.viewport().rect().center())
    canvas.resize(800, 600)
    after = canvas.mapToScene(canvas.viewport().rect().center())
    assert (after - middle).manhattanLength() < 0.5


def test_another_image_keeps_the_view_if_asked_and_of_the_same_size(canvas):
    canvas.zoom_to((100, 100, 140, 140))
    shown = canvas.view_rect()
    canvas.set_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8), keep_view=True)
    assert canvas.view_rect() == shown
    canvas.set_image(np.zeros((50, 60, 3), np.uint8), keep_view=True)
    assert canvas.view_rect().getRect() == (0, 0, 60, 50)


def test_reveal_moves_only_if_it_must(canvas):
    canvas.zoom_to((0, 0, 100, 70))
    shown = canvas.view_rect()
    canvas.reveal((20, 20, 40, 40))
    assert canvas.view_rect() == shown
    canvas.reveal((300, 200, 320, 220))
    assert canvas.view_rect().contains(310, 210)
    assert canvas.view_rect().width() == pytest.approx(shown.width(), rel=0.1)


def test_without_an_image_nothing_happens(canvas):
    canvas.set_image(None)
    clicks = collected(canvas.clicked)
    QTest.mouseClick(canvas.viewport(), LEFT, NONE, QPoint(500, 300))
    wheel(canvas, QPoint(500, 300), 2)
    QTest.keyClick(canvas, Qt.Key.Key_1)
    canvas.fit()
    canvas.grab()
    assert clicks == []
    assert canvas.view_rect().isEmpty()


@pytest.mark.parametrize("shape", [(1, 60_000), (60_000, 1), (1, 1)])
def test_lines_of_pixels_are_seen_fitted_and_enlarged(canvas, shape):
    canvas.set_image(np.full((*shape, 3), (255, 0, 0), np.uint8))
    for _ in range(2):
        image = canvas.grab().toImage()
        red = [
            image.pixelColor(500 + dx, 350 + dy).red() == 255
            and image.pixelColor(500 + dx, 350 + dy).green() == 0
            for dx in (-1, 0)
            for dy in (-1, 0)
        ]
        assert any(red)
        canvas.zoom_by(1e6)


def test_a_very_large_image_is_shown_at_once_and_refined(canvas, qtbot):
    rgb = np.zeros((3000, 3000, 3), np.uint8)
    rgb[::2, ::2] = 200  # fine structure that turns gray, a quarter of it, when shown small
    canvas.set_image(rgb)
    pyramid = canvas._pyramid
    canvas.grab()
    qtbot.waitUntil(lambda: len(pyramid.levels) >= 4)
    qtbot.wait(30)
    assert color(canvas, 1500, 1500) == pytest.approx((50, 50, 50), abs=3)
    assert pyramid.levels[0] is rgb


# ---------------------------------------------------------------------------- read-out and scale bar


def test_the_read_out_tells_place_gray_and_aggregation(canvas):
    level = np.arange(HEIGHT * WIDTH, dtype=np.uint32).reshape(HEIGHT, WIDTH) % 65536
    canvas.set_levels(level.astype(np.uint16), "dark")
    canvas.set_native(lambda gray: f"{gray // 257}/255")
    hovered = collected(canvas.hovered)
    QTest.mouseMove(canvas.viewport(), at(canvas, 21, 13))
    expected = int(level[13, 21])
    aggregation = 100 - expected / 65535 * 100
    text = f"x 21   y 13   gray {expected // 257}/255   aggregation {aggregation:.1f}"
    assert canvas.readout() == text
    assert canvas.findChild(QWidget, "readout").text() == text
    assert canvas.findChild(QWidget, "readout").isVisible()
    QTest.mouseMove(canvas.viewport(), QPoint(2, 2))
    assert canvas.readout() == ""
    assert hovered == [((21, 13),), (None,)]


def test_the_read_out_stays_in_its_corner_while_the_image_moves(canvas):
    canvas.set_levels(np.zeros((HEIGHT, WIDTH), np.uint16), "dark")
    QTest.mouseMove(canvas.viewport(), at(canvas, 21, 13))
    label = canvas.findChild(QWidget, "readout")
    place = label.geometry().bottomLeft()
    canvas.zoom_by(3)
    canvas.pan(200, -100)
    canvas.grab()
    assert label.geometry().bottomLeft() == place
    assert place.x() < 20
    assert place.y() > 670


def test_the_read_out_is_whole_in_a_narrow_canvas(canvas, qtbot):
    canvas.set_levels(np.zeros((HEIGHT, WIDTH), np.uint16), "dark")
    canvas.resize(180, 200)
    qtbot.waitUntil(lambda: canvas.viewport().width() == 180)
    QTest.mouseMove(canvas.viewport(), at(canvas, 200, 100))
    label = canvas.findChild(QWidget, "readout")
    assert canvas.rect().contains(label.geometry())
    assert label.height() >= label.heightForWidth(label.width())


def test_aggregation_follows_polarity(canvas):
    canvas.set_levels(np.full((HEIGHT, WIDTH), 65535, np.uint16), "bright")
    QTest.mouseMove(canvas.viewport(), at(canvas, 5, 5))
    assert canvas.readout().endswith("aggregation 100.0")


@pytest.mark.parametrize(
    ("um_per_pixel", "text"), [(0.013, "2 µm"), (1.0, "200 µm"), (0.0003, "50 nm"), (9.0, "1 mm")]
)
def test_the_scale_bar_is_round_and_short_enough(um_per_pixel, text):
    um, length = scale_bar(um_per_pixel, 200)
    assert length_text(um) == text
    assert 200 / 2.5 - 1 <= length <= 200.001
    assert um / length == pytest.approx(um_per_pixel)


def test_a_scale_bar_is_drawn_where_the_pixel_size_is_known(canvas):
    rgb = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    pictures = {}
    for size in (None, 0.5):
        canvas.set_image(rgb, pixel_size_um=size)
        pictures[size] = canvas.grab(canvas.rect().adjusted(700, 600, 0, 0)).toImage()
    assert pictures[None] != pictures[0.5]
    row = [[pictures[0.5].pixelColor(x, y).lightness() for x in range(300)] for y in range(100)]
    white = max(sum(v > 250 for v in line) for line in row)
    _, length = scale_bar(0.5 / canvas.zoom, 200)
    assert white == pytest.approx(length, abs=2)


# ---------------------------------------------------------------------------- masks


def test_masks_are_seen_hit_and_put_away(canvas):
    with_masks(canvas)
    canvas.set_opacity(1.0)
    before = color(canvas, 320, 120)
    QTest.keyClick(canvas, Qt.Key.Key_X)
    plain = color(canvas, 320, 120)
    assert plain != before
    assert len(set(plain)) == 1
    assert canvas.hit(320, 120).tolist() == []
    QTest.keyClick(canvas, Qt.Key.Key_X)
    assert color(canvas, 320, 120) == before
    assert canvas.hit(120, 120).tolist() == [1, 0]


def test_keys_tell_what_they_switched(canvas):
    masks, lines = collected(canvas.masks_shown), collected(canvas.outlines_shown)
    for key in (Qt.Key.Key_X, Qt.Key.Key_X, Qt.Key.Key_Z):
        QTest.keyClick(canvas, key)
    assert masks == [(False,), (True,)]
    assert lines == [(False,)]


def test_holding_b_shows_the_bare_image(canvas):
    with_masks(canvas)
    canvas.set_opacity(1.0)
    canvas.set_levels(np.zeros((HEIGHT, WIDTH), np.uint16), "dark")
    canvas.set_highlight_range(0, 10)
    covered = color(canvas, 120, 120), color(canvas, 10, 10)
    QTest.keyPress(canvas, Qt.Key.Key_B)
    bare = color(canvas, 120, 120), color(canvas, 10, 10)
    assert all(len(set(c)) == 1 for c in bare)
    QTest.keyRelease(canvas, Qt.Key.Key_B)
    assert (color(canvas, 120, 120), color(canvas, 10, 10)) == covered


def test_b_released_elsewhere_is_not_held_for_ever(canvas, qtbot):
    holder = QWidget()
    qtbot.addWidget(holder)
    column = QVBoxLayout(holder)
    edit = QLineEdit()
    column.addWidget(edit)
    column.addWidget(canvas)
    holder.resize(1000, 800)
    holder.show()
    qtbot.waitExposed(holder)
    with_masks(canvas)
    canvas.set_opacity(1.0)
    holder.activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    covered = color(canvas, 120, 120)
    QTest.keyPress(canvas, Qt.Key.Key_B)
    assert color(canvas, 120, 120) != covered
    edit.setFocus()
    assert color(canvas, 120, 120) == covered
    canvas.setParent(None)


def test_numbers_are_written_on_masks(canvas):
    with_masks(canvas)
    before = canvas.grab().toImage()
    canvas.set_numbers(np.array([0, 0, 12]))
    after = canvas.grab().toImage()
    assert before != after
    middle = at(canvas, 320, 120)
    assert any(
        after.pixelColor(middle.x() + dx, middle.y() + dy).lightness() > 240
        for dx in range(-9, 10)
        for dy in (-3, 0, 3)
    )


def test_the_tooltip_tells_of_the_smallest_mask_and_follows_the_pointer(canvas, qtbot):
    with_masks(canvas)
    canvas.set_tooltips(lambda index: f"mask {index}")
    point = at(canvas, 120, 120)
    QTest.mouseMove(canvas.viewport(), point)
    help_event = QHelpEvent(QEvent.Type.ToolTip, point, canvas.viewport().mapToGlobal(point))
    QApplication.sendEvent(canvas.viewport(), help_event)
    assert QToolTip.text() == "mask 1"
    QTest.mouseMove(canvas.viewport(), at(canvas, 60, 60))
    assert QToolTip.text() == "mask 0"
    QTest.mouseMove(canvas.viewport(), at(canvas, 20, 20))
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


# ---------------------------------------------------------------------------- other layers


def test_levels_in_a_range_are_highlighted_and_no_others(canvas):
    level = np.broadcast_to((np.arange(WIDTH) * 100).astype(np.uint16), (HEIGHT, WIDTH))
    canvas.set_levels(np.ascontiguousarray(level), "dark")
    canvas.set_highlight_range(10_000, 20_000)
    for zoom in (1.0, 0.2):
        canvas.zoom_by(zoom)
        inside, below, above = (color(canvas, x, 100) for x in (150, 60, 300))
        assert inside[1] > inside[0] + 60
        assert len(set(below)) == len(set(above)) == 1
    canvas.fit()
    edges = [len(set(color(canvas, x, 100))) == 1 for x in (99, 100, 200, 201)]
    assert edges == [True, False, False, True]
    canvas.set_highlight_range(None, None)
    assert len(set(color(canvas, 150, 100))) == 1


def test_a_preview_changes_with_its_mask(canvas):
    first = np.zeros((HEIGHT, WIDTH), bool)
    first[50:100, 50:100] = True
    canvas.set_preview(first)
    assert len(set(color(canvas, 75, 75))) > 1
    assert len(set(color(canvas, 175, 75))) == 1
    del first
    second = np.zeros((HEIGHT, WIDTH), bool)
    second[50:100, 150:200] = True
    canvas.set_preview(second)
    assert len(set(color(canvas, 75, 75))) == 1
    assert len(set(color(canvas, 175, 75))) > 1
    canvas.set_preview(None)
    assert len(set(color(canvas, 175, 75))) == 1


def test_prompts_differ_by_sign(canvas):
    canvas.set_prompts([[100.5, 100.5], [300.5, 100.5]], [1, 0], (50, 50, 200, 200))
    image = canvas.grab().toImage()

    def near(x, y):
        middle = at(canvas, x, y)
        return [
            image.pixelColor(middle.x() - 3, middle.y() - 3),
            image.pixelColor(middle.x() - 1, middle.y() + 2),
        ]

    assert near(100, 100)[0].green() > near(100, 100)[0].red()
    assert near(300, 100)[0].red() > near(300, 100)[0].green()
    assert near(100, 100)[1].lightness() > near(300, 100)[1].lightness()  # a plus has an upright arm
    with pytest.raises(ValueError, match="as many"):
        canvas.set_prompts([[1, 1]], [])


def test_wrong_shapes_are_refused(canvas):
    with pytest.raises(ValueError, match="levels of shape"):
        canvas.set_levels(np.zeros((3, 3), np.uint16), "dark")
    with pytest.raises(ValueError, match="mask of shape"):
        canvas.set_preview(np.zeros((3, 3), bool))
    with pytest.raises(ValueError, match="picture of shape"):
        canvas.set_image(np.zeros((3, 3), np.uint8))


def test_a_real_micrograph_with_labelled_masks(canvas, shared_dir):
    folder = shared_dir / "data" / "powder" / "val"
    path = sorted((folder / "images").glob("*.png"))[0]
    rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    labels = cv2.imread(str(folder / "labels" / path.name), cv2.IMREAD_UNCHANGED).astype(np.int32)
    masks = MaskTable.from_labels(labels)
    canvas.set_image(rgb)
    canvas.set_masks(masks, outlines(masks))
    clicks = collected(canvas.clicked)
    largest = int(np.argmax(masks.areas()))
    y, x = (int(v) for v in np.argwhere(masks.mask(largest))[masks.areas()[largest] // 2])
    canvas.set_styles(np.where(np.arange(len(masks)) == largest, MaskStyle.SELECTED, MaskStyle.NORMAL))
    click(canvas, x, y)
    assert largest in canvas.hit(*clicks[0][:2])
    red, green, blue = color(canvas, x, y)
    assert red > max(green, blue)


DENSE = """
import sys
import numpy as np
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication
from samhq.gui.canvas import ImageCanvas

app = QApplication([])
canvas = ImageCanvas()
canvas.resize(500, 350)
canvas.show()
rgb = np.random.default_rng(0).integers(0, 255, (700, 1000, 3), dtype=np.uint8)
canvas.set_image(rgb)
assert canvas.devicePixelRatioF() == 2.0, canvas.devicePixelRatioF()
assert canvas.zoom == 1.0, canvas.zoom  # device pixels
image = canvas.grab().toImage()
assert (image.width(), image.height()) == (1000, 700)
for x, y in ((0, 0), (501, 333), (640, 81)):
    assert image.pixelColor(x, y).getRgb()[:3] == tuple(rgb[y, x].tolist()), (x, y)
clicks = []
canvas.clicked.connect(lambda x, y, *_: clicks.append((x, y)))
QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=canvas.mapFromScene(QPointF(402, 202)))
assert clicks == [(402, 202)], clicks
"""


def test_a_dense_screen_shows_every_pixel_of_its_own():
    environment = {**os.environ, "QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", DENSE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
