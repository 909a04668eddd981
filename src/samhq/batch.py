"""From a folder to a run: plan, read, segment, measure, store; resumable at every image.

The network is handed in as a function, so that this room knows neither torch nor where the work runs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samhq.awake import keep_awake
from samhq.errors import ImageReadError, SamhqError, StoreError
from samhq.files import explain_os_error, long_path
from samhq.images import Image, ImageFile, discover, file_sha256, read_image
from samhq.measure import measure_objects
from samhq.monitor import SILENT, Event, Monitor
from samhq.packing import StoredObjects
from samhq.planning import Model, Planner, Segmenter, Work
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
        segmented = batch.process()
        records = store.records()
    return BatchReport(
        folder=folder,
        segmented=segmented,
        skipped=batch.skipped,
        failed=tuple(r for r in records if r.status == "failed"),
        objects=sum(r.objects for r in records if r.status == "done"),
        elapsed_s=time.monotonic() - started,
        notices=(*batch.planner.notices, *found.notices),
    )


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
        self.skipped = 0
        self.objects = 0
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
        self._loaded: Segmenter | None = None

    # ------------------------------------------------------------ plan

    def prepare(self, files: tuple[ImageFile, ...]) -> None:
        """Decide what is to be done, and write the facts of the run down."""
        planner = self.planner
        planner.compare_with_last_start()
        planner.freeze_scale(files)
        self.work, done = planner.sort(files)
        self.skipped = len(done)
        self.objects = sum(work.earlier.objects for work in done if work.earlier)
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

    def _readings(self, reader: ThreadPoolExecutor) -> Iterator[tuple[Work, Future[_Reading]]]:
        following: Future[_Reading] | None = None
        for index, work in enumerate(self.work):
            current = following or reader.submit(self._read, work)
            if index + 1 < len(self.work):
                following = reader.submit(self._read, self.work[index + 1])
            yield work, current

    def _read(self, work: Work) -> _Reading:
        path = long_path(work.file.path)
        status = path.stat()
        sha256 = file_sha256(path)
        page = work.page if self.settings.image.page is not None else None
        image = read_image(path, self.settings.image, page=page, frozen_scale=self.planner.scale)
        return _Reading(image, sha256, status.st_size, status.st_mtime_ns)

    def _one(self, work: Work, reading: Future[_Reading], progress: Event) -> int:
        """Segment, measure and store one image; a fault of the image is stored as its result."""
        try:
            return self._segment(work, reading.result(), progress)
        except _ModelFailed as error:
            raise error.__cause__ or error from None
        except Exception as error:  # noqa: BLE001 - the image border: one bad image never stops a run
            text = self._fault(work, error)
            self.store.fail(ImageRecord(path=work.file.relative, page=work.page, status="failed", error=text))
            return 0

    def _segment(self, work: Work, read: _Reading, progress: Event) -> int:
        """Segment, measure and store one image that could be read. Returns how many were segmented."""
        started = time.monotonic()
        record = _described(work, read, key=self.planner.key(read.sha256, work.page))
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

    def _fault(self, work: Work, error: Exception) -> str:
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
