"""From a folder to a run: plan, read, segment, measure, store; resumable at every image.

The network is handed in as a function, so that this room knows neither torch nor where the work runs.
Reading, measuring and storing overlap with it (see pipeline); images are stored as they are finished, in rows
that were put in order before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samhq.awake import keep_awake
from samhq.errors import ImageReadError, SamhqError, StoreError
from samhq.files import explain_os_error, long_path
from samhq.images import Image, ImageFile, discover, file_sha256, read_image
from samhq.masks import MaskTable
from samhq.measure import measure_objects
from samhq.monitor import SILENT, Event, Monitor
from samhq.packing import StoredObjects
from samhq.pipeline import Pipeline, Stages, WorkerFailed
from samhq.planning import Loader, Model, Planner, Segmenter, Work
from samhq.runlog import LOG_FILE, RunLog
from samhq.settings import Settings
from samhq.store import ImageRecord, RunStore

__all__ = ["LOG_FILE", "BatchReport", "Model", "Segmenter", "describe_image", "run_batch"]

_log = logging.getLogger(__name__)


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
class _Reading:
    """What a reading thread hands over."""

    image: Image
    sha256: str
    size: int
    mtime_ns: int

    def memory_bytes(self) -> int:
        return self.image.level.nbytes + self.image.rgb.nbytes


@dataclass(frozen=True, slots=True)
class _Found:
    """What the network hands over; masks is None where nothing had to be segmented."""

    record: ImageRecord
    level: npt.NDArray[np.uint16]
    masks: MaskTable | None


@dataclass(frozen=True, slots=True)
class _Result:
    """What is written: a record, and the objects where they are new."""

    record: ImageRecord
    objects: StoredObjects | None


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
        batch.process()
        records = store.records()
    return BatchReport(
        folder=folder,
        segmented=batch.segmented,
        skipped=batch.skipped,
        failed=tuple(r for r in records if r.status == "failed"),
        objects=sum(r.objects for r in records if r.status == "done"),
        elapsed_s=time.monotonic() - started,
        notices=(*batch.planner.notices, *found.notices),
    )


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
        self.segmented = 0
        self.skipped = 0
        self.work: list[Work] = []
        self.planner = Planner(
            store.facts(),
            store.records(present_only=False),
            source=source,
            folder=store.folder,
            settings=settings,
            model=model,
        )
        self.planner.monitor = monitor
        self.progress = _Progress(monitor)
        self._last_hash: tuple[tuple[Path, int, int], str] | None = None

    # ------------------------------------------------------------ plan

    def prepare(self, files: tuple[ImageFile, ...]) -> None:
        """Decide what is to be done, and write the facts of the run down."""
        planner = self.planner
        planner.compare_with_last_start()
        planner.freeze_scale(files)
        self.work, done = planner.sort(files)
        self.skipped = len(done)
        objects = sum(work.earlier.objects for work in done if work.earlier)
        self.progress.start(done=len(done), total=len(done) + len(self.work), objects=objects)
        # Results of other settings and of files that are gone must not mix with these.
        here, waiting = ([(work.file.relative, work.page) for work in works] for works in (done, self.work))
        self.store.begin(self._facts(), current=here, waiting=waiting)
        total = self.skipped + len(self.work)
        planner.say(f"{total} images, {self.skipped} done before, {len(self.work)} to segment")

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
            "frozen_scale": self.planner.scale,
        }

    # ------------------------------------------------------------ process

    def process(self) -> None:
        """Do what is left."""
        loaders = (self.model.load, *self.model.further)[: max(1, len(self.work))]
        # The progress inside an image is shown for one device; that of several would jump about.
        workers = tuple(_Worker(self, load, shows_parts=number == 0) for number, load in enumerate(loaders))
        stages = Stages(
            read=self._read,
            weigh=_Reading.memory_bytes,
            workers=workers,
            prepare=self._measure,
            finish=self._store,
            lost=self._say_lost,
        )
        Pipeline(self.work, stages).run()
        self.progress.end()

    def _read(self, work: Work) -> _Reading:
        path = long_path(work.file.path)
        status = path.stat()
        sha256 = self._hash(path, status.st_size, status.st_mtime_ns)
        page = work.page if self.settings.image.chooses_planes else None
        image = read_image(path, self.settings.image, page=page, frozen_scale=self.planner.scale)
        return _Reading(image, sha256, status.st_size, status.st_mtime_ns)

    def _hash(self, path: Path, size: int, mtime_ns: int) -> str:
        """SHA-256 of a file; of one with many planes it is not computed again for each."""
        if not self.settings.image.chooses_planes:
            return file_sha256(path)
        key = (path, size, mtime_ns)
        last = self._last_hash  # taken once: several threads read
        if last is None or last[0] != key:
            last = self._last_hash = (key, file_sha256(path))
        return last[1]

    def _measure(self, found: _Found) -> _Result:
        if found.masks is None:
            return _Result(found.record, None)
        started = time.monotonic()
        measured = measure_objects(found.level, found.masks)
        record = replace(
            found.record,
            objects=len(found.masks),
            overlap_fraction=measured.overlap_fraction,
            elapsed_s=found.record.elapsed_s + time.monotonic() - started,
        )
        return _Result(record, StoredObjects(found.masks, measured))

    def _store(self, work: Work, outcome: Future[_Result]) -> None:
        """Store one image; a fault of the image is stored as its result."""
        objects = 0
        try:
            result = outcome.result()
            objects = result.record.objects
            if result.objects is None:
                self.store.refresh(result.record)
                self.skipped += 1
            else:
                self.store.save(result.record, result.objects)
                self.segmented += 1
        except Exception as error:  # noqa: BLE001 - the image border: one bad image never stops a run
            objects = 0
            text = self._fault(work, error)
            self.store.fail(ImageRecord(path=work.file.relative, page=work.page, status="failed", error=text))
        self.progress.stored(objects)

    def _say_lost(self, error: Exception) -> None:
        self.log.traceback(error)
        self.log.report(
            Event(stage="segment", message=f"{error}; going on with the other devices", level="warning")
        )

    def _fault(self, work: Work, error: Exception) -> str:
        """Why an image failed, in a sentence. Raises what is not the image's fault."""
        if isinstance(error, StoreError):
            raise error
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


