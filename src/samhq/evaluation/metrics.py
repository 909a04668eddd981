"""Numbers that compare found objects with labelled ones, image by image.

Both sides are label arrays, in which a pixel belongs to one object at most. Masks that overlap become one
by giving each shared pixel to the mask with the highest predicted IoU (exclusive_labels); a mask that keeps
no pixel is no object.

What is counted where one side is empty: nothing labelled and nothing found is a perfect image (AP, F1 and
boundary F are 1); if only one side is empty they are 0. Relative errors have no value (NaN) where
nothing was labelled or nothing matched, and such images take no part in their mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samhq.filters import aggregation_of_levels
from samhq.labels import LabelArray
from samhq.masks import MaskTable

__all__ = [
    "BOUNDARY_TOLERANCE_PX",
    "LEAST_OVERLAP",
    "THRESHOLDS",
    "Matches",
    "Score",
    "SetScore",
    "boundary_f",
    "exclusive_labels",
    "iou_matrix",
    "match",
    "score_image",
    "summarise",
    "without_unknown",
]

FloatArray = npt.NDArray[np.float64]

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
"""IoU thresholds of AP@0.5:0.95."""
BOUNDARY_TOLERANCE_PX = 2.0
"""How far a boundary may lie from the labelled one and still count, in pixels."""
LEAST_OVERLAP = 0.1
"""Where labels are incomplete, a false positive counts if at least this part of it is labelled."""


def exclusive_labels(masks: MaskTable, keep: npt.NDArray[np.bool_] | None = None) -> LabelArray:
    """Masks as labels: a shared pixel belongs to the mask with the highest predicted IoU, the first of equals.

    keep: (n,) bool, masks to show; pixels that belong to others stay ground, as with `overlaps exclusive`.
    """
    labels = np.zeros((masks.height, masks.width), np.int32)
    for i in np.argsort(-masks.predicted_iou, kind="stable")[::-1]:
        x0, y0, x1, y1 = masks.boxes[i]
        shown = keep is None or bool(keep[i])
        labels[y0:y1, x0:x1][masks.crop(int(i))] = i + 1 if shown else 0
    return _numbered(labels)


def _numbered(labels: npt.NDArray[np.integer]) -> LabelArray:
    """The same objects with the numbers 1 to n."""
    present = np.flatnonzero(np.bincount(labels.ravel()))
    numbers = np.zeros(int(labels.max()) + 1, np.int32)
    numbers[present[present > 0]] = np.arange(1, np.count_nonzero(present > 0) + 1)
    numbered: LabelArray = numbers[labels]
    return numbered


def _overlaps(truth: LabelArray, found: LabelArray) -> npt.NDArray[np.int64]:
    """Shared pixels of each label with each found object, (n + 1, m + 1), 0 being the ground."""
    n, m = int(truth.max()) + 1, int(found.max()) + 1
    both = np.bincount(truth.ravel().astype(np.int64) * m + found.ravel(), minlength=n * m)
    return both.reshape(n, m)


def iou_matrix(truth: LabelArray, found: LabelArray) -> FloatArray:
    """Intersection over union of every label with every found object, (n, m).

    Raises ValueError if the arrays differ in shape.
    """
    if truth.shape != found.shape:
        raise ValueError(f"labels {truth.shape} and found objects {found.shape} differ in size")
    return _iou(_overlaps(truth, found))


def _iou(overlaps: npt.NDArray[np.int64]) -> FloatArray:
    shared = overlaps[1:, 1:].astype(np.float64)
    union = overlaps.sum(axis=1)[1:, None] + overlaps.sum(axis=0)[None, 1:] - shared
    result: FloatArray = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Pairs of labels and found objects at one threshold: truth[i] and found[i], indices from 0."""

    truth: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """True positives."""
        return len(self.truth)


def match(iou: FloatArray, threshold: float) -> Matches:
    """As many pairs as possible with an IoU of at least the threshold, each object in one pair at most.

    Of equally many pairs those with the highest sum of IoU. Above 0.5 there is only one choice: an object
    cannot share more than half of its union with two others.
    """
    from scipy.optimize import linear_sum_assignment

    good = iou >= threshold
    rows, columns = np.flatnonzero(good.any(axis=1)), np.flatnonzero(good.any(axis=0))
    part, allowed = iou[np.ix_(rows, columns)], good[np.ix_(rows, columns)]
    # A further pair outweighs every gain in IoU, because all of them add up to less than the offset.
    value = np.where(allowed, part + min(part.shape, default=0) + 1, 0.0)
    truth, found = linear_sum_assignment(value, maximize=True)
    real = allowed[truth, found]
    return Matches(rows[truth[real]], columns[found[real]])


