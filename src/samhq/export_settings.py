"""What is written for other programs, and in whose words: the group export of the settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import field_validator

from samhq.fields import SettingsGroup, setting

__all__ = ["SHAPE_NAMES", "ExportSettings", "chosen_shapes", "shape_text"]

SHAPE_NAMES = (
    "perimeter",
    "perimeter_crofton",
    "feret_diameter_max",
    "circularity",
    "solidity",
    "eccentricity",
    "axis_major_length",
    "axis_minor_length",
    "aspect_ratio",
    "roundness",
    "orientation",
    "equivalent_diameter_area",
    "extent",
    "euler_number",
    "area_convex",
    "area_filled",
    "area_bbox",
)
"""Measurements of shape, by the names of scikit-image where it has them, in the order of the tables."""


def chosen_shapes(text: str) -> tuple[str, ...]:
    """The measurements that a text names: "none", "all", or names separated by commas.

    Returns them in the order of the tables. Raises ValueError for an unknown name.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names in ([], ["none"]):
        return ()
    if names == ["all"]:
        return SHAPE_NAMES
    unknown = [name for name in names if name not in SHAPE_NAMES]
    if unknown:
        raise ValueError(
            f"shape {', '.join(unknown)}: there is no such measurement; allowed is none, all, or some of "
            f"{', '.join(SHAPE_NAMES)}, separated by commas"
        )
    return tuple(name for name in SHAPE_NAMES if name in names)


def shape_text(names: Iterable[str]) -> str:
    """The shortest text that names these measurements; see chosen_shapes."""
    chosen = set(names)
    if not chosen:
        return "none"
    return "all" if chosen >= set(SHAPE_NAMES) else ",".join(n for n in SHAPE_NAMES if n in chosen)


class ExportSettings(SettingsGroup):
    """What tables and exports hold beside A, I and R. A change only writes files again."""

    shape: str = setting(
        "none",
        title="Shape measurements",
        help="Measurements of shape in tables and exports, by the definitions of scikit-image: those of the whole "
        "object, in pixels.",
        allowed="none, all, or names separated by commas, see the manual",
    )
    columns: Literal["samhq", "imagej", "cellprofiler"] = setting(
        "samhq",
        title="Column names",
        help="Whose names the columns of the objects have in tables: those of samhq, of the Results table of ImageJ or "
        "of CellProfiler. What has no counterpart there keeps its name.",
    )
    qupath_object: Literal["detection", "cell", "annotation"] = setting(
        "detection",
        title="Kind of object in QuPath",
        help="What the objects of a GeoJSON file become in QuPath. Detections and cells are meant for many objects, "
        "annotations for few that are edited by hand.",
    )
    class_name: str = setting(
        "object",
        title="Name of the class",
        help="Name of the class of all objects in GeoJSON and YOLO files.",
        allowed="a name",
    )
    yolo_pictures: bool = setting(
        True,
        title="Pictures for YOLO",
        help="Write the pictures beside the labels of YOLO, so that the folder can be trained on as it is.",
    )

    @field_validator("shape")
    @classmethod
    def _names_measurements(cls, value: str) -> str:
        return shape_text(chosen_shapes(value))

    @field_validator("class_name")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        name = value.strip()
        if not name or not name.isprintable():
            raise ValueError(f"class_name {value!r}: must be a name in one line, such as nucleus")
        return name

    @property
    def shapes(self) -> tuple[str, ...]:
        """The chosen measurements of shape, in the order of the tables."""
        return chosen_shapes(self.shape)
