"""The public functions: the one door through which command line, window and scripts reach the engine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samhq.batch import LOG_FILE, BatchReport, Model, Segmenter, run_batch
from samhq.configuration import save_settings
from samhq.errors import ImageReadError, SettingsError, StoreError
from samhq.files import long_path, safe_name, short_name
from samhq.filters import FilteredObjects, aggregation_of_levels, filter_objects
from samhq.images import Image, image_from_array, read_image
from samhq.masks import MaskTable
from samhq.measure import Distribution, ObjectMeasurements, measure_distribution, measure_objects
from samhq.monitor import SILENT, Monitor
from samhq.results import ImageResult, Outcome, RunResults
from samhq.settings import GROUPS, FilterSettings, SegmentationSettings, Settings, settings_from_dict
from samhq.store import RUN_FILE, ImageRecord, RunStore

if TYPE_CHECKING:
    import pandas as pd

    from samhq.doctor import Finding
    from samhq.export.output import ExportFormat, OutputSummary
    from samhq.network.checkpoint import ModelInfo
    from samhq.network.registry import ModelEntry, VerifyResult

__all__ = [
    "AggregationAnalysis",
    "BatchReport",
    "FilteredRun",
    "ImageResult",
    "Outcome",
    "Run",
    "Segmentation",
    "aggregation",
    "download_model",
    "examine",
    "list_models",
    "model_info",
    "models_folder",
    "named_run",
    "open_run",
    "resolve_settings",
    "run",
    "run_folder",
    "segment",
    "settings_with",
    "verify_model",
]

ImageLike = str | Path | npt.NDArray[Any]


# -------------------------------------------------------------------- settings and models


def settings_with(settings: Settings | None = None, /, **values: Any) -> Settings:
    """Settings with some values replaced, given under their flat names.

    Example: settings_with(points_per_side=16, min_area=50, device="cpu").
    Raises SettingsError naming an unknown or bad setting.
    """
    groups: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        owners = [group for group, cls in GROUPS.items() if name in cls.model_fields]
        if not owners:
            raise SettingsError(f"{name}: there is no such setting; see `samhq config show` for all of them")
        groups.setdefault(owners[0], {})[name] = value
    return (settings or Settings()).updated(groups)


def model_info(model: str) -> ModelInfo:
    """What is known of a model: architecture, image size, hash, recommended settings.

    model: a name from `samhq models list`, or the path of a checkpoint. Raises CheckpointError.
    """
    from samhq.network.checkpoint import inspect_checkpoint
    from samhq.network.registry import resolve_model

    return inspect_checkpoint(resolve_model(model))


def models_folder() -> Path:
    """Where downloaded models are kept, and where a user may put files of their own."""
    from samhq.network.registry import models_folder as folder

    return folder()


def list_models() -> list[ModelEntry]:
    """The models samhq knows by name and those in the models folder."""
    from samhq.network.registry import list_models as entries

    return entries()


def download_model(name: str, *, monitor: Monitor = SILENT, force: bool = False) -> Path:
    """Fetch an official model, going on where an earlier download broke off. Raises CheckpointError."""
    from samhq.network.registry import download_model as download

    return download(name, monitor=monitor, force=force)


def verify_model(name: str) -> VerifyResult:
    """Hash a model file again and compare it with what is published or was remembered."""
    from samhq.network.registry import verify_model as verify

    return verify(name)


def resolve_settings(settings: Settings) -> Settings:
    """The settings with the model's recommended values wherever nobody chose one."""
    resolved, _ = _prepare(settings)
    return resolved


def _prepare(settings: Settings) -> tuple[Settings, Model]:
    from samhq.network.devices import choose_device
    from samhq.segmentation import ENGINE_VERSION

    choose_device(settings.compute.device)  # a device that is not there is known before anything starts
    info = model_info(settings.segmentation.model)
    segmentation = settings.segmentation.with_recommended(info.recommended)
    resolved = settings.model_copy(update={"segmentation": segmentation})

    def load(chosen: SegmentationSettings, monitor: Monitor) -> Segmenter:
        return _load_segmenter(resolved.model_copy(update={"segmentation": chosen}), monitor)

    model = Model(
        name=info.name,
        architecture=info.architecture,
        sha256=info.sha256,
        engine_version=ENGINE_VERSION,
        load=load,
    )
    return resolved, model