class _Worker:
    """One device with its own copy of the network, always on the same thread."""

    def __init__(self, batch: _Batch, load: Loader, *, shows_parts: bool) -> None:
        self._batch = batch
        self._load = load
        self._shows_parts = shows_parts
        self._loaded: Segmenter | None = None

    def __call__(self, work: Work, reading: Future[_Reading], check: Callable[[], None]) -> _Found:
        """Segment one image, unless its objects are stored already."""
        progress = self._batch.progress
        monitor = _ImageMonitor(self._batch.log, progress, check, shows_parts=self._shows_parts)
        monitor.check()
        progress.begin(_label(work))
        try:
            found = self._find(work, reading.result(), monitor)
        except WorkerFailed:
            raise  # the image is still to come
        except Exception:
            progress.passed(inside=self._shows_parts)
            raise
        progress.passed(inside=self._shows_parts)
        return found

    def _find(self, work: Work, read: _Reading, monitor: Monitor) -> _Found:
        started = time.monotonic()
        record = _described(work, read, key=self._batch.planner.key(read.sha256, work.page))
        earlier = work.earlier
        if earlier is not None and earlier.segment_key == record.segment_key:
            # The file was only touched since, or could not be read for a while.
            return _Found(replace(record, objects=earlier.objects), read.image.level, None)
        try:
            masks = self._segmenter()(read.image.rgb, monitor)
        except Exception as error:
            if "CUDA error" not in str(error):
                raise
            raise WorkerFailed(_broken_gpu(error)) from error
        record = replace(record, elapsed_s=time.monotonic() - started)
        return _Found(record, read.image.level, masks)

    def _segmenter(self) -> Segmenter:
        # Loaded for the first image that can be read: a start without work takes no time.
        if self._loaded is None:
            try:
                self._loaded = self._load(self._batch.settings.segmentation, self._batch.log)
            except Exception as error:
                raise WorkerFailed(error) from error
        return self._loaded


