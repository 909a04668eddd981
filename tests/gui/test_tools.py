"""What gestures over the image mean, without a window."""

from __future__ import annotations

import numpy as np
import pytest

from samhq.gui.canvas_view import MOST_ENLARGED, View
from samhq.gui.tools import (
    BoxDrawn,
    CanvasMode,
    Clicked,
    CutDrawn,
    Gesture,
    Panned,
    RegionDrawn,
    StrokeDrawn,
    brush_step,
    clipped_box,
    polygon_area,
)

SCALE = 4.0


def play(mode, *places, pans=False, ratio=1.0):
    """Press at the first place, move over the others, release at the last; four device pixels an image pixel."""
    gesture = Gesture(mode, (places[0][0] * SCALE, places[0][1] * SCALE), places[0], pans=pans, ratio=ratio)
    moves = [gesture.move((x * SCALE, y * SCALE), (x, y)) for x, y in places[1:]]
    x, y = places[-1]
    return gesture.release((x * SCALE, y * SCALE), (x, y)), [m for m in moves if m is not None]


@pytest.mark.parametrize("mode", [m for m in CanvasMode if m not in (CanvasMode.BRUSH, CanvasMode.ERASER)])
def test_a_press_without_a_drag_is_a_click_where_the_button_went_down(mode):
    outcome, moves = play(mode, (10.2, 7.9), (10.5, 8.2))
    assert outcome == Clicked((10.2, 7.9))
    assert moves == []


@pytest.mark.parametrize("mode", [CanvasMode.SELECT, CanvasMode.POINT])
def test_a_drag_moves_the_image_by_as_much_as_the_hand_and_clicks_nothing(mode):
    outcome, moves = play(mode, (10, 10), (14, 10), (20, 13))
    assert outcome is None
    assert sum(m.dx for m in moves) == 40
    assert sum(m.dy for m in moves) == 12


@pytest.mark.parametrize("mode", list(CanvasMode))
def test_space_and_middle_button_pan_in_every_mode_from_the_first_pixel(mode):
    outcome, moves = play(mode, (0, 0), (0.25, 0), pans=True)
    assert outcome is None
    assert moves == [Panned(1.0, 0.0)]


def test_a_rectangle_has_its_four_corners_whichever_way_it_was_drawn():
    outcome, _ = play(CanvasMode.RECTANGLE, (30, 40), (20, 20), (10, 15))
    assert isinstance(outcome, RegionDrawn)
    assert {tuple(p) for p in outcome.polygon.tolist()} == {(10, 15), (30, 15), (30, 40), (10, 40)}
    assert polygon_area(outcome.polygon) == 20 * 25


def test_a_lasso_follows_the_hand():
    corners = [(0, 0), (10, 0), (10, 10), (0, 10)]
    outcome, _ = play(CanvasMode.LASSO, *corners)
    assert isinstance(outcome, RegionDrawn)
    np.testing.assert_array_equal(outcome.polygon, corners)


def test_a_lasso_without_an_inside_selects_nothing():
    outcome, _ = play(CanvasMode.LASSO, (0, 0), (10, 0), (20, 0))
    assert outcome is None


def test_a_box_keeps_both_corners():
    outcome, _ = play(CanvasMode.BOX, (30, 40), (10, 15))
    assert outcome == BoxDrawn((30, 40), (10, 15))


@pytest.mark.parametrize(("mode", "erase"), [(CanvasMode.BRUSH, False), (CanvasMode.ERASER, True)])
def test_a_dab_of_the_brush_is_a_stroke_of_one_point(mode, erase):
    outcome, _ = play(mode, (5, 6))
    assert isinstance(outcome, StrokeDrawn)
    np.testing.assert_array_equal(outcome.points, [(5, 6)])
    assert outcome.erase is erase


def test_a_stroke_ends_where_the_button_went_up():
    outcome, _ = play(CanvasMode.BRUSH, (5, 6), (9, 6), (9.1, 6.1))
    assert isinstance(outcome, StrokeDrawn)
    assert tuple(outcome.points[0]) == (5, 6)
    assert tuple(outcome.points[-1]) == (9.1, 6.1)


