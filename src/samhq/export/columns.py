"""The columns of the objects: what they hold, and what samhq, ImageJ and CellProfiler call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from samhq.export.pixel_sizes import SIZED_COLUMNS
from samhq.export_settings import ExportSettings
from samhq.monitor import SILENT, Monitor
from samhq.results import ImageResult
from samhq.shape import measure_shapes

__all__ = ["DIALECTS", "OBJECT_COLUMNS", "Dialect", "ObjectColumns"]

Dialect = Literal["samhq", "imagej", "cellprofiler"]
Values = npt.NDArray[Any]
Numbers = dict[str, Values]

OBJECT_COLUMNS = (
    "image",
    "object",
    "area_px",
    "intensity",
    "ratio",
    "initial_area_px",
    "initial_intensity",
    "initial_ratio",
    "x0",
    "y0",
    "x1",
    "y1",
    "centroid_x",
    "centroid_y",
    "predicted_iou",
    "stability_score",
    "crop_x0",
    "crop_y0",
    "crop_x1",
    "crop_y1",
    "point_x",
    "point_y",
    "page",
    "page_name",
)
"""Columns of the objects in tables without anything chosen. Measurements of shape stand before "page"."""

_MEASURED = (
    "area_px",
    "intensity",
    "ratio",
    "initial_area_px",
    "initial_intensity",
    "initial_ratio",
    "predicted_iou",
    "stability_score",
)


@dataclass(frozen=True, slots=True)
class _Word:
    """A column in another dialect: its name there, and its values from the columns of samhq where they differ."""

    name: str
    values: Callable[[Mapping[str, Values]], Values] | None = None


def _degrees(numbers: Mapping[str, Values]) -> Values:
    return np.asarray(np.degrees(numbers["orientation"]))


def _angle(numbers: Mapping[str, Values]) -> Values:
    # Between the x axis and the major axis, against the clock, 0 to 180.
    return np.asarray(np.mod(90 + _degrees(numbers), 180))


# Headings of ij.measure.ResultsTable of ImageJ 1. Its centroids take the upper left corner of a pixel for its place.
_IMAGEJ = {
    "image": _Word("Label"),
    "area_px": _Word("Area"),
    "intensity": _Word("IntDen"),
    "ratio": _Word("Mean"),
    "x0": _Word("BX"),
    "y0": _Word("BY"),
    "x1": _Word("Width", lambda numbers: numbers["x1"] - numbers["x0"]),
    "y1": _Word("Height", lambda numbers: numbers["y1"] - numbers["y0"]),
    "centroid_x": _Word("X", lambda numbers: numbers["centroid_x"] + 0.5),
    "centroid_y": _Word("Y", lambda numbers: numbers["centroid_y"] + 0.5),
    "page": _Word("Slice"),
    "perimeter": _Word("Perim."),
    "feret_diameter_max": _Word("Feret"),
    "circularity": _Word("Circ."),
    "solidity": _Word("Solidity"),
    "axis_major_length": _Word("Major"),
    "axis_minor_length": _Word("Minor"),
    "aspect_ratio": _Word("AR"),
    "roundness": _Word("Round"),
    "orientation": _Word("Angle", _angle),
}
# Features of CellProfiler 4: MeasureObjectSizeShape, and MeasureObjectIntensity of an image "Aggregation".
_CELLPROFILER = {
    "object": _Word("ObjectNumber"),
    "area_px": _Word("AreaShape_Area"),
    "intensity": _Word("Intensity_IntegratedIntensity_Aggregation"),
    "ratio": _Word("Intensity_MeanIntensity_Aggregation"),
    "x0": _Word("AreaShape_BoundingBoxMinimum_X"),
    "y0": _Word("AreaShape_BoundingBoxMinimum_Y"),
    "x1": _Word("AreaShape_BoundingBoxMaximum_X"),
    "y1": _Word("AreaShape_BoundingBoxMaximum_Y"),
    "centroid_x": _Word("AreaShape_Center_X"),
    "centroid_y": _Word("AreaShape_Center_Y"),
    "perimeter": _Word("AreaShape_Perimeter"),
    "feret_diameter_max": _Word("AreaShape_MaxFeretDiameter"),
    "circularity": _Word("AreaShape_FormFactor"),
    "solidity": _Word("AreaShape_Solidity"),
    "eccentricity": _Word("AreaShape_Eccentricity"),
    "axis_major_length": _Word("AreaShape_MajorAxisLength"),
    "axis_minor_length": _Word("AreaShape_MinorAxisLength"),
    "orientation": _Word("AreaShape_Orientation", _degrees),
    "equivalent_diameter_area": _Word("AreaShape_EquivalentDiameter"),
    "extent": _Word("AreaShape_Extent"),
    "euler_number": _Word("AreaShape_EulerNumber"),
    "area_convex": _Word("AreaShape_ConvexArea"),
    "area_filled": _Word("AreaShape_FilledArea"),
    "area_bbox": _Word("AreaShape_BoundingBoxArea"),
}
DIALECTS: dict[Dialect, Mapping[str, _Word]] = {
    "samhq": {},
    "imagej": _IMAGEJ,
    "cellprofiler": _CELLPROFILER,
}
"""For each dialect the words it has for columns of samhq; every other column keeps its name."""


@dataclass(frozen=True, slots=True)
class ObjectColumns:
    """Which columns the objects have. dialect: whose names; shapes: measurements of shape, of SHAPE_NAMES.

    is_sized: whether there are areas in µm² too, see pixel_sizes.
    """

    dialect: Dialect = "samhq"
    shapes: tuple[str, ...] = ()
    is_sized: bool = False

    @classmethod
    def of(cls, settings: ExportSettings, *, is_sized: bool = False) -> ObjectColumns:
        """The columns that the settings ask for."""
        return cls(settings.columns, settings.shapes, is_sized)

    @property
    def names(self) -> tuple[str, ...]:
        """All columns in order: the image, the numbers, the name of the page."""
        return (self.name("image"), *self._number_names(), self.name("page_name"))

    def name(self, column: str) -> str:
        """What the dialect calls a column of samhq."""
        word = DIALECTS[self.dialect].get(column)
        return column if word is None else word.name

    def numbers(self, result: ImageResult, *, image_number: int, monitor: Monitor = SILENT) -> Numbers:
        """The numeric columns of the kept objects of one image, in order, each (n,).

        image_number: of the image among all, from 1. Raises Cancelled.
        """
        own = self._own(result, monitor)
        words = DIALECTS[self.dialect]
        if self.dialect == "cellprofiler":
            own = {"ImageNumber": np.full(len(own["object"]), image_number), **own}
        return {
            self.name(column): values if (change := _change(words, column)) is None else change(own)
            for column, values in own.items()
        }

    def measurements(self, result: ImageResult, *, monitor: Monitor = SILENT) -> Numbers:
        """The numeric columns that measure an object, without numbers, places and pages. Raises Cancelled."""
        numbers = self.numbers(result, image_number=0, monitor=monitor)
        names = [
            self.name(column)
            for column in (*_MEASURED, *self.shapes, *(SIZED_COLUMNS if self.is_sized else ()))
        ]
        return {name: numbers[name] for name in names}

    def _number_names(self) -> tuple[str, ...]:
        lead = ("ImageNumber",) if self.dialect == "cellprofiler" else ()
        before = OBJECT_COLUMNS[1 : OBJECT_COLUMNS.index("page")]
        areas = SIZED_COLUMNS if self.is_sized else ()
        return (*lead, *(self.name(column) for column in (*before, *self.shapes, *areas, "page")))

    def _own(self, result: ImageResult, monitor: Monitor) -> Numbers:
        """The numeric columns by the names of samhq."""
        keep = result.filtered.keep
        columns = _stored(result)
        if self.shapes:
            columns |= measure_shapes(result.masks[keep], self.shapes, monitor=monitor)
        if self.is_sized:
            edge = result.record.pixel_size_um
            square = np.nan if edge is None else edge**2
            columns |= {
                "area_um2": columns["area_px"] * square,
                "initial_area_um2": columns["initial_area_px"] * square,
            }
        columns["page"] = np.full(len(columns["object"]), result.record.page)
        return columns


def _change(words: Mapping[str, _Word], column: str) -> Callable[[Mapping[str, Values]], Values] | None:
    word = words.get(column)
    return None if word is None else word.values


def _stored(result: ImageResult) -> Numbers:
    keep = result.filtered.keep
    filtered, masks = result.filtered, result.masks
    columns: Numbers = {
        "object": np.arange(1, int(keep.sum()) + 1),
        "area_px": filtered.area[keep],
        "intensity": filtered.intensity[keep],
        "ratio": filtered.ratio[keep],
        "initial_area_px": filtered.initial_area[keep],
        "initial_intensity": filtered.initial_intensity[keep],
        "initial_ratio": filtered.initial_ratio[keep],
    }
    columns |= dict(zip(("x0", "y0", "x1", "y1"), masks.boxes[keep].T, strict=True))
    columns |= dict(zip(("centroid_x", "centroid_y"), result.measurements.centroids[keep].T, strict=True))
    columns |= {"predicted_iou": masks.predicted_iou[keep], "stability_score": masks.stability_score[keep]}
    columns |= dict(zip(("crop_x0", "crop_y0", "crop_x1", "crop_y1"), masks.crop_boxes[keep].T, strict=True))
    columns |= dict(zip(("point_x", "point_y"), masks.points[keep].T, strict=True))
    return columns
