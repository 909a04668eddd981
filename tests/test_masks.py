"""Run-length encoding and the mask table, against pycocotools and plain arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from samhq.masks import MaskTable, box_iou, runs_from_crop

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))


def table_of(*masks: np.ndarray) -> MaskTable:
    height, width = masks[0].shape
    runs = [runs_from_crop(m, x0=0, y0=0, height=height, width=width) for m in masks]
    return MaskTable.from_runs(runs, height=height, width=width)


@given(MASKS, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_runs_are_those_of_pycocotools(crop, left, right, above, below):
    full = np.pad(crop, ((above, below), (left, right)))
    height, width = full.shape
    runs = runs_from_crop(crop, x0=left, y0=above, height=height, width=width)
    expected = coco.encode(np.asfortranarray(full.astype(np.uint8)))
    assert coco.frPyObjects({"size": [height, width], "counts": runs.tolist()}, height, width) == expected
    assert runs.sum() == full.size


@given(MASKS)
def test_a_mask_survives_encoding(mask):
    table = table_of(mask, ~mask)
    assert np.array_equal(table.mask(0), mask)
    assert np.array_equal(table.mask(1), ~mask)
    assert table.areas().tolist() == [mask.sum(), (~mask).sum()]


@given(MASKS)
def test_boxes_are_tight(mask):
    box = table_of(mask).boxes[0]
    rows, columns = np.nonzero(mask)
    expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if mask.any() else [0, 0, 0, 0]
    assert box.tolist() == expected


@given(MASKS, st.data())
def test_a_pixel_hits_exactly_the_masks_that_cover_it_smallest_first(mask, data):
    y = data.draw(st.integers(0, mask.shape[0] - 1))
    x = data.draw(st.integers(0, mask.shape[1] - 1))
    everything = np.ones_like(mask)
    hits = table_of(everything, mask).hit(x, y)
    if not mask[y, x]:
        assert hits.tolist() == [0]
    elif mask.all():
        assert hits.tolist() == [0, 1]
    else:
        assert hits.tolist() == [1, 0]


def test_selecting_and_concatenating_keep_every_column():
    rng = np.random.default_rng(1)
    table = table_of(*(rng.random((5, 9, 7)) > 0.5))
    again = MaskTable.concatenate([table[[3, 1]], table[np.array([True, False, False, False, False])]])
    for place, index in enumerate([3, 1, 0]):
        assert np.array_equal(again.mask(place), table.mask(index))
        assert np.array_equal(again.boxes[place], table.boxes[index])
        assert np.array_equal(again.points[place], table.points[index])
    assert len(table[1:1]) == 0


def test_labels_become_one_mask_each_in_order():
    labels = np.array([[0, 2, 2], [7, 0, 2]])
    table = MaskTable.from_labels(labels)
    assert table.areas().tolist() == [3, 1]
    assert np.array_equal(table.mask(1), labels == 7)


def test_a_crop_outside_the_image_is_refused():
    with pytest.raises(ValueError, match="leaves the image"):
        runs_from_crop(np.ones((2, 2), bool), x0=9, y0=0, height=10, width=10)


def test_columns_of_different_length_are_refused():
    table = MaskTable.empty(height=2, width=2)
    with pytest.raises(ValueError, match="predicted_iou"):
        MaskTable(
            height=2,
            width=2,
            boxes=table.boxes,
            predicted_iou=np.ones(1, np.float32),
            stability_score=table.stability_score,
            points=table.points,
            crop_boxes=table.crop_boxes,
            runs=table.runs,
            offsets=table.offsets,
        )


def test_box_iou_of_half_open_boxes():
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 5, 5]])
    iou = box_iou(boxes, boxes)
    assert iou[0].tolist() == [1.0, 1 / 7, 0.0]
    assert iou[2, 2] == 0.0
