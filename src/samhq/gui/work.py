"""What the window asks of its processes. Each function takes monitor and partial, as jobs give them.

partial(value) hands an intermediate result to the window. Images are named by path, not sent: the process
reads them itself, and keeps the model and the last image for the next call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samhq import api
from samhq.errors import ExportError, ImageReadError
from samhq.files import long_path
from samhq.masks import MaskTable
from samhq.monitor import Event, Monitor
from samhq.outlines import Outlines
from samhq.settings import ImageSettings, Settings

if TYPE_CHECKING:
    from samhq.api import (
        BatchReport,
        Engine,
        ExportFormat,
        Image,
        ModelInfo,
        ObjectMeasurements,
        OutputSummary,
        RunPlan,
    )

__all__ = [
    "CHANGED",
    "GONE",
    "ITSELF",
    "Expected",
    "Facts",
    "Generated",
    "Progressive",
    "download_model",
    "export_run",
    "export_segmentation",
    "facts",
    "generate",
    "measure",
    "plan",
    "predict",
    "run_folder",
    "save_marked",
    "write_output",
]

Partial = Callable[[Any], None]

CHANGED = "the file has changed since it was opened; open it again"
"""Why nothing is done with a file that is another one than the window shows."""
GONE = "is no longer there"
"""Why nothing is done with a file that has vanished."""
ITSELF = "is the image itself; choose another name"
"""Why a picture is not written in the place of the image."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The image as the window shows it: stamp: size in bytes and modification time in ns; shape: h, w."""

    stamp: tuple[int, int]
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the window shows of a model. info: architecture, image size, hash, recommended settings."""

    info: ModelInfo
    device: str
    precision: str


@dataclass(frozen=True, slots=True)
class Progressive:
    """Masks found so far, duplicates among them not yet dropped."""

    masks: MaskTable
    outlines: Outlines


@dataclass(frozen=True, slots=True)
class Generated:
    """Masks of an image with measurements and outlines.

    settings: resolved ones. load_s, elapsed_s: seconds for the model and for the image, of which encode_s
    until the first prompts. encodings, prompts: how much work it was. model: its name, architecture, sha256.
    """

    masks: MaskTable
    measurements: ObjectMeasurements
    outlines: Outlines
    settings: Settings
    load_s: float
    elapsed_s: float
    encode_s: float
    encodings: int
    prompts: int
    model: Mapping[str, str] = field(default_factory=dict)


class _Kept:
    """What a process keeps between calls."""

    engine: Engine | None = None
    engine_key: object = None
    model: Mapping[str, str] | None = None
    image: Image | None = None
    image_key: object = None
    predictor: Any = None
    predictor_key: object = None


class _Clock:
    """Passes reports on and takes the time until the first prompts, which is that of one encoding."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._started = time.monotonic()
        self.encode_s = 0.0

    def report(self, event: Event) -> None:
        if event.parts and not self.encode_s:
            self.encode_s = time.monotonic() - self._started
        self._monitor.report(event)

    def check(self) -> None:
        self._monitor.check()


def _engine(settings: Settings, monitor: Monitor) -> Engine:
    compute = settings.compute
    key = (settings.segmentation.model, compute.device, compute.precision, compute.threads)
    if _Kept.engine is None or _Kept.engine_key != key:
        _Kept.engine = _Kept.predictor = None  # two models at once may not fit
        monitor.check()
        _Kept.engine = api.load_engine(settings, monitor=monitor)
        info = api.model_info(settings.segmentation.model)  # now, while its file is there
        _Kept.model = {"name": info.name, "architecture": info.architecture, "sha256": info.sha256}
        _Kept.engine_key = key
    return _Kept.engine


def _image(path: Path, settings: ImageSettings, expected: Expected | None = None) -> Image:
    """The image of a file. Raises ImageReadError if it is not the one that is expected."""
    try:
        status = long_path(path).stat()
    except FileNotFoundError as error:
        raise ImageReadError(f"{path.name}: {GONE}") from error
    stamp = (status.st_size, status.st_mtime_ns)
    if expected is not None and stamp != expected.stamp:
        raise ImageReadError(f"{path.name}: {CHANGED}")
    key = (path, stamp, settings)
    if _Kept.image is None or _Kept.image_key != key:
        _Kept.image = api.read_image(path, settings)
        _Kept.image_key = key
    if expected is not None and _Kept.image.level.shape != expected.shape:
        raise ImageReadError(f"{path.name}: {CHANGED}")
    return _Kept.image


def facts(settings: Settings, *, monitor: Monitor, partial: Partial) -> Facts:
    """Device and precision that would be used, and what is known of the model."""
    return Facts(api.model_info(settings.segmentation.model), *api.device_and_precision(settings))


