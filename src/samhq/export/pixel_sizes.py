"""Areas in µm²: whether a run has them, and what to warn of where its images differ in scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from samhq.results import ImageResult, Results
from samhq.settings import FilterSettings
from samhq.store import ImageRecord

__all__ = ["SIZED_COLUMNS", "SizedResults", "is_sized", "size_warnings"]

SIZED_COLUMNS = ("area_um2", "initial_area_um2")
"""Columns of the objects where a pixel size is known."""


def is_sized(records: Iterable[ImageRecord]) -> bool:
    """Whether the pixel size of any image is known."""
    return any(record.pixel_size_um is not None for record in records)


def size_warnings(records: Sequence[ImageRecord]) -> tuple[str, ...]:
    """A sentence where images that were segmented differ in scale, or only some have one."""
    done = [record for record in records if record.status == "done"]
    sizes = [record.pixel_size_um for record in done if record.pixel_size_um is not None]
    if not sizes:
        return ()
    low, high = min(sizes), max(sizes)
    if not math.isclose(low, high, rel_tol=0.001):
        return (
            f"the images have different pixel sizes, {low:g} to {high:g} µm: compare areas in µm² and not in px, and "
            "mind that --min-area means different sizes; where the files are wrong give --pixel-size",
        )
    if len(sizes) < len(done):
        return (
            f"{len(done) - len(sizes)} of {len(done)} images have no pixel size, so they have no areas in µm²; give "
            "--pixel-size for all",
        )
    return ()


@dataclass(frozen=True, slots=True)
class SizedResults:
    """Results with the pixel size that a user gives in place of what the files say."""

    results: Results
    pixel_size_um: float

    @property
    def settings(self) -> FilterSettings:
        """The filter."""
        return self.results.settings

    def records(self) -> list[ImageRecord]:
        """The images in the order of the tables."""
        return [self._sized(record) for record in self.results.records()]

    def image(self, record: ImageRecord) -> ImageResult:
        """One image with its objects."""
        found = self.results.image(record)
        return replace(found, record=self._sized(found.record))

    def _sized(self, record: ImageRecord) -> ImageRecord:
        if record.status != "done":
            return record
        return replace(record, pixel_size_um=self.pixel_size_um)

    @classmethod
    def of(cls, results: Results, pixel_size_um: float | None) -> Results:
        """The results themselves where no size is given."""
        return results if pixel_size_um is None else cls(results, pixel_size_um)
