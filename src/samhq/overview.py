"""All objects of a run in memory, so that a whole run is filtered while a threshold is dragged."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from samhq.filters import (
    WHITE,
    FilteredObjects,
    ObjectFilter,
    ObjectHistograms,
    aggregation_of_levels,
)
from samhq.monitor import SILENT, Event, Monitor
from samhq.results import REJECTION_NAMES, Outcome, in_order, outcome_of, reason_of
from samhq.settings import FilterSettings
from samhq.store import ImageRecord, RunStore, StoredHistograms

__all__ = ["Counts", "Quantity", "RunOverview", "RunView"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Quantity = Literal["area", "intensity", "ratio"]

# Entries of the histograms in one chunk: an image that comes costs copying one chunk, not the run.
_CHUNK = 2_000_000


@dataclass(frozen=True, slots=True)
class Counts:
    """How many objects (or pixels) fall into each of k bins.

    edges: (k + 1,) float64, ascending; centers: (k,) float64, the middle of each bin, on a logarithmic
    scale the geometric one. total: (k,) int64 of all, kept: (k,) int64 of those the filter keeps.
    """

    edges: FloatArray
    centers: FloatArray
    total: IntArray
    kept: IntArray


class RunOverview:
    """A run in memory, read once and then kept up to date while another process writes it.

    Threads may share it. Use it as a context manager, or close it.
    """

    def __init__(self, folder: Path) -> None:
        """folder: of the run. Raises StoreError if it is none; one that just begins is an empty one."""
        self.folder = folder
        self._lock = threading.Lock()
        self._store = RunStore.read(folder)
        self._seen: int | None = None
        self._state = _State((), ())

    def __enter__(self) -> RunOverview:
        """The overview itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the run file."""
        self.close()

    def close(self) -> None:
        """Close the run file. What was read can still be filtered."""
        with self._lock:
            self._store.close()

    @property
    def records(self) -> tuple[ImageRecord, ...]:
        """The images as last read, in the order of the tables."""
        return self._state.records

    def update(self, *, monitor: Monitor = SILENT) -> bool:
        """Take in what was stored, replaced or failed since the last call. Returns whether something was.

        Reads only what is new. Raises StoreError, Cancelled; the overview is then as it was before.
        """
        with self._lock:
            number = self._store.change_number()
            if number == self._seen or not self._store.has_begun():
                return False
            records = in_order(self._store.records())
            chunks, missing = self._read(records, monitor)
            # One that is being replaced right now has no result; the next update finds the new one.
            current = tuple(
                ImageRecord(path=r.path, page=r.page, status="waiting") if _key(r) in missing else r
                for r in records
            )
            changed = (current, chunks) != (self._state.records, self._state.chunks)
            if changed:
                self._state = _State(current, chunks)
            self._seen = None if missing else number
            return changed

    def filter(self, settings: FilterSettings) -> RunView:
        """The run, as last read, under a filter."""
        return RunView(self._state, settings)

    def _read(
        self, records: Sequence[ImageRecord], monitor: Monitor
    ) -> tuple[tuple[_Chunk, ...], set[tuple[str, int]]]:
        """The chunks with the objects of these records, and the images whose objects are not there."""
        wanted = {_key(r): _identity(r) for r in records if r.status == "done"}
        kept: list[_Chunk] = []
        held: set[tuple[str, int]] = set()
        for chunk in self._state.chunks:
            kept += chunk.only([wanted.get(key) == of for key, of in zip(chunk.keys, chunk.of, strict=True)])
        for chunk in kept:
            held.update(chunk.keys)
        coming = [r for r in records if r.status == "done" and _key(r) not in held]
        if not coming:
            return tuple(kept), set()
        parts = kept.pop().parts() if kept and kept[-1].entries < _CHUNK else []
        entries = sum(len(p.stored.histograms.levels) for p in parts)
        missing = set()
        for number, record in enumerate(coming):
            monitor.check()
            monitor.report(Event(stage="read", done=number, total=len(coming), item=record.path))
            stored = self._store.histograms(record)
            if stored is None:
                missing.add(_key(record))
                continue
            parts.append(_Part(_key(record), _identity(record), stored))
            entries += len(stored.histograms.levels)
            if entries >= _CHUNK:
                kept.append(_Chunk(parts))
                parts, entries = [], 0
        if parts:
            kept.append(_Chunk(parts))
        return tuple(kept), missing


class RunView:
    """A run under one filter, all images at once; rows are the images in the order of the tables.

    settings: the filter. records: the images. objects: every object of the run, dropped ones included;
    those of one image stand together (see `rows`), images in no particular order.
    """

    def __init__(self, state: _State, settings: FilterSettings) -> None:
        self.settings = settings
        self.records = state.records
        self.objects = _joined([chunk.filter.apply(settings) for chunk in state.chunks])
        self._state = state

    def __len__(self) -> int:
        """Number of images."""
        return len(self.records)

    def rows(self, image: int) -> slice:
        """Where the objects of an image stand in `objects`."""
        first = int(self._state.first[image])
        return slice(first, first + int(self._state.found[image]))

    def image(self, image: int) -> FilteredObjects:
        """The objects of one image, in the order of its masks."""
        rows = self.rows(image)
        return FilteredObjects(*(getattr(self.objects, name)[rows] for name in _FIELDS))

    @property
    def found(self) -> IntArray:
        """Objects of each image before the filter, (images,)."""
        return self._state.found

    @cached_property
    def kept(self) -> IntArray:
        """Objects of each image that the filter keeps, (images,)."""
        return self._per_image(self.objects.keep)

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of each image."""
        numbers = zip(self.records, self.found.tolist(), self.kept.tolist(), strict=True)
        return tuple(outcome_of(record, found=found, kept=kept) for record, found, kept in numbers)

    @cached_property
    def outcome_counts(self) -> dict[Outcome, int]:
        """How many images each outcome has, zeros included."""
        counts = Counter(self.outcomes)
        return {outcome: counts[outcome] for outcome in Outcome}

    def reason(self, image: int) -> str:
        """Why an image has no object: the failure, or how many objects each threshold dropped."""
        return reason_of(self.records[image], self.image(image))

    @cached_property
    def dropped(self) -> dict[str, int]:
        """How many objects of the run each setting dropped; an object may count several times."""
        counts = np.bincount(self.objects.rejection, minlength=256)
        flags = np.arange(256)
        totals = {name: int(counts[(flags & int(flag)) > 0].sum()) for flag, name in REJECTION_NAMES.items()}
        return {name: count for name, count in totals.items() if count}

    @cached_property
    def area(self) -> IntArray:
        """Pixels of the kept objects of each image, (images,)."""
        return np.array([int(values.sum()) for values in self._kept_values("area")], dtype=np.int64)

    @cached_property
    def intensity(self) -> FloatArray:
        """Aggregation of the kept objects of each image, summed, (images,)."""
        return np.array([float(values.sum()) for values in self._kept_values("intensity")], dtype=np.float64)

    @cached_property
    def ratio(self) -> FloatArray:
        """Mean aggregation over the kept objects of each image, (images,); NaN without any."""
        ratio = np.full(len(self), np.nan)
        np.divide(self.intensity, self.area, out=ratio, where=self.area > 0)
        return ratio

    @property
    def objects_found(self) -> int:
        """Objects of the run before the filter."""
        return len(self.objects)

    @cached_property
    def objects_kept(self) -> int:
        """Objects of the run that the filter keeps."""
        return int(np.count_nonzero(self.objects.keep))

    def histogram(
        self, quantity: Quantity, *, bins: int = 100, scale: Literal["linear", "log"] = "linear"
    ) -> Counts:
        """How the initial A, I or R, which the thresholds of stage 1 compare, are distributed over the run.

        bins: 1 or more, from 0 to the greatest value (R: to 100). scale: "log" for bins of equal width in
        the logarithm, from the least value above 0; values of 0 stand in the first.
        """
        edges, place = self._state.binned(quantity, bins, scale, self.objects, self.settings)
        has_pixels = self.objects.initial_area > 0
        middle = np.sqrt(edges[:-1] * edges[1:]) if scale == "log" else (edges[:-1] + edges[1:]) / 2
        return Counts(
            edges=edges,
            centers=middle,
            total=np.bincount(place[has_pixels], minlength=bins),
            kept=np.bincount(place[self.objects.keep], minlength=bins),
        )

    def pixels(self, *, bins: int = 256) -> tuple[FloatArray, IntArray]:
        """Aggregation of all pixels of all objects, kept or not: centres and counts, both (bins,).

        The bins are those of measure_distribution: the first centre is 0, the last 100.
        """
        counts = self._state.level_counts(is_exclusive=self.settings.overlaps == "exclusive")
        values = aggregation_of_levels(self.settings.polarity)
        place = np.rint(values / 100 * (bins - 1)).astype(np.int64)
        # Counts are whole numbers below 2**53, which float64 holds exactly.
        summed = np.bincount(place, weights=counts, minlength=bins).astype(np.int64)
        return np.arange(bins) * 100.0 / (bins - 1), summed

    def _per_image(self, flags: npt.NDArray[np.bool_]) -> IntArray:
        before = np.concatenate(([0], np.cumsum(flags, dtype=np.int64)))
        first = self._state.first
        counts: IntArray = before[first + self._state.found] - before[first]
        return counts

    def _kept_values(self, name: str) -> Iterable[npt.NDArray[np.generic]]:
        # One sum an image and not np.add.reduceat: in the order of the tables, equal to the last digit.
        values, keep = getattr(self.objects, name), self.objects.keep
        for image in range(len(self)):
            rows = self.rows(image)
            yield values[rows][keep[rows]]


