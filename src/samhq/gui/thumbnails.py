"""Small pictures of image files, read off the event loop and kept."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QImage, QImageReader, QPainter, QPixmap

from samhq import api
from samhq.errors import SamhqError
from samhq.gui.jobs import Job, JobRunner, Lane
from samhq.gui.translate import tr
from samhq.monitor import Monitor
from samhq.settings import ImageSettings

__all__ = ["ThumbnailKey", "Thumbnails", "read_thumbnail"]

_log = logging.getLogger(__name__)

ThumbnailKey = tuple[Path, int | None]
"""File, and the page if it has several."""

_KEPT = 1000
_WAITING = 64
_TOGETHER = 8
# A thumbnail is not worth the memory of a whole slide.
_LARGEST_BYTES = 200_000_000
_LARGEST_PIXELS = 100_000_000
# Deeper pictures than these need the black and white points of the settings to be seen at all.
_PLAIN_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
_DEEP = (QImage.Format.Format_Grayscale16, QImage.Format.Format_RGBA64, QImage.Format.Format_RGBX64)


class Thumbnails(QObject):
    """Thumbnails by file and page, the last ones asked for first, never two reads at a time.

    ready(key): a thumbnail came; ask for it again.
    """

    ready = pyqtSignal(object)

    def __init__(self, jobs: JobRunner, *, size: QSize, parent: QObject | None = None) -> None:
        """size: device pixels of a thumbnail; one of another shape stands in the middle."""
        super().__init__(parent)
        self.settings = ImageSettings()
        self._jobs = jobs
        self.size = size
        self.device_ratio = 1.0
        self._kept: OrderedDict[ThumbnailKey, QPixmap | None] = OrderedDict()
        self._waiting: OrderedDict[ThumbnailKey, None] = OrderedDict()
        self._job: Job | None = None
        self._forgotten: set[ThumbnailKey] = set()

    def get(self, key: ThumbnailKey) -> QPixmap | None:
        """The thumbnail, or None while it is not there; it is then read unless it cannot be."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        self._waiting[key] = None
        self._waiting.move_to_end(key)
        while len(self._waiting) > _WAITING:  # scrolled past long ago
            self._waiting.popitem(last=False)
        if self._job is None:
            # From the event loop: a view asks for all its rows first.
            QTimer.singleShot(0, self._read_next)
        return None

    def forget(self, key: ThumbnailKey) -> None:
        """Read the file anew when it is asked for again: it may have changed."""
        self._kept.pop(key, None)
        if self._job is not None:
            self._forgotten.add(key)

    def forget_missing(self) -> None:
        """Try those again that could not be read: their files may have been mended."""
        self._kept = OrderedDict((key, picture) for key, picture in self._kept.items() if picture is not None)

    def _read_next(self) -> None:
        if self._job is not None or not self._waiting:
            return
        keys = [self._waiting.popitem(last=True)[0] for _ in range(min(_TOGETHER, len(self._waiting)))]
        self._forgotten.clear()
        try:
            job = self._jobs.submit(
                tr("Reading thumbnails"), Lane.LIGHT, _read_all, keys, self.settings, self.size
            )
        except RuntimeError:  # the window is closing
            return
        self._job = job
        job.partial.connect(self._take)
        job.finished.connect(self._on_finished)

    def _take(self, item: tuple[ThumbnailKey, QImage | None]) -> None:
        key, image = item
        if key in self._forgotten:
            return
        self._kept[key] = None if image is None else self._padded(image)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(key)

    def _padded(self, image: QImage) -> QPixmap:
        # All of one size, or the names beside them would not stand in line.
        picture = QPixmap(self.size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        left = (self.size.width() - image.width()) // 2
        painter.drawImage(left, (self.size.height() - image.height()) // 2, image)
        painter.end()
        picture.setDevicePixelRatio(self.device_ratio)
        return picture

    def _on_finished(self) -> None:
        self._job = None
        self._read_next()


def _read_all(
    keys: Sequence[ThumbnailKey],
    settings: ImageSettings,
    size: QSize,
    *,
    monitor: Monitor,
    partial: Callable[[object], None],
) -> None:
    for path, page in keys:
        monitor.check()
        partial(((path, page), read_thumbnail(path, page, settings, size)))


def read_thumbnail(path: Path, page: int | None, settings: ImageSettings, size: QSize) -> QImage | None:
    """A picture of at most this size, as the network sees the image; None if it is too large or cannot be read."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return None
        image = _read_plain(path, size) if path.suffix.lower() in _PLAIN_SUFFIXES and page is None else None
        return _read_any(path, page, settings, size) if image is None else image
    except (SamhqError, OSError, MemoryError, cv2.error) as error:
        _log.debug("no thumbnail of %s", path, exc_info=error)
        return None


def _read_plain(path: Path, size: QSize) -> QImage | None:
    """What Qt reads by itself, JPEG at once in small; None for deep or broken pictures."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    if reader.imageFormat() in _DEEP:
        return None
    whole = reader.size()
    if whole.width() * whole.height() > _LARGEST_PIXELS:
        raise MemoryError
    if whole.isValid() and (whole.width() > size.width() or whole.height() > size.height()):
        reader.setScaledSize(whole.scaled(size, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1)))
    image = reader.read()
    return None if image.isNull() else image


def _read_any(path: Path, page: int | None, settings: ImageSettings, size: QSize) -> QImage:
    if page is None and settings.chooses_places:
        page = api.file_planes(path).first_page(settings, path.name)
    rgb = api.read_image(path, settings.model_copy(update={"page": page})).rgb
    height, width = rgb.shape[:2]
    part = min(1.0, size.width() / width, size.height() / height)
    small = cv2.resize(
        rgb, (max(1, round(width * part)), max(1, round(height * part))), interpolation=cv2.INTER_AREA
    )
    return _image_of(np.ascontiguousarray(small))


def _image_of(rgb: npt.NDArray[np.uint8]) -> QImage:
    height, width = rgb.shape[:2]
    # copy(): the QImage would otherwise point into an array that is gone soon.
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
