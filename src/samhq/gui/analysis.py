"""The distribution of aggregation in the image on the screen, or in a part of it, kept up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from samhq import api
from samhq.errors import SettingsError
from samhq.filters import WHITE, level_range
from samhq.gui.commands import aggregate_command
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.translate import tr
from samhq.masks import MaskTable, runs_from_crop
from samhq.monitor import Monitor
from samhq.outlines import Outlines, outlines
from samhq.regions import polygon_mask, union_of
from samhq.settings import FilterSettings

if TYPE_CHECKING:
    from samhq.api import Distribution
    from samhq.gui.session import OpenImage, Session
    from samhq.settings import AnalysisSettings, Settings

__all__ = ["Analysis", "AnalysisModel", "Part", "Region", "RegionKind", "native_gray"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
LevelArray = npt.NDArray[np.uint16]
TAB = "aggregation"
_EVERYTHING = (0.0, 100.0)


class RegionKind(StrEnum):
    """Which pixels are analysed."""

    IMAGE = "image"
    RECTANGLE = "rectangle"
    LASSO = "lasso"
    MASKS = "masks"


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of the image.

    outline: (k, 2) float64 polygon, x and y on pixel corners, of what was drawn. masks: those of MASKS.
    """

    kind: RegionKind = RegionKind.IMAGE
    outline: FloatArray | None = None
    masks: MaskTable | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The pixels of a region, whatever polarity and sensitivity are.

    pixels: uint16 gray levels, any shape. cumulative: (65537,) int64, how many of them are below level 0, 1,
    2 … 65536. masks, outlines: what the region covers, to be drawn over the image; None for the whole image.
    """

    pixels: LevelArray
    cumulative: npt.NDArray[np.int64]
    masks: MaskTable | None
    outlines: Outlines | None


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What was found, and in what."""

    image: OpenImage
    region: Region
    part: Part
    polarity: str
    sensitivity: AnalysisSettings
    distribution: Distribution


