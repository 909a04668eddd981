"""From gray levels and masks to sparse histograms, and the gray-level distribution of one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samhq.filters import WHITE, ObjectFilter, ObjectHistograms, aggregation_of_levels
from samhq.masks import MaskTable

__all__ = ["Distribution", "ObjectMeasurements", "measure_distribution", "measure_objects"]

LevelArray = npt.NDArray[np.uint16]
FloatArray = npt.NDArray[np.float64]
_PIECE = 1 << 22


@dataclass(frozen=True, slots=True)
class ObjectMeasurements:
    """Everything about the objects of one image that filters and tables need.

    histograms: gray levels of the whole mask of each of the n objects.
    exclusive_rows: (k,) int64, ascending: objects that lose pixels when each pixel may belong to one
        object only, the one with the highest predicted IoU (the first of equals).
    exclusive: histograms of what is left of those k objects.
    centroids: (n, 2) float64, mean x and y of the pixels of the mask, pixel centres at integers.
    overlap_fraction: pixels covered more than once / pixels covered, 0 without objects.
    """

    histograms: ObjectHistograms
    exclusive_rows: npt.NDArray[np.int64]
    exclusive: ObjectHistograms
    centroids: FloatArray
    overlap_fraction: float

    def exclusive_histograms(self) -> ObjectHistograms:
        """Histograms of all n objects with every pixel counted for one object only."""
        return replace_rows(self.histograms, self.exclusive_rows, self.exclusive)

    def object_filter(self) -> ObjectFilter:
        """A filter of these objects that heeds `overlaps`, for settings that change often."""
        return ObjectFilter(self.histograms, exclusive_rows=self.exclusive_rows, exclusive=self.exclusive)


def measure_objects(level: LevelArray, masks: MaskTable) -> ObjectMeasurements:
    """Measure every mask of an image.

    level: (height, width) uint16 gray levels. Raises ValueError if the masks belong to another size.
    """
    if level.shape != (masks.height, masks.width):
        raise ValueError(f"image {level.shape} and masks {(masks.height, masks.width)} differ in size")
    # An object's rank among all, best first, decides who owns a shared pixel.
    owner = np.full(level.shape, -1, dtype=np.int32)
    covered_twice = np.zeros(level.shape, dtype=np.bool_)
    for i in np.argsort(-masks.predicted_iou, kind="stable"):
        place, mask = _placed(masks, int(i))
        taken = mask & (owner[place] >= 0)
        covered_twice[place] |= taken
        owner[place][mask & ~taken] = i

    whole, left_over, shared = [], [], []
    centroids = np.full((len(masks), 2), np.nan)
    for i in range(len(masks)):
        place, mask = _placed(masks, i)
        whole.append(_sparse_histogram(level[place][mask]))
        centroids[i] = _centroid(mask, masks.boxes[i])
        owned = mask & (owner[place] == i)
        if np.count_nonzero(owned) != np.count_nonzero(mask):
            shared.append(i)
            left_over.append(_sparse_histogram(level[place][owned]))
    covered = np.count_nonzero(owner >= 0)
    return ObjectMeasurements(
        histograms=_stack(whole),
        exclusive_rows=np.asarray(shared, dtype=np.int64),
        exclusive=_stack(left_over),
        centroids=centroids,
        overlap_fraction=np.count_nonzero(covered_twice) / covered if covered else 0.0,
    )


def replace_rows(
    histograms: ObjectHistograms, rows: npt.NDArray[np.int64], replacement: ObjectHistograms
) -> ObjectHistograms:
    """The histograms with some objects' rows taken from another table of len(rows) objects."""
    if not len(rows):
        return histograms
    both = ObjectHistograms.concatenate([histograms, replacement])
    source = np.arange(len(histograms))
    source[rows] = len(histograms) + np.arange(len(rows))
    return both[source]


def _placed(masks: MaskTable, index: int) -> tuple[tuple[slice, slice], npt.NDArray[np.bool_]]:
    """Where the box of a mask lies in the image, and the mask inside it."""
    x0, y0, x1, y1 = (int(v) for v in masks.boxes[index])
    return (slice(y0, y1), slice(x0, x1)), masks.crop(index)


def _centroid(mask: npt.NDArray[np.bool_], box: npt.NDArray[np.int32]) -> tuple[float, float]:
    columns, rows = mask.sum(axis=0, dtype=np.int64), mask.sum(axis=1, dtype=np.int64)
    area = int(columns.sum())
    if area == 0:
        return np.nan, np.nan
    x = int(np.dot(columns, np.arange(len(columns)) + int(box[0])))
    y = int(np.dot(rows, np.arange(len(rows)) + int(box[1])))
    return x / area, y / area


def _sparse_histogram(levels: LevelArray) -> tuple[LevelArray, npt.NDArray[np.uint32]]:
    if len(levels) <= WHITE:
        distinct, counts = np.unique(levels, return_counts=True)
        return distinct.astype(np.uint16), counts.astype(np.uint32)
    # Counting beats sorting for large objects; in pieces, because bincount widens its input.
    total = np.zeros(WHITE + 1, dtype=np.int64)
    for start in range(0, len(levels), _PIECE):
        total += np.bincount(levels[start : start + _PIECE], minlength=WHITE + 1)
    present = np.flatnonzero(total)
    return present.astype(np.uint16), total[present].astype(np.uint32)


