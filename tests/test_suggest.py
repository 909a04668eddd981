"""A suggested filter keeps what was selected, drops what can be told apart, and says why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samhq.filters import WHITE, ObjectHistograms, filter_objects
from samhq.settings import FilterSettings
from samhq.suggest import suggest_filter

LEVELS = st.integers(0, 255).map(lambda g: g * 257)
OBJECT = st.dictionaries(LEVELS, st.integers(1, 400), min_size=1, max_size=4)


def histograms_of(objects: list[dict[int, int]]) -> ObjectHistograms:
    return ObjectHistograms(
        levels=np.array([level for o in objects for level in sorted(o)], dtype=np.uint16),
        counts=np.array([o[level] for o in objects for level in sorted(o)], dtype=np.uint32),
        offsets=np.concatenate(([0], np.cumsum([len(o) for o in objects]))).astype(np.int64),
    )


def level(aggregation: float) -> int:
    return round(WHITE * (1 - aggregation / 100))


def flags(n: int, *rows: int) -> np.ndarray:
    return np.isin(np.arange(n), rows)


@st.composite
def examples(draw):
    objects = draw(st.lists(OBJECT, min_size=2, max_size=9))
    kinds = draw(st.lists(st.sampled_from("sr-"), min_size=len(objects), max_size=len(objects)))
    kinds[0] = "s"
    low, high = sorted(draw(st.tuples(st.floats(0, 100), st.floats(0, 100))))
    settings = FilterSettings(
        polarity=draw(st.sampled_from(["dark", "bright"])),
        min_area=draw(st.sampled_from([None, 100.0])),
        min_aggregation=draw(st.sampled_from([0.0, low])),
        max_aggregation=draw(st.sampled_from([100.0, high])),
    )
    return histograms_of(objects), np.array(kinds) == "s", np.array(kinds) == "r", settings


@given(examples())
def test_every_selected_object_passes_and_the_counts_are_true(example):
    histograms, selected, rejected, settings = example
    found = suggest_filter(*example)
    keep = filter_objects(histograms, found.settings).keep
    assert keep[selected].all()
    assert found.matches == keep.sum()
    assert found.still_passing.tolist() == np.flatnonzero(keep & rejected).tolist()
    assert found.settings.polarity == settings.polarity
    FilterSettings.model_validate(found.settings.model_dump())  # within what may be set


@given(examples())
def test_whatever_a_minimum_can_drop_is_dropped(example):
    histograms, selected, _, settings = example
    found = suggest_filter(*example)
    initial = filter_objects(histograms, FilterSettings(polarity=settings.polarity))
    for values in (initial.initial_area, initial.initial_intensity, initial.initial_ratio):
        assert (values[found.still_passing] >= values[selected].min()).all()


@given(examples())
def test_no_threshold_is_needless(example):
    histograms, _, rejected, _ = example
    if not rejected.any():
        return
    found = suggest_filter(*example)
    now = filter_objects(histograms, found.settings).keep & rejected
    for name in ("min_area", "min_intensity", "min_ratio"):
        if getattr(found.settings, name) is not None:
            without = (
                filter_objects(histograms, found.settings.model_copy(update={name: None})).keep & rejected
            )
            assert without.sum() > now.sum()


@given(examples())
def test_thresholds_lie_between_the_nearest_objects(example):
    found = suggest_filter(*example)
    for threshold in found.thresholds:
        assert threshold.value == getattr(found.settings, threshold.name)
        if threshold.name == "max_aggregation":
            assert threshold.value >= threshold.selected
        else:
            assert threshold.value <= threshold.selected


@given(examples())
def test_the_answer_is_always_the_same(example):
    assert repr(suggest_filter(*example)) == repr(suggest_filter(*example))


def test_small_objects_are_told_apart_by_their_area():
    objects = [{level(50): n} for n in (100, 120, 40, 30, 35, 90)]
    found = suggest_filter(
        histograms_of(objects),
        flags(6, 0, 1),
        flags(6, 2, 3),
        FilterSettings(min_ratio=99, min_intensity=1e9),
    )
    # A and I tell them apart equally well; A comes first. The gap is 40 to 100.
    assert found.settings == FilterSettings(min_area=70)
    assert found.matches == 3
    (fact,) = found.thresholds
    assert (fact.name, fact.value, fact.selected, fact.rejected, fact.drops) == ("min_area", 70, 100, 40, 3)


def test_pale_objects_are_told_apart_by_their_ratio():
    objects = [{level(62): 50}, {level(70): 400}, {level(30): 60}, {level(41): 300}]
    found = suggest_filter(histograms_of(objects), flags(4, 0, 1), flags(4, 2, 3), FilterSettings())
    assert found.settings == FilterSettings(min_ratio=50)


def test_two_thresholds_where_one_does_not_do():
    objects = [{level(60): 100}, {level(60): 20}, {level(10): 1000}]
    found = suggest_filter(histograms_of(objects), flags(3, 0), flags(3, 1, 2), FilterSettings())
    assert found.matches == 1
    assert len(found.thresholds) == 2
    assert found.settings.min_ratio is not None


def test_the_range_is_used_where_minima_do_not_help():
    # Equal A, I and R; only one has pixels of middling aggregation.
    objects = [{level(50): 100}, {level(0): 50, level(100): 50}]
    whole = FilterSettings()
    assert suggest_filter(histograms_of(objects), flags(2, 1), flags(2, 0), whole).matches == 1
    split = [{50 * 257: 100, 200 * 257: 100}, {125 * 257: 200}]  # 80 and 22 %, against 51 %
    found = suggest_filter(histograms_of(split), flags(2, 0), flags(2, 1), whole)
    assert found.settings.min_aggregation == pytest.approx(65, abs=8)
    assert found.settings.min_area is found.settings.min_intensity is found.settings.min_ratio is None
    assert found.matches == 1


def test_a_range_that_a_selected_object_does_not_pass_is_given_up():
    objects = [{level(20): 100}, {level(90): 100}]
    chosen = FilterSettings(min_aggregation=50)
    assert (
        suggest_filter(histograms_of(objects), flags(2, 1), flags(2), chosen).settings.min_aggregation == 50
    )
    assert (
        suggest_filter(histograms_of(objects), flags(2, 0, 1), flags(2), chosen).settings.min_aggregation == 0
    )


def test_objects_that_cannot_be_told_apart_are_named():
    objects = [{level(50): 100}, {level(50): 100}, {level(50): 10}]
    found = suggest_filter(histograms_of(objects), flags(3, 0), flags(3, 1, 2), FilterSettings())
    assert found.still_passing.tolist() == [1]
    assert found.settings.min_area == 60 or 10 < found.settings.min_area < 100


def test_without_rejected_objects_the_bounds_lie_somewhat_below():
    objects = [{level(50): 200}, {level(60): 300}, {level(10): 20}, {level(55): 190}]
    found = suggest_filter(histograms_of(objects), flags(4, 0, 1), flags(4), FilterSettings())
    assert 160 < found.settings.min_area <= 190
    assert 45 < found.settings.min_ratio < 50
    assert found.matches == 3
    assert all(t.rejected is None for t in found.thresholds)


def test_without_rejected_objects_a_bound_that_drops_nothing_is_left_off():
    found = suggest_filter(histograms_of([{level(50): 200}] * 3), flags(3, 0), flags(3), FilterSettings())
    assert found.settings == FilterSettings()
    assert found.thresholds == ()


def test_few_digits():
    objects = [{level(50): 123457}, {level(50): 23456}]
    found = suggest_filter(histograms_of(objects), flags(2, 0), flags(2, 1), FilterSettings())
    assert found.settings.min_area == 70_000
    close = [{level(50): 123457}, {level(50): 123455}]
    found = suggest_filter(histograms_of(close), flags(2, 0), flags(2, 1), FilterSettings())
    assert found.settings.min_area == 123456


@pytest.mark.parametrize(
    ("selected", "rejected", "fault"),
    [
        (flags(3), flags(3, 1), "no object is selected"),
        (flags(3, 1), flags(3, 1), "object 1 is both"),
        (flags(3, 2), flags(3, 1), "object 2 has no pixels"),
        (flags(4, 1), flags(3), "selected is bool"),
        (flags(3, 1), np.zeros(3), "rejected is float64"),
    ],
)
def test_nonsense_is_refused(selected, rejected, fault):
    objects = histograms_of([{5: 1}, {6: 1}, {}])
    with pytest.raises(ValueError, match=fault):
        suggest_filter(objects, selected, rejected, FilterSettings())
