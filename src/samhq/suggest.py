"""Find more like these: a filter out of objects that somebody chose and others that were refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samhq.filters import (
    FilteredObjects,
    ObjectFilter,
    ObjectHistograms,
    aggregation_of_levels,
    level_range,
)
from samhq.settings import FilterSettings

__all__ = ["SuggestedThreshold", "Suggestion", "suggest_filter"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

# Without refused objects a threshold lies this part of the least chosen value below it.
_BELOW = {"min_area": 0.1, "min_intensity": 0.1, "min_ratio": 0.05}
_OPEN: dict[str, float | None] = {"min_area": None, "min_intensity": None, "min_ratio": None}


@dataclass(frozen=True, slots=True)
class SuggestedThreshold:
    """One threshold of a suggestion, and why it lies where it does.

    name: of the setting. value: the threshold. selected: the selected object that comes nearest to it
    (its A, I or R; for the range its extreme aggregation). rejected: the nearest rejected one that it is to drop,
    None if it was not placed by any. drops: how many objects, of all, do not pass it.
    """

    name: str
    value: float
    selected: float
    rejected: float | None
    drops: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A filter that every selected object passes.

    settings: the filter; polarity and overlaps are those that were given. matches: objects, of all, that
    pass it. thresholds: the ones it sets. still_passing: (k,) int64, rejected objects that no threshold can tell
    from the selected ones.
    """

    settings: FilterSettings
    matches: int
    thresholds: tuple[SuggestedThreshold, ...]
    still_passing: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Feature:
    """A value that every object has and one setting limits; values are such that more passes.

    span: what a gap is a part of, None for the value at its edge.
    """

    name: str
    values: FloatArray
    span: float | None = None
    sign: int = 1  # -1 where the setting is an upper limit, and values are negated

    def gap(self, limit: float, dropped: BoolArray) -> float:
        """How far the limit is from what it drops. To one digit, so that roundings decide nothing."""
        width = limit - float(self.values[dropped].max())
        return float(f"{width / (self.span or abs(limit)):.0e}")

    def threshold(self, limit: float) -> float:
        return self.sign * limit + 0.0  # which makes 0 of -0


def suggest_filter(
    histograms: ObjectHistograms, selected: BoolArray, rejected: BoolArray, settings: FilterSettings
) -> Suggestion:
    """The thresholds that tell the selected objects from the rejected ones.

    histograms: those of the whole masks, or of the exclusive pixels, as `overlaps` asks.
    selected, rejected: (n,) bool. settings: polarity, overlaps and a range to begin with; where an object that
    is selected does not pass this range, it is given up.

    Every selected object passes, and as many rejected ones as possible do not. Initial A, I and R are tried first, the
    one that drops most rejected objects before the others; the range, which changes the numbers of what passes,
    only for those that are left. Each threshold lies in the middle between the nearest
    selected object and the nearest rejected one it is to drop, rounded to few digits; one that drops no
    further rejected object is left off.
    Without rejected objects A and I are 10 % and R 5 % below the least selected value, where that drops
    anything at all; the range stays.
    The same arguments always give the same answer.
    Raises ValueError if nothing is selected, an object is both, or a selected one has no pixels.
    """
    _check(histograms, selected, rejected)
    every = ObjectFilter(histograms)
    open_settings = settings.model_copy(update=_OPEN)
    if not every.apply(open_settings).keep[selected].all():
        open_settings = open_settings.model_copy(update={"min_aggregation": 0.0, "max_aggregation": 100.0})
    initial = every.apply(open_settings)
    features = _stage_one(initial)
    if rejected.any():
        found = _separated(every, histograms, features, selected, rejected, open_settings)
    else:
        found = _below(every, features, selected, open_settings)
    filtered = every.apply(found)
    return Suggestion(
        settings=found,
        matches=int(np.count_nonzero(filtered.keep)),
        thresholds=_explained(every, histograms, features, selected, rejected, found, open_settings),
        still_passing=np.flatnonzero(filtered.keep & rejected).astype(np.int64),
    )


def _check(histograms: ObjectHistograms, selected: BoolArray, rejected: BoolArray) -> None:
    for name, flags in (("selected", selected), ("rejected", rejected)):
        if flags.shape != (len(histograms),) or flags.dtype != np.bool_:
            raise ValueError(
                f"{name} is {flags.dtype} {flags.shape}, expected bool ({len(histograms)},), one for each object"
            )
    if not selected.any():
        raise ValueError("no object is selected; select one or more that should pass")
    if (selected & rejected).any():
        raise ValueError(f"object {int(np.argmax(selected & rejected))} is both selected and rejected")
    empty = selected & (np.diff(histograms.offsets) == 0)
    if empty.any():
        raise ValueError(
            f"object {int(np.argmax(empty))} has no pixels of its own; no filter lets it pass while overlaps are "
            "exclusive"
        )


def _stage_one(initial: FilteredObjects) -> list[_Feature]:
    return [
        _Feature("min_area", initial.initial_area.astype(np.float64)),
        _Feature("min_intensity", initial.initial_intensity),
        _Feature("min_ratio", np.nan_to_num(initial.initial_ratio, nan=-1.0), span=100),
    ]