def without_unknown(truth: LabelArray, found: LabelArray) -> LabelArray:
    """The found objects without those that incomplete labels cannot judge.

    A found object is left out if it matches no label (IoU below 0.5), less than LEAST_OVERLAP of it is
    labelled, and it covers no label by half.
    """
    overlaps = _overlaps(truth, found)
    area = overlaps.sum(axis=0)[1:]
    labelled = overlaps[1:, 1:].sum(axis=0) / np.maximum(area, 1)
    covered = overlaps[1:, 1:] / np.maximum(overlaps.sum(axis=1)[1:, None], 1)
    most = covered.max(axis=0, initial=0.0)
    judged = (labelled >= LEAST_OVERLAP) | (most >= 0.5)
    return _numbered(np.where(np.concatenate(([False], judged))[found], found, 0))


def boundary_f(truth: LabelArray, found: LabelArray, *, tolerance: float = BOUNDARY_TOLERANCE_PX) -> float:
    """F measure of the boundaries: harmonic mean of the parts of each that lie near the other.

    A boundary pixel belongs to an object and has a 4-neighbour that does not; the image's edge is no
    boundary. Near is at most tolerance pixels between pixel centres.
    """
    ours, theirs = _boundary(truth), _boundary(found)
    if not ours.any() or not theirs.any():
        return float(ours.any() == theirs.any() and bool(truth.any()) == bool(found.any()))
    precision = float(_near(ours, tolerance)[theirs].mean())
    recall = float(_near(theirs, tolerance)[ours].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _boundary(labels: LabelArray) -> npt.NDArray[np.bool_]:
    edge = np.zeros(labels.shape, np.bool_)
    down, across = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    return edge & (labels > 0)


def _near(marked: npt.NDArray[np.bool_], tolerance: float) -> npt.NDArray[np.bool_]:
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(~marked) <= tolerance)


# -------------------------------------------------------------------- one image


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """One image judged.

    labelled, found: objects on either side. hits: true positives at each of THRESHOLDS.
    ap, f1: at each of THRESHOLDS, TP/(TP+FP+FN) and 2TP/(2TP+FP+FN). boundary: boundary F.
    iou: (k,) of the pairs matched at 0.5. area_error, intensity_error: (k,) relative errors of these pairs
    (found - labelled) / labelled. ratio_error: (k,) differences of R in points of aggregation.
    total_area_error, total_intensity_error, total_ratio_error: the same of all objects of the image together.
    """

    labelled: int
    found: int
    hits: tuple[int, ...]
    ap: tuple[float, ...]
    f1: tuple[float, ...]
    boundary: float
    iou: FloatArray
    area_error: FloatArray
    intensity_error: FloatArray
    ratio_error: FloatArray
    total_area_error: float
    total_intensity_error: float
    total_ratio_error: float

    @property
    def count_error(self) -> int:
        """Objects found too many (or, negative, too few)."""
        return self.found - self.labelled


def score_image(
    truth: LabelArray, found: LabelArray, level: npt.NDArray[np.uint16], *, polarity: str = "dark"
) -> Score:
    """Judge the found objects of one image.

    truth, found: labels of the same shape. level: (height, width) uint16 gray levels, from which
    aggregation is computed under the polarity. Raises ValueError if the shapes differ.
    """
    if not truth.shape == found.shape == level.shape:
        raise ValueError(
            f"labels {truth.shape}, found objects {found.shape} and image {level.shape} differ in size"
        )
    iou = iou_matrix(truth, found)
    n, m = iou.shape
    pairs = [match(iou, threshold) for threshold in THRESHOLDS]
    hits = tuple(len(p) for p in pairs)
    ours, theirs = (_measured(labels, level, polarity) for labels in (truth, found))
    a = tuple(column[pairs[0].truth] for column in ours)
    b = tuple(column[pairs[0].found] for column in theirs)
    sums = tuple((column.sum(), other.sum()) for column, other in zip(ours[:2], theirs[:2], strict=True))
    return Score(
        labelled=n,
        found=m,
        hits=hits,
        ap=tuple(_part(h, n + m - h) for h in hits),
        f1=tuple(_part(2 * h, n + m) for h in hits),
        boundary=boundary_f(truth, found),
        iou=iou[pairs[0].truth, pairs[0].found],
        area_error=_relative(a[0], b[0]),
        intensity_error=_relative(a[1], b[1]),
        ratio_error=b[2] - a[2],
        total_area_error=float(_relative(*map(np.asarray, sums[0]))),
        total_intensity_error=float(_relative(*map(np.asarray, sums[1]))),
        total_ratio_error=_ratio(sums[1][1], sums[0][1]) - _ratio(sums[1][0], sums[0][0]),
    )