def _load_segmenter(settings: Settings, monitor: Monitor) -> Segmenter:
    import torch

    from samhq.monitor import Event
    from samhq.network.checkpoint import load_model
    from samhq.network.devices import choose_device, choose_precision
    from samhq.network.registry import resolve_model
    from samhq.segmentation.generator import AutomaticMaskGenerator

    if settings.compute.threads is not None:
        torch.set_num_threads(settings.compute.threads)
    device = choose_device(settings.compute.device)
    dtype = choose_precision(settings.compute.precision, device)
    name = settings.segmentation.model
    monitor.report(Event(stage="load", message=f"Loading the model {name} on {device} ({dtype})"))
    loaded = load_model(resolve_model(name), device=device, dtype=dtype)
    generator = AutomaticMaskGenerator(
        loaded, settings.segmentation, points_per_batch=settings.compute.points_per_batch
    )
    return lambda rgb, monitor: generator.generate(rgb, monitor=monitor)


# -------------------------------------------------------------------- one image


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Masks of one image with their measurements; filter it as often as you like."""

    image: Image
    masks: MaskTable
    measurements: ObjectMeasurements
    settings: Settings

    def filter(self, **values: Any) -> FilteredObjects:
        """Apply both filter stages; values are filter settings such as min_area=50."""
        chosen = settings_with(self.settings, **values).filter
        histograms = (
            self.measurements.exclusive_histograms()
            if chosen.overlaps == "exclusive"
            else self.measurements.histograms
        )
        return filter_objects(histograms, chosen)


def segment(
    image: ImageLike, *, settings: Settings | None = None, monitor: Monitor = SILENT, **values: Any
) -> Segmentation:
    """Find and measure every object of one image.

    image: a file, or an array (h, w) or (h, w, 3 or 4) of uint8, uint16, bool or float in 0..1.
    settings, values: see settings_with.
    Raises ImageReadError, CheckpointError, SettingsError.
    """
    resolved, model = _prepare(settings_with(settings, **values))
    picture = _as_image(image, resolved)
    segmenter = model.load(resolved.segmentation, monitor)
    masks = segmenter(picture.rgb, monitor)
    return Segmentation(picture, masks, measure_objects(picture.level, masks), resolved)


@dataclass(frozen=True, slots=True)
class AggregationAnalysis:
    """Aggregation of one image.

    aggregation: (h, w) float64 in [0, 100], of every pixel. distribution: histogram, statistics, peaks.
    """

    name: str
    polarity: str
    aggregation: npt.NDArray[np.float64]
    distribution: Distribution

    def save_chart(self, path: str | Path, *, log: bool = False) -> Path:
        """Draw the histogram as PNG, PDF or SVG, by the suffix. Returns where it was written."""
        from samhq.export.chart import save_chart

        return save_chart(self.distribution, Path(path), title=self.name, polarity=self.polarity, log=log)


def aggregation(
    image: ImageLike,
    *,
    settings: Settings | None = None,
    bins: int = 256,
    smoothing: float = 2.0,
    prominence: float = 0.01,
    **values: Any,
) -> AggregationAnalysis:
    """Aggregation of an image: map, histogram with peaks and troughs, statistics.

    image: as for segment. bins, smoothing, prominence: see measure_distribution.
    """
    chosen = settings_with(settings, **values)
    picture = _as_image(image, chosen)
    polarity = chosen.filter.polarity
    try:
        distribution = measure_distribution(
            picture.level, polarity=polarity, bins=bins, smoothing=smoothing, prominence=prominence
        )
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return AggregationAnalysis(
        name=Path(image).name if isinstance(image, str | Path) else "image",
        polarity=polarity,
        aggregation=aggregation_of_levels(polarity)[picture.level],
        distribution=distribution,
    )


def _as_image(image: ImageLike, settings: Settings) -> Image:
    if isinstance(image, str | Path):
        return read_image(long_path(Path(image)), settings.image)
    return image_from_array(image, settings.image)


# -------------------------------------------------------------------- runs


def run_folder(source: Path, out: Path | None = None) -> Path:
    """Where the run of an input is kept: <out or beside the input>/<name>_SAM_HQ_Run."""
    source = _full(source)
    name = source.name or source.drive.strip("\\/:").replace("\\", "_") or "root"
    parent = out.absolute() if out is not None else source.parent
    if out is None and parent == source:
        raise SettingsError(f"{source}: there is no folder beside it for the results; choose one with --out")
    if out is not None and source.is_dir() and parent.resolve().is_relative_to(source.resolve()):
        raise SettingsError(
            f"{out}: lies inside the input {source}, where nothing may be written; choose another folder"
        )
    # A name may have 255 bytes on most systems.
    return parent / safe_name(short_name(name, limit=255 - len("_SAM_HQ_Run")) + "_SAM_HQ_Run")


def run(
    source: str | Path,
    *,
    out: str | Path | None = None,
    settings: Settings | None = None,
    monitor: Monitor = SILENT,
    **values: Any,
) -> Run:
    """Segment and measure a folder (or one image), going on where an earlier start stopped.

    source: folder with subfolders, or a file. out: where the run folder is made (default: beside it).
    settings, values: see settings_with.
    Returns the open run; its `report` says what was done now. Filter and write it with Run.filter.
    Raises SettingsError, CheckpointError, StoreError, ImageReadError, Cancelled.
    """
    path = _full(Path(source))
    if not long_path(path).exists():
        raise ImageReadError(f"{source}: there is no such file or folder; check the spelling")
    folder = run_folder(path, Path(out) if out is not None else None)
    resolved, model = _prepare(settings_with(settings, **values))
    report = run_batch(path, folder, settings=resolved, model=model, monitor=monitor)
    save_settings(resolved, folder / "settings.json")
    opened = open_run(folder)
    opened.report = report
    return opened


def open_run(folder: str | Path) -> Run:
    """Open a run folder for filtering and export. Raises StoreError if it is none."""
    return Run(RunStore.read(named_run(folder)))


def named_run(path: str | Path) -> Path:
    """The absolute run folder a user means by a path to it, or to the run file in it."""
    folder = _full(Path(path))
    return folder.parent if folder.name == RUN_FILE else folder


def _full(path: Path) -> Path:
    # Not resolve(): links and mapped drives keep the names the user knows. "." and ".." get a name.
    return Path(os.path.abspath(path))  # noqa: PTH100


class Run:
    """What segmentation found in one input; filter it as often as you like.

    folder: the run folder. report: what the last start did, None for a run that was only opened.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._facts = store.facts()
        if "settings" not in self._facts:
            store.close()
            raise StoreError(
                f"{store.folder}: nothing was run here yet; start `samhq run` on its input again"
            )
        self.folder = store.folder
        self.report: BatchReport | None = None

    def __enter__(self) -> Run:
        """The run itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the run file."""
        self.close()

    def close(self) -> None:
        """Close the run file."""
        self._store.close()

    @property
    def facts(self) -> Mapping[str, Any]:
        """What was written down about the run: input, model, settings, versions."""
        return self._facts

    @property
    def name(self) -> str:
        """Name of the input, from which output folders are named."""
        return self.folder.name.removesuffix("_SAM_HQ_Run")

    @property
    def settings(self) -> Settings:
        """The resolved settings the run was made with."""
        return settings_from_dict(self._facts["settings"], source=str(self.folder))

    @property
    def log_file(self) -> Path:
        """The log of the run."""
        return self.folder / LOG_FILE

    def records(self) -> list[ImageRecord]:
        """Every image of the run, failed ones included, in the order of the tables."""
        return RunResults(self._store, FilterSettings()).records()

    def filter(self, settings: FilterSettings | None = None, /, **values: Any) -> FilteredRun:
        """The run under a filter; without values nothing is filtered out.

        Example: run.filter(min_area=199, min_ratio=37.0, min_aggregation=35).
        """
        chosen = settings_with(Settings(filter=settings or FilterSettings()), **values).filter
        return FilteredRun(self, chosen)

    def read_rgb(self, record: ImageRecord, source: Path | None = None) -> npt.NDArray[np.uint8]:
        """The picture of an image as the network saw it, from the input or a copy of it at source.

        Raises ImageReadError if the file is gone or is not the one that was segmented.
        """
        from samhq.images import file_sha256

        root = source or Path(self._facts["input"])
        path = long_path(root / record.path if root.is_dir() or not root.exists() else root)
        if not path.is_file():
            raise ImageReadError(f"{path}: is no longer there; say where the images are with --input")
        if file_sha256(path) != record.file_sha256:
            raise ImageReadError(f"{path}: has changed since it was segmented; run it again")
        scale = self._facts.get("frozen_scale")
        page = record.page if record.pages > 1 else None
        frozen = (float(scale[0]), float(scale[1])) if scale else None
        return read_image(path, self.settings.image, page=page, frozen_scale=frozen).rgb