def _stack(parts: list[tuple[LevelArray, npt.NDArray[np.uint32]]]) -> ObjectHistograms:
    if not parts:
        return ObjectHistograms.empty()
    lengths = np.fromiter((len(levels) for levels, _ in parts), dtype=np.int64, count=len(parts))
    return ObjectHistograms(
        levels=np.concatenate([levels for levels, _ in parts]),
        counts=np.concatenate([counts for _, counts in parts]),
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
    )


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the aggregation of the pixels of an image, or of a part of it, is distributed.

    pixels: number of pixels; mean, median, sd (population), minimum, maximum: of their aggregation.
    percentiles: percent to aggregation (1, 5, 25, 75, 95, 99).
    centers: (bins,) float64, aggregation at the middle of each bin; the first is 0, the last 100.
    counts: (bins,) int64 pixels.
    smoothed: (bins,) float64, counts after Gaussian smoothing; peaks and troughs are found in it.
    peaks, troughs: indices of bins, ascending.
    """

    pixels: int
    mean: float
    median: float
    sd: float
    minimum: float
    maximum: float
    percentiles: dict[int, float]
    centers: FloatArray
    counts: npt.NDArray[np.int64]
    smoothed: FloatArray
    peaks: npt.NDArray[np.int64]
    troughs: npt.NDArray[np.int64]


def measure_distribution(
    level: LevelArray,
    *,
    polarity: str = "dark",
    bins: int = 256,
    smoothing: float = 2.0,
    prominence: float = 0.01,
) -> Distribution:
    """Distribution of aggregation over gray levels.

    level: uint16, any shape, at least one pixel (ValueError otherwise).
    bins: 2 to 65536 bins with centres from 0 to 100; 256 gives one bin per level of 8-bit images.
    smoothing: standard deviation of the Gaussian in bins, 0 for none.
    prominence: least prominence of a peak or trough as a part of the highest smoothed bin.
    Peaks and troughs: scipy.signal.find_peaks on the smoothed counts and on their negative.
    """
    if not 2 <= bins <= WHITE + 1:
        raise ValueError(f"bins is {bins}, allowed are 2 to {WHITE + 1}")
    if not 0 <= smoothing <= bins:  # which NaN fails as well
        raise ValueError(f"smoothing is {smoothing:g}, allowed are 0 to {bins}, the number of bins")
    if not 0 <= prominence <= 1:
        raise ValueError(f"prominence is {prominence:g}, allowed are 0 to 1")
    per_level = np.bincount(level.reshape(-1), minlength=WHITE + 1)
    pixels = int(per_level.sum())
    if pixels == 0:
        raise ValueError("an image without pixels has no distribution")
    aggregation = aggregation_of_levels(polarity)
    present = np.flatnonzero(per_level)
    # Ascending in aggregation whatever the polarity.
    present = present[np.argsort(aggregation[present])]
    values, weights = aggregation[present], per_level[present]
    mean = float(np.dot(values, weights) / pixels)
    bin_of = np.rint(values / 100 * (bins - 1)).astype(np.int64)
    counts = np.bincount(bin_of, weights=weights, minlength=bins).astype(np.int64)
    smoothed = _smooth(counts, smoothing)
    peaks, troughs = _extrema(smoothed, prominence * float(smoothed.max()))
    rank = np.cumsum(weights)
    return Distribution(
        pixels=pixels,
        mean=mean,
        median=_percentile(values, rank, 50),
        sd=float(np.sqrt(np.dot((values - mean) ** 2, weights) / pixels)),
        minimum=float(values[0]),
        maximum=float(values[-1]),
        percentiles={p: _percentile(values, rank, p) for p in (1, 5, 25, 75, 95, 99)},
        centers=np.arange(bins) * 100.0 / (bins - 1),
        counts=counts,
        smoothed=smoothed,
        peaks=peaks,
        troughs=troughs,
    )


def _percentile(values: FloatArray, rank: npt.NDArray[np.integer], percent: float) -> float:
    """Percentile of pixels given as distinct ascending values with cumulated counts.

    Linear interpolation between the two neighbouring pixels, numpy's default.
    """
    place = (int(rank[-1]) - 1) * percent / 100
    lower = int(np.floor(place))
    below, above = values[np.searchsorted(rank, [lower, min(lower + 1, int(rank[-1]) - 1)], side="right")]
    return float(below + (above - below) * (place - lower))


def _smooth(counts: npt.NDArray[np.int64], sigma: float) -> FloatArray:
    if sigma <= 0:
        return counts.astype(np.float64)
    from scipy.ndimage import gaussian_filter1d

    # "constant" would pull the ends down and hide a peak at 0 or 100.
    return np.asarray(gaussian_filter1d(counts.astype(np.float64), sigma, mode="nearest"))


def _extrema(smoothed: FloatArray, prominence: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    from scipy.signal import find_peaks

    least = max(prominence, np.finfo(np.float64).tiny)
    # Nothing lies beyond 0 and 100, so a histogram that ends on its highest bin has a peak there.
    walled = np.concatenate(([0.0], smoothed, [0.0]))
    peaks = find_peaks(walled, prominence=least)[0] - 1
    troughs = find_peaks(-smoothed, prominence=least)[0]
    return peaks.astype(np.int64), troughs.astype(np.int64)
