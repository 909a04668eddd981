from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from samhq.segmentation.nms import suppress


def naive(boxes: npt.NDArray[np.int64], scores: npt.NDArray[np.float32], limit: float) -> list[int]:
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda k: (-scores[k], k)):
        if all(iou(boxes[i], boxes[k]) <= np.float32(limit) for k in kept):
            kept.append(i)
    return kept


def iou(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> np.float32:
    w = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    h = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h
    return np.float32(w * h) / np.float32(union) if union else np.float32(0)


@st.composite
def some_boxes(draw: st.DrawFn) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    side = st.integers(0, 12)
    corners = draw(st.lists(st.tuples(side, side, side, side), max_size=25))
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in corners], dtype=np.int64).reshape(-1, 4)
    scores = draw(st.lists(st.sampled_from([0.1, 0.5, 0.9]), min_size=len(boxes), max_size=len(boxes)))
    return boxes, np.array(scores, dtype=np.float32)


@settings(deadline=None)
@given(some_boxes(), st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]))
def test_the_same_boxes_stay_as_with_the_plain_definition(
    case: tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]], limit: float
) -> None:
    boxes, scores = case
    assert suppress(boxes, scores, iou_threshold=limit).tolist() == naive(boxes, scores, limit)


def test_an_iou_equal_to_the_threshold_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 5]])  # IoU 0.5
    scores = np.array([0.9, 0.8], np.float32)
    assert suppress(boxes, scores, iou_threshold=0.5).tolist() == [0, 1]
    assert suppress(boxes, scores, iou_threshold=0.49).tolist() == [0]


def test_at_equal_scores_the_earlier_box_wins() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 9, 10]])
    assert suppress(boxes, np.ones(3, np.float32), iou_threshold=0.5).tolist() == [0]


def test_no_boxes_give_no_boxes() -> None:
    assert suppress(np.zeros((0, 4), np.int64), np.zeros(0, np.float32), iou_threshold=0.5).tolist() == []
