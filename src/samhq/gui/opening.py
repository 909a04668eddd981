"""The image that is open: its file, its plane, and how it is read off the event loop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samhq import api
from samhq.files import long_path
from samhq.monitor import Monitor
from samhq.settings import PLACE_SETTINGS, ImageSettings

if TYPE_CHECKING:
    from samhq.api import FilePlanes, Image

__all__ = ["OpenImage", "Wanted", "image_settings", "read_opened"]


@dataclass(frozen=True, slots=True, eq=False)
class OpenImage:
    """The image on the screen.

    path: its file; image: gray levels, picture and what is known of it. settings: by which it was read.
    stamp: size in bytes and modification time in ns of the file when it was read. planes: what the file holds; None
    where nobody looked.
    """

    path: Path
    image: Image
    settings: ImageSettings
    stamp: tuple[int, int]
    planes: FilePlanes | None = None

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name


def read_opened(path: Path, settings: ImageSettings, *, monitor: Monitor, partial: object) -> OpenImage:
    """Read an image; of a file with many planes the first that the settings ask for. Runs as a job."""
    status = long_path(path).stat()
    planes = api.file_planes(path)
    if planes.count > 1:
        settings = _at_page(settings, planes.first_page(settings, path.name))
    image = api.read_image(path, settings)
    return OpenImage(path, image, settings, (status.st_size, status.st_mtime_ns), planes)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was last asked to be opened; see Session.open_image."""

    path: Path
    page: int | None
    frozen_scale: tuple[float, float] | None
    shown: str | None


def _at_page(settings: ImageSettings, page: int) -> ImageSettings:
    return settings.model_copy(update={"page": page, **dict.fromkeys(PLACE_SETTINGS)})


def image_settings(
    settings: ImageSettings,
    *,
    page: int | None,
    frozen_scale: tuple[float, float] | None,
    shown: str | None = None,
) -> ImageSettings:
    """Settings that read one image as a run read it: its page, and the black and white point of the run."""
    changes: dict[str, Any] = {}
    if page is not None:
        settings = _at_page(settings, page)
    if shown is not None:
        changes["channel_shown"] = shown or None
    if frozen_scale is not None:
        black, white = frozen_scale
        changes |= {"intensity_range": "fixed", "black_point": black, "white_point": white}
    return settings.model_copy(update=changes) if changes else settings