def _range_ends(histograms: ObjectHistograms, chosen: BoolArray, settings: FilterSettings) -> list[_Feature]:
    """Highest and lowest aggregation of the valid pixels of the chosen objects; NaN for others."""
    aggregation = aggregation_of_levels(settings.polarity)
    lowest, highest = level_range(settings)
    top, bottom = np.full(len(histograms), np.nan), np.full(len(histograms), np.nan)
    for i in np.flatnonzero(chosen):
        levels = histograms.levels[histograms.offsets[i] : histograms.offsets[i + 1]]
        valid = aggregation[levels[(levels >= lowest) & (levels <= highest)]]
        if len(valid):
            top[i], bottom[i] = valid.max(), valid.min()
    return [
        _Feature("min_aggregation", top, span=100),
        _Feature("max_aggregation", -bottom, span=100, sign=-1),
    ]


# -------------------------------------------------------------------- the search


def _separated(
    every: ObjectFilter,
    histograms: ObjectHistograms,
    features: list[_Feature],
    selected: BoolArray,
    rejected: BoolArray,
    settings: FilterSettings,
) -> FilterSettings:
    left = rejected & every.apply(settings).keep
    settings, left = _greedy(every, features, selected, left, settings)
    for _ in range(2):  # one end of the range may move the other
        if left.any():
            ends = _range_ends(histograms, selected | left, settings)
            settings, left = _greedy(every, ends, selected, left, settings)
    return _without_needless(every, rejected, settings)


def _greedy(
    every: ObjectFilter,
    features: list[_Feature],
    selected: BoolArray,
    left: BoolArray,
    settings: FilterSettings,
) -> tuple[FilterSettings, BoolArray]:
    """Settings with a threshold on one feature after the other, and the rejected objects that still pass."""
    rest = list(features)
    while rest and left.any():
        limits = [float(feature.values[selected].min()) for feature in rest]
        drops = [left & (feature.values < limit) for feature, limit in zip(rest, limits, strict=True)]
        # Most dropped first; of equals the one whose gap is the widest part of the value.
        gaps = [
            f.gap(limit, drop) if drop.any() else 0.0
            for f, limit, drop in zip(rest, limits, drops, strict=True)
        ]
        best = max(range(len(rest)), key=lambda i: (int(drops[i].sum()), gaps[i], -i))
        feature, limit, dropped = rest.pop(best), limits[best], drops[best]
        if not dropped.any():
            break
        value = _between(float(feature.values[dropped].max()), limit)
        tried = settings.model_copy(update={feature.name: feature.threshold(value)})
        # Both ends of the range together may leave a selected object without pixels.
        keep = every.apply(tried).keep
        if keep[selected].all():
            settings, left = tried, left & keep
    return settings, left


def _without_needless(every: ObjectFilter, rejected: BoolArray, settings: FilterSettings) -> FilterSettings:
    """The settings without thresholds whose work the later ones do as well."""
    for name in _OPEN:
        if getattr(settings, name) is None:
            continue
        tried = settings.model_copy(update={name: None})
        if not (every.apply(tried).keep & rejected & ~every.apply(settings).keep).any():
            settings = tried
    return settings


def _below(
    every: ObjectFilter, features: list[_Feature], selected: BoolArray, settings: FilterSettings
) -> FilterSettings:
    for feature in features:
        least = float(feature.values[selected].min())
        part = _BELOW[feature.name]
        value = _between(least * (1 - 2 * part), least)
        if value > 0 and (feature.values < value).any():
            settings = settings.model_copy(update={feature.name: value})
    return settings


def _between(low: float, high: float) -> float:
    """A number of few digits near the middle of low < high; above low and at most high."""
    middle, margin = (low + high) / 2, (high - low) / 4
    for digits in range(1, 18):
        rounded = float(f"{middle:.{digits - 1}e}")
        if low + margin <= rounded <= high - margin and low < rounded <= high:
            return rounded
    return high


# -------------------------------------------------------------------- the explanation


def _explained(
    every: ObjectFilter,
    histograms: ObjectHistograms,
    features: list[_Feature],
    selected: BoolArray,
    rejected: BoolArray,
    found: FilterSettings,
    before: FilterSettings,
) -> tuple[SuggestedThreshold, ...]:
    facts = []
    both = [*features, *_range_ends(histograms, selected | rejected, before)]
    for feature in both:
        value = getattr(found, feature.name)
        if value == getattr(before, feature.name):
            continue
        limit = feature.sign * value
        below = rejected & (feature.values < limit)
        alone = before.model_copy(update={feature.name: value})
        facts.append(
            SuggestedThreshold(
                name=feature.name,
                value=value,
                selected=feature.sign * float(feature.values[selected].min()),
                rejected=feature.sign * float(feature.values[below].max()) if below.any() else None,
                drops=int(np.count_nonzero(every.apply(before).keep & ~every.apply(alone).keep)),
            )
        )
    return tuple(facts)