class FilteredRun:
    """A run under one filter setting; iterate over it for one ImageResult an image."""

    def __init__(self, run: Run, settings: FilterSettings) -> None:
        self.run = run
        self.settings = settings
        self._results = RunResults(run._store, settings)

    def __iter__(self) -> Iterator[ImageResult]:
        """Every image with its objects, one in memory at a time."""
        return iter(self._results)

    def to_pandas(self) -> pd.DataFrame:
        """All kept objects, one row each, with the columns of objects.csv."""
        from samhq.export.tables import objects_frame

        return objects_frame(self)

    def images_to_pandas(self) -> pd.DataFrame:
        """Every image, one row each, with the columns of images.csv."""
        from samhq.export.tables import images_frame

        return images_frame(self)

    def write(
        self,
        *,
        out: str | Path | None = None,
        settings: Settings | None = None,
        source: Path | None = None,
        monitor: Monitor = SILENT,
    ) -> OutputSummary:
        """Write pictures and tables into the output folder that is named after the filter.

        out: folder in which the output folder is made (default: beside the run folder).
        settings: for what to write (its output group). source: where the images are now.
        """
        from samhq.export.output import output_folder_name, write_output

        parent = Path(out).absolute() if out is not None else self.run.folder.parent
        return write_output(
            self._results,
            parent / output_folder_name(self.run.name, self.settings),
            name=self.run.name,
            settings=self._all_settings(settings),
            model=self.run.facts["model"],
            read_rgb=lambda record: self.run.read_rgb(record, source),
            monitor=monitor,
        )

    def export(
        self,
        format: ExportFormat,  # noqa: A002 - the word of the command line
        *,
        out: str | Path | None = None,
        settings: Settings | None = None,
        monitor: Monitor = SILENT,
    ) -> OutputSummary:
        """Write the kept objects in one format into the output folder named after the filter."""
        from samhq.export.output import export_format, output_folder_name

        parent = Path(out).absolute() if out is not None else self.run.folder.parent
        return export_format(
            self._results,
            parent / output_folder_name(self.run.name, self.settings),
            format=format,
            name=self.run.name,
            settings=self._all_settings(settings),
            model=self.run.facts["model"],
            monitor=monitor,
        )

    def _all_settings(self, settings: Settings | None) -> Settings:
        output = (settings or Settings()).output
        return self.run.settings.model_copy(update={"filter": self.settings, "output": output})


def examine(folder: str | Path = ".") -> list[Finding]:
    """What samhq doctor reports about this installation. folder: where results would go."""
    from samhq.doctor import examine as look

    return look(Path(folder))