def test_a_long_stroke_keeps_no_points_closer_than_a_hand_can_tell():
    places = [(x / 100, 0) for x in range(10_000)]
    outcome, _ = play(CanvasMode.BRUSH, *places)
    assert isinstance(outcome, StrokeDrawn)
    assert len(outcome.points) < 300


def test_a_cut_is_an_open_line():
    outcome, _ = play(CanvasMode.CUT, (0, 0), (5, 5), (9, 5))
    assert isinstance(outcome, CutDrawn)
    np.testing.assert_array_equal(outcome.points, [(0, 0), (5, 5), (9, 5)])


def test_a_click_may_tremble_as_far_on_a_dense_screen():
    steady, _ = play(CanvasMode.LASSO, (0, 0), (1.5, 0), ratio=2.0)
    moved, _ = play(CanvasMode.RECTANGLE, (0, 0), (1.5, 1), ratio=1.0)
    assert isinstance(steady, Clicked)
    assert isinstance(moved, RegionDrawn)


def test_a_box_covers_the_pixels_it_touches_and_stays_inside():
    assert clipped_box((10.9, 3.1), (2.2, 7.0), width=100, height=50) == (2, 3, 11, 7)
    assert clipped_box((-5, -5), (1000, 1000), width=100, height=50) == (0, 0, 100, 50)
    assert clipped_box((-5, -5), (-1, 20), width=100, height=50) is None


def test_the_brush_grows_and_shrinks_within_bounds():
    assert brush_step(8.0, 1) > 8.0 > brush_step(8.0, -1)
    assert brush_step(0.5, -10) == 0.5
    assert brush_step(1.0, 500) == 2000.0


# ---------------------------------------------------------------------------- the view


def test_zooming_keeps_the_pixel_under_the_pointer():
    view = View(800, 600, 1000, 700).fitted()
    at = (333.0, 222.0)
    place = view.to_image(*at)
    for factor in [1.25] * 15 + [0.8] * 15:
        view = view.zoomed(factor, *at)
        now = view.to_view(*place)
        # What is drawn stands on whole device pixels.
        assert max(abs(now[0] - at[0]), abs(now[1] - at[1])) < view.scale * 0.8 + 1
    assert view.scale == pytest.approx(View(800, 600, 1000, 700).fitted().scale)
    assert view.to_image(*at) == pytest.approx(place, abs=1.0)


def test_a_fitted_image_is_whole_and_centred():
    view = View(2000, 500, 1000, 700).fitted()
    assert view.seen() == (0, 0, 2000, 500)
    assert view.to_view(1000, 250) == (500, 350)


@pytest.mark.parametrize("size", [(8192, 8192), (100_000, 1), (1, 100_000), (1, 1)])
def test_an_image_never_leaves_the_viewport(size):
    view = View(*size, 1000, 700).fitted()
    for _ in range(5):
        for dx, dy in ((1e7, 1e7), (-1e7, 1e7), (-1e7, -1e7), (1e7, -1e7)):
            moved = view.panned(dx, dy)
            x0, y0, x1, y1 = moved.seen()
            assert x1 > x0
            assert y1 > y0
        view = view.zoomed(4, 500, 350)
    assert view.zoomed(1e9, 0, 0).scale == MOST_ENLARGED


def test_a_box_fills_the_viewport_with_a_margin():
    view = View(800, 600, 1000, 700).around((100, 100, 150, 120))
    assert view.to_view(125, 110) == pytest.approx((500, 350), abs=1)
    assert 0.9 < 50 * view.scale / 1000 < 1


def test_a_larger_viewport_keeps_the_middle():
    view = View(800, 600, 1000, 700).fitted().zoomed(3, 100, 100)
    middle = view.to_image(500, 350)
    assert view.resized(1400, 300).to_image(700, 150) == pytest.approx(middle, abs=1)
