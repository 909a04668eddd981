"""A, I and R of every object against an oracle that adds up pixels one by one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.signal import find_peaks

from samhq import measure
from samhq.filters import ObjectHistograms, Rejection, filter_objects, level_range
from samhq.images import image_from_array
from samhq.masks import MaskTable, runs_from_crop
from samhq.measure import measure_distribution, measure_objects
from samhq.settings import FilterSettings, ImageSettings

SIZE = (7, 9)
PICTURES = st.one_of(
    hnp.arrays(np.uint8, SIZE),
    hnp.arrays(np.uint16, SIZE),
    hnp.arrays(np.uint8, (*SIZE, 3)),
    hnp.arrays(np.uint8, SIZE, elements=st.sampled_from([0, 1, 127, 128, 254, 255])),
)
MASKS = st.lists(hnp.arrays(np.bool_, SIZE), min_size=1, max_size=5)
LIMITS = st.floats(0, 100) | st.sampled_from([0.0, 20.0, 40.0, 60.0, 100.0])


def table_of(masks: list[np.ndarray], iou: list[float] | None = None) -> MaskTable:
    runs = [runs_from_crop(m, x0=0, y0=0, height=m.shape[0], width=m.shape[1]) for m in masks]
    return MaskTable.from_runs(runs, height=masks[0].shape[0], width=masks[0].shape[1], predicted_iou=iou)


def plain_gray(picture: np.ndarray) -> list[list[Fraction]]:
    """Gray values from 0 to 1, computed pixel by pixel in exact arithmetic."""
    white = 65535 if picture.dtype == np.uint16 else 255
    gray = []
    for row in picture:
        if picture.ndim == 2:
            gray.append([Fraction(int(v), white) for v in row])
        else:
            # 0.299 R + 0.587 G + 0.114 B in the 15-bit fixed point arithmetic of OpenCV for 8 bit.
            gray.append(
                [
                    Fraction((9798 * int(r) + 19235 * int(g) + 3735 * int(b) + 16384) >> 15, 255)
                    for r, g, b in row
                ]
            )
    return gray


def plain_objects(picture, masks, low, high, polarity):
    """(A, I) of each mask over all pixels and over those in the range, in exact arithmetic."""
    gray = plain_gray(picture)
    results = []
    for mask in masks:
        pixels = [
            100 * (1 - gray[y][x]) if polarity == "dark" else 100 * gray[y][x] for y, x in np.argwhere(mask)
        ]
        valid = [a for a in pixels if low <= a <= high]
        results.append(((len(pixels), sum(pixels)), (len(valid), sum(valid))))
    return results


@settings(max_examples=300)
@given(PICTURES, MASKS, LIMITS, LIMITS, st.sampled_from(["dark", "bright"]))
def test_objects_equal_the_plain_computation(picture, masks, one, other, polarity):
    low, high = min(one, other), max(one, other)
    image = image_from_array(picture, ImageSettings())
    measured = measure_objects(image.level, table_of(masks))
    chosen = FilterSettings(min_aggregation=low, max_aggregation=high, polarity=polarity)
    filtered = filter_objects(measured.histograms, chosen)
    # The range is compared in float64, as users type it.
    exact = plain_objects(picture, masks, Fraction(low), Fraction(high), polarity)
    for i, ((area, intensity), (valid_area, valid_intensity)) in enumerate(exact):
        assert filtered.initial_area[i] == area
        assert filtered.initial_intensity[i] == pytest.approx(float(intensity), rel=1e-12)
        assert filtered.area[i] == valid_area
        assert filtered.intensity[i] == pytest.approx(float(valid_intensity), rel=1e-12)
        if valid_area:
            assert filtered.ratio[i] == pytest.approx(float(valid_intensity / valid_area), rel=1e-12)
        assert filtered.keep[i] == (valid_area > 0)


class PlainMeasurements:
    """What measure_objects gives, object by object on full-size masks."""

    def __init__(self, level: np.ndarray, masks: MaskTable) -> None:
        owner = np.full(level.shape, -1)
        times = np.zeros(level.shape, int)
        for i in np.argsort(-masks.predicted_iou, kind="stable"):
            mask = masks.mask(int(i))
            owner[mask & (owner < 0)] = i
            times += mask
        self.whole, self.left, self.rows, self.centroids = [], [], [], []
        for i in range(len(masks)):
            mask = masks.mask(i)
            self.whole.append(np.unique(level[mask], return_counts=True))
            owned = mask & (owner == i)
            if owned.sum() != mask.sum():
                self.rows.append(i)
                self.left.append(np.unique(level[owned], return_counts=True))
            y, x = (int(axis.sum()) for axis in np.nonzero(mask))
            area = int(mask.sum())
            self.centroids.append((x / area, y / area) if area else (np.nan, np.nan))
        covered = int((times > 0).sum())
        self.overlap_fraction = int((times > 1).sum()) / covered if covered else 0.0


def assert_same_histograms(found: ObjectHistograms, plain: list[tuple[np.ndarray, np.ndarray]]) -> None:
    assert (found.levels.dtype, found.counts.dtype) == (np.uint16, np.uint32)
    assert found.offsets.dtype == np.int64
    assert len(found) == len(plain)
    for i, (levels, counts) in enumerate(plain):
        part = slice(found.offsets[i], found.offsets[i + 1])
        np.testing.assert_array_equal(found.levels[part], levels)
        np.testing.assert_array_equal(found.counts[part], counts)


def assert_measured_plainly(level: np.ndarray, masks: MaskTable) -> None:
    measured, plain = measure_objects(level, masks), PlainMeasurements(level, masks)
    assert_same_histograms(measured.histograms, plain.whole)
    assert_same_histograms(measured.exclusive, plain.left)
    assert measured.exclusive_rows.tolist() == plain.rows
    assert measured.exclusive_rows.dtype == np.int64
    np.testing.assert_array_equal(measured.centroids, np.array(plain.centroids).reshape(-1, 2))
    assert measured.overlap_fraction == plain.overlap_fraction


SCORES = st.sampled_from([0.25, 0.5, 0.75])
LEVELS = st.one_of(
    hnp.arrays(np.uint16, SIZE),
    hnp.arrays(np.uint8, SIZE).map(lambda gray: gray.astype(np.uint16) * 257),
)


@settings(max_examples=300)
@given(LEVELS, MASKS, st.data(), st.sampled_from([1, 7, 1 << 20]), st.sampled_from([1, 5, 1 << 15]))
def test_measuring_equals_going_object_by_object_over_pixels(level, masks, data, piece, count_from):
    scores = data.draw(st.lists(SCORES, min_size=len(masks), max_size=len(masks)))
    with pytest.MonkeyPatch.context() as patch:  # small pieces, so that every way is taken
        patch.setattr(measure, "_PIECE", piece)
        patch.setattr(measure, "_COUNT_FROM", count_from)
        assert_measured_plainly(level, table_of(masks, scores))


@pytest.mark.parametrize("deep", [False, True])
def test_measuring_large_overlapping_masks_equals_the_plain_way(deep):
    rng = np.random.default_rng(5)
    height, width = 300, 260
    y, x = np.mgrid[:height, :width]
    masks = [
        (x - cx) ** 2 + (y - cy) ** 2 < radius**2
        for cx, cy, radius in zip(
            rng.integers(0, width, 40), rng.integers(0, height, 40), rng.integers(2, 150, 40), strict=True
        )
    ]
    masks += [np.ones((height, width), bool), np.zeros((height, width), bool), (x + y) % 2 == 0, masks[0]]
    level = rng.integers(0, 65536 if deep else 256, (height, width)) * (1 if deep else 257)
    scores = rng.choice([0.7, 0.8, 0.9], len(masks))
    assert_measured_plainly(level.astype(np.uint16), table_of(masks, scores.tolist()))


def test_runs_without_pixels_and_touching_runs_are_measured_as_painted():
    # Run lengths from elsewhere may hold zeros: nothing here, then 3 + 2 pixels that touch.
    runs = np.array([4, 0, 1, 3, 0, 2, 53], np.uint32)
    masks = MaskTable.from_runs([runs], height=SIZE[0], width=SIZE[1], boxes=[[0, 0, 2, 7]])
    assert_measured_plainly(np.arange(63, dtype=np.uint16).reshape(SIZE), masks)


@pytest.mark.parametrize("shape", [(1, 50_000), (50_000, 1)])
def test_centroids_of_long_thin_images_are_exact(shape):
    mask = np.zeros(shape, bool)
    mask.flat[1::3] = True
    assert_measured_plainly(np.zeros(shape, np.uint16), table_of([mask]))


@given(MASKS, st.data())
def test_exclusive_pixels_belong_to_the_best_mask_that_covers_them(masks, data):
    scores = data.draw(st.lists(st.sampled_from([0.5, 0.7, 0.9]), min_size=len(masks), max_size=len(masks)))
    level = np.arange(np.prod(SIZE), dtype=np.uint16).reshape(SIZE)
    measured = measure_objects(level, table_of(masks, scores))
    exclusive = measured.exclusive_histograms()
    covered = twice = 0
    owned: list[list[int]] = [[] for _ in masks]
    for y, x in np.ndindex(SIZE):
        covering = [i for i, m in enumerate(masks) if m[y, x]]
        if covering:
            covered += 1
            twice += len(covering) > 1
            best = max(covering, key=lambda i: (scores[i], -i))
            owned[best].append(int(level[y, x]))
    for i, levels in enumerate(owned):
        begin, end = exclusive.offsets[i], exclusive.offsets[i + 1]
        assert exclusive.levels[begin:end].tolist() == sorted(levels)
    assert measured.overlap_fraction == (twice / covered if covered else 0)


def test_centroids_are_means_of_pixel_coordinates():
    mask = np.zeros(SIZE, bool)
    mask[2, 3] = mask[2, 4] = mask[5, 8] = True
    measured = measure_objects(np.zeros(SIZE, np.uint16), table_of([mask]))
    assert measured.centroids[0].tolist() == [(3 + 4 + 8) / 3, (2 + 2 + 5) / 3]


def test_each_threshold_of_stage_one_drops_what_is_below_it_and_keeps_what_equals_it():
    # Two objects: 4 px of aggregation 100 and 2 px of aggregation 40.
    level = np.array([[0, 0, 0, 0, 153 * 257, 153 * 257]], np.uint16)
    masks = [np.array([[1, 1, 1, 1, 0, 0]], bool), np.array([[0, 0, 0, 0, 1, 1]], bool)]
    histograms = measure_objects(level, table_of(masks)).histograms
    for values, expected in [
        ({"min_area": 2}, [0, 0]),
        ({"min_area": 3}, [0, Rejection.AREA]),
        ({"min_intensity": 80}, [0, 0]),
        ({"min_intensity": 80.001}, [0, Rejection.INTENSITY]),
        ({"min_ratio": 40}, [0, 0]),
        ({"min_ratio": 40.001}, [0, Rejection.RATIO]),
        ({"min_area": 3, "min_ratio": 50}, [0, Rejection.AREA | Rejection.RATIO]),
        ({"min_aggregation": 40, "max_aggregation": 40}, [Rejection.RANGE, 0]),
        ({"min_aggregation": 40.1, "max_aggregation": 99.9}, [Rejection.RANGE, Rejection.RANGE]),
    ]:
        assert filter_objects(histograms, FilterSettings(**values)).rejection.tolist() == expected, values


def test_bright_polarity_mirrors_dark():
    assert level_range(FilterSettings(min_aggregation=0, max_aggregation=40)) == (153 * 257, 65535)
    assert level_range(FilterSettings(min_aggregation=0, max_aggregation=40, polarity="bright")) == (0, 26214)


def test_a_range_between_two_levels_is_empty():
    chosen = FilterSettings(min_aggregation=50.0001, max_aggregation=50.0002)
    assert level_range(chosen) == (1, 0)
    one = ObjectHistograms(np.array([7], np.uint16), np.array([3], np.uint32), np.array([0, 1]))
    assert filter_objects(one, chosen).rejection.tolist() == [Rejection.RANGE]


def test_no_objects_give_empty_results():
    measured = measure_objects(np.zeros(SIZE, np.uint16), MaskTable.empty(height=SIZE[0], width=SIZE[1]))
    assert len(filter_objects(measured.histograms, FilterSettings(min_area=1))) == 0
    assert measured.overlap_fraction == 0


@given(hnp.arrays(np.uint16, st.tuples(st.integers(1, 30), st.integers(1, 30))))
def test_statistics_of_an_image_are_those_of_numpy(level):
    found = measure_distribution(level)
    aggregation = 100 - level.astype(np.float64) / 65535 * 100
    assert found.pixels == level.size
    assert found.mean == pytest.approx(aggregation.mean(), abs=1e-9)
    assert found.sd == pytest.approx(aggregation.std(), abs=1e-6)
    assert found.median == pytest.approx(np.median(aggregation), abs=1e-9)
    assert (found.minimum, found.maximum) == (
        pytest.approx(aggregation.min(), abs=1e-9),
        pytest.approx(aggregation.max(), abs=1e-9),
    )
    for percent, value in found.percentiles.items():
        assert value == pytest.approx(np.percentile(aggregation, percent), abs=1e-9)
    assert found.counts.sum() == level.size


def test_bins_of_an_8_bit_image_hold_one_gray_level_each():
    gray = np.arange(256, dtype=np.uint16)
    found = measure_distribution(np.repeat(gray, gray + 1) * 257)
    assert found.counts.tolist() == list(range(256, 0, -1))


def test_peaks_and_troughs_are_those_of_scipy_on_the_smoothed_histogram():
    rng = np.random.default_rng(3)
    gray = np.concatenate([rng.normal(60, 10, 5000), rng.normal(180, 12, 9000)]).clip(0, 255).round()
    found = measure_distribution(gray.astype(np.uint16) * 257, prominence=0.05)
    least = 0.05 * found.smoothed.max()
    assert found.peaks.tolist() == find_peaks(found.smoothed, prominence=least)[0].tolist()
    assert found.troughs.tolist() == find_peaks(-found.smoothed, prominence=least)[0].tolist()
    assert len(found.peaks) == 2
    assert len(found.troughs) == 1


def test_a_black_image_has_its_peak_at_100():
    found = measure_distribution(np.zeros((4, 4), np.uint16))
    assert found.centers[found.peaks].tolist() == [100.0]
    assert not len(found.troughs)


def test_an_image_without_pixels_is_refused():
    with pytest.raises(ValueError, match="without pixels"):
        measure_distribution(np.zeros((0, 3), np.uint16))
