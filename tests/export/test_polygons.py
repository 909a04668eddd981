"""Polygons are valid and cover exactly the pixels of their masks."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from odd_masks import blobs, odd_masks, table_of

from samhq.export.polygons import polygons_of, ring_area
from samhq.masks import MaskTable


def shape_of(polygons):
    return shapely.MultiPolygon([(p.exterior, p.holes) for p in polygons])


def assert_exact(mask: np.ndarray) -> None:
    table = table_of([mask])
    (polygons,) = polygons_of(table)
    shape = shape_of(polygons)
    assert shape.is_valid, shapely.is_valid_reason(shape)
    assert shape.area == sum(p.area for p in polygons) == mask.sum()
    y, x = np.mgrid[: table.height, : table.width]
    assert np.array_equal(shapely.contains_xy(shape, x + 0.5, y + 0.5), table.mask(0))
    for polygon in polygons:
        assert ring_area(polygon.exterior) > 0
        assert all(ring_area(hole) < 0 for hole in polygon.holes)
        for ring in (polygon.exterior, *polygon.holes):
            steps = np.roll(ring, -1, axis=0) - ring
            turns = np.roll(steps, -1, axis=0)
            assert (steps[:, 0] * turns[:, 1] != steps[:, 1] * turns[:, 0]).all(), (
                "a corner on a straight line"
            )


@pytest.mark.parametrize("name", odd_masks())
def test_odd_masks_become_valid_polygons_of_their_pixels(name):
    assert_exact(odd_masks()[name])


def test_masks_of_all_kinds_become_valid_polygons_of_their_pixels():
    for mask in blobs(45):
        assert_exact(mask)


@settings(max_examples=80, deadline=None)
@given(arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 8))))
def test_any_mask_becomes_valid_polygons_of_its_pixels(mask):
    mask[0, 0] = True
    assert_exact(mask)


def test_pixels_that_touch_at_a_corner_are_pieces():
    masks = odd_masks()
    counts = {name: len(next(iter(polygons_of(table_of([mask]))))) for name, mask in masks.items()}
    assert counts["slant"] == 3
    assert counts["two corners"] == 2
    assert counts["hole"] == counts["ring that closes at a corner"] == 1


def test_many_masks_keep_their_order_and_one_without_pixels_has_no_piece():
    masks = [*blobs(3), np.zeros((2, 2), bool), *blobs(3, seed=1)]
    areas = [sum(p.area for p in polygons) for polygons in polygons_of(table_of(masks))]
    assert areas == [int(mask.sum()) for mask in masks]
    assert list(polygons_of(MaskTable.empty(height=3, width=3))) == []
