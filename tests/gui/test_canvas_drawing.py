"""Clicks and drawing on the canvas, with real mouse and keys."""

from __future__ import annotations

import numpy as np
import pytest
from canvas_scene import (
    HEIGHT,
    LEFT,
    NONE,
    RIGHT,
    WIDTH,
    at,
    click,
    collected,
    drag,
    shown_canvas,
    with_masks,
)
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from samhq.gui.canvas import CanvasMode


@pytest.fixture
def canvas(qtbot):
    return shown_canvas(qtbot)


def test_a_click_tells_pixel_button_and_modifiers(canvas):
    clicks = collected(canvas.clicked)
    canvas.zoom_to((80, 80, 220, 180))
    click(canvas, 120, 110)
    click(canvas, 130, 111, RIGHT)
    click(canvas, 140, 112, modifiers=Qt.KeyboardModifier.ShiftModifier)
    assert clicks == [
        (120, 110, LEFT, NONE),
        (130, 111, RIGHT, NONE),
        (140, 112, LEFT, Qt.KeyboardModifier.ShiftModifier),
    ]


def test_a_click_beside_the_image_is_none(canvas):
    clicks = collected(canvas.clicked)
    QTest.mouseClick(canvas.viewport(), LEFT, NONE, QPoint(3, 3))
    assert clicks == []


def test_clicking_again_asks_for_the_next_mask_only_where_masks_overlap(canvas):
    with_masks(canvas)
    clicks, cycles = collected(canvas.clicked), collected(canvas.cycle_requested)
    QTest.mousePress(canvas.viewport(), LEFT, NONE, at(canvas, 120, 120))
    QTest.mouseRelease(canvas.viewport(), LEFT, NONE, at(canvas, 120, 120))
    QTest.qWait(QApplication.doubleClickInterval() + 50)  # slower than a double click
    click(canvas, 120, 120)
    assert (len(clicks), len(cycles)) == (1, 1)
    click(canvas, 320, 120)
    QTest.qWait(QApplication.doubleClickInterval() + 50)
    click(canvas, 320, 120)
    assert (len(clicks), len(cycles)) == (3, 1)


def test_tab_cycles_over_a_mask_and_goes_on_elsewhere(canvas, qtbot):
    holder = QWidget()
    qtbot.addWidget(holder)
    column = QVBoxLayout(holder)
    column.addWidget(canvas)
    edit = QLineEdit()
    column.addWidget(edit)
    holder.resize(1000, 800)
    holder.show()
    qtbot.waitExposed(holder)
    with_masks(canvas)
    canvas.setFocus()
    cycles = collected(canvas.cycle_requested)
    QTest.mouseMove(canvas.viewport(), at(canvas, 120, 120))
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert len(cycles) == 1
    assert canvas.hasFocus()
    QTest.mouseMove(canvas.viewport(), at(canvas, 10, 10))
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert len(cycles) == 1
    assert edit.hasFocus()
    canvas.setParent(None)


@pytest.mark.parametrize("mode", [CanvasMode.RECTANGLE, CanvasMode.LASSO])
def test_a_region_is_given_in_pixels_with_the_modifiers(canvas, mode):
    canvas.set_mode(mode)
    canvas.zoom_by(1.3)
    regions = collected(canvas.region_drawn)
    places = (
        [(100, 80), (180, 80), (180, 160), (100, 160)]
        if mode is CanvasMode.LASSO
        else [(100, 80), (180, 160)]
    )
    drag(canvas, *places, modifiers=Qt.KeyboardModifier.ShiftModifier)
    ((polygon, modifiers),) = regions
    assert modifiers == Qt.KeyboardModifier.ShiftModifier
    assert polygon.min(axis=0) == pytest.approx((100.5, 80.5), abs=0.6)
    assert polygon.max(axis=0) == pytest.approx((180.5, 160.5), abs=0.6)


def test_a_click_selects_also_in_the_drawing_modes(canvas):
    clicks = collected(canvas.clicked)
    for mode in (CanvasMode.RECTANGLE, CanvasMode.LASSO, CanvasMode.BOX, CanvasMode.POINT):
        canvas.set_mode(mode)
        click(canvas, 50, 60)
        QTest.mouseMove(canvas.viewport(), at(canvas, 200, 200))
    assert [c[:2] for c in clicks] == [(50, 60)] * 4


