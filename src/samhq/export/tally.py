"""Counting what is written while it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from samhq.files import long_path
from samhq.monitor import Event, Monitor
from samhq.results import ImageResult, Outcome, Results, rejection_counts
from samhq.store import ImageRecord

__all__ = ["OutputSummary", "Tally", "watched"]


@dataclass(frozen=True, slots=True)
class OutputSummary:
    """What was written.

    folder: where. images: in the run. objects_kept: by the filter. outcomes: images by what became of
    them. files: written, by kind. warnings: what a user should know.
    """

    folder: Path
    images: int
    objects_kept: int
    outcomes: dict[Outcome, int]
    files: dict[str, int]
    warnings: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """Counts what is written while it is written."""

    images: int = 0
    objects: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    def note_image(self, result: ImageResult) -> None:
        """Count an image and its kept objects."""
        self.images += 1
        self.objects += int(result.filtered.keep.sum())
        self.outcomes[result.outcome] += 1
        self.dropped.update(rejection_counts(result.filtered))

    def note_file(self, kind: str, written: Path, meant: Path) -> None:
        """Count a file, and warn where it is not the one that was meant."""
        self.files[kind] += 1
        if written.name != meant.name:
            self.warnings.append(f"{meant.name} is open in another program; the new one is {written.name}")

    def warn_of_strangers(self, folder: Path, drawn: set[str]) -> None:
        """Name pictures that an earlier output left here and this one did not draw."""
        root = long_path(folder)
        old = sorted({p.relative_to(root).as_posix() for p in root.rglob("*_sam_hq.png")} - drawn)
        if old:
            self.warnings.append(
                f"{len(old)} pictures in the folder are older than these tables and may not fit them, e.g. {old[0]}"
            )

    def summary(self, folder: Path) -> OutputSummary:
        """What was written in all."""
        if self.dropped and not self.objects:
            counts = ", ".join(f"{name} {count}" for name, count in self.dropped.items())
            self.warnings.insert(0, f"no object is left; dropped by {counts}; choose lower thresholds")
        waiting = self.outcomes[Outcome.WAITING]
        if waiting:
            self.warnings.insert(
                0, f"{waiting} of {self.images} images are not segmented yet; `samhq run` goes on with them"
            )
        return OutputSummary(
            folder=folder,
            images=self.images,
            objects_kept=self.objects,
            outcomes={outcome: self.outcomes[outcome] for outcome in Outcome},
            files=dict(self.files),
            warnings=tuple(self.warnings),
        )


def watched(
    results: Results, records: list[ImageRecord], tally: Tally, monitor: Monitor
) -> Iterator[ImageResult]:
    """The results one after the other, counted and reported."""
    for number, record in enumerate(records):
        monitor.check()
        monitor.report(
            Event(stage="export", done=number, total=len(records), item=record.path, objects=tally.objects)
        )
        result = results.image(record)
        tally.note_image(result)
        yield result
    monitor.report(Event(stage="export", done=len(records), total=len(records), objects=tally.objects))
