from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samhq.segmentation.grids import Crop, crops_of, layer_points, point_grid
from samhq.settings import SegmentationSettings


def test_points_are_the_middles_of_a_checkerboard_in_reading_order() -> None:
    np.testing.assert_allclose(point_grid(2), [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
    np.testing.assert_allclose(point_grid(1), [[0.5, 0.5]])


def test_deeper_layers_have_fewer_points() -> None:
    chosen = SegmentationSettings(points_per_side=9, crop_n_layers=2, crop_n_points_downscale_factor=2)
    assert [len(points) for points in layer_points(chosen)] == [81, 16, 4]


def test_explicit_points_are_taken_as_they_are() -> None:
    grids = [[(0.1, 0.2)], [(0.3, 0.4), (0.5, 0.6)]]
    chosen = SegmentationSettings(points_per_side=None, point_grids=grids, crop_n_layers=1)
    assert [points.tolist() for points in layer_points(chosen)] == [[list(p) for p in grid] for grid in grids]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(0, 3), st.floats(0, 0.9, allow_nan=False))
def test_crops_hold_pixels_and_every_layer_covers_the_image(
    height: int, width: int, layers: int, overlap: float
) -> None:
    crops = crops_of(height=height, width=width, layers=layers, overlap_ratio=overlap)
    assert crops[0] == Crop(0, 0, width, height, 0)
    for layer in range(layers + 1):
        columns, rows = np.zeros(width, bool), np.zeros(height, bool)
        for crop in (c for c in crops if c.layer == layer):
            assert 0 <= crop.x0 < crop.x1 <= width
            assert 0 <= crop.y0 < crop.y1 <= height
            columns[crop.x0 : crop.x1] = True
            rows[crop.y0 : crop.y1] = True
        assert columns.all()
        assert rows.all()


@pytest.mark.parametrize("shape", [(300, 400), (1000, 333), (64, 64)])
@pytest.mark.parametrize("overlap", [0.0, 512 / 1500, 0.8])
def test_crops_are_the_official_ones_in_their_order(
    official: ModuleType, shape: tuple[int, int], overlap: float
) -> None:
    from segment_anything_hq.utils.amg import generate_crop_boxes

    boxes, layers = generate_crop_boxes(shape, 3, overlap)
    crops = crops_of(height=shape[0], width=shape[1], layers=3, overlap_ratio=overlap)
    assert [list(c.box) for c in crops] == boxes
    assert [c.layer for c in crops] == layers


@pytest.mark.parametrize("side", [1, 2, 7, 32])
def test_grids_are_the_official_ones(official: ModuleType, side: int) -> None:
    from segment_anything_hq.utils.amg import build_point_grid

    np.testing.assert_array_equal(point_grid(side), build_point_grid(side))
