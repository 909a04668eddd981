from __future__ import annotations

from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from samhq.masks import MaskTable, runs_from_crop
from samhq.segmentation import postprocess
from samhq.segmentation.postprocess import (
    clean_masks,
    fill_small_holes,
    full_size_chunks,
    remove_small_islands,
    to_original_size,
)


def table_of(*masks: npt.NDArray[np.bool_]) -> MaskTable:
    height, width = masks[0].shape
    runs = [runs_from_crop(m, x0=0, y0=0, height=height, width=width) for m in masks]
    return MaskTable.from_runs(runs, height=height, width=width)


def ring(*, side: int = 30) -> npt.NDArray[np.bool_]:
    mask = np.zeros((side, side), dtype=np.bool_)
    mask[8:20, 8:20] = True
    mask[12:15, 12:15] = False  # a hole of 9 px
    mask[24:26, 24:26] = True  # an island of 4 px
    return mask


def test_holes_and_islands_below_the_area_go_and_larger_ones_stay() -> None:
    assert fill_small_holes(ring(), min_area=10)[0][13, 13]
    assert not fill_small_holes(ring(), min_area=9)[0][13, 13]
    assert not remove_small_islands(ring(), min_area=5)[0][24, 24]
    assert remove_small_islands(ring(), min_area=4)[0][24, 24]


def test_diagonal_neighbours_are_connected() -> None:
    mask = np.eye(6, dtype=np.bool_)
    assert remove_small_islands(mask, min_area=6) == (pytest.approx(mask), False)


def test_if_all_islands_are_small_the_largest_stays() -> None:
    mask = np.zeros((9, 9), dtype=np.bool_)
    mask[0, 0] = mask[4, 4] = mask[4, 5] = mask[8, 8] = True
    cleaned, changed = remove_small_islands(mask, min_area=100)
    assert changed
    assert np.argwhere(cleaned).tolist() == [[4, 4], [4, 5]]


def test_cleaning_repairs_the_box_and_prefers_unchanged_masks() -> None:
    clean = np.zeros((30, 30), dtype=np.bool_)
    clean[8:20, 8:20] = True
    found = clean_masks(table_of(ring(), clean), min_area=10, iou_threshold=0.7)
    assert len(found) == 1  # the ring became a duplicate of the clean mask, which came second
    assert found.boxes.tolist() == [[8, 8, 20, 20]]
    np.testing.assert_array_equal(found.mask(0), clean)


def test_background_beside_a_mask_is_a_hole_if_it_is_small() -> None:
    mask = np.ones((20, 20), dtype=np.bool_)
    mask[:2] = False
    assert clean_masks(table_of(mask), min_area=41, iou_threshold=1.0).areas().tolist() == [400]
    assert clean_masks(table_of(mask), min_area=40, iou_threshold=1.0).areas().tolist() == [360]


def test_cleaning_no_masks_gives_no_masks() -> None:
    assert len(clean_masks(MaskTable.empty(height=5, width=5), min_area=9, iou_threshold=0.5)) == 0


@settings(max_examples=150, deadline=None)
@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14)), st.integers(1, 30))
def test_cleaning_inside_the_box_equals_cleaning_the_whole_image(
    mask: npt.NDArray[np.bool_], min_area: int
) -> None:
    if not mask.any():
        return
    whole, _ = fill_small_holes(mask, min_area=min_area)
    whole, _ = remove_small_islands(whole, min_area=min_area)
    found = clean_masks(table_of(mask), min_area=min_area, iou_threshold=1.0)
    np.testing.assert_array_equal(found.mask(0), whole)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.bool_, (12, 15)), st.integers(1, 30))
def test_small_regions_are_the_official_ones(
    official: ModuleType, mask: npt.NDArray[np.bool_], min_area: int
) -> None:
    from segment_anything_hq.utils.amg import remove_small_regions

    for ours, mode in ((fill_small_holes, "holes"), (remove_small_islands, "islands")):
        if mode == "islands" and not mask.any():
            continue
        expected, expected_change = remove_small_regions(mask, min_area, mode=mode)
        actual, change = ours(mask, min_area=min_area)
        np.testing.assert_array_equal(actual, expected)
        assert change == expected_change


def test_chunks_are_bounded_and_together_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    logits = torch.randn(7, 16, 16, generator=torch.Generator().manual_seed(0))
    sizes = {"image_size": 64, "input_size": (48, 64), "original_size": (75, 100)}
    monkeypatch.setattr(postprocess, "_MAX_PIXELS", 3 * 75 * 100)
    parts = list(full_size_chunks(logits, **sizes))  # type: ignore[arg-type]
    assert [p.stop - p.start for p, _ in parts] == [3, 3, 1]
    assert torch.equal(torch.cat([x for _, x in parts]), to_original_size(logits, **sizes))  # type: ignore[arg-type]


def test_even_a_mask_above_the_bound_is_made() -> None:
    logits = torch.zeros(2, 4, 4)
    sizes = {"image_size": 16, "input_size": (16, 16), "original_size": (5, 5)}
    assert [len(x) for _, x in full_size_chunks(logits, **sizes)] == [2]  # type: ignore[arg-type]
    assert list(full_size_chunks(logits[:0], **sizes)) == []  # type: ignore[arg-type]