def test_a_box_is_whole_pixels_inside_the_image(canvas):
    canvas.set_mode(CanvasMode.BOX)
    boxes = collected(canvas.box_drawn)
    drag(canvas, (150, 90), (60, 40))
    drag(canvas, (350, 250), (2000, 2000))
    assert boxes == [(60, 40, 151, 91), (350, 250, WIDTH, HEIGHT)]


def test_strokes_have_the_radius_of_the_brush(canvas):
    strokes, radii = collected(canvas.stroke_drawn), collected(canvas.brush_radius_changed)
    canvas.set_mode(CanvasMode.BRUSH)
    canvas.set_brush_radius(5.0)
    QTest.keyClick(canvas, Qt.Key.Key_BracketRight)
    drag(canvas, (50, 60), (90, 60))
    canvas.set_mode(CanvasMode.ERASER)
    drag(canvas, (50, 60))
    (first, second) = strokes
    assert radii == [(6.0,)]
    assert first[1:] == (6.0, False)
    assert first[0][[0, -1]] == pytest.approx(np.array([(50.5, 60.5), (90.5, 60.5)]), abs=0.6)
    assert second[1:] == (6.0, True)
    assert len(second[0]) == 1


def test_a_cut_is_the_line_of_the_hand(canvas):
    canvas.set_mode(CanvasMode.CUT)
    cuts = collected(canvas.cut_drawn)
    drag(canvas, (50, 60), (90, 100), (140, 100))
    ((line,),) = cuts
    assert line[0] == pytest.approx((50.5, 60.5), abs=0.6)
    assert line[-1] == pytest.approx((140.5, 100.5), abs=0.6)
    assert len(line) >= 3


def test_what_is_drawn_is_seen_while_it_is_drawn(canvas):
    for mode in (CanvasMode.RECTANGLE, CanvasMode.LASSO, CanvasMode.BOX, CanvasMode.BRUSH, CanvasMode.CUT):
        canvas.set_mode(mode)
        before = canvas.grab().toImage()
        drag(canvas, (100, 80), (180, 80), (180, 160), release=False)
        during = canvas.grab(canvas.rect()).toImage()
        middle = at(canvas, 140, 80)
        around = [(middle.x() + dx, middle.y() + dy) for dx in range(-8, 9) for dy in range(-2, 3)]
        assert any(before.pixelColor(*p) != during.pixelColor(*p) for p in around), mode
        QTest.mouseRelease(canvas.viewport(), LEFT, NONE, at(canvas, 180, 160))


def test_escape_gives_up_what_is_being_drawn(canvas):
    canvas.set_mode(CanvasMode.RECTANGLE)
    regions, clicks = collected(canvas.region_drawn), collected(canvas.clicked)
    drag(canvas, (100, 80), (180, 160), release=False)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(canvas.viewport(), LEFT, NONE, at(canvas, 180, 160))
    assert regions == clicks == []


def test_another_mode_gives_up_what_is_being_drawn(canvas):
    canvas.set_mode(CanvasMode.LASSO)
    regions = collected(canvas.region_drawn)
    drag(canvas, (100, 80), (180, 80), (180, 160), release=False)
    canvas.set_mode(CanvasMode.SELECT)
    QTest.mouseRelease(canvas.viewport(), LEFT, NONE, at(canvas, 180, 160))
    assert regions == []


def test_keys_of_the_image_go_before_shortcuts_of_the_window(canvas, qtbot):
    fired = []
    shortcut = QShortcut(QKeySequence("X"), canvas)
    shortcut.activated.connect(lambda: fired.append("window"))
    shown = collected(canvas.masks_shown)
    qtbot.waitUntil(canvas.hasFocus)
    QTest.keyClick(canvas, Qt.Key.Key_X)
    assert shown == [(False,)]
    assert fired == []


def test_every_mode_has_a_cursor_that_tells(canvas):
    shapes = {}
    for mode in CanvasMode:
        canvas.set_mode(mode)
        shapes[mode] = canvas.viewport().cursor().shape()
    assert shapes[CanvasMode.SELECT] == Qt.CursorShape.ArrowCursor
    assert shapes[CanvasMode.BRUSH] == Qt.CursorShape.BlankCursor
    assert shapes[CanvasMode.BOX] == Qt.CursorShape.CrossCursor
