"""One image: its masks, measured, filtered and written as the images of a run are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samhq.batch import describe_image
from samhq.configuration import settings_with
from samhq.errors import SettingsError
from samhq.files import long_path
from samhq.filters import FilteredObjects
from samhq.images import Image, file_sha256
from samhq.masks import MaskTable
from samhq.measure import ObjectMeasurements, measure_objects
from samhq.monitor import SILENT, Monitor
from samhq.packing import StoredObjects
from samhq.places import full_path, run_folder, run_name
from samhq.results import ImageResult, filter_image
from samhq.settings import FilterSettings, Settings
from samhq.store import ImageRecord

if TYPE_CHECKING:
    from samhq.export.formats import ExportFormat
    from samhq.export.pictures import LabelStyle
    from samhq.export.tally import OutputSummary

__all__ = ["Segmentation", "measured"]


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Masks of one image with their measurements; filter it as often as you like.

    settings: the filter group decides what is kept where no other filter is given. path: of the image,
    None for an array. model: name, architecture and sha256 of the model that made the masks; None: those
    of the model file of the settings, looked at when they are needed.
    `chosen`, where a method takes it, is (n,) bool: only these masks are written, as far as the filter
    keeps them. The numbers are those of a run.
    """

    image: Image
    masks: MaskTable
    measurements: ObjectMeasurements
    settings: Settings
    path: Path | None = None
    model: Mapping[str, str] | None = None

    def filter(self, **values: Any) -> FilteredObjects:
        """Apply both filter stages; values are filter settings such as min_area=50."""
        chosen = settings_with(self.settings, **values).filter
        return self.measurements.object_filter().apply(chosen)

    def with_masks(self, masks: MaskTable) -> Segmentation:
        """The same image with other masks, measured again."""
        return replace(self, masks=masks, measurements=measure_objects(self.image.level, masks))

    def write(
        self,
        *,
        out: str | Path | None = None,
        chosen: npt.NDArray[np.bool_] | None = None,
        monitor: Monitor = SILENT,
    ) -> OutputSummary:
        """Write picture and tables into an output folder, as a run of this image alone would.

        out: folder in which the output folder is made (default: beside the image). Where chosen leaves out
        objects that pass the filter, its name ends in "_selected", so that the whole output stays as it is.
        Raises ExportError, SettingsError (no place to write to).
        """
        from samhq.export.output import write_output

        results = self._results(chosen)
        folder, name = self._place(out, results.result)
        settings, model = self._as_run()
        return write_output(
            results,
            folder,
            name=name,
            settings=settings,
            model=model,
            read_rgb=lambda record: self.image.rgb,
            monitor=monitor,
        )

    def export(
        self,
        format: ExportFormat,  # noqa: A002 - the word of the command line
        *,
        out: str | Path | None = None,
        chosen: npt.NDArray[np.bool_] | None = None,
        monitor: Monitor = SILENT,
    ) -> OutputSummary:
        """Write the kept objects in one format into the output folder; see write."""
        from samhq.export.formats import export_format

        results = self._results(chosen)
        folder, name = self._place(out, results.result)
        settings, model = self._as_run()
        return export_format(
            results,
            folder,
            format=format,
            name=name,
            settings=settings,
            model=model,
            read_rgb=lambda record: self.image.rgb,
            monitor=monitor,
        )

    def annotated(
        self, *, chosen: npt.NDArray[np.bool_] | None = None, label: LabelStyle | None = None
    ) -> npt.NDArray[np.uint8]:
        """The picture with the kept objects outlined, (k h, k w, 3) uint8.

        label: what stands beside each (default: the output group of the settings).
        """
        from samhq.export.pictures import annotate

        filtered = self._result(chosen).filtered
        return annotate(self.image.rgb, self.masks, filtered, label=label or self.settings.output.label)

    def save_picture(
        self,
        path: str | Path,
        *,
        chosen: npt.NDArray[np.bool_] | None = None,
        label: LabelStyle | None = None,
    ) -> Path:
        """Write the annotated picture as PNG. Returns where it was written."""
        from samhq.export.pictures import write_picture

        return write_picture(full_path(path), self.annotated(chosen=chosen, label=label))

    def _result(self, chosen: npt.NDArray[np.bool_] | None) -> ImageResult:
        record = replace(
            describe_image(self.image, path=self._name(), page=self.image.page),
            objects=len(self.masks),
            overlap_fraction=self.measurements.overlap_fraction,
        )
        result = filter_image(record, StoredObjects(self.masks, self.measurements), self.settings.filter)
        if chosen is None:
            return result
        if chosen.shape != (len(self.masks),) or chosen.dtype != np.bool_:
            raise ValueError(
                f"chosen is {chosen.dtype} {chosen.shape}, expected bool ({len(self.masks)},), one for each mask"
            )
        return replace(result, filtered=replace(result.filtered, keep=result.filtered.keep & chosen))

    def _results(self, chosen: npt.NDArray[np.bool_] | None) -> _OneImage:
        result = self._result(chosen)
        sha256 = file_sha256(long_path(self.path)) if self.path is not None else ""
        record = replace(result.record, file_sha256=sha256)
        return _OneImage(self.settings.filter, replace(result, record=record))

    def _name(self) -> str:
        return self.path.name if self.path is not None else "image"

    def _place(self, out: str | Path | None, result: ImageResult) -> tuple[Path, str]:
        """The output folder, and the name of the input, as a run of this image would have them."""
        from samhq.export.folders import output_folder_name

        if self.path is None and out is None:
            raise SettingsError(
                "an image without a file has no folder beside it; say where to write with out"
            )
        source = full_path(self.path or self._name())
        run = run_folder(source, full_path(out) if out is not None else None)
        name = run_name(run)
        tag = self.settings.filter.folder_tag()
        if not np.array_equal(result.filtered.keep, self.filter().keep):
            tag += "_selected"  # less than the whole output, whose place it must not take
        return run.parent / output_folder_name(name, tag), name

    def _as_run(self) -> tuple[Settings, Mapping[str, str]]:
        """Settings and model as a run of this image would note them."""
        if self.model is not None:  # its file may be gone by now
            return self.settings, self.model
        from samhq.network.checkpoint import inspect_checkpoint
        from samhq.network.registry import resolve_model

        info = inspect_checkpoint(resolve_model(self.settings.segmentation.model))
        segmentation = self.settings.segmentation.with_recommended(info.recommended)
        settings = self.settings.model_copy(update={"segmentation": segmentation})
        return settings, {"name": info.name, "architecture": info.architecture, "sha256": info.sha256}


def measured(
    image: Image,
    masks: MaskTable,
    settings: Settings | None = None,
    *,
    path: str | Path | None = None,
    model: Mapping[str, str] | None = None,
) -> Segmentation:
    """Masks that come from elsewhere, or were corrected by hand, measured on an image.

    model: name, architecture and sha256 of the model that made them; the settings are resolved then.
    Raises ValueError if the masks belong to an image of another size.
    """
    return Segmentation(
        image=image,
        masks=masks,
        measurements=measure_objects(image.level, masks),
        settings=settings or Settings(),
        path=None if path is None else Path(path),
        model=model,
    )


@dataclass(frozen=True, slots=True)
class _OneImage:
    """One image in the place of a run's."""

    settings: FilterSettings
    result: ImageResult

    def records(self) -> list[ImageRecord]:
        return [self.result.record]

    def image(self, record: ImageRecord) -> ImageResult:
        return self.result
