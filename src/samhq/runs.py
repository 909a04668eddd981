"""Runs: segment a folder, open what was found, filter it and write it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samhq.batch import LOG_FILE, BatchReport, run_batch
from samhq.configuration import save_settings, settings_with
from samhq.engine import Engine, prepare
from samhq.errors import ImageReadError, StoreError
from samhq.files import long_path
from samhq.images import read_image
from samhq.monitor import SILENT, Monitor
from samhq.overview import RunOverview
from samhq.places import full_path, named_run, run_folder, run_name
from samhq.planning import RunPlan, plan_batch
from samhq.results import ImageResult, RunResults
from samhq.settings import FilterSettings, Settings, settings_from_dict
from samhq.store import ImageRecord, RunStore

if TYPE_CHECKING:
    import pandas as pd

    from samhq.export.columns import Dialect
    from samhq.export.formats import ExportFormat
    from samhq.export.tally import OutputSummary

__all__ = ["FilteredRun", "Run", "open_overview", "open_run", "plan_run", "run"]


def run(
    source: str | Path,
    *,
    out: str | Path | None = None,
    settings: Settings | None = None,
    engine: Engine | None = None,
    monitor: Monitor = SILENT,
    **values: Any,
) -> Run:
    """Segment and measure a folder (or one image), going on where an earlier start stopped.

    source: folder with subfolders, or a file. out: where the run folder is made (default: beside it).
    settings, values: see settings_with. engine: a model that is loaded already; it must be that of the settings.
    Returns the open run; its `report` says what was done now. Filter and write it with Run.filter.
    Raises SettingsError, CheckpointError, StoreError, ImageReadError, Cancelled.
    """
    path = _existing(source)
    folder = run_folder(path, Path(out) if out is not None else None)
    resolved, model = prepare(settings_with(settings, **values), engine=engine)
    report = run_batch(path, folder, settings=resolved, model=model, monitor=monitor)
    save_settings(resolved, folder / "settings.json")
    opened = open_run(folder)
    opened.report = report
    return opened


def open_run(folder: str | Path) -> Run:
    """Open a run folder for filtering and export. Raises StoreError if it is none."""
    return Run(RunStore.read(named_run(folder)))


def plan_run(
    source: str | Path,
    *,
    out: str | Path | None = None,
    settings: Settings | None = None,
    monitor: Monitor = SILENT,
    **values: Any,
) -> RunPlan:
    """What run would do with the same arguments: nothing is segmented, locked or written.

    Raises SettingsError, CheckpointError, StoreError, ImageReadError, Cancelled, as run would.
    """
    path = _existing(source)
    folder = run_folder(path, Path(out) if out is not None else None)
    resolved, model = prepare(settings_with(settings, **values))
    return plan_batch(path, folder, settings=resolved, model=model, monitor=monitor)


def open_overview(folder: str | Path) -> RunOverview:
    """All objects of a run in memory, for filters that change while a threshold is dragged.

    The run may still be written: `update` takes in what is new, and must be called once at first.
    Raises StoreError if there is no run.
    """
    return RunOverview(named_run(folder))


def _existing(source: str | Path) -> Path:
    path = full_path(source)
    if not long_path(path).exists():
        raise ImageReadError(f"{source}: there is no such file or folder; check the spelling")
    return path


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
        return run_name(self.folder)

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

    def image(self, record: ImageRecord) -> ImageResult:
        """One image with its masks, measurements and what the filter says; see Run.records."""
        return self._results.image(record)

    def to_pandas(
        self, *, shape: str = "none", columns: Dialect = "samhq", pixel_size: float | None = None
    ) -> pd.DataFrame:
        """All kept objects, one row each, with the columns of objects.csv.

        shape, columns: measurements of shape, and whose names the columns have; pixel_size: µm, in place of what the
        files say; all as the settings of these names. Raises SettingsError for values they cannot have.
        """
        from samhq.export.tables import objects_frame

        settings = settings_with(shape=shape, columns=columns, pixel_size=pixel_size)
        chosen = settings.export
        results, sized = self._sized(settings)
        return objects_frame(results, shape=chosen.shape, columns=chosen.columns, is_sized=sized)

    def images_to_pandas(self, *, pixel_size: float | None = None) -> pd.DataFrame:
        """Every image, one row each, with the columns of images.csv. pixel_size: see to_pandas."""
        from samhq.export.tables import images_frame

        results, sized = self._sized(settings_with(pixel_size=pixel_size))
        return images_frame(results, is_sized=sized)

    def _sized(self, settings: Settings) -> tuple[Iterator[ImageResult], bool]:
        """Every image, with the pixel size that the settings give, and whether any has one."""
        from samhq.export.pixel_sizes import SizedResults, is_sized

        results = SizedResults.of(self._results, settings.output.pixel_size)
        records = results.records()
        return (results.image(record) for record in records), is_sized(records)

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
        settings: for what to write (its output and export groups). source: where the images are now.
        """
        from samhq.export.folders import output_folder_name
        from samhq.export.output import write_output

        parent = Path(out).absolute() if out is not None else self.run.folder.parent
        return write_output(
            self._results,
            parent / output_folder_name(self.run.name, self.settings.folder_tag()),
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
        source: Path | None = None,
        monitor: Monitor = SILENT,
    ) -> OutputSummary:
        """Write the kept objects in one format into the output folder named after the filter.

        settings: its output and export groups say how. source: where the images are now, for formats with pictures.
        Raises ExportError, also where a library of the extra "exports" is missing, and Cancelled.
        """
        from samhq.export.folders import output_folder_name
        from samhq.export.formats import export_format

        parent = Path(out).absolute() if out is not None else self.run.folder.parent
        return export_format(
            self._results,
            parent / output_folder_name(self.run.name, self.settings.folder_tag()),
            format=format,
            name=self.run.name,
            settings=self._all_settings(settings),
            model=self.run.facts["model"],
            read_rgb=lambda record: self.run.read_rgb(record, source),
            monitor=monitor,
        )

    def _all_settings(self, settings: Settings | None) -> Settings:
        chosen = settings or Settings()
        return self.run.settings.model_copy(
            update={"filter": self.settings, "output": chosen.output, "export": chosen.export}
        )
