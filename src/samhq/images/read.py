"""Reading one image: file, bytes or array in, Image out. All faults leave here as ImageReadError."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import logging
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from samhq.errors import ImageReadError, SamhqError
from samhq.files import long_path
from samhq.images.jpeg import decode_jpeg
from samhq.images.levels import picture_of
from samhq.images.microscopy import decode_plane, planes_of_file
from samhq.images.model import Image, Stored, check_size
from samhq.images.planes import FilePlanes, checked_page, chosen_pages, planes_of_tiff, shown_page
from samhq.images.png import decode_png
from samhq.images.readers import FORMATS, Reader, open_reader, reader_kind
from samhq.images.sniff import FORMAT_NAMES, format_of, suffix_note
from samhq.images.tiff import decode_tiff, plan_of
from samhq.images.tiff_pages import TiffPlan
from samhq.settings import ImageSettings

__all__ = [
    "file_planes",
    "file_sha256",
    "image_from_array",
    "open_file",
    "pages_chosen",
    "pages_of",
    "read_image",
    "reading",
    "stored_pages",
]

logger = logging.getLogger(__name__)

_HEAD = 512


def pages_of(path: Path) -> int:
    """Number of pages (2-D planes) of a file, without decoding any.

    Raises ImageReadError where the file cannot be read as an image.
    """
    return file_planes(path).count


def file_planes(path: Path) -> FilePlanes:
    """The planes of a file and, where it tells them, their scenes, channels, slices and time points.

    Raises ImageReadError where the file cannot be read as an image.
    """
    with reading(path.name), _opened(path) as stream:
        return _Source.of(stream, path, path.name).planes


def open_file(path: str | Path) -> Reader:
    """Open a microscopy file or TIFF for regions, pyramid levels and single planes; use it as a context manager.

    Raises ImageReadError where it is none, is damaged, or where the library that reads it is missing.
    """
    place = Path(path)
    with reading(place.name):
        with _opened(place) as stream:
            kind = _kind(stream, place.name)
        if kind not in FORMATS:
            raise ImageReadError(
                f"{place.name}: {FORMAT_NAMES[kind]} pictures have no planes and levels; read it with read_image"
            )
        return open_reader(long_path(place), kind)


def pages_chosen(path: Path, settings: ImageSettings) -> tuple[int, ...]:
    """Pages of a file, counted from 1, that the settings ask for; never empty.

    Raises ImageReadError where the file cannot be read, lacks one that is asked for, or holds several and nobody
    said which.
    """
    return chosen_pages(file_planes(path), settings, path.name)


def read_image(
    data_or_path: Path | bytes,
    settings: ImageSettings,
    *,
    page: int | None = None,
    frozen_scale: tuple[float, float] | None = None,
    name: str = "",
) -> Image:
    """Read one page of an image file.

    data_or_path: the file, or its content.
    page: 1-based page; without it settings.page decides, and a file of one page needs neither.
    frozen_scale: black and white value of the run, for intensity_range percentile.
    name: what errors call the image; by default the file's name.
    Raises ImageReadError naming the file, the fault and the remedy; SettingsError where percentile is
    asked for without frozen_scale.
    """
    if not isinstance(data_or_path, Path | bytes):
        raise TypeError(f"data_or_path must be a Path or bytes, not {type(data_or_path).__name__}")
    path = data_or_path if isinstance(data_or_path, Path) else None
    name = name or (path.name if path is not None else "image")
    with reading(name) as remarks:
        source: BinaryIO = (
            io.BytesIO(data_or_path) if isinstance(data_or_path, bytes) else _opened(data_or_path)
        )
        with source as stream:
            opened = _Source.of(stream, path, name)
            number = opened.number(settings, page)
            stored = opened.decode(number)
            shown = shown_page(opened.planes, settings, page=number, name=name)
            other = opened.decode(shown) if shown != number else None
        image = picture_of(stored, settings, name=name, frozen_scale=frozen_scale)
        if other is not None:
            image = _with_other_shown(image, other, settings, name=name, frozen_scale=frozen_scale)
        return replace(image, notes=(*image.notes, *_remarks(remarks)))


def image_from_array(
    array: ArrayLike,
    settings: ImageSettings,
    *,
    bits: int | None = None,
    frozen_scale: tuple[float, float] | None = None,
    name: str = "array",
) -> Image:
    """Treat an array as read_image treats a file.

    array: (h, w), (h, w, 1), RGB (h, w, 3) or RGBA (h, w, 4) of bool, uint8, uint16, float or, with fixed
        or percentile range, any integer type. It is not changed and not kept.
    bits: significant bits of integers where they are fewer than the type has, e.g. 12.
    Raises ImageReadError as read_image does.
    """
    with reading(name):
        values = np.asarray(array)
        if values.ndim == 3 and values.shape[2] == 1:
            values = values[..., 0]
        if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (3, 4)):
            raise ImageReadError(
                f"{name}: shape {values.shape} is no picture; give (h, w), (h, w, 3) or (h, w, 4)"
            )
        depth = values.dtype.itemsize * (values.shape[2] if values.ndim == 3 else 1)
        check_size(name, width=values.shape[1], height=values.shape[0], sample_bytes=max(1, depth))
        values = values.astype(values.dtype.newbyteorder("="), copy=True)
        alpha = values[..., 3] if values.ndim == 3 and values.shape[2] == 4 else None
        color = "gray" if values.ndim == 2 else "rgb"
        own = 1 if values.dtype.kind == "b" else 8 * values.dtype.itemsize
        stored = Stored(
            values=np.ascontiguousarray(values[..., :3]) if alpha is not None else values,
            alpha=alpha,
            bits=own,
            stated_bits=bits if bits is not None and 1 <= bits < own else None,
            mode=color if alpha is None else "rgb+alpha",
        )
        return picture_of(stored, settings, name=name, frozen_scale=frozen_scale)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal. Raises ImageReadError where it cannot be read."""
    with reading(path.name), _opened(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stored_pages(path: Path, settings: ImageSettings) -> Iterator[Stored]:
    """The decoded pages of a file that the settings ask for, not yet measured."""
    for page in pages_chosen(path, settings):
        with reading(path.name), _opened(path) as stream:
            stored = _Source.of(stream, path, path.name).decode(page)
        yield stored


def _with_other_shown(
    image: Image,
    other: Stored,
    settings: ImageSettings,
    *,
    name: str,
    frozen_scale: tuple[float, float] | None,
) -> Image:
    """The image with the picture of another channel for the network; what is measured stays."""
    shown = picture_of(other, settings, name=name, frozen_scale=frozen_scale)
    if shown.rgb.shape != image.rgb.shape:
        raise ImageReadError(
            f"{name}: the channel that is shown has {shown.width} x {shown.height} pixels, the one that is measured "
            f"{image.width} x {image.height}; choose channels of one size"
        )
    return replace(image, rgb=shown.rgb, notes=(*image.notes, f"the network saw {_named(other)}"))


def _named(stored: Stored) -> str:
    return stored.page_name or f"page {stored.page}"


@contextlib.contextmanager
def reading(name: str) -> Iterator[list[str]]:
    """The border behind which every fault of a file or decoder becomes an ImageReadError.

    name: what errors call the image. Yields the list to which the TIFF reader's own warnings are added.
    """
    remarks: list[str] = []
    try:
        with _remarks_of_tifffile(remarks):
            yield remarks
    except SamhqError:
        raise
    except OSError as error:
        logger.debug("%s: cannot be read", name, exc_info=True)
        raise ImageReadError(f"{name}: {_explain(error)}") from error
    except MemoryError as error:
        logger.debug("%s: out of memory", name, exc_info=True)
        raise ImageReadError(
            f"{name}: is too large for the free memory; close other programs or cut it into parts"
        ) from error
    except Exception as error:  # decoders raise anything on damaged files
        logger.debug("%s: decoder failed", name, exc_info=True)
        raise ImageReadError(
            f"{name}: is damaged or of an unsupported kind{_detail(error)}; copy it again or save it anew"
        ) from error


@dataclass(frozen=True, slots=True)
class _Source:
    """An open file of which it is known what it is and which planes it holds."""

    stream: BinaryIO
    path: Path | None
    name: str
    kind: str
    planes: FilePlanes
    plan: TiffPlan | None = None

    @classmethod
    def of(cls, stream: BinaryIO, path: Path | None, name: str) -> _Source:
        """Look at an open file. Raises ImageReadError where it is no picture that is read."""
        kind = _kind(stream, name)
        if kind == "tiff":
            plan = _plan(path, stream, name)
            return cls(stream, path, name, kind, planes_of_tiff(plan), plan)
        if kind not in FORMATS:
            return cls(stream, path, name, kind, FilePlanes(count=1))
        if path is None:
            raise ImageReadError(f"{name}: {FORMATS[kind].title} are read from a file only; give its path")
        path = long_path(path)
        facts = path.stat()
        return cls(stream, path, name, kind, planes_of_file(path, kind, facts.st_size, facts.st_mtime_ns))

    def decode(self, number: int) -> Stored:
        """One page, counted from 1."""
        if self.plan is not None:
            stored = decode_tiff(self.stream, self.name, plan=self.plan, number=number)
        elif self.path is not None and self.kind in FORMATS:
            stored = decode_plane(self.path, self.kind, self.name, planes=self.planes, number=number)
        else:
            data = self.stream.read()
            stored = decode_png(data, self.name) if self.kind == "png" else decode_jpeg(data, self.name)
        suffix = self.path.suffix if self.path is not None else Path(self.name).suffix
        return replace(stored, notes=(*suffix_note(suffix, self.kind), *stored.notes))

    def number(self, settings: ImageSettings, page: int | None) -> int:
        """The one page to read, counted from 1. page: by word of the caller, None where the settings decide."""
        if page is None:
            # "all" says which pages belong to a run, and nothing about the one to read.
            asked = settings.model_copy(update={"page": None}) if settings.page == "all" else settings
            chosen = chosen_pages(self.planes, asked, self.name)
            if len(chosen) > 1:
                raise ImageReadError(
                    f"{self.name}: {len(chosen)} of its planes are chosen; choose one, with a number in place of all"
                )
            return chosen[0]
        checked_page(self.planes, page, self.name)
        # A run asks for page 1 where it could not tell which pages there are: the fault is told here.
        by_place = settings.page is None and settings.chooses_places
        if by_place and page not in chosen_pages(self.planes, settings, self.name):
            raise ImageReadError(
                f"{self.name}: page {page} is not one of the planes that are chosen; choose others"
            )
        return page


def _opened(path: Path) -> io.BufferedReader:
    target = long_path(path)
    mode = target.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError
    # A pipe or device would be read forever.
    if not stat.S_ISREG(mode):
        raise ImageReadError(f"{path.name}: is no regular file; give an image file")
    return target.open("rb")


def _kind(stream: BinaryIO, name: str) -> str:
    head = stream.read(_HEAD)
    stream.seek(0)
    return reader_kind(head, Path(name).suffix) or format_of(head, name)


def _plan(path: Path | None, stream: BinaryIO, name: str) -> TiffPlan:
    if path is None:
        return plan_of(stream, name)
    # Pages of a long stack are read one by one; their list is made once, while the file stays the same.
    facts = long_path(path).stat()
    return _cached_plan(path, facts.st_size, facts.st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _cached_plan(path: Path, size: int, changed_ns: int) -> TiffPlan:
    with _opened(path) as stream:
        return plan_of(stream, path.name)


def _detail(error: Exception) -> str:
    # How Python code stumbles over absurd headers ("division by zero") tells a user nothing.
    if isinstance(
        error, TypeError | ArithmeticError | LookupError | AttributeError | AssertionError | RecursionError
    ):
        return ", its header makes no sense"
    return f" ({' '.join(str(error).split())[:200] or type(error).__name__})"


def _explain(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file; it was moved or deleted, or its disk is not connected"
    if isinstance(error, IsADirectoryError):
        return "is a folder, not an image; give an image file"
    if isinstance(error, PermissionError):
        return "access is denied; check its permissions, or close the program that holds it open"
    return f"cannot be read ({error.strerror or error}); check the disk or the network connection"


_listening = threading.local()


class _Remarks(logging.Filter):
    """Takes tifffile's log records out of the log while this thread reads, and keeps them as remarks."""

    def filter(self, record: logging.LogRecord) -> bool:
        remarks: list[str] | None = getattr(_listening, "remarks", None)
        if remarks is None:
            return True
        logger.debug("tifffile: %s", record.getMessage())
        if record.levelno >= logging.WARNING:
            remarks.append(" ".join(record.getMessage().split()))
        return False


_FILTER = _Remarks()


@contextlib.contextmanager
def _remarks_of_tifffile(remarks: list[str]) -> Iterator[None]:
    logging.getLogger("tifffile").addFilter(_FILTER)
    before = getattr(_listening, "remarks", None)
    _listening.remarks = remarks
    try:
        yield
    finally:
        _listening.remarks = before


def _remarks(remarks: list[str]) -> tuple[str, ...]:
    unique = list(dict.fromkeys(remarks))
    return tuple(f"TIFF reader: {text[:160]}" for text in unique[:3])
