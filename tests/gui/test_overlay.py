"""Masks in sight: who is under the pointer, and what their picture looks like."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PyQt6.QtGui import QColor, QImage

from samhq.gui.canvas_view import View
from samhq.gui.overlay import MaskOverlay, MaskStyle
from samhq.masks import MaskTable, runs_from_crop
from samhq.outlines import outlines

RED = QColor("#E8141C")
PALETTE = tuple(QColor(c) for c in ("#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#0072B2"))
HEIGHT, WIDTH = 120, 160


def table(*masks):
    """Masks of rectangles (x0, y0, x1, y1), in that order."""
    parts = []
    for x0, y0, x1, y1 in masks:
        labels = np.zeros((HEIGHT, WIDTH), np.int32)
        labels[y0:y1, x0:x1] = 1
        parts.append(MaskTable.from_labels(labels))
    return MaskTable.concatenate(parts)


def overlay(*masks, opacity=0.5):
    made = MaskOverlay(RED, PALETTE)
    masks = table(*masks)
    made.set_masks(masks, outlines(masks))
    made.opacity = opacity
    return made


def view(scale=4.0, x=0.0, y=0.0, width=WIDTH * 4, height=HEIGHT * 4):
    return View(WIDTH, HEIGHT, width, height, scale, x, y)


def pixels(image):
    """Straight colours, (h, w, 4) uint8 red, green, blue, alpha."""
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    return np.array(bits).view(np.uint8).reshape(image.height(), image.width(), 4)


def picture(made, at=None, ratio=1.0):
    return pixels(made.picture(at or view(), ratio))


def is_red(pixel):
    return pixel[0] > 180 and pixel[1] < 90 and pixel[2] < 90


def test_the_smallest_mask_under_the_pointer_comes_first_and_hidden_ones_not_at_all():
    made = overlay((10, 10, 100, 100), (20, 20, 60, 60), (30, 30, 40, 40), (120, 5, 130, 15))
    assert made.hit(35, 35).tolist() == [2, 1, 0]
    assert made.hit(99, 99).tolist() == [0]
    assert made.hit(100, 100).tolist() == []
    made.set_styles(np.array([1, 0, 3, 1]))
    assert made.hit(35, 35).tolist() == [2, 0]


def test_hits_equal_the_masks_themselves():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 4, (HEIGHT, WIDTH)).astype(np.int32)
    masks = MaskTable.from_labels(labels)
    made = MaskOverlay(RED, PALETTE)
    made.set_masks(masks, outlines(masks))
    for x, y in zip(rng.integers(0, WIDTH, 60), rng.integers(0, HEIGHT, 60), strict=True):
        expected = [] if labels[y, x] == 0 else [int(labels[y, x]) - 1]
        assert made.hit(int(x), int(y)).tolist() == expected


def test_each_style_looks_its_way():
    made = overlay((10, 10, 40, 40), (60, 10, 90, 40), (110, 10, 140, 40), (10, 70, 40, 100))
    made.set_styles(np.array([MaskStyle.NORMAL, MaskStyle.FADED, MaskStyle.SELECTED, MaskStyle.HIDDEN]))
    seen = picture(made)
    inside = {
        name: seen[y * 4, x * 4]
        for name, (x, y) in {
            "normal": (25, 25),
            "faded": (75, 25),
            "selected": (125, 25),
            "hidden": (25, 85),
        }.items()
    }
    assert inside["normal"][3] == pytest.approx(128, abs=2)
    assert inside["faded"][3] == 0
    assert is_red(inside["selected"])
    assert inside["hidden"][3] == 0
    edges = {
        name: seen[25 * 4, x * 4 - 3 : x * 4 + 4]
        for name, x in {"normal": 10, "faded": 60, "selected": 110}.items()
    }
    assert any(is_red(p) for p in edges["selected"])
    assert not any(is_red(p) for p in edges["normal"])
    assert edges["normal"][:, 3].max() == 255
    gray = edges["faded"][edges["faded"][:, 3].argmax()]
    assert gray[3] == pytest.approx(128, abs=3)
    assert np.ptp(gray[:3].astype(int)) <= 2
    assert (seen[70 * 4 - 3 : 70 * 4 + 4, 25 * 4, 3] == 0).all()


def test_a_selected_outline_is_two_to_three_pixels_of_the_screen_wide():
    made = overlay((10, 10, 140, 110), opacity=0)
    made.set_styles(np.array([MaskStyle.SELECTED]))
    for ratio in (1.0, 2.0):
        row = picture(made, ratio=ratio)[60 * 4, : 30 * 4]
        red = sum(is_red(p) and p[3] > 200 for p in row)
        assert 2 * ratio <= red <= 3 * ratio + 1


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0, 3.3, 8.0])
def test_outlines_lie_on_the_edges_of_the_mask(scale):
    made = overlay((20, 20, 100, 90), opacity=0)
    row = picture(made, view(scale, 0.0, 0.0, 1400, 1100))[round(50 * scale), :, 3].astype(float)
    half = round(60 * scale)
    place = np.arange(len(row)) + 0.5
    for edge, part in ((20, slice(0, half)), (100, slice(half, None))):
        middle = (row[part] * place[part]).sum() / row[part].sum()
        assert middle == pytest.approx(edge * scale, abs=0.8)


def test_holes_are_not_filled():
    labels = np.zeros((HEIGHT, WIDTH), np.int32)
    labels[20:80, 20:80] = 1
    labels[40:60, 40:60] = 0
    masks = MaskTable.from_labels(labels)
    made = MaskOverlay(RED, PALETTE)
    made.set_masks(masks, outlines(masks))
    made.opacity = 0.5
    seen = picture(made)
    assert seen[50 * 4, 50 * 4, 3] == 0
    assert seen[30 * 4, 30 * 4, 3] > 100


def test_a_mask_inside_another_keeps_its_own_colour():
    made = overlay((10, 10, 110, 110), (40, 40, 60, 60))
    made.set_styles(np.array([MaskStyle.NORMAL, MaskStyle.SELECTED]))
    seen = picture(made)
    assert is_red(seen[50 * 4, 50 * 4])
    assert not is_red(seen[20 * 4, 20 * 4])


def test_outlines_can_be_switched_off_and_the_fill_left():
    made = overlay((10, 10, 40, 40))
    made.outlines_shown = False
    seen = picture(made)
    assert seen[..., 3].max() == pytest.approx(128, abs=2)
    made.outlines_shown = True
    made.opacity = 0
    assert picture(made)[25 * 4, 25 * 4, 3] == 0


@pytest.mark.parametrize("scale", [0.23, 0.9, 1.7, 4.0])
@pytest.mark.parametrize("selected", [False, True])
def test_a_pan_shows_exactly_what_a_new_picture_would(scale, selected):
    rng = np.random.default_rng(0)
    corners = rng.integers(0, (WIDTH - 20, HEIGHT - 20), (60, 2))
    rectangles = [(x, y, x + 3 + i % 17, y + 3 + i % 13) for i, (x, y) in enumerate(corners.tolist())]
    panned, fresh = overlay(*rectangles), overlay(*rectangles)
    styles = np.arange(60) % 4 if selected else np.full(60, 1)
    panned.set_styles(styles)
    x = y = 0.0
    size = {"width": 200, "height": 150}
    panned.picture(view(scale, **size), 1.0)
    for dx, dy in ((7, 0), (-3.4, 5.2), (0, -60), (40, 31), (-300, 10), (120, 0)):
        x, y = x + dx, y + dy
        at = view(scale, x, y, **size)
        fresh.set_masks(*(lambda m: (m, outlines(m)))(table(*rectangles)))
        fresh.set_styles(styles)
        np.testing.assert_array_equal(picture(panned, at), picture(fresh, at))


def test_a_change_of_few_styles_shows_exactly_what_a_new_picture_would():
    rectangles = [(5 + 12 * i, 10, 20 + 12 * i, 60) for i in range(11)]
    made, fresh = overlay(*rectangles), overlay(*rectangles)
    made.picture(view(), 1.0)
    styles = np.full(11, 1)
    styles[4] = MaskStyle.SELECTED
    made.set_styles(styles)
    styles = styles.copy()
    styles[7] = MaskStyle.FADED
    styles[4] = MaskStyle.HIDDEN
    made.set_styles(styles)
    fresh.set_styles(styles)
    np.testing.assert_array_equal(picture(made), picture(fresh))


def crowd():
    """10,000 masks of 8 x 8 pixels."""
    starts = [(i % 100 * 10, i // 100 * 10) for i in range(10_000)]
    block = np.ones((8, 8), bool)
    runs = [runs_from_crop(block, x0=x, y0=y, height=1000, width=1000) for x, y in starts]
    boxes = [(x, y, x + 8, y + 8) for x, y in starts]
    return MaskTable.from_runs(runs, height=1000, width=1000, boxes=boxes)


@pytest.fixture(scope="module")
def crowded():
    masks = crowd()
    made = MaskOverlay(RED, PALETTE)
    made.set_masks(masks, outlines(masks))
    return made


def test_in_a_crowd_every_mask_has_its_colour(crowded):
    crowded.opacity = 1.0
    styles = np.full(10_000, MaskStyle.NORMAL)
    styles[:5000] = MaskStyle.SELECTED
    crowded.set_styles(styles)
    seen = picture(crowded, View(1000, 1000, 700, 700).fitted())
    middle = np.round((np.arange(100) * 10 + 4) * 0.7).astype(int)
    centres = seen[np.ix_(middle, middle)]
    assert all(is_red(p) for p in centres[:49].reshape(-1, 4))
    assert not any(is_red(p) for p in centres[51:].reshape(-1, 4))
    assert (centres[..., 3] == 255).all()


def test_neighbours_in_a_crowd_differ_in_colour(crowded):
    crowded.opacity = 1.0
    crowded.set_styles(np.full(10_000, MaskStyle.NORMAL))
    seen = picture(crowded, View(1000, 1000, 700, 700).fitted())
    middle = np.round((np.arange(100) * 10 + 4) * 0.7).astype(int)
    centres = seen[np.ix_(middle, middle)].astype(int)
    same = (centres[:, 1:] == centres[:, :-1]).all(axis=2).mean()
    assert same < 0.2


def test_a_crowd_is_drawn_in_the_time_of_a_frame(crowded):
    """Generous for slow machines: 20 ms where it was written, 100 ms would be felt."""
    crowded.opacity = 0.2
    shown = View(1000, 1000, 1000, 700).fitted()
    crowded.picture(shown, 1.0)
    full, pans = [], []
    for step in range(5):
        crowded.opacity = 0.2
        started = time.process_time()
        crowded.picture(shown, 1.0)
        full.append(time.process_time() - started)
        started = time.process_time()
        crowded.picture(shown.panned(5 + step, 3), 1.0)
        pans.append(time.process_time() - started)
    assert min(full) < 0.1
    assert min(pans) < min(full)


def test_numbers_stand_in_the_middle_of_their_masks():
    made = overlay((10, 10, 40, 30), (60, 10, 90, 40), (60, 60, 90, 90))
    made.set_numbers(np.array([7, 0, 9]))
    made.set_styles(np.array([1, 1, 0]))
    places = made.number_places(view(), 1.0)
    assert [(p.number, p.x, p.y) for p in places] == [(7, 100.0, 80.0)]


def test_numbers_of_masks_out_of_sight_are_not_written():
    made = overlay((10, 10, 20, 20), (130, 90, 140, 100))
    made.set_numbers(np.array([1, 2]))
    places = made.number_places(view(4, -400, -300, width=200, height=150), 1.0)
    assert [p.number for p in places] == [2]


def test_in_a_crowd_only_numbers_with_room_are_written(crowded):
    crowded.set_styles(np.full(10_000, MaskStyle.SELECTED))
    crowded.set_numbers(np.arange(1, 10_001))
    assert crowded.number_places(View(1000, 1000, 700, 700).fitted(), 1.0) == []
    enlarged = View(1000, 1000, 700, 700).around((0, 0, 100, 100))
    assert len(crowded.number_places(enlarged, 1.0)) >= 100


def test_wrong_lengths_and_halves_are_refused():
    made = overlay((10, 10, 20, 20))
    with pytest.raises(ValueError, match=r"styles has shape \(2,\), expected \(1,\)"):
        made.set_styles(np.array([1, 1]))
    with pytest.raises(ValueError, match="numbers has shape"):
        made.set_numbers(np.zeros((1, 1), int))
    with pytest.raises(ValueError, match="belong together"):
        made.set_masks(table((1, 1, 2, 2)), None)


def test_without_masks_there_is_no_picture():
    made = MaskOverlay(RED, PALETTE)
    assert made.picture(view(), 1.0) is None
    empty = MaskTable.empty(height=HEIGHT, width=WIDTH)
    made.set_masks(empty, outlines(empty))
    assert made.picture(view(), 1.0) is None
    assert made.hit(3, 3).tolist() == []
