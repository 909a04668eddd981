"""One run under one filter setting: what tables, pictures and the window show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from samhq.files import natural_key
from samhq.filters import FilteredObjects, ObjectHistograms, Rejection, filter_objects
from samhq.masks import MaskTable
from samhq.measure import ObjectMeasurements
from samhq.packing import StoredObjects
from samhq.settings import FilterSettings
from samhq.store import ImageRecord, RunStore

__all__ = [
    "REJECTION_NAMES",
    "ImageResult",
    "Outcome",
    "Results",
    "RunResults",
    "filter_image",
    "in_order",
    "outcome_of",
    "reason_of",
    "rejection_counts",
]

REJECTION_NAMES = {
    Rejection.AREA: "min_area",
    Rejection.INTENSITY: "min_intensity",
    Rejection.RATIO: "min_ratio",
    Rejection.RANGE: "aggregation range",
    Rejection.NO_PIXELS: "overlaps exclusive",
}
"""What drops an object, as a reason names it."""


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
        return outcome_of(self.record, found=len(self.masks), kept=int(np.count_nonzero(self.filtered.keep)))

    @property
    def reason(self) -> str:
        """Why there is no object: the failure, or how many objects each threshold dropped; else empty."""
        return reason_of(self.record, self.filtered)


def outcome_of(record: ImageRecord, *, found: int, kept: int) -> Outcome:
    """What became of an image with so many objects, of which a filter kept so many."""
    if record.status != "done":
        return Outcome.FAILED if record.status == "failed" else Outcome.WAITING
    if not found:
        return Outcome.NONE_FOUND
    return Outcome.OBJECTS if kept else Outcome.ALL_FILTERED


def reason_of(record: ImageRecord, filtered: FilteredObjects) -> str:
    """Why an image has no object: the failure, or how many each threshold dropped; else empty."""
    if record.status != "done":
        return record.error if record.status == "failed" else ""
    if filtered.keep.any():
        return ""
    return ", ".join(f"{name} {count}" for name, count in rejection_counts(filtered).items())


def rejection_counts(filtered: FilteredObjects) -> dict[str, int]:
    """How many objects each setting dropped, by setting name; an object may count several times."""
    counts = {
        name: int(np.count_nonzero(filtered.rejection & flag)) for flag, name in REJECTION_NAMES.items()
    }
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


class Results(Protocol):
    """Images under one filter, as the output writes them."""

    @property
    def settings(self) -> FilterSettings:
        """The filter."""

    def records(self) -> list[ImageRecord]:
        """The images in the order of the tables."""

    def image(self, record: ImageRecord) -> ImageResult:
        """One image with its objects."""


def in_order(records: Iterable[ImageRecord]) -> list[ImageRecord]:
    """The images in the order of the tables: natural order of their paths, then pages."""
    return sorted(records, key=lambda r: (natural_key(r.path), r.page))


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
        return in_order(self.store.records())

    def image(self, record: ImageRecord) -> ImageResult:
        """One image with its objects."""
        objects = self.store.objects(record) if record.status == "done" else None
        return filter_image(record, objects, self.settings)
