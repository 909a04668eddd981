"""From gray levels and masks to sparse histograms, and the gray-level distribution of one image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from samhq.filters import WHITE, ObjectFilter, ObjectHistograms, aggregation_of_levels
from samhq.masks import MaskTable

__all__ = ["Distribution", "ObjectMeasurements", "measure_distribution", "measure_objects"]

LevelArray = npt.NDArray[np.uint16]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
_STEP_8_BIT = 257  # between the gray levels of an 8-bit image
_PIECE = 1 << 20  # pixels or pieces handled at once, which bounds the memory of temporaries
_COUNT_FROM = 1 << 15  # pixels of an object from which counting all 65536 levels beats sorting
_NONE = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))


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
    spans = _Spans.of(masks)
    gray = _GrayColumns.of(level)
    cover = _Cover.of(spans)
    shared, left_over = cover.exclusive(spans, masks.predicted_iou)
    return ObjectMeasurements(
        histograms=gray.histograms(spans),
        exclusive_rows=shared,
        exclusive=gray.histograms(left_over),
        centroids=_centroids(spans, masks.height),
        overlap_fraction=cover.overlap_fraction(),
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


@dataclass(frozen=True, slots=True)
class _Spans:
    """Pixels of n masks as spans of the image in column-major order, ascending within a mask, none empty.

    starts, stops: (r,) int64, half-open. offsets: (n + 1,) int64; mask i has spans offsets[i]:offsets[i + 1].
    """

    starts: IntArray
    stops: IntArray
    offsets: IntArray

    @classmethod
    def of(cls, masks: MaskTable) -> _Spans:
        """The object runs of a table, all masks at once."""
        lengths = np.diff(masks.offsets)
        ends = np.concatenate(([0], np.cumsum(masks.runs, dtype=np.int64)))
        stops = ends[1:] - np.repeat(ends[masks.offsets[:-1]], lengths)
        place = np.arange(len(stops)) - np.repeat(masks.offsets[:-1], lengths)
        is_object = (place % 2 == 1) & (masks.runs > 0)
        return cls(
            starts=(stops - masks.runs)[is_object],
            stops=stops[is_object],
            offsets=np.concatenate(([0], np.cumsum(is_object)))[masks.offsets],
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def sums(self, values: IntArray) -> IntArray:
        """Sum of one value a span over each mask, (n,)."""
        total = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
        # The total may pass the end of int64 and wrap; the difference is right all the same.
        return total[self.offsets[1:]] - total[self.offsets[:-1]]


def _centroids(spans: _Spans, height: int) -> FloatArray:
    """Mean x and y of the pixels of each mask, (n, 2); NaN without pixels.

    Pixel p of the image lies in column p // height and row p % height. The sums of both over all pixels
    before p are closed forms, so that a span costs the same however long it is.
    """

    def columns_before(p: IntArray) -> IntArray:
        column, row = np.divmod(p, height)
        before: IntArray = height * (column * (column - 1) // 2) + column * row
        return before

    def rows_before(p: IntArray) -> IntArray:
        column, row = np.divmod(p, height)
        before: IntArray = column * (height * (height - 1) // 2) + row * (row - 1) // 2
        return before

    area = spans.sums(spans.stops - spans.starts).tolist()
    x = spans.sums(columns_before(spans.stops) - columns_before(spans.starts)).tolist()
    y = spans.sums(rows_before(spans.stops) - rows_before(spans.starts)).tolist()
    # Python's integers divide correctly rounded beyond 2**53 too.
    means = [(sx / a, sy / a) if a else (np.nan, np.nan) for sx, sy, a in zip(x, y, area, strict=True)]
    return np.array(means, dtype=np.float64).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class _Cover:
    """The image cut wherever a span begins or ends: between two cuts the same masks cover every pixel.

    cuts: (c,) int64, ascending. first, last: (r,) int64; span j covers the pieces first[j]:last[j], piece k
    being the pixels cuts[k]:cuts[k + 1]. depth: (c,) int64, masks that cover each piece.
    """

    cuts: IntArray
    first: IntArray
    last: IntArray
    depth: IntArray

    @classmethod
    def of(cls, spans: _Spans) -> _Cover:
        """Cut along all spans; no pixel is touched."""
        edges = np.sort(np.concatenate((spans.starts, spans.stops)))  # several times as fast as np.unique
        cuts = edges[np.diff(edges, prepend=-1) > 0]
        first, last = np.searchsorted(cuts, spans.starts), np.searchsorted(cuts, spans.stops)
        size = len(cuts)
        begun, ended = np.bincount(first, minlength=size), np.bincount(last, minlength=size)
        return cls(cuts=cuts, first=first, last=last, depth=np.cumsum(begun - ended))

    def overlap_fraction(self) -> float:
        """Pixels covered more than once / pixels covered."""
        pixels = np.diff(self.cuts)
        covered = int(pixels[self.depth[:-1] > 0].sum())
        return int(pixels[self.depth[:-1] > 1].sum()) / covered if covered else 0.0

    def exclusive(self, spans: _Spans, scores: npt.NDArray[np.float32]) -> tuple[IntArray, _Spans]:
        """Which masks lose pixels when the best mask owns each pixel, and what is left of them.

        The best has the highest score; of equals the first.
        """
        best_first = np.argsort(-scores, kind="stable")
        owner = np.full(len(self.cuts), -1, dtype=np.int64)
        overlaps = spans.sums(self._overlapped()) > 0
        touched = np.flatnonzero(overlaps)
        for mask, piece in self._pieces(spans, best_first[overlaps[best_first]][::-1]):
            owner[piece] = mask  # where an index comes twice the last one stays: the better mask
        found = []
        for mask, piece in self._pieces(spans, touched):
            owned = owner[piece] == mask
            loses = np.zeros(len(spans), dtype=np.bool_)
            loses[mask[~owned]] = True
            kept = owned & loses[mask]
            found.append((np.flatnonzero(loses), mask[kept], piece[kept]))
        rows, mask, piece = (np.concatenate(part) for part in zip(_NONE, *found, strict=True))
        return rows, self._joined(rows, mask, piece)

    def _overlapped(self) -> IntArray:
        """How many pieces of each span other masks cover too, (r,)."""
        deep = np.concatenate(([0], np.cumsum(self.depth > 1)))
        return deep[self.last] - deep[self.first]

    def _pieces(self, spans: _Spans, order: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
        """(mask, piece) of every piece of every mask, mask after mask in this order, in blocks."""
        for group in _groups(spans.sums(self.last - self.first)[order]):
            masks = order[group]
            span, owner = _ranges(spans.offsets[masks], spans.offsets[masks + 1])
            piece, span_at = _ranges(self.first[span], self.last[span])
            yield masks[owner[span_at]], piece

    def _joined(self, rows: IntArray, mask: IntArray, piece: IntArray) -> _Spans:
        """Pieces of the masks in rows, in their order, as spans; neighbours become one."""
        starts, stops = self.cuts[piece], self.cuts[piece + 1]
        apart = (starts[1:] != stops[:-1]) | (mask[1:] != mask[:-1])
        begins = np.concatenate((np.ones(min(1, len(mask)), np.bool_), apart))
        ends = np.concatenate((apart, np.ones(min(1, len(mask)), np.bool_)))
        return _Spans(
            starts=starts[begins],
            stops=stops[ends],
            offsets=np.concatenate((np.searchsorted(mask[begins], rows), [np.count_nonzero(begins)])),
        )


def _ranges(starts: IntArray, stops: IntArray) -> tuple[IntArray, IntArray]:
    """All integers of the ranges starts[i]:stops[i] one range after the other, and the i of each."""
    lengths = stops - starts
    source = np.repeat(np.arange(len(starts)), lengths)
    before = np.cumsum(lengths) - lengths
    return np.arange(len(source)) + (starts - before)[source], source


def _groups(sizes: IntArray) -> Iterator[slice]:
    """Neighbours in groups of at most _PIECE together, a larger one alone."""
    start = 0
    total = np.cumsum(sizes)
    while start < len(sizes):
        limit = _PIECE + (int(total[start - 1]) if start else 0)
        stop = max(start + 1, int(np.searchsorted(total, limit, side="right")))
        yield slice(start, stop)
        start = stop


@dataclass(frozen=True, slots=True)
class _GrayColumns:
    """The gray levels of an image in column-major order, where a span is one stretch of memory.

    pixels: height * width codes of dtype uint8 or uint16. step: level = code * step.
    """

    pixels: bytes  # whose slices cost half of what slices of an array do
    dtype: np.dtype[np.unsignedinteger]
    step: int

    @classmethod
    def of(cls, level: LevelArray) -> _GrayColumns:
        """One byte a pixel where the image has the levels of 8 bits, which are far quicker to count."""
        # Block by block, since the first one tells for nearly every other image.
        rows = max(1, _PIECE // max(1, level.shape[1]))
        blocks = (level[y : y + rows] for y in range(0, len(level), rows))
        if all(np.array_equal(block, (block & 255) * np.uint16(_STEP_8_BIT)) for block in blocks):
            return cls(level.astype(np.uint8).tobytes(order="F"), np.dtype(np.uint8), _STEP_8_BIT)
        return cls(level.tobytes(order="F"), np.dtype(np.uint16), 1)

    def histograms(self, spans: _Spans) -> ObjectHistograms:
        """How many pixels of each level the masks have."""
        size = self.dtype.itemsize
        stretches = map(slice, (spans.starts * size).tolist(), (spans.stops * size).tolist())
        parts = []
        for length in np.diff(spans.offsets).tolist():
            values = b"".join(map(self.pixels.__getitem__, islice(stretches, length)))
            parts.append(self._count(np.frombuffer(values, self.dtype)))
        return self._stack(parts)

    def _count(self, values: npt.NDArray[np.unsignedinteger]) -> tuple[IntArray, IntArray]:
        """The distinct codes in ascending order, and how often each occurs."""
        if self.step == 1 and len(values) < _COUNT_FROM:
            ordered = np.sort(values, kind="stable")  # which is a radix sort for 16 bits
            is_last = np.ones(len(ordered), dtype=np.bool_)
            np.not_equal(ordered[1:], ordered[:-1], out=is_last[:-1])
            last = np.flatnonzero(is_last)
            return ordered[last], np.diff(last, prepend=-1)
        # Counting beats sorting for large objects; in pieces, because bincount widens its input.
        size = WHITE // self.step + 1
        total = np.bincount(values[:_PIECE], minlength=size)
        for start in range(_PIECE, len(values), _PIECE):
            total += np.bincount(values[start : start + _PIECE], minlength=size)
        present = np.flatnonzero(total > 0)
        return present, total[present]

    def _stack(self, parts: list[tuple[IntArray, IntArray]]) -> ObjectHistograms:
        if not parts:
            return ObjectHistograms.empty()
        lengths = np.fromiter((len(codes) for codes, _ in parts), dtype=np.int64, count=len(parts))
        codes = np.concatenate([codes for codes, _ in parts])
        return ObjectHistograms(
            levels=(codes * self.step).astype(np.uint16),
            counts=np.concatenate([counts for _, counts in parts]).astype(np.uint32),
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