class AnalysisModel(QObject):
    """Analyses again whenever image, region, polarity or sensitivity change; views show what it has.

    changed: there is another analysis, or none. busy_changed(bool). region_changed(Region).
    range_changed(lowest, highest): the range of aggregation under study, a draft until it is used as the
    filter. At most one analysis runs; results of another image, region or polarity are dropped.
    """

    changed = pyqtSignal()
    busy_changed = pyqtSignal(bool)
    region_changed = pyqtSignal(object)
    range_changed = pyqtSignal(float, float)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._job: Job | None = None
        self._job_inputs: tuple[object, ...] = ()
        self._once_more = False
        self._told_busy = False
        self.analysis: Analysis | None = None
        self.region = Region()
        self.range = _range_of(session.filter)
        self._filter_range = self.range
        session.image_changed.connect(self._on_image)
        session.settings_changed.connect(self._on_settings)
        session.masks.selection_changed.connect(self._on_selection)
        session.masks.masks_changed.connect(self._on_selection)
        if session.image is not None:
            self.analyze()

    # ------------------------------------------------------------ what views ask

    @property
    def is_busy(self) -> bool:
        """Whether an analysis is under way."""
        return self._job is not None

    @property
    def distribution(self) -> Distribution | None:
        """Histogram, statistics, peaks and troughs; None before an analysis and after clear()."""
        return self.analysis.distribution if self.analysis is not None else None

    def levels_in_range(self) -> tuple[int, int]:
        """First and last gray level in the range, both inclusive; (1, 0) if there is none."""
        polarity = self._session.filter.polarity
        lowest, highest = self.range
        return level_range(FilterSettings(min_aggregation=lowest, max_aggregation=highest, polarity=polarity))

    def pixels_in_range(self) -> int:
        """Pixels of the analysed region whose aggregation lies in the range, exactly."""
        if self.analysis is None:
            return 0
        first, last = self.levels_in_range()
        cumulative = self.analysis.part.cumulative
        return max(0, int(cumulative[last + 1] - cumulative[first]))

    def region_text(self) -> str:
        """What is analysed, in words."""
        kind, masks = self.region.kind, self.region.masks
        if kind is RegionKind.RECTANGLE:
            return tr("the rectangle you drew")
        if kind is RegionKind.LASSO:
            return tr("the lasso you drew")
        if masks is not None:
            return tr("the selected mask") if len(masks) == 1 else tr("{n} selected masks", n=len(masks))
        return tr("the whole image")

    def selected_masks(self) -> MaskTable | None:
        """The masks that are selected in the mask tab, None if there are none."""
        document = self._session.masks
        masks = document.masks
        if masks is None or document.is_preliminary or len(document.selected) != len(masks):
            return None
        return masks[document.selected] if document.selected.any() else None

    def numbers_text(self) -> str:
        """All numbers as lines with tabs, as a spreadsheet takes them; "" without an analysis."""
        found = self.analysis
        if found is None:
            return ""
        d = found.distribution
        rows: list[tuple[object, ...]] = [
            (tr("Image"), found.image.name),
            (tr("Region"), self.region_text()),
            (tr("Polarity"), found.polarity),
            (tr("Pixels"), d.pixels),
            (tr("Mean"), d.mean),
            (tr("Median"), d.median),
            (tr("Standard deviation"), d.sd),
            (tr("Minimum"), d.minimum),
            (tr("Maximum"), d.maximum),
            *((tr("Percentile {p}", p=p), value) for p, value in d.percentiles.items()),
            (tr("Range"), *self.range),
            (tr("Pixels in the range"), self.pixels_in_range()),
            (),
            ("", tr("Number"), tr("Aggregation"), tr("Pixels"), tr("Smoothed")),
        ]
        for word, bins in ((tr("Peak"), d.peaks), (tr("Trough"), d.troughs)):
            for number, i in enumerate(bins, start=1):
                rows.append((word, number, float(d.centers[i]), int(d.counts[i]), float(d.smoothed[i])))
        return "\n".join("\t".join(str(value) for value in row) for row in rows) + "\n"

    def command(self) -> str:
        """The command line that prints the same numbers of the whole image; "" without an image."""
        opened = self._session.image
        return "" if opened is None else aggregate_command(opened.path, self._session.settings_for_command())

    # ------------------------------------------------------------ what users want

    def analyze(self) -> None:
        """Analyse what is on the screen, off the event loop."""
        session = self._session
        if session.image is None:
            return
        inputs = self._inputs()
        if self._job is not None and self._same_pixels(self._job_inputs, inputs):
            # One more when this one is over: moving a slider must not pile up work.
            self._once_more = True
            return
        self._once_more = False
        self._job_inputs = inputs
        opened, settings = session.image, session.settings
        job = session.jobs.submit(
            tr("Analyzing {name}", name=opened.name),
            Lane.LIGHT,
            _analyze,
            opened,
            self.region,
            self._known_part(),
            settings,
            key="analysis",
        )
        self._job = job
        job.done.connect(lambda found: self._on_found(job, found))
        job.failed.connect(lambda error: self._on_failed(job, error))
        job.finished.connect(lambda: self._on_finished(job))
        self._tell_busy()

    def clear(self) -> None:
        """Show nothing until the next analysis."""
        self._stop()
        self.analysis = None
        self.changed.emit()

    def use_image(self) -> None:
        """Analyse the whole image."""
        self._set_region(Region())

    def use_outline(self, outline: FloatArray, kind: RegionKind = RegionKind.LASSO) -> None:
        """Analyse what lies inside a polygon, (k, 2) float64 x, y on pixel corners."""
        self._set_region(Region(kind, outline=np.asarray(outline, np.float64)))

    def use_selected_masks(self) -> bool:
        """Analyse the pixels of the masks selected in the mask tab, following the selection. False if none."""
        masks = self.selected_masks()
        if masks is None:
            return False
        self._set_region(Region(RegionKind.MASKS, masks=masks))
        return True

    def set_range(self, lowest: float, highest: float) -> None:
        """Put the range of aggregation under study; the filter stays as it is."""
        chosen = (float(min(lowest, highest)), float(max(lowest, highest)))
        if chosen != self.range:
            self.range = chosen
            self.range_changed.emit(*chosen)

    def use_range_as_filter(self) -> bool:
        """Let only pixels in the range count from now on; can be undone."""
        return self._session.set_filter(min_aggregation=self.range[0], max_aggregation=self.range[1])

    def save_chart(self, path: Path) -> Job | None:
        """Write the chart as PNG, PDF or SVG, by the suffix, off the event loop. None without an analysis."""
        found = self.analysis
        if found is None:
            return None
        title = (
            found.image.name
            if found.region.kind is RegionKind.IMAGE
            else tr("{name}: {region}", name=found.image.name, region=self.region_text())
        )
        log = self._session.settings.analysis.log_scale
        job = self._session.jobs.submit(
            tr("Saving {name}", name=path.name), Lane.LIGHT, _save_chart, found, title, path, log, key="chart"
        )
        job.done.connect(self._on_saved)
        job.failed.connect(lambda error: self._report(tr("The chart was not saved"), error))
        return job

    # ------------------------------------------------------------ inside

    def _set_region(self, region: Region) -> None:
        self.region = region
        self.region_changed.emit(region)
        self.analyze()

    def _known_part(self) -> Part | None:
        shown = self.analysis
        same = shown is not None and shown.image is self._session.image and shown.region is self.region
        return shown.part if shown is not None and same else None

    def _inputs(self) -> tuple[object, ...]:
        """What decides the pixels and their aggregation, and then the sensitivity."""
        settings = self._session.settings
        return (self._session.image, self.region, settings.filter.polarity, _sensitivity(settings))

    @staticmethod
    def _same_pixels(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
        return one[0] is other[0] and one[1] is other[1] and one[2] == other[2]

    def _on_image(self, _: object) -> None:
        self._stop()
        self.analysis = None
        if self.region.kind is not RegionKind.IMAGE:
            self.region = Region()
            self.region_changed.emit(self.region)
        self.changed.emit()
        self.analyze()

    def _on_settings(self, settings: Settings) -> None:
        wanted = _range_of(settings.filter)
        if wanted != self._filter_range:
            self._filter_range = wanted
            self.set_range(*wanted)
        shown = self.analysis
        if shown is None and self._job is None:
            return
        now = (settings.filter.polarity, _sensitivity(settings))
        if self._job is not None:
            if now != self._job_inputs[2:]:
                self.analyze()
        elif shown is not None and now != (shown.polarity, _sensitivity(settings, shown.sensitivity)):
            self.analyze()

    def _on_selection(self) -> None:
        if self.region.kind is RegionKind.MASKS and not self.use_selected_masks():
            self.use_image()

    def _on_found(self, job: Job, found: Analysis) -> None:
        if job is not self._job or not self._same_pixels(self._job_inputs, self._inputs()):
            return
        self.analysis = found
        self.changed.emit()

    def _on_failed(self, job: Job, error: JobError) -> None:
        if job is not self._job:
            return
        # What is shown would belong to another region.
        self.analysis = None
        self.changed.emit()
        self._report(tr("The image cannot be analyzed"), error)

    def _on_finished(self, job: Job) -> None:
        if job is not self._job:
            return
        self._job = None
        if self._once_more:
            self.analyze()
        self._tell_busy()

    def _stop(self) -> None:
        job, self._job, self._once_more = self._job, None, False
        if job is not None:
            job.stop()
        self._tell_busy()

    def _tell_busy(self) -> None:
        if self.is_busy != self._told_busy:
            self._told_busy = self.is_busy
            self.busy_changed.emit(self._told_busy)

    def _on_saved(self, path: Path) -> None:
        self._session.memory.remember_file("chart", path)
        self._session.notice.emit(tr("Chart saved as {path}", path=path))

    def _report(self, what: str, error: JobError) -> None:
        from samhq.gui.session import failure_of

        self._session.report_error(TAB, failure_of(what, error))


def native_gray(opened: OpenImage) -> Callable[[int], str]:
    """A function that writes a gray level, 0..65535, as the file of an image stores it."""
    scale, whole = opened.image.scale, "float" not in opened.image.dtype

    def text(level: int) -> str:
        stored = scale.black + (scale.white - scale.black) * level / WHITE
        return f"{round(stored)}" if whole else f"{stored:.4g}"

    return text


def _range_of(settings: FilterSettings) -> tuple[float, float]:
    return settings.min_aggregation, settings.max_aggregation


def _sensitivity(settings: Settings, analysis: AnalysisSettings | None = None) -> tuple[object, ...]:
    chosen = analysis or settings.analysis
    return chosen.bins, chosen.smoothing, chosen.prominence


def _cover(level: LevelArray, region: Region) -> tuple[LevelArray, MaskTable | None]:
    """The levels of the pixels in a region, and the masks that show it."""
    if region.masks is not None:
        return level[union_of(region.masks)], region.masks
    if region.outline is None:
        return level, None
    height, width = level.shape
    rows, columns, inside = polygon_mask(region.outline, height=height, width=width)
    if not inside.any():
        return level[:0], None
    runs = runs_from_crop(inside, x0=columns.start, y0=rows.start, height=height, width=width)
    return level[rows, columns][inside], MaskTable.from_runs([runs], height=height, width=width)


def _part(level: LevelArray, region: Region) -> Part:
    pixels, masks = _cover(level, region)
    if not pixels.size:
        raise SettingsError(tr("There is no pixel in the region; draw a larger one inside the image."))
    # One bin per gray level in ascending order, so that the pixels of any range are counted exactly.
    exact = api.measure_distribution(pixels, polarity="bright", bins=WHITE + 1, smoothing=0, prominence=1)
    cumulative = np.concatenate(([0], np.cumsum(exact.counts)))
    return Part(pixels, cumulative, masks, outlines(masks) if masks is not None else None)


def _analyze(
    opened: OpenImage,
    region: Region,
    known: Part | None,
    settings: Settings,
    *,
    monitor: Monitor,
    partial: object,
) -> Analysis:
    part = known or _part(opened.image.level, region)
    monitor.check()
    chosen, polarity = settings.analysis, settings.filter.polarity
    try:
        distribution = api.measure_distribution(
            part.pixels,
            polarity=polarity,
            bins=chosen.bins,
            smoothing=chosen.smoothing,
            prominence=chosen.prominence,
        )
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return Analysis(opened, region, part, polarity, chosen, distribution)


def _save_chart(
    found: Analysis, title: str, path: Path, log: bool, *, monitor: Monitor, partial: object
) -> Path:
    # The chart needs no map of aggregation, which would take 8 bytes a pixel.
    nothing = np.zeros((0, 0))
    analysis = api.AggregationAnalysis(title, found.polarity, nothing, found.distribution)
    return analysis.save_chart(path, log=log)