def _part(good: int, total: int) -> float:
    return good / total if total else 1.0


def _ratio(intensity: float, area: float) -> float:
    return float(intensity / area) if area else float("nan")


def _relative(truth: FloatArray, found: FloatArray) -> FloatArray:
    away: FloatArray = np.full(truth.shape, np.nan)
    return np.divide(found - truth, truth, out=away, where=truth > 0)


def _measured(
    labels: LabelArray, level: npt.NDArray[np.uint16], polarity: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A, I and R of every object, (n,) each."""
    n = int(labels.max()) + 1
    places = labels.ravel()
    area = np.bincount(places, minlength=n)[1:].astype(np.float64)
    values = aggregation_of_levels(polarity)[level.ravel()]
    intensity = np.bincount(places, weights=values, minlength=n)[1:].astype(np.float64)
    return area, intensity, intensity / np.maximum(area, 1)


# -------------------------------------------------------------------- many images


@dataclass(frozen=True, slots=True)
class SetScore:
    """Images judged together; means are over images unless said otherwise.

    ap50, ap75, ap: AP at 0.5, at 0.75, and its mean over 0.5:0.95. f1: at 0.5.
    precision, recall: at 0.5, of all objects together. count_error: mean of the absolute errors;
    count_bias: all found / all labelled - 1. boundary_f: with BOUNDARY_TOLERANCE_PX.
    iou: mean of all pairs matched at 0.5. area_error, intensity_error: median over all pairs of the absolute
    relative error; ratio_error: likewise in points. total_*: mean over images of the absolute errors of
    the sums. NaN where there is nothing to take it of.
    """

    images: int
    labelled: int
    found: int
    ap50: float
    ap75: float
    ap: float
    f1: float
    precision: float
    recall: float
    count_error: float
    count_bias: float
    boundary_f: float
    iou: float
    area_error: float
    intensity_error: float
    ratio_error: float
    total_area_error: float
    total_intensity_error: float
    total_ratio_error: float


def summarise(scores: Sequence[Score]) -> SetScore:
    """The numbers of a set out of those of its images. Raises ValueError without any."""
    if not scores:
        raise ValueError("no images to summarise")
    ap = np.array([s.ap for s in scores])
    labelled, found = sum(s.labelled for s in scores), sum(s.found for s in scores)
    hits = sum(s.hits[0] for s in scores)

    def pooled(name: str) -> FloatArray:
        values: FloatArray = np.abs(np.concatenate([getattr(s, name) for s in scores]))
        return values

    def mean(name: str) -> float:
        return _mean(np.abs([getattr(s, name) for s in scores]))

    return SetScore(
        images=len(scores),
        labelled=labelled,
        found=found,
        ap50=float(ap[:, 0].mean()),
        ap75=float(ap[:, THRESHOLDS.index(0.75)].mean()),
        ap=float(ap.mean()),
        f1=float(np.mean([s.f1[0] for s in scores])),
        precision=hits / found if found else float("nan"),
        recall=hits / labelled if labelled else float("nan"),
        count_error=mean("count_error"),
        count_bias=found / labelled - 1 if labelled else float("nan"),
        boundary_f=mean("boundary"),
        iou=_mean(pooled("iou")),
        area_error=_median(pooled("area_error")),
        intensity_error=_median(pooled("intensity_error")),
        ratio_error=_median(pooled("ratio_error")),
        total_area_error=mean("total_area_error"),
        total_intensity_error=mean("total_intensity_error"),
        total_ratio_error=mean("total_ratio_error"),
    )


def _mean(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _median(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")
