"""Metrics against cases small enough to be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from samhq.evaluation.metrics import (
    THRESHOLDS,
    boundary_f,
    exclusive_labels,
    iou_matrix,
    match,
    score_image,
    summarise,
    without_unknown,
)
from samhq.export.masks import label_image
from samhq.filters import filter_objects
from samhq.masks import MaskTable, runs_from_crop
from samhq.measure import measure_objects
from samhq.results import ImageResult
from samhq.settings import FilterSettings
from samhq.store import ImageRecord

GRAY = np.full((40, 40), 257 * 127, np.uint16)
R = 100 - 127 / 255 * 100


def blocks(*boxes, shape=(40, 40)):
    """Labels 1, 2, ... in boxes (x0, y0, x1, y1)."""
    labels = np.zeros(shape, np.int32)
    for number, (x0, y0, x1, y1) in enumerate(boxes, start=1):
        labels[y0:y1, x0:x1] = number
    return labels


TWO = blocks((2, 2, 12, 12), (20, 20, 30, 30))


def score(truth, found, level=GRAY, **options):
    return score_image(truth, found, level, **options)


def test_the_labels_themselves_are_perfect():
    found = score(TWO, TWO)
    assert found.hits == (2,) * 10
    assert found.ap == found.f1 == (1.0,) * 10
    assert found.boundary == 1
    assert found.count_error == 0
    assert found.iou.tolist() == [1, 1]
    assert found.area_error.tolist() == found.intensity_error.tolist() == found.ratio_error.tolist() == [0, 0]
    assert (found.total_area_error, found.total_intensity_error, found.total_ratio_error) == (0, 0, 0)


def test_shifted_objects_count_up_to_their_iou():
    # Two of ten columns shifted: IoU 80 / 120 = 0.667.
    found = score(TWO, np.roll(TWO, 2, axis=1))
    assert found.hits == (2, 2, 2, 2, 0, 0, 0, 0, 0, 0)
    assert found.ap[:5] == (1, 1, 1, 1, 0)
    assert found.iou == pytest.approx([2 / 3, 2 / 3])
    assert found.area_error.tolist() == [0, 0]


def test_a_split_object_is_one_hit_only_if_a_part_is_large_enough():
    truth = blocks((0, 0, 10, 10))
    found = score(truth, blocks((0, 0, 7, 10), (7, 0, 10, 10)))
    assert found.hits[:5] == (1, 1, 1, 1, 1)
    assert found.hits[5] == 0
    assert found.ap[0] == 1 / 2
    assert found.f1[0] == 2 / 3
    assert found.count_error == 1


def test_exact_halves_give_one_pair_at_half():
    halves = blocks((0, 0, 5, 10), (5, 0, 10, 10))
    assert len(match(iou_matrix(blocks((0, 0, 10, 10)), halves), 0.5)) == 1


def test_two_objects_found_as_one_are_a_miss_and_a_hit_at_most():
    truth = blocks((0, 0, 6, 10), (6, 0, 10, 10))
    found = score(truth, blocks((0, 0, 10, 10)))
    assert found.hits[:3] == (1, 1, 1)  # IoU 0.6
    assert found.ap[0] == 1 / 2
    assert found.area_error == pytest.approx([100 / 60 - 1])
    assert found.total_area_error == 0


def test_empty_sides_are_defined():
    none = np.zeros((40, 40), np.int32)
    both, missed, invented = score(none, none), score(TWO, none), score(none, TWO)
    assert (both.ap[0], both.f1[0], both.boundary) == (1, 1, 1)
    assert (missed.ap[0], missed.f1[0], missed.boundary, missed.count_error) == (0, 0, 0, -2)
    assert (invented.ap[0], invented.f1[0], invented.boundary, invented.count_error) == (0, 0, 0, 2)
    assert missed.total_area_error == -1
    assert np.isnan(invented.total_area_error)
    together = summarise([both, missed, invented])
    assert together.ap50 == pytest.approx(1 / 3)
    assert together.total_area_error == 1  # the only image that has one
    assert np.isnan(together.area_error)


def test_the_best_pairs_are_taken_even_where_the_greedy_choice_would_lose_one():
    # The first found object fits both labels; only one of the two choices pairs all.
    iou = np.array([[0.6, 0.55], [0.58, 0.0]])
    pairs = match(iou, 0.5)
    assert sorted(zip(pairs.truth.tolist(), pairs.found.tolist(), strict=True)) == [(0, 1), (1, 0)]


labels_strategy = hnp.arrays(np.int32, (6, 7), elements=st.integers(0, 4))


@given(labels_strategy, labels_strategy)
def test_scores_stay_in_bounds_and_agree_when_sides_are_swapped(a, b):
    a, b = (np.unique(np.append(x, 0), return_inverse=True)[1][:-1].reshape(x.shape) for x in (a, b))
    level = np.full(a.shape, 1000, np.uint16)
    first, second = score(a.astype(np.int32), b.astype(np.int32), level), score(b, a, level)
    assert first.hits == second.hits
    assert first.ap == second.ap
    assert all(later <= earlier for earlier, later in zip(first.hits, first.hits[1:], strict=False))
    assert 0 <= first.boundary <= 1
    assert first.boundary == pytest.approx(second.boundary)


def test_matching_above_half_equals_counting_pairs():
    rng = np.random.default_rng(3)
    truth = np.repeat(np.repeat(rng.integers(0, 30, (12, 12)), 5, 0), 5, 1).astype(np.int32)
    found = np.where(rng.random(truth.shape) < 0.8, truth, 0)
    iou = iou_matrix(truth, found)
    for threshold in THRESHOLDS[1:]:
        assert len(match(iou, threshold)) == np.count_nonzero(iou >= threshold)


# -------------------------------------------------------------------- overlapping masks


def table(*masks, iou):
    runs = [runs_from_crop(m > 0, x0=0, y0=0, height=m.shape[0], width=m.shape[1]) for m in masks]
    return MaskTable.from_runs(runs, height=40, width=40, predicted_iou=iou)


def test_a_duplicate_mask_is_no_object():
    box = blocks((2, 2, 12, 12))
    labels = exclusive_labels(table(box, box, iou=[0.8, 0.9]))
    assert np.array_equal(labels, box)


def test_a_shared_pixel_belongs_to_the_mask_with_the_highest_predicted_iou():
    left, right = blocks((0, 0, 10, 10)), blocks((5, 0, 15, 10))
    labels = exclusive_labels(table(left, right, iou=[0.7, 0.9]))
    assert (labels[:10, :5] == 1).all()
    assert (labels[:10, 5:15] == 2).all()


@pytest.mark.parametrize("min_area", [None, 60])
def test_exclusive_labels_are_those_of_the_export(min_area):
    masks = table(blocks((0, 0, 10, 10)), blocks((5, 5, 12, 12)), blocks((8, 0, 20, 9)), iou=[0.7, 0.9, 0.8])
    settings = FilterSettings(min_area=min_area, overlaps="exclusive")
    measured = measure_objects(GRAY, masks)
    filtered = filter_objects(measured.exclusive_histograms(), settings)
    record = ImageRecord.__new__(ImageRecord)
    result = ImageResult(record, masks, measured, filtered)
    exported = label_image(result, exclusive=True)
    ours = exclusive_labels(masks, filtered.keep)
    assert np.array_equal(ours > 0, exported > 0)
    assert len(np.unique(ours)) == len(np.unique(exported))


# -------------------------------------------------------------------- boundaries, A/I/R, incomplete labels


def test_boundaries_within_the_tolerance_count():
    assert boundary_f(TWO, np.roll(TWO, 2, axis=1)) == 1
    assert boundary_f(TWO, np.roll(TWO, 3, axis=1)) < 1
    assert boundary_f(TWO, np.roll(TWO, 3, axis=1), tolerance=3) == 1


def test_the_border_between_touching_objects_is_a_boundary():
    apart, one = blocks((0, 10, 10, 30), (10, 10, 20, 30)), blocks((0, 10, 20, 30))
    assert boundary_f(apart, one) < 0.95


def test_intensity_and_ratio_are_those_of_the_product():
    level = GRAY.copy()
    level[:, 7:] = 0  # black
    truth, found = blocks((0, 0, 10, 10)), blocks((0, 0, 8, 10))
    judged = score(truth, found, level)
    masks = [MaskTable.from_labels(labels) for labels in (truth, found)]
    a, b = (filter_objects(measure_objects(level, m).histograms, FilterSettings()) for m in masks)
    assert judged.intensity_error == pytest.approx([b.intensity[0] / a.intensity[0] - 1])
    assert judged.ratio_error == pytest.approx([b.ratio[0] - a.ratio[0]])
    assert judged.total_ratio_error == pytest.approx(b.ratio[0] - a.ratio[0])
    assert score(truth, found, level, polarity="bright").ratio_error[0] == pytest.approx(
        -judged.ratio_error[0]
    )


def test_incomplete_labels_excuse_what_lies_on_unlabelled_ground_only():
    truth = blocks((0, 0, 10, 10))
    found = blocks((0, 0, 10, 9), (25, 25, 35, 35), (0, 10, 10, 14))
    assert np.array_equal(without_unknown(truth, found), blocks((0, 0, 10, 9)))
    # One that lies on the label by a tenth is wrong, and one that swallows the label as well.
    assert without_unknown(truth, blocks((0, 9, 10, 19))).any()
    assert without_unknown(truth, blocks((0, 0, 40, 40))).any()
    assert score(truth, found).ap[0] == 1 / 3


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match="differ in size"):
        score(TWO, TWO[:20])


def test_a_set_is_the_mean_of_its_images():
    found = summarise([score(TWO, TWO), score(TWO, blocks((2, 2, 12, 12)))])
    assert found.ap50 == (1 + 1 / 2) / 2
    assert (found.labelled, found.found) == (4, 3)
    assert found.recall == 3 / 4
    assert found.precision == 1
    assert found.count_error == 1 / 2
    assert found.count_bias == -1 / 4
    with pytest.raises(ValueError, match="no images"):
        summarise([])
