"""Contours run along the edges of pixels, close around every piece and hole, and are fast."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import label

from samhq.masks import MaskTable, runs_from_crop
from samhq.outlines import outlines

MASKS = st.lists(hnp.arrays(np.bool_, (9, 11)), min_size=1, max_size=4)


def table_of(masks: list[np.ndarray]) -> MaskTable:
    runs = [runs_from_crop(m, x0=0, y0=0, height=m.shape[0], width=m.shape[1]) for m in masks]
    return MaskTable.from_runs(runs, height=masks[0].shape[0], width=masks[0].shape[1])


def enclosed(polygon: np.ndarray) -> float:
    x, y = polygon.astype(np.float64).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_one_pixel_has_a_square_around_it():
    mask = np.zeros((5, 6), dtype=bool)
    mask[2, 3] = True
    found = outlines(table_of([mask]))
    assert len(found) == 1
    assert {tuple(p) for p in found.points.tolist()} == {(3, 2), (4, 2), (4, 3), (3, 3)}
    assert found.points.dtype == np.float32


def test_a_hole_has_a_contour_of_its_own():
    mask = np.ones((5, 5), dtype=bool)
    mask[1:3, 1:3] = False
    polygons = outlines(table_of([mask])).of(0)
    assert sorted(abs(enclosed(p)) for p in polygons) == [4, 25]


@given(MASKS)
def test_contours_enclose_exactly_the_pixels(masks):
    found = outlines(table_of(masks))
    assert found.starts[0] == 0
    assert found.starts[-1] == len(found.points)
    for index, mask in enumerate(masks):
        assert abs(sum(enclosed(p) for p in found.of(index))) == mask.sum()


@given(MASKS)
def test_contours_follow_edges_and_turn_at_every_vertex(masks):
    found = outlines(table_of(masks))
    for index in range(len(masks)):
        for polygon in found.of(index):
            step = np.roll(polygon, -1, axis=0) - polygon
            assert ((step != 0).sum(axis=1) == 1).all()
            assert len(polygon) >= 4


@given(MASKS)
def test_one_contour_for_each_piece_and_each_hole(masks):
    found = outlines(table_of(masks))
    assert (np.diff(found.owner) >= 0).all()
    for index, mask in enumerate(masks):
        _, pieces = label(mask, structure=np.ones((3, 3)))
        _, background = label(np.pad(~mask, 1, constant_values=True))
        assert len(found.of(index)) == pieces + background - 1


def test_filled_contours_give_the_mask_back():
    generator = np.random.default_rng(1)
    masks = [cv2.blur(generator.random((60, 80)), (7, 7)) > 0.52 for _ in range(3)]
    found = outlines(table_of(masks))
    for index, mask in enumerate(masks):
        canvas = np.zeros((60 * 8, 80 * 8), dtype=np.uint8)
        # Half a pixel of the fine picture inwards or outwards makes no difference at the pixel centres.
        cv2.fillPoly(canvas, [(p * 8).astype(np.int32) for p in found.of(index)], 1)
        assert (canvas[4::8, 4::8] == mask).all()


def test_masks_without_pixels_have_no_contour():
    empty = np.zeros((4, 4), dtype=bool)
    found = outlines(table_of([empty, ~empty, empty]))
    assert found.owner.tolist() == [1]
    assert found.of(0) == []
    assert len(outlines(MaskTable.empty(height=3, width=3))) == 0


def scattered(n: int, *, side: int, radius: int) -> MaskTable:
    generator = np.random.default_rng(0)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    corners = generator.integers(0, side - 2 * radius - 1, size=(n, 2))
    runs = []
    for x0, y0 in corners:
        disc = x**2 + y**2 + generator.integers(-40, 40, size=x.shape) <= radius**2
        runs.append(runs_from_crop(disc, x0=int(x0), y0=int(y0), height=side, width=side))
    return MaskTable.from_runs(runs, height=side, width=side)


@pytest.mark.parametrize("side", [2000, 8000])
def test_ten_thousand_masks_have_outlines(side):
    masks = scattered(10_000, side=side, radius=10)
    found = outlines(masks)
    assert len(np.unique(found.owner)) == 10_000
