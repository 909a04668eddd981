"""What the batch tab shows of a run, computed off the event loop: the run under a filter, and one image of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from samhq import api
from samhq.errors import SamhqError
from samhq.files import explain_os_error, long_path
from samhq.filters import FilteredObjects, Rejection, explain_rejection
from samhq.gui.image_list import ImageKey, ImageRows, ImageState
from samhq.gui.reasons import in_words
from samhq.gui.translate import joined, tr
from samhq.masks import MaskTable
from samhq.monitor import Monitor
from samhq.outlines import Outlines
from samhq.settings import FilterSettings, ImageSettings, Settings

if TYPE_CHECKING:
    from samhq.api import Counts, ImageRecord, RunOverview, RunView

__all__ = [
    "Bars",
    "Look",
    "RunFacts",
    "Shown",
    "explain",
    "look_at",
    "open_facts",
    "read_shown",
    "threshold_name",
]

Partial = Callable[[Any], None]
_BARS = 100
_FINE = 2000
# Objects that may lie beyond the end of the axis, so that one giant does not squeeze all others into one bar.
_BEYOND = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars of a histogram. centers: (n,) ascending; counts, kept: (n,) of all and of those the filter keeps.

    end: of the axis.
    """

    centers: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    kept: npt.NDArray[np.int64]
    end: float

    def same_as(self, other: Bars | None) -> bool:
        """Whether both would be drawn alike."""
        return (
            other is not None
            and self.end == other.end
            and np.array_equal(self.centers, other.centers)
            and np.array_equal(self.counts, other.counts)
            and np.array_equal(self.kept, other.kept)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A run under one filter, ready to be shown.

    bars: of the initial "area", "intensity", "ratio" of all objects, and of "aggregation" of all their pixels.
    """

    view: RunView
    rows: ImageRows
    kept: int
    found: int
    bars: dict[str, Bars]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a stored run says of itself. source: its input, as it was found there or not (is_there).

    settings: resolved ones; model: its name. is_single: the input is one image. frozen_scale: black and
    white of all its images, None where each has its own.
    """

    folder: Path
    source: Path
    settings: Settings
    model: str
    is_there: bool
    is_single: bool
    frozen_scale: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One image of the run with its objects.

    file: None if it is not known where the images are. rgb, level: None where the picture cannot be read,
    and problem then says why. masks, outlines: of all its objects, kept or not; None while there are none.
    """

    key: ImageKey
    file: Path | None
    segment_key: str
    rgb: npt.NDArray[np.uint8] | None = None
    level: npt.NDArray[np.uint16] | None = None
    pixel_size_um: float | None = None
    masks: MaskTable | None = None
    outlines: Outlines | None = None
    problem: str = ""


# -------------------------------------------------------------------- the run


def open_facts(folder: Path, *, monitor: Monitor, partial: Partial) -> RunFacts:
    """What a run says of itself. Raises StoreError if it is none."""
    with api.open_run(folder) as run:
        source = Path(run.facts["input"])
        scale = run.facts.get("frozen_scale")
        return RunFacts(
            folder=run.folder,
            source=source,
            settings=run.settings,
            model=str(run.facts["model"]["name"]),
            is_there=api.kind_of(source) != "missing",
            is_single=api.kind_of(source) == "image",
            frozen_scale=(float(scale[0]), float(scale[1])) if scale else None,
        )


def look_at(
    overview: RunOverview | Path,
    chosen: FilterSettings,
    is_update: bool,
    known: FilterSettings | None,
    *,
    monitor: Monitor,
    partial: Partial,
) -> Look | None:
    """A run under a filter. overview: a folder for one that is not open yet; partial gets it as soon as it is.

    is_update: read what was stored since the last look first. known: the filter of the last look; None is
    returned if that would be the same again. Raises StoreError, Cancelled.
    """
    if isinstance(overview, Path):
        overview = api.open_overview(overview)
        partial(overview)
        is_update = True
    is_newer = is_update and overview.update(monitor=monitor)
    if not is_newer and known == chosen:
        return None
    view = overview.filter(chosen)
    quantities: tuple[Literal["area", "intensity", "ratio"], ...] = ("area", "intensity", "ratio")
    bars: dict[str, Bars] = {}
    for name in quantities:
        bars[name] = _bars(view.histogram(name, bins=_BARS if name == "ratio" else _FINE), name)
    centers, counts = view.pixels(bins=_BARS + 1)
    bars["aggregation"] = Bars(centers, counts, counts, 100.0)
    return Look(view=view, rows=_rows(view), kept=view.objects_kept, found=view.objects_found, bars=bars)


def _bars(counts: Counts, name: str) -> Bars:
    if name == "ratio" or not len(counts.total):
        return Bars(counts.centers, counts.total, counts.kept, float(counts.edges[-1]))
    before = np.cumsum(counts.total)
    shown = int(np.searchsorted(before, (1 - _BEYOND) * before[-1])) + 1
    group = max(1, -(-shown // _BARS))
    last = min(len(before), group * -(-shown // group))
    starts = np.arange(0, last, group)
    edges = np.append(counts.edges[starts], counts.edges[last])
    total, kept = (np.add.reduceat(values[:last], starts) for values in (counts.total, counts.kept))
    return Bars((edges[:-1] + edges[1:]) / 2, total, kept, float(edges[-1]))


def _rows(view: RunView) -> ImageRows:
    states = {
        api.Outcome.OBJECTS: ImageState.DONE,
        api.Outcome.NONE_FOUND: ImageState.NONE_FOUND,
        api.Outcome.ALL_FILTERED: ImageState.ALL_FILTERED,
        api.Outcome.FAILED: ImageState.FAILED,
        api.Outcome.WAITING: ImageState.WAITING,
    }
    return ImageRows(
        keys=tuple((r.path, r.page) for r in view.records),
        states=np.array([states[outcome] for outcome in view.outcomes], np.uint8),
        kept=view.kept,
        found=view.found,
        area=view.area,
        ratio=view.ratio,
        pages=np.array([r.pages for r in view.records], np.int64),
        reason=lambda row: _reason(view, row),
    )


def _reason(view: RunView, row: int) -> str:
    """Why an image has no object, in the language of the window."""
    record = view.records[row]
    if record.status == "failed":
        return in_words(record.error)
    rejection = view.image(row).rejection
    names = {
        Rejection.AREA: tr("area"),
        Rejection.INTENSITY: tr("total aggregation"),
        Rejection.RATIO: tr("ratio"),
        Rejection.RANGE: tr("aggregation range"),
        Rejection.NO_PIXELS: tr("overlaps"),
    }
    counts = {name: int(np.count_nonzero(rejection & flag)) for flag, name in names.items()}
    parts = [tr("{threshold} {n}", threshold=name, n=count) for name, count in counts.items() if count]
    return joined(parts)


# -------------------------------------------------------------------- one image


def read_shown(
    folder: Path | None,
    source: Path | None,
    key: ImageKey,
    settings: ImageSettings,
    *,
    monitor: Monitor,
    partial: Partial,
) -> Shown:
    """One image with its objects, from its run; without a run, or before its turn, the picture alone."""
    if folder is not None:
        with api.open_run(folder) as run:
            record = next((r for r in run.records() if (r.path, r.page) == key), None)
            if record is not None and record.status == "done":
                return _from_run(run, record, source)
    return _picture_alone(source, key, settings)


def _from_run(run: api.Run, record: ImageRecord, source: Path | None) -> Shown:
    found = run.filter().image(record)
    shown = Shown(
        key=(record.path, record.page),
        file=_file(source or Path(run.facts["input"]), record.path),
        segment_key=record.segment_key,
        pixel_size_um=record.pixel_size_um,
        masks=found.masks,
        outlines=api.outlines(found.masks),
    )
    try:
        return _with_picture(shown, run, record, source)
    except SamhqError as error:
        return replace(shown, problem=str(error))
    except OSError as error:
        return replace(shown, problem=explain_os_error(error, shown.file or run.folder))


def _with_picture(shown: Shown, run: api.Run, record: ImageRecord, source: Path | None) -> Shown:
    file = shown.file
    # The levels of a run with percentiles hang on its frozen scale, which only the run knows.
    is_plain = run.facts.get("frozen_scale") is None
    if is_plain and file is not None and _is_unchanged(file, record):
        page = record.page if record.pages > 1 else None
        image = api.read_image(file, run.settings.image.model_copy(update={"page": page}))
        return replace(shown, rgb=image.rgb, level=image.level)
    return replace(shown, rgb=run.read_rgb(record, source))


def _is_unchanged(file: Path, record: ImageRecord) -> bool:
    try:
        status = long_path(file).stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (record.file_size, record.file_mtime_ns)


def _picture_alone(source: Path | None, key: ImageKey, settings: ImageSettings) -> Shown:
    path, page = key
    file = None if source is None else _file(source, path)
    if file is None:
        return Shown(key=key, file=None, segment_key="", problem=tr("It is not known where the images are."))
    try:
        chosen = page if settings.chooses_planes or page > 1 else None
        image = api.read_image(file, settings.model_copy(update={"page": chosen}))
    except SamhqError as error:
        return Shown(key=key, file=file, segment_key="", problem=str(error))
    except OSError as error:
        return Shown(key=key, file=file, segment_key="", problem=explain_os_error(error, file))
    return Shown(
        key=key,
        file=file,
        segment_key="",
        rgb=image.rgb,
        level=image.level,
        pixel_size_um=image.pixel_size_um,
    )


def _file(source: Path, relative: str) -> Path:
    return source if source.is_file() else source / relative


def explain(filtered: FilteredObjects, index: int, settings: FilterSettings) -> str:
    """What the tooltip of an object says: its number, A, I, R, and what dropped it, by how much.

    The number is that of the tables and pictures, which count the kept objects alone; a dropped one has none.
    """
    sums = {
        "area": f"{int(filtered.initial_area[index]):,}",
        "intensity": f"{float(filtered.initial_intensity[index]):,.0f}",
        "ratio": f"{float(filtered.initial_ratio[index]):.1f}",
    }
    if filtered.keep[index]:
        number = int(np.count_nonzero(filtered.keep[: index + 1]))
        parts = [tr("Object {number}: A {area} px, I {intensity}, R {ratio}", number=number, **sums)]
    else:
        parts = [tr("A {area} px, I {intensity}, R {ratio}", **sums)]
    for name, value, threshold in explain_rejection(filtered, index, settings):
        parts.append(_dropped_by(name, value, threshold))
    return "\n".join(parts)


def _dropped_by(name: str, value: float, threshold: float) -> str:
    if name == "overlaps":
        return tr("Dropped: all its pixels belong to other objects")
    if name == "max_aggregation":
        return tr(
            "Dropped: no pixel in the range; its mean aggregation {value} is above {threshold}",
            value=f"{value:.1f}",
            threshold=f"{threshold:g}",
        )
    if name == "min_aggregation":
        return tr(
            "Dropped: no pixel in the range; its mean aggregation {value} is below {threshold}",
            value=f"{value:.1f}",
            threshold=f"{threshold:g}",
        )
    return tr(
        "Dropped: {name} {value} is below {threshold}",
        name=threshold_name(name),
        value=f"{value:,.1f}",
        threshold=f"{threshold:,g}",
    )


def threshold_name(name: str) -> str:
    """What a threshold of stage 1 compares."""
    return {"min_area": tr("area"), "min_intensity": tr("total aggregation"), "min_ratio": tr("ratio")}[name]
