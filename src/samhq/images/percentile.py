"""Black and white point of a whole run: two percentiles over the pixels of all its images."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samhq.errors import ImageReadError
from samhq.images.levels import REMEDY, gray_values, prepared, weighted_percentiles
from samhq.images.read import reading, stored_pages
from samhq.monitor import SILENT, Event, Monitor
from samhq.settings import ImageSettings

__all__ = ["percentile_scale"]

logger = logging.getLogger(__name__)

# Floats and wide integers: values kept of each page, and of all pages before every second one is dropped.
_PAGE_SAMPLE = 2**17
_TOTAL_SAMPLE = 2**24

# counts[i] belongs to value i - 2**16: room for int16 and uint16.
_ZERO = 2**16


def percentile_scale(
    paths: Sequence[Path], settings: ImageSettings, *, monitor: Monitor = SILENT
) -> tuple[float, float]:
    """Black and white value for intensity_range percentile, to be frozen for the run.

    The two percentiles of the settings over all pixels of all pages they ask for, interpolated linearly:
    exact for integers of up to 16 bits, from an evenly spaced sample (with the exact extremes) for all
    others. Files that cannot be read are left out. Gray values count as in measuring, so colour counts by
    its luma, and MinIsWhite pages after their inversion.
    Raises ImageReadError if no file can be read or both percentiles are the same value.
    """
    tally = _Tally()
    for done, path in enumerate(paths):
        monitor.check()
        monitor.report(Event("percentile", done=done, total=len(paths), item=path.name))
        try:
            for stored in stored_pages(path, settings):
                with reading(path.name):
                    tally.add(prepared(stored, path.name).values)
        except ImageReadError as error:
            logger.debug("left out of the percentiles: %s", error)
    monitor.report(Event("percentile", done=len(paths), total=len(paths)))
    if len(tally.types) > 1:
        message = f"images of different data types share one black and white point: {', '.join(sorted(tally.types))}"
        monitor.report(
            Event("percentile", done=len(paths), total=len(paths), message=message, level="warning")
        )
    return tally.scale(settings)


@dataclass(slots=True)
class _Tally:
    """How often each value occurred."""

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2**17, np.int64))
    samples: list[NDArray[np.float64]] = field(default_factory=list)
    weights: list[NDArray[np.float64]] = field(default_factory=list)
    kept: int = 0
    types: set[str] = field(default_factory=set)

    def add(self, values: NDArray[Any]) -> None:
        """Count one page, (h, w) or (h, w, 3) as stored."""
        self.types.add(values.dtype.name)
        gray = gray_values(values)
        if gray.dtype.kind == "b":
            gray = gray.view(np.uint8)
        elif values.dtype.kind in "ui" and values.dtype.itemsize <= 2 and gray.dtype.kind == "f":
            # Luma of integers: counted as the whole number it is measured as.
            gray = np.rint(gray).astype(values.dtype)
        flat = gray.reshape(-1)
        if flat.dtype.kind in "ui" and flat.dtype.itemsize <= 2:
            low = int(flat.min())
            found = np.bincount(flat if low >= 0 else flat.astype(np.int32) - low)
            start = _ZERO + min(low, 0)
            self.counts[start : start + len(found)] += found
        else:
            self._sample(flat)

    def _sample(self, flat: NDArray[Any]) -> None:
        step = -(-flat.size // _PAGE_SAMPLE)
        sample = flat[::step].astype(np.float64)
        weight = np.full(sample.size, flat.size / sample.size)
        if step > 1:
            sample = np.append(sample, [float(flat.min()), float(flat.max())])
            weight = np.append(weight, [1.0, 1.0])
        self.samples.append(sample)
        self.weights.append(weight)
        self.kept += sample.size
        if self.kept > _TOTAL_SAMPLE:
            self._thin()

    def _thin(self) -> None:
        """Keep every second value with twice the weight, and both ends."""
        values, weights = np.concatenate(self.samples), np.concatenate(self.weights)
        order = np.argsort(values, kind="stable")
        values, weights = values[order], weights[order]
        keep = np.zeros(values.size, bool)
        keep[::2] = True
        keep[-1] = True
        self.samples, self.weights = [values[keep]], [weights[keep] * (weights.sum() / weights[keep].sum())]
        self.kept = self.samples[0].size

    def scale(self, settings: ImageSettings) -> tuple[float, float]:
        """Black and white value. Raises ImageReadError without values, or with all of them the same."""
        used = np.flatnonzero(self.counts)
        values = np.concatenate((used.astype(np.float64) - _ZERO, *self.samples))
        weights = np.concatenate((self.counts[used].astype(np.float64), *self.weights))
        if not values.size:
            raise ImageReadError(
                "black and white percentiles: none of the images can be read; see their errors"
            )
        order = np.argsort(values, kind="stable")
        asked = (settings.black_percentile, settings.white_percentile)
        black, white = weighted_percentiles(values[order], weights[order], asked)
        if not black < white:
            raise ImageReadError(
                f"black and white percentiles: {asked[0]:g}% and {asked[1]:g}% of all pixels are both {black:g}; move "
                f"them apart, or {REMEDY}"
            )
        return black, white