class _ImageMonitor:
    """Places the progress inside an image into the progress of the batch."""

    def __init__(
        self, monitor: Monitor, progress: _Progress, check: Callable[[], None], *, shows_parts: bool
    ) -> None:
        self._monitor = monitor
        self._progress = progress
        self._check = check
        self._shows_parts = shows_parts

    def report(self, event: Event) -> None:
        if self._shows_parts or event.message:
            self._progress.inside(event, counts=self._shows_parts)

    def check(self) -> None:
        self._check()
        self._monitor.check()


class _Progress:
    """Where a batch is: one place for what several threads do.

    Done is what is stored. Images that left the network and are not stored yet, and the part of the one that
    is in it, are told as a part of the next, so that what is shown never goes back.
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._lock = threading.RLock()
        self._now = Event(stage="segment")
        self._behind = 0
        self._inside = (0, 0)

    def start(self, *, done: int, total: int, objects: int) -> None:
        """Before the first image."""
        self._now = Event(stage="segment", done=done, total=total, objects=objects)

    def begin(self, item: str) -> None:
        """An image is taken in hand."""
        with self._lock:
            self._tell(item=item)

    def inside(self, event: Event, *, counts: bool) -> None:
        """The network is at some part of an image. counts: as progress, and not for its message alone."""
        with self._lock:
            if counts and event.parts:
                self._inside = (event.part, event.parts)
            self._tell(message=event.message, level=event.level)

    def passed(self, *, inside: bool) -> None:
        """An image left the network, well or not. inside: whether its parts were shown."""
        with self._lock:
            self._behind += 1
            if inside:
                self._inside = (0, 0)

    def stored(self, objects: int) -> None:
        """An image is stored, or its failure is. objects: those of it."""
        with self._lock:
            self._behind -= 1
            self._now = replace(self._now, done=self._now.done + 1, objects=self._now.objects + objects)
            if self._now.done != self._now.total:  # the end is told when everything has ended
                self._tell()

    def end(self) -> None:
        """All is done."""
        with self._lock:
            self._now = replace(self._now, item="")
            self._tell()

    def _tell(self, *, item: str = "", message: str = "", level: str = "info") -> None:
        self._now = replace(self._now, item=item or self._now.item)
        part, parts = self._inside
        if self._behind:
            part, parts = (part + self._behind * parts, parts) if parts else (1, 1)
        told = replace(self._now, part=min(part, parts), parts=parts, message=message, level=level)
        self._monitor.report(told)


def _broken_gpu(error: Exception) -> SamhqError:
    return SamhqError(
        f"the GPU stopped working ({str(error).splitlines()[0]}); start the same command again to go on, "
        "with --device cpu if it happens again"
    )


def _described(work: Work, read: _Reading, *, key: str) -> ImageRecord:
    record = describe_image(
        read.image, path=work.file.relative, page=work.page, sha256=read.sha256, segment_key=key
    )
    return replace(record, file_size=read.size, file_mtime_ns=read.mtime_ns)


def describe_image(
    image: Image, *, path: str, page: int, sha256: str = "", segment_key: str = ""
) -> ImageRecord:
    """The record of an image that could be read, objects aside. path: relative to the input, with "/"."""
    return ImageRecord(
        path=path,
        page=page,
        status="done",
        segment_key=segment_key,
        file_sha256=sha256,
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


def _label(work: Work) -> str:
    return work.file.relative if work.page == 1 else f"{work.file.relative} page {work.page}"