def generate(
    path: Path,
    settings: Settings,
    expected: Expected | None = None,
    *,
    monitor: Monitor,
    partial: Partial,
) -> Generated:
    """Segment and measure one image; partial gets Progressive while masks are found."""
    started = time.monotonic()
    engine = _engine(settings, monitor)
    loaded = time.monotonic()
    image = _image(path, settings.image, expected)
    monitor.report(Event(stage="segment", item=path.name, parts=1))

    def show(masks: MaskTable) -> None:
        if len(masks):
            partial(Progressive(masks, api.outlines(masks)))

    clock = _Clock(monitor)
    found = engine.segment(image, settings, monitor=clock, on_masks=show)
    encodings, prompts = api.workload(found.settings.segmentation, height=image.height, width=image.width)
    return Generated(
        masks=found.masks,
        measurements=found.measurements,
        outlines=api.outlines(found.masks),
        settings=found.settings,
        load_s=loaded - started,
        elapsed_s=time.monotonic() - loaded,
        encode_s=clock.encode_s,
        encodings=encodings,
        prompts=prompts,
        model=_Kept.model or {},
    )


def predict(
    path: Path,
    settings: Settings,
    points: Sequence[tuple[float, float]],
    labels: Sequence[int],
    box: tuple[float, float, float, float] | None,
    expected: Expected | None = None,
    *,
    monitor: Monitor,
    partial: Partial,
) -> tuple[npt.NDArray[np.bool_], float]:
    """The mask for clicks and a box, (h, w) bool, and its predicted IoU. The image is encoded once."""
    engine = _engine(settings, monitor)
    image = _image(path, settings.image, expected)
    key = (_Kept.engine_key, _Kept.image_key)
    if _Kept.predictor is None or _Kept.predictor_key != key:
        monitor.report(Event(stage="encode", item=path.name))
        _Kept.predictor = engine.predictor(image)
        _Kept.predictor_key = key
    monitor.check()
    answer = _Kept.predictor.predict(points=list(points), labels=list(labels), box=box)
    return answer.mask, float(answer.predicted_iou)


def measure(
    path: Path,
    settings: Settings,
    masks: MaskTable,
    expected: Expected | None = None,
    *,
    monitor: Monitor,
    partial: Partial,
) -> ObjectMeasurements:
    """Measure masks that were corrected by hand."""
    return _segmentation(path, settings, masks, expected).measurements


def export_segmentation(
    path: Path,
    settings: Settings,
    masks: MaskTable,
    chosen: npt.NDArray[np.bool_] | None,
    format: ExportFormat,  # noqa: A002 - the word of the command line
    out: Path | None,
    expected: Expected | None = None,
    model: Mapping[str, str] | None = None,
    *,
    monitor: Monitor,
    partial: Partial,
) -> OutputSummary:
    """Write the objects of one image that pass the filter (and are chosen) in one format."""
    found = _segmentation(path, settings, masks, expected, model)
    return found.export(format, out=out, chosen=chosen, monitor=monitor)


def save_marked(
    path: Path,
    settings: Settings,
    masks: MaskTable,
    chosen: npt.NDArray[np.bool_] | None,
    target: Path,
    expected: Expected | None = None,
    *,
    monitor: Monitor,
    partial: Partial,
) -> Path:
    """Write the picture of one image with its kept (and chosen) objects outlined. Returns where.

    Raises ExportError if that is the image itself.
    """
    found = _segmentation(path, settings, masks, expected)
    if long_path(target).exists() and long_path(target).samefile(long_path(path)):
        raise ExportError(f"{target.name}: {ITSELF}")
    return found.save_picture(target, chosen=chosen)


def _segmentation(
    path: Path,
    settings: Settings,
    masks: MaskTable,
    expected: Expected | None,
    model: Mapping[str, str] | None = None,
) -> api.Segmentation:
    image = _image(path, settings.image, expected)
    return api.measured(image, masks, settings, path=path, model=model or None)


def plan(
    source: Path, out: Path | None, settings: Settings, *, monitor: Monitor, partial: Partial
) -> RunPlan:
    """What a run would do, without doing it."""
    return api.plan_run(source, out=out, settings=settings, monitor=monitor)


def run_folder(
    source: Path, out: Path | None, settings: Settings, *, monitor: Monitor, partial: Partial
) -> BatchReport | None:
    """Segment and measure a folder, going on where an earlier start stopped; partial gets the run folder."""
    partial(api.run_folder(source, out))
    with api.run(source, out=out, settings=settings, monitor=monitor) as opened:
        return opened.report


def write_output(
    folder: Path,
    out: Path | None,
    settings: Settings,
    source: Path | None,
    *,
    monitor: Monitor,
    partial: Partial,
) -> OutputSummary:
    """Write pictures and tables of a run under the filter of the settings."""
    with api.open_run(folder) as opened:
        filtered = opened.filter(settings.filter)
        return filtered.write(out=out, settings=settings, source=source, monitor=monitor)


def export_run(
    folder: Path,
    out: Path | None,
    settings: Settings,
    source: Path | None,
    format: ExportFormat,  # noqa: A002 - the word of the command line
    *,
    monitor: Monitor,
    partial: Partial,
) -> OutputSummary:
    """Write the kept objects of a run in one format. source: where the images are now."""
    with api.open_run(folder) as opened:
        filtered = opened.filter(settings.filter)
        return filtered.export(format, out=out, settings=settings, source=source, monitor=monitor)


def download_model(name: str, *, monitor: Monitor, partial: Partial) -> Path:
    """Fetch an official model, going on where an earlier download broke off."""
    return api.download_model(name, monitor=monitor)
