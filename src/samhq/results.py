"""One run under one filter setting: what tables, pictures and the window show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from samhq.files import natural_key
from samhq.filters import FilteredObjects, ObjectHistograms, Rejection, filter_objects
from samhq.masks import MaskTable
from samhq.measure import ObjectMeasurements
from samhq.packing import StoredObjects
from samhq.settings import FilterSettings
from samhq.store import ImageRecord, RunStore

__all__ = ["ImageResult", "Outcome", "RunResults", "filter_image", "rejection_counts"]


class Outcome(StrEnum):
    """What became of an image."""

    OBJECTS = "ok"
    NONE_FOUND = "no objects found"
    ALL_FILTERED = "all filtered out"
    FAILED = "failed"
    WAITING = "not segmented yet"


@dataclass(frozen=True, slots=True)
class ImageResult:
    """One image of a run under one filter; masks, measurements and filtered share their order.

    For an image that failed or still waits all three are empty.
    """

    record: ImageRecord
    masks: MaskTable
    measurements: ObjectMeasurements
    filtered: FilteredObjects

    @property
    def outcome(self) -> Outcome:
        """Which of the different results this is."""
        if self.record.status != "done":
            return Outcome.FAILED if self.record.status == "failed" else Outcome.WAITING
        if not len(self.masks):
            return Outcome.NONE_FOUND
        return Outcome.OBJECTS if self.filtered.keep.any() else Outcome.ALL_FILTERED

    @property
    def reason(self) -> str:
        """Why there is no object: the failure, or how many objects each threshold dropped; else empty."""
        if self.outcome is Outcome.FAILED:
            return self.record.error
        if self.outcome is Outcome.ALL_FILTERED:
            counts = rejection_counts(self.filtered)
            return ", ".join(f"{name} {count}" for name, count in counts.items())
        return ""


def rejection_counts(filtered: FilteredObjects) -> dict[str, int]:
    """How many objects each setting dropped, by setting name; an object may count several times."""
    names = {
        Rejection.AREA: "min_area",
        Rejection.INTENSITY: "min_intensity",
        Rejection.RATIO: "min_ratio",
        Rejection.RANGE: "aggregation range",
        Rejection.NO_PIXELS: "overlaps exclusive",
    }
    counts = Counter({name: int(np.count_nonzero(filtered.rejection & flag)) for flag, name in names.items()})
    return {name: count for name, count in counts.items() if count}


def filter_image(record: ImageRecord, objects: StoredObjects | None, settings: FilterSettings) -> ImageResult:
    """Apply a filter to the stored objects of one image; objects is None for one without."""
    if objects is None:
        masks = MaskTable.empty(height=record.height, width=record.width)
        none = ObjectHistograms.empty()
        measured = ObjectMeasurements(
            histograms=none,
            exclusive_rows=np.zeros(0, np.int64),
            exclusive=none,
            centroids=np.zeros((0, 2)),
            overlap_fraction=0.0,
        )
    else:
        masks, measured = objects.masks, objects.measurements
    histograms = measured.exclusive_histograms() if settings.overlaps == "exclusive" else measured.histograms
    return ImageResult(
        record=record, masks=masks, measurements=measured, filtered=filter_objects(histograms, settings)
    )


@dataclass(frozen=True, slots=True)
class RunResults:
    """All images of a run under one filter, read one at a time, in natural order of their paths."""

    store: RunStore
    settings: FilterSettings

    def __iter__(self) -> Iterator[ImageResult]:
        """Every image with its objects; memory stays that of one image."""
        for record in self.records():
            yield self.image(record)

    def records(self) -> list[ImageRecord]:
        """The images in the order of the tables."""
        return sorted(self.store.records(), key=lambda r: (natural_key(r.path), r.page))

    def image(self, record: ImageRecord) -> ImageResult:
        """One image with its objects."""
        objects = self.store.objects(record) if record.status == "done" else None
        return filter_image(record, objects, self.settings)