# -------------------------------------------------------------------- what is kept

_FIELDS = tuple(FilteredObjects.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class _Part:
    """The objects of one image."""

    key: tuple[str, int]
    of: tuple[object, ...]
    stored: StoredHistograms


class _Chunk:
    """Objects of some images, with their filter."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self.keys = tuple(p.key for p in parts)
        self.of = tuple(p.of for p in parts)
        self.starts = np.cumsum([0] + [len(p.stored.histograms) for p in parts])
        self._histograms = ObjectHistograms.concatenate([p.stored.histograms for p in parts])
        self._exclusive_rows = np.concatenate(
            [p.stored.exclusive_rows + start for p, start in zip(parts, self.starts[:-1], strict=True)]
        )
        self._exclusive = ObjectHistograms.concatenate([p.stored.exclusive for p in parts])
        self.filter = ObjectFilter(
            self._histograms, exclusive_rows=self._exclusive_rows, exclusive=self._exclusive
        )
        self._level_counts: dict[bool, IntArray] = {}

    @property
    def entries(self) -> int:
        return len(self._histograms.levels)

    def parts(self) -> list[_Part]:
        """The images one by one, without copying."""
        cuts = np.searchsorted(self._exclusive_rows, self.starts)
        found = []
        for i, (key, of) in enumerate(zip(self.keys, self.of, strict=True)):
            first, last = int(self.starts[i]), int(self.starts[i + 1])
            stored = StoredHistograms(
                histograms=_slice(self._histograms, first, last),
                exclusive_rows=self._exclusive_rows[cuts[i] : cuts[i + 1]] - first,
                exclusive=_slice(self._exclusive, int(cuts[i]), int(cuts[i + 1])),
            )
            found.append(_Part(key, of, stored))
        return found

    def only(self, chosen: Sequence[bool]) -> list[_Chunk]:
        """The chunk with some of its images; none if there is nothing left."""
        if all(chosen):
            return [self]
        parts = [part for part, is_chosen in zip(self.parts(), chosen, strict=True) if is_chosen]
        return [_Chunk(parts)] if parts else []

    def level_counts(self, *, is_exclusive: bool) -> IntArray:
        """Pixels of each gray level over all objects, (65536,)."""
        if is_exclusive not in self._level_counts:
            counts = _level_counts(self._histograms)
            if is_exclusive:
                counts = counts - _level_counts(self._histograms[self._exclusive_rows])
                counts += _level_counts(self._exclusive)
            self._level_counts[is_exclusive] = counts
        return self._level_counts[is_exclusive]


@dataclass(frozen=True)
class _State:
    """What was read of a run at one moment; never changed, so a view may keep it."""

    records: tuple[ImageRecord, ...]
    chunks: tuple[_Chunk, ...]
    _bins: dict[tuple[object, ...], tuple[FloatArray, IntArray]] = field(default_factory=dict)

    @cached_property
    def _places(self) -> Mapping[tuple[str, int], tuple[int, int]]:
        places: dict[tuple[str, int], tuple[int, int]] = {}
        shift = 0
        for chunk in self.chunks:
            first = (chunk.starts[:-1] + shift).tolist()
            number = np.diff(chunk.starts).tolist()
            places.update(zip(chunk.keys, zip(first, number, strict=True), strict=True))
            shift += int(chunk.starts[-1])
        return places

    @cached_property
    def first(self) -> IntArray:
        """Where the objects of each image begin, (images,)."""
        return np.array([self._places.get(_key(r), (0, 0))[0] for r in self.records], dtype=np.int64)

    @cached_property
    def found(self) -> IntArray:
        """Objects of each image, (images,)."""
        return np.array([self._places.get(_key(r), (0, 0))[1] for r in self.records], dtype=np.int64)

    def level_counts(self, *, is_exclusive: bool) -> IntArray:
        counts = np.zeros(WHITE + 1, dtype=np.int64)
        for chunk in self.chunks:
            counts += chunk.level_counts(is_exclusive=is_exclusive)
        return counts

    def binned(
        self,
        quantity: Quantity,
        bins: int,
        scale: Literal["linear", "log"],
        objects: FilteredObjects,
        settings: FilterSettings,
    ) -> tuple[FloatArray, IntArray]:
        """Edges of the bins and the bin of every object, kept because initial values depend on no threshold."""
        key = (quantity, bins, scale, settings.polarity, settings.overlaps)
        if key not in self._bins:
            values = np.nan_to_num(getattr(objects, f"initial_{quantity}").astype(np.float64))
            highest = 100.0 if quantity == "ratio" else float(values.max(initial=0)) or 1.0
            self._bins[key] = _binned(values, bins, scale, highest)
        return self._bins[key]


def _binned(values: FloatArray, bins: int, scale: str, highest: float) -> tuple[FloatArray, IntArray]:
    """Edges of equal bins up to the highest value, the last one closed, and the bin of each value."""
    if scale == "log":
        least = float(values.min(where=values > 0, initial=highest))
        least = least if least < highest else highest / 10
        edges = np.geomspace(least, highest, bins + 1)
        scaled = np.log(np.maximum(values, least) / least) * (bins / np.log(highest / least))
    else:
        edges = np.linspace(0, highest, bins + 1)
        scaled = values * (bins / highest)
    place = np.clip(scaled.astype(np.int64), 0, bins - 1)
    # The product may round to the bin beside the right one.
    place -= (values < edges[place]) & (place > 0)
    place += (values >= edges[place + 1]) & (place < bins - 1)
    return edges, place


def _level_counts(histograms: ObjectHistograms) -> IntArray:
    return np.bincount(histograms.levels, weights=histograms.counts, minlength=WHITE + 1).astype(np.int64)


def _slice(histograms: ObjectHistograms, first: int, last: int) -> ObjectHistograms:
    begin, end = int(histograms.offsets[first]), int(histograms.offsets[last])
    return ObjectHistograms(
        levels=histograms.levels[begin:end],
        counts=histograms.counts[begin:end],
        offsets=histograms.offsets[first : last + 1] - begin,
    )


def _joined(parts: Sequence[FilteredObjects]) -> FilteredObjects:
    if not parts:
        return ObjectFilter(ObjectHistograms.empty()).apply(FilterSettings())
    if len(parts) == 1:
        return parts[0]
    return FilteredObjects(*(np.concatenate([getattr(p, name) for p in parts]) for name in _FIELDS))


def _key(record: ImageRecord) -> tuple[str, int]:
    return record.path, record.page


def _identity(record: ImageRecord) -> tuple[object, ...]:
    """What differs when an image was segmented again."""
    return record.segment_key, record.objects, record.overlap_fraction, record.elapsed_s
