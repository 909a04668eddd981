"""What a start of a run has to do: which pages are done, which wait, and why they wait."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from samhq.errors import ImageReadError, StoreError
from samhq.files import long_path, natural_key
from samhq.images import ImageFile, discover, file_sha256, pages_chosen, pages_of, percentile_scale
from samhq.masks import MaskTable
from samhq.monitor import SILENT, Event, Monitor
from samhq.settings import GROUPS, PLACE_SETTINGS, ImageSettings, SegmentationSettings, Settings
from samhq.store import RUN_FILE, ImageRecord, RunStore

__all__ = ["Loader", "Model", "Planner", "RunPlan", "Segmenter", "Work", "plan_batch", "segment_key"]

# What one segmented page takes in the run file, where nothing was measured yet.
_BYTES_PER_PAGE = 300_000


class Segmenter(Protocol):
    """Finds the masks of one picture."""

    def __call__(self, rgb: npt.NDArray[np.uint8], monitor: Monitor) -> MaskTable:
        """rgb: (h, w, 3) uint8. Returns its masks. Calls monitor.check() between prompt batches."""


Loader = Callable[[SegmentationSettings, Monitor], Segmenter]
"""Makes the segmenter for resolved settings."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a run must know of a model before, and whether or not, it is loaded.

    name: as the user calls it. sha256: of its file. engine_version: of the mask generator.
    finder_sha256: of the file of a second model that finds what this one draws, empty where there is none.
    load: called once, and only if there is work. further: the same for each further device that may work at
    the same time, each called at most once, on the thread that then uses what it gives.
    """

    name: str
    architecture: str
    sha256: str
    engine_version: int
    load: Loader
    further: tuple[Loader, ...] = ()
    finder_sha256: str = ""


def segment_key(
    *,
    file_sha256: str,
    page: int,
    scale: tuple[float, float] | None,
    image: ImageSettings,
    segmentation: SegmentationSettings,
    model: Model,
) -> str:
    """Hash of everything that decides the masks and gray levels of one image."""
    decisive = {
        "file": file_sha256,
        "page": page,
        "scale": scale,
        "image": image.decisive(),
        "segmentation": segmentation.decisive(),
        "model": model.sha256,
        "engine": model.engine_version,
    }
    if model.finder_sha256:
        decisive["finder"] = model.finder_sha256
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class Work:
    """One page of one file, with what is known of it from an earlier start."""

    file: ImageFile
    page: int
    earlier: ImageRecord | None


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run would do.

    images: files found. pages: pages of them that are images of the run, of which `done` are segmented
    and `waiting` are not. skipped: (relative path, reason) of what was passed over.
    notices: what a user should know before the start.
    keys: (relative path, page) of every page, in the order of the tables.
    free_bytes: on the disk of the run folder; None if it cannot be told. needed_bytes: a guess of what the
    run and its output will take there.
    """

    folder: Path
    images: int
    pages: int
    waiting: int
    done: int
    skipped: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]
    keys: tuple[tuple[str, int], ...]
    free_bytes: int | None
    needed_bytes: int


def plan_batch(
    source: Path, folder: Path, *, settings: Settings, model: Model, monitor: Monitor = SILENT
) -> RunPlan:
    """What run_batch would do with the same arguments; nothing is locked or written.

    The percentiles of a first start with intensity_range percentile are not measured: that reads every
    image. Raises ImageReadError, StoreError as run_batch does, and Cancelled.
    """
    found = discover(source, skip=(folder,))
    if not found.files:
        raise ImageReadError(found.nothing_found)
    store = RunStore.read(folder) if long_path(folder / RUN_FILE).is_file() else None
    try:
        earlier: list[ImageRecord] = []
        facts: dict[str, Any] = {}
        if store is not None and store.has_begun():
            facts, earlier = store.facts(), store.records(present_only=False)
    finally:
        if store is not None:
            store.close()
    planner = Planner(facts, earlier, source=source, folder=folder, settings=settings, model=model)
    planner.monitor = monitor
    planner.compare_with_last_start()
    planner.take_frozen_scale()
    is_unmeasured = settings.image.intensity_range == "percentile" and planner.scale is None
    if is_unmeasured:
        planner.notice("The black and white point will first be measured from all images")
    waiting, done = planner.sort(found.files)
    if is_unmeasured:  # their keys hold the numbers that are not known yet
        waiting, done = waiting + done, []
    return RunPlan(
        folder=folder,
        images=len(found.files),
        pages=len(waiting) + len(done),
        waiting=len(waiting),
        done=len(done),
        skipped=found.skipped,
        notices=(*planner.notices, *found.notices),
        keys=_in_order(waiting + done),
        free_bytes=_free_bytes(folder),
        needed_bytes=_needed_bytes(folder, waiting, len(earlier), pictures=settings.output.pictures),
    )


