"""A filter that changes often: the same numbers as measuring afresh, at the speed of a drag."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samhq import filters
from samhq.filters import (
    WHITE,
    ObjectFilter,
    ObjectHistograms,
    Rejection,
    explain_rejection,
    filter_objects,
)
from samhq.settings import FilterSettings


def histograms_of(objects: list[dict[int, int]]) -> ObjectHistograms:
    """Histograms of objects given as level to count."""
    lengths = [len(o) for o in objects]
    return ObjectHistograms(
        levels=np.array([level for o in objects for level in sorted(o)], dtype=np.uint16),
        counts=np.array([o[level] for o in objects for level in sorted(o)], dtype=np.uint32),
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
    )


def many(n: int, *, levels: int, seed: int = 0) -> ObjectHistograms:
    generator = np.random.default_rng(seed)
    drawn = np.sort(generator.integers(0, 256, size=(n, levels), dtype=np.uint16) * 257, axis=1)
    return ObjectHistograms(
        levels=drawn.reshape(-1),
        counts=generator.integers(1, 30, size=n * levels, dtype=np.uint32),
        offsets=np.arange(n + 1, dtype=np.int64) * levels,
    )


OBJECTS = st.lists(
    st.dictionaries(st.integers(0, WHITE), st.integers(1, 2**32 - 1), max_size=6), min_size=1, max_size=8
)
LIMIT = st.none() | st.floats(0, 100)
FILTERS = st.builds(
    lambda a, i, r, ends, polarity, overlaps: FilterSettings(
        min_area=a,
        min_intensity=i,
        min_ratio=r,
        min_aggregation=min(ends),
        max_aggregation=max(ends),
        polarity=polarity,
        overlaps=overlaps,
    ),
    LIMIT,
    LIMIT,
    LIMIT,
    st.tuples(st.floats(0, 100), st.floats(0, 100)) | st.just((0.0, 100.0)),
    st.sampled_from(["dark", "bright"]),
    st.sampled_from(["keep", "exclusive"]),
)


def assert_equal(one, other):
    for name in one.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@given(OBJECTS, st.lists(FILTERS, min_size=1, max_size=5))
def test_one_filter_under_changing_settings_equals_a_fresh_one(objects, changes):
    histograms = histograms_of(objects)
    kept = ObjectFilter(histograms)
    for settings in changes:
        assert_equal(kept.apply(settings), filter_objects(histograms, settings))


@given(OBJECTS, FILTERS, st.data())
def test_exclusive_rows_take_the_place_of_whole_objects(objects, settings, data):
    whole = histograms_of(objects)
    rows = data.draw(st.lists(st.integers(0, len(objects) - 1), unique=True).map(sorted))
    left = [dict(list(objects[row].items())[1:]) for row in rows]
    kept = ObjectFilter(whole, exclusive_rows=np.array(rows, dtype=np.int64), exclusive=histograms_of(left))
    owned = list(objects)
    for row, what in zip(rows, left, strict=True):
        owned[row] = what
    expected = histograms_of(owned) if settings.overlaps == "exclusive" else whole
    assert_equal(kept.apply(settings), filter_objects(expected, settings))


def test_blocks_do_not_change_a_sum(monkeypatch):
    histograms = many(200, levels=7)
    settings = FilterSettings(min_aggregation=20, max_aggregation=70)
    whole = filter_objects(histograms, settings)
    monkeypatch.setattr(filters, "_BLOCK", 10)
    assert_equal(filter_objects(histograms, settings), whole)


def test_the_results_of_an_earlier_filter_cannot_be_spoiled():
    kept = ObjectFilter(histograms_of([{0: 4}]))
    with pytest.raises(ValueError, match="read-only"):
        kept.apply(FilterSettings()).area[0] = 1


def test_no_objects():
    assert len(ObjectFilter(ObjectHistograms.empty()).apply(FilterSettings(min_area=1))) == 0


BLACK, GRAY = 0, WHITE // 2  # aggregation 100 and 50.0008


@pytest.mark.parametrize(
    ("pixels", "settings", "reasons"),
    [
        ({BLACK: 5}, {"min_area": 7.5}, [("min_area", 5, 7.5)]),
        ({BLACK: 5}, {"min_intensity": 501}, [("min_intensity", 500, 501)]),
        ({WHITE: 5}, {"min_ratio": 3}, [("min_ratio", 0, 3)]),
        (
            {BLACK: 5, WHITE: 5},
            {"min_area": 20, "min_ratio": 60},
            [("min_area", 10, 20), ("min_ratio", 50, 60)],
        ),
        ({WHITE: 5}, {"min_aggregation": 1}, [("min_aggregation", 0, 1)]),
        ({BLACK: 5}, {"max_aggregation": 99}, [("max_aggregation", 100, 99)]),
        (
            {BLACK: 5, WHITE: 5},
            {"min_aggregation": 40, "max_aggregation": 60},
            [("min_aggregation", 50, 40), ("max_aggregation", 50, 60)],
        ),
        ({}, {"min_area": 3}, [("overlaps", 0, 1)]),
        ({BLACK: 5}, {"min_area": 5, "min_ratio": 100}, []),
    ],
)
def test_a_dropped_object_tells_its_threshold_and_by_how_much(pixels, settings, reasons):
    chosen = FilterSettings(**settings)
    filtered = filter_objects(histograms_of([{GRAY: 1000}, pixels]), chosen)
    assert explain_rejection(filtered, 1, chosen) == reasons
    assert bool(filtered.keep[1]) == (not reasons)


def test_every_rejection_is_explained():
    histograms = many(300, levels=5)
    settings = FilterSettings(min_area=70, min_intensity=3000, min_ratio=45, max_aggregation=30)
    filtered = filter_objects(histograms, settings)
    assert {int(r) for r in filtered.rejection} >= {0, Rejection.AREA, Rejection.RANGE}
    for index in range(len(filtered)):
        reasons = explain_rejection(filtered, index, settings)
        assert bool(reasons) != bool(filtered.keep[index])
        assert len(reasons) >= int(filtered.rejection[index]).bit_count()
