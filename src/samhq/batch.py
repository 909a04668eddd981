"""From a folder to a run: plan, read, segment, measure, store; resumable at every image.

The network is handed in as a function, so that this room knows neither torch nor where the work runs.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from samhq.awake import keep_awake
from samhq.errors import ImageReadError, SamhqError, StoreError
from samhq.files import explain_os_error, long_path
from samhq.images import (
    Image,
    ImageFile,
    discover,
    file_sha256,
    pages_of,
    percentile_scale,
    read_image,
)
from samhq.masks import MaskTable
from samhq.measure import measure_objects
from samhq.monitor import SILENT, Event, Monitor
from samhq.packing import StoredObjects
from samhq.runlog import LOG_FILE, RunLog
from samhq.settings import ImageSettings, SegmentationSettings, Settings
from samhq.store import ImageRecord, RunStore

__all__ = ["LOG_FILE", "BatchReport", "Model", "Segmenter", "run_batch"]

_log = logging.getLogger(__name__)


class Segmenter(Protocol):
    """Finds the masks of one picture."""

    def __call__(self, rgb: npt.NDArray[np.uint8], monitor: Monitor) -> MaskTable:
        """rgb: (h, w, 3) uint8. Returns its masks. Calls monitor.check() between prompt batches."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a run must know of a model before, and whether or not, it is loaded.

    name: as the user calls it. sha256: of its file. engine_version: of the mask generator.
    load: makes the segmenter for resolved settings; called once, and only if there is work.
    """

    name: str
    architecture: str
    sha256: str
    engine_version: int
    load: Callable[[SegmentationSettings, Monitor], Segmenter]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch did.

    segmented: images segmented now; skipped: images done before; failed: records of images that could
    not be processed; objects: objects in the whole run; notices: what a user should know.
    """

    folder: Path
    segmented: int
    skipped: int
    failed: tuple[ImageRecord, ...]
    objects: int
    elapsed_s: float
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Work:
    """One page of one file, with what is known of it from an earlier start."""

    file: ImageFile
    page: int
    earlier: ImageRecord | None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the reading thread hands over."""

    image: Image
    sha256: str
    size: int
    mtime_ns: int


def run_batch(
    source: Path,
    folder: Path,
    *,
    settings: Settings,
    model: Model,
    skip: tuple[Path, ...] = (),
    monitor: Monitor = SILENT,
) -> BatchReport:
    """Segment and measure every image below source into the run folder, going on where it stopped.

    settings: resolved ones (see SegmentationSettings.with_recommended).
    skip: folders below source that hold outputs, not inputs.
    One bad image is stored as failed and the run goes on. Raises StoreError or CheckpointError for what
    stops a run, ImageReadError if source is gone, Cancelled; everything done so far is kept.
    """
    started = time.monotonic()
    monitor.report(Event(stage="plan", message=f"Looking for images in {source}"))
    found = discover(source, skip=(folder, *skip))
    if not found.files:
        raise ImageReadError(found.nothing_found)
    with keep_awake(), RunStore.write(folder) as store:
        batch = _Batch(store, source=source, settings=settings, model=model, monitor=RunLog(monitor, folder))
        batch.prepare(found.files)
        for path, reason in found.skipped:
            batch.log.report(Event(stage="plan", message=f"Passed over {path}: {reason}"))
        batch.notices.extend(found.notices)
        segmented = batch.process()
        records = store.records()
    return BatchReport(
        folder=folder,
        segmented=segmented,
        skipped=batch.skipped,
        failed=tuple(r for r in records if r.status == "failed"),
        objects=sum(r.objects for r in records if r.status == "done"),
        elapsed_s=time.monotonic() - started,
        notices=tuple(batch.notices),
    )


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
        "image": image.model_dump(mode="json", exclude={"page"}),
        "segmentation": segmentation.model_dump(mode="json", exclude={"model"}),
        "model": model.sha256,
        "engine": model.engine_version,
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode("utf-8")).hexdigest()


class _ModelFailed(Exception):  # noqa: N818 - carries another error past the border of an image
    """The model could not be loaded: no fault of the image that needed it first."""


class _Batch:
    """One start of a batch: what is left to do, and doing it."""

    def __init__(
        self, store: RunStore, *, source: Path, settings: Settings, model: Model, monitor: RunLog
    ) -> None:
        self.store = store
        self.source = source
        self.settings = settings
        self.model = model
        self.log = monitor
        self.notices: list[str] = []
        self.skipped = 0
        self.objects = 0
        self.scale: tuple[float, float] | None = None
        self.work: list[_Work] = []
        self._loaded: Segmenter | None = None
        self._stamps: Counter[tuple[int, int]] = Counter()

    # ------------------------------------------------------------ plan

    def prepare(self, files: tuple[ImageFile, ...]) -> None:
        """Decide what is to be done, and write the facts of the run down."""
        self._compare_with_last_start()
        self.scale = self._frozen_scale(files)
        earlier = {(r.path, r.page): r for r in self.store.records(present_only=False)}
        here: set[tuple[str, int]] = set()
        self._stamps = Counter(stamp for file in files if (stamp := _stamp(file.path)) is not None)
        for file in files:
            self.log.check()
            for work in self._pages(file, earlier):
                if self._is_done(work):
                    here.add((file.relative, work.page))
                    self.skipped += 1
                    self.objects += work.earlier.objects if work.earlier else 0
                else:
                    self.work.append(work)
        # Results of other settings and of files that are gone must not mix with these.
        waiting = [(work.file.relative, work.page) for work in self.work]
        self.store.begin(self._facts(), current=here, waiting=waiting)
        total = self.skipped + len(self.work)
        self._say(f"{total} images, {self.skipped} done before, {len(self.work)} to segment")

    def _facts(self) -> dict[str, Any]:
        return {
            "input": str(self.source),
            "folder": str(self.store.folder),
            "name": self.source.name,
            "settings": self.settings.to_dict(),
            "model": {
                "name": self.model.name,
                "architecture": self.model.architecture,
                "sha256": self.model.sha256,
            },
            "engine_version": self.model.engine_version,
            "frozen_scale": self.scale,
        }

    def _compare_with_last_start(self) -> None:
        before = self.store.facts()
        if not before:
            return
        other = Path(before["input"])
        if other != self.source and not self._is_copy(before, other) and long_path(other).exists():
            raise StoreError(
                f"{self.store.folder}: is the run of another input, {before['input']}; choose another --out"
            )
        changes = []
        if before["model"]["sha256"] != self.model.sha256:
            changes.append(f"model {before['model']['name']} -> {self.model.name}")
        if before["engine_version"] != self.model.engine_version:
            changes.append(f"engine {before['engine_version']} -> {self.model.engine_version}")
        now = self.settings.to_dict()
        for group in ("image", "segmentation"):
            for name, value in now[group].items():
                old = before["settings"].get(group, {}).get(name)
                if old != value and name not in ("model", "page"):
                    changes.append(f"{name} {json.dumps(old)} -> {json.dumps(value)}")
        if changes:
            self._notice(f"Segmenting again, because these changed: {', '.join(changes)}")

    def _is_copy(self, before: dict[str, Any], other: Path) -> bool:
        """Whether run and input lie beside each other in a new place as they did in the old one."""
        old, new = Path(before.get("folder", self.store.folder)), self.store.folder
        beside = other.parent == old.parent and self.source.parent == new.parent
        return old != new and beside and other.name == self.source.name

    def _frozen_scale(self, files: tuple[ImageFile, ...]) -> tuple[float, float] | None:
        if self.settings.image.intensity_range != "percentile":
            return None
        facts = self.store.facts()
        names = ("intensity_range", "black_percentile", "white_percentile", "page")
        before = facts.get("settings", {}).get("image", {})
        now = self.settings.to_dict()["image"]
        if facts.get("frozen_scale") and all(before.get(n) == now[n] for n in names):
            low, high = (float(v) for v in facts["frozen_scale"])
            self._say(f"Black and white point as frozen at the first start: {low:g} and {high:g}")
            return low, high
        self._say("Measuring the percentiles of all images for the black and white point")
        low, high = percentile_scale([f.path for f in files], self.settings.image, monitor=self.log)
        self._notice(f"Black and white point, frozen for this run: {low:g} and {high:g}")
        return low, high

    def _pages(self, file: ImageFile, earlier: dict[tuple[str, int], ImageRecord]) -> Iterator[_Work]:
        chosen = self.settings.image.page
        if chosen == "all":
            first = earlier.get((file.relative, 1))
            pages = first.pages if first and _unchanged(file.path, first) else self._count_pages(file.path)
            numbers = range(1, pages + 1)
        else:
            numbers = range(chosen or 1, (chosen or 1) + 1)
        for number in numbers:
            yield _Work(file, number, earlier.get((file.relative, number)))

    def _count_pages(self, path: Path) -> int:
        try:
            return pages_of(path)
        except ImageReadError:
            return 1  # reading it will say what is wrong

    def _is_done(self, work: _Work) -> bool:
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
        if self.settings.image.page is None and earlier.pages > 1:
            return False
        return earlier.segment_key == self._key(earlier.file_sha256, work.page)

    def _key(self, sha256: str, page: int) -> str:
        return segment_key(
            file_sha256=sha256,
            page=page,
            scale=self.scale,
            image=self.settings.image,
            segmentation=self.settings.segmentation,
            model=self.model,
        )

    # ------------------------------------------------------------ process

    def process(self) -> int:
        """Do what is left. Returns how many images were segmented."""
        segmented = 0
        total = self.skipped + len(self.work)
        # One image is read while the one before it is in the network.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="samhq-read") as reader:
            try:
                for number, (work, reading) in enumerate(self._readings(reader), start=self.skipped):
                    self.log.check()
                    progress = Event(
                        stage="segment", done=number, total=total, item=_label(work), objects=self.objects
                    )
                    self.log.report(progress)
                    segmented += self._one(work, reading, progress)
            finally:
                reader.shutdown(wait=True, cancel_futures=True)
        self.log.report(Event(stage="segment", done=total, total=total, objects=self.objects))
        return segmented

    def _segmenter(self) -> Segmenter:
        # Loaded for the first image that can be read: a start without work takes no time.
        if self._loaded is None:
            try:
                self._loaded = self.model.load(self.settings.segmentation, self.log)
            except Exception as error:
                raise _ModelFailed from error
        return self._loaded

    def _readings(self, reader: ThreadPoolExecutor) -> Iterator[tuple[_Work, Future[_Reading]]]:
        following: Future[_Reading] | None = None
        for index, work in enumerate(self.work):
            current = following or reader.submit(self._read, work)
            if index + 1 < len(self.work):
                following = reader.submit(self._read, self.work[index + 1])
            yield work, current

    def _read(self, work: _Work) -> _Reading:
        path = long_path(work.file.path)
        status = path.stat()
        sha256 = file_sha256(path)
        page = work.page if self.settings.image.page is not None else None
        image = read_image(path, self.settings.image, page=page, frozen_scale=self.scale)
        return _Reading(image, sha256, status.st_size, status.st_mtime_ns)

    def _one(self, work: _Work, reading: Future[_Reading], progress: Event) -> int:
        """Segment, measure and store one image; a fault of the image is stored as its result."""
        try:
            return self._segment(work, reading.result(), progress)
        except _ModelFailed as error:
            raise error.__cause__ or error from None
        except Exception as error:  # noqa: BLE001 - the image border: one bad image never stops a run
            text = self._fault(work, error)
            self.store.fail(ImageRecord(path=work.file.relative, page=work.page, status="failed", error=text))
            return 0

    def _segment(self, work: _Work, read: _Reading, progress: Event) -> int:
        """Segment, measure and store one image that could be read. Returns how many were segmented."""
        started = time.monotonic()
        record = _described(work, read, key=self._key(read.sha256, work.page))
        earlier = work.earlier
        if earlier is not None and earlier.segment_key == record.segment_key:
            # The file was only touched since, or could not be read for a while.
            self.store.refresh(record)
            self.skipped += 1
            self.objects += earlier.objects
            return 0
        masks = self._segmenter()(read.image.rgb, _ImageMonitor(self.log, progress))
        measured = measure_objects(read.image.level, masks)
        record = replace(
            record,
            objects=len(masks),
            overlap_fraction=measured.overlap_fraction,
            elapsed_s=time.monotonic() - started,
        )
        self.store.save(record, StoredObjects(masks, measured))
        self.objects += record.objects
        return 1

    def _fault(self, work: _Work, error: Exception) -> str:
        """Why an image failed, in a sentence. Raises what is not the image's fault."""
        if isinstance(error, StoreError):
            raise error
        if "CUDA error" in str(error):
            raise SamhqError(
                f"the GPU stopped working ({str(error).splitlines()[0]}); start the same command again to go on, "
                "with --device cpu if it happens again"
            ) from error
        if isinstance(error, OSError):
            if not long_path(self.source).exists():
                raise ImageReadError(
                    f"{self.source}: the input has disappeared; connect its disk and start again: "
                    "everything done so far is kept"
                ) from error
            text = explain_os_error(error, work.file.path)
        elif isinstance(error, SamhqError):
            text = str(error)
        elif isinstance(error, MemoryError) or "can't allocate memory" in str(error):
            text = "not enough memory for this image; close other programs, or use a smaller crop or batch"
        else:
            _log.debug("unexpected error in %s", _label(work), exc_info=error)
            text = f"unexpected {type(error).__name__}: {error}; please report it with the log file"
        text = text.removeprefix(f"{work.file.path.name}: ")  # the image is named beside it everywhere
        self.log.traceback(error)
        self.log.report(Event(stage="segment", message=f"{_label(work)} failed: {text}", level="error"))
        return text

    def _say(self, message: str, level: str = "info") -> None:
        self.log.report(Event(stage="plan", message=message, level=level))

    def _notice(self, message: str) -> None:
        self.notices.append(message)
        self._say(message, "warning")


class _ImageMonitor:
    """Places the progress inside an image into the progress of the batch."""

    def __init__(self, monitor: Monitor, progress: Event) -> None:
        self._monitor = monitor
        self._progress = progress

    def report(self, event: Event) -> None:
        # Objects of finished images only: those of this one still fall when duplicates go.
        place = self._progress
        self._monitor.report(
            replace(event, done=place.done, total=place.total, item=place.item, objects=place.objects)
        )

    def check(self) -> None:
        self._monitor.check()


def _described(work: _Work, read: _Reading, *, key: str) -> ImageRecord:
    image = read.image
    return ImageRecord(
        path=work.file.relative,
        page=work.page,
        status="done",
        segment_key=key,
        file_size=read.size,
        file_mtime_ns=read.mtime_ns,
        file_sha256=read.sha256,
        width=image.width,
        height=image.height,
        pages=image.pages,
        page_name=image.page_name,
        dtype=image.dtype,
        bits=image.bits,
        scale_kind=image.scale.kind,
        black=image.scale.black,
        white=image.scale.white,
        pixel_size_um=image.pixel_size_um,
        notes=image.notes,
    )


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


def _label(work: _Work) -> str:
    return work.file.relative if work.page == 1 else f"{work.file.relative} page {work.page}"