def _in_order(works: list[Work]) -> tuple[tuple[str, int], ...]:
    keys = ((work.file.relative, work.page) for work in works)
    return tuple(sorted(keys, key=lambda key: (natural_key(key[0]), key[1])))


class Planner:
    """Decides what is to be done, from what earlier starts wrote down.

    notices: what a user should know. scale: black and white value of the run, None where they are not
    those of percentiles.
    """

    def __init__(
        self,
        facts: dict[str, Any],
        earlier: list[ImageRecord],
        *,
        source: Path,
        folder: Path,
        settings: Settings,
        model: Model,
    ) -> None:
        """facts, earlier: of the run, as stored; empty for a new one."""
        self.facts = facts
        self.earlier = {(r.path, r.page): r for r in earlier}
        self.source = source
        self.folder = folder
        self.settings = settings
        self.model = model
        self.monitor = SILENT
        self.notices: list[str] = []
        self.scale: tuple[float, float] | None = None
        self._stamps: Counter[tuple[int, int]] = Counter()

    def sort(self, files: tuple[ImageFile, ...]) -> tuple[list[Work], list[Work]]:
        """The pages still to be segmented, and those that are done."""
        waiting: list[Work] = []
        done: list[Work] = []
        self._stamps = Counter(stamp for file in files if (stamp := _stamp(file.path)) is not None)
        for file in files:
            self.monitor.check()
            for work in self._pages(file):
                (done if self._is_done(work) else waiting).append(work)
        return waiting, done

    def compare_with_last_start(self) -> None:
        """Say what changed since. Raises StoreError if the run is that of another input."""
        before = self.facts
        if not before:
            return
        other = Path(before["input"])
        if other != self.source and not self._is_copy(before, other) and long_path(other).exists():
            raise StoreError(
                f"{self.folder}: is the run of another input, {before['input']}; choose another --out"
            )
        changes = []
        if before["model"]["sha256"] != self.model.sha256:
            changes.append(f"model {before['model']['name']} -> {self.model.name}")
        if before["engine_version"] != self.model.engine_version:
            changes.append(f"engine {before['engine_version']} -> {self.model.engine_version}")
        now = {
            "image": self.settings.image.model_dump(mode="json", exclude={"page", *PLACE_SETTINGS}),
            "segmentation": self.settings.segmentation.decisive()
            | {"prompts": self.settings.segmentation.prompts},
        }
        # A setting that an older samhq did not know was at its default. One that is not decisive any more is
        # not named: the one that made it decisive is.
        for group, values in now.items():
            known = GROUPS[group]().model_dump(mode="json") | before["settings"].get(group, {})
            changed = {name: known[name] for name, value in values.items() if known[name] != value}
            changes += [
                f"{name} {json.dumps(old)} -> {json.dumps(values[name])}" for name, old in changed.items()
            ]
        if changes:
            self.notice(f"Segmenting again, because these changed: {', '.join(changes)}")

    def _is_copy(self, before: dict[str, Any], other: Path) -> bool:
        """Whether run and input lie beside each other in a new place as they did in the old one."""
        old, new = Path(before.get("folder", self.folder)), self.folder
        beside = other.parent == old.parent and self.source.parent == new.parent
        return old != new and beside and other.name == self.source.name

    def take_frozen_scale(self) -> None:
        """Take the black and white point of the last start where it was made with the same settings."""
        if self.settings.image.intensity_range != "percentile":
            return
        names = ("intensity_range", "black_percentile", "white_percentile", "page", *PLACE_SETTINGS)
        before = self.facts.get("settings", {}).get("image", {})
        now = self.settings.to_dict()["image"]
        if self.facts.get("frozen_scale") and all(before.get(n) == now[n] for n in names):
            low, high = (float(v) for v in self.facts["frozen_scale"])
            self.say(f"Black and white point as frozen at the first start: {low:g} and {high:g}")
            self.scale = (low, high)

    def freeze_scale(self, files: tuple[ImageFile, ...]) -> None:
        """Measure the black and white point where it comes from percentiles and is not frozen yet."""
        self.take_frozen_scale()
        if self.settings.image.intensity_range != "percentile" or self.scale is not None:
            return
        self.say("Measuring the percentiles of all images for the black and white point")
        self.scale = percentile_scale([f.path for f in files], self.settings.image, monitor=self.monitor)
        self.notice("Black and white point, frozen for this run: {:g} and {:g}".format(*self.scale))

    def _pages(self, file: ImageFile) -> Iterator[Work]:
        chosen = self.settings.image.page
        numbers: Sequence[int]
        if chosen == "all":
            first = self.earlier.get((file.relative, 1))
            pages = first.pages if first and _unchanged(file.path, first) else self._count_pages(file.path)
            numbers = range(1, pages + 1)
        elif self.settings.image.chooses_places:
            numbers = self._chosen_pages(file.path)
        else:
            numbers = range(chosen or 1, (chosen or 1) + 1)
        for number in numbers:
            yield Work(file, number, self.earlier.get((file.relative, number)))

    def _count_pages(self, path: Path) -> int:
        try:
            return pages_of(path)
        except ImageReadError:
            return 1  # reading it will say what is wrong

    def _chosen_pages(self, path: Path) -> Sequence[int]:
        try:
            return pages_chosen(long_path(path), self.settings.image)
        except ImageReadError:
            return (1,)  # reading it will say what is wrong

    def _is_done(self, work: Work) -> bool:
        earlier = work.earlier
        if earlier is None or earlier.status != "done" or not _unchanged(work.file.path, earlier):
            return False
        if self._stamps[earlier.file_size, earlier.file_mtime_ns] > 1:
            # Files of equal size and time may have changed names among themselves.
            try:
                if file_sha256(long_path(work.file.path)) != earlier.file_sha256:
                    return False
            except (OSError, ImageReadError):
                return False
        if not self.settings.image.chooses_planes and earlier.pages > 1:
            return False
        return earlier.segment_key == self.key(earlier.file_sha256, work.page)

    def key(self, sha256: str, page: int) -> str:
        """The segment key of a page of a file with this content."""
        return segment_key(
            file_sha256=sha256,
            page=page,
            scale=self.scale,
            image=self.settings.image,
            segmentation=self.settings.segmentation,
            model=self.model,
        )

    def say(self, message: str, level: str = "info") -> None:
        """Report a message."""
        self.monitor.report(Event(stage="plan", message=message, level=level))

    def notice(self, message: str) -> None:
        """Report a message that also belongs to the result."""
        self.notices.append(message)
        self.say(message, "warning")


def _unchanged(path: Path, record: ImageRecord) -> bool:
    """Whether a file is, by size and time, the one that was read."""
    return _stamp(path) == (record.file_size, record.file_mtime_ns)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of a file, None if it cannot be seen."""
    try:
        status = long_path(path).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _free_bytes(folder: Path) -> int | None:
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(long_path(place)).free
        except OSError:
            continue
    return None


def _needed_bytes(folder: Path, waiting: list[Work], stored: int, *, pictures: bool) -> int:
    """Room for the waiting pages in the run file, and for one annotated picture of about a file's size each."""
    per_page = _BYTES_PER_PAGE
    run_file = _stamp(folder / RUN_FILE)
    if stored and run_file is not None:
        per_page = max(1, run_file[0] // stored)
    stamps = {work.file.path: _stamp(work.file.path) for work in waiting} if pictures else {}
    return per_page * len(waiting) + sum(stamp[0] for stamp in stamps.values() if stamp is not None)
