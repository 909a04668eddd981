"""The formats of the window's exports: which there are, and what they are called."""

from __future__ import annotations

from samhq.gui.translate import tr

__all__ = ["MASK_FORMATS", "RUN_FORMATS", "TABLE_FORMATS", "choice_text", "format_text", "shape_label"]

TABLE_FORMATS = ("csv", "txt", "excel", "parquet")
"""Formats that are tables."""
RUN_FORMATS = (*TABLE_FORMATS, "geojson", "roi", "labels", "coco", "yolo", "masks")
"""Formats of a run; see `samhq export`."""
MASK_FORMATS = tuple(name for name in RUN_FORMATS if name != "masks")
"""Formats of the objects of one image."""


def format_text(name: str) -> str:
    """What a format is called in a menu. Raises KeyError for an unknown one."""
    return {
        "csv": tr("Tables as CSV (objects.csv, images.csv)"),
        "txt": tr("Data file, separated by tabs (.txt)"),
        "excel": tr("Excel workbook (.xlsx)"),
        "parquet": tr("Parquet tables (.parquet)"),
        "geojson": tr("QuPath objects (.geojson)"),
        "roi": tr("ImageJ regions (ROI zip)"),
        "labels": tr("Label images, for ImageJ and napari (.tif)"),
        "coco": tr("COCO, for training (.json)"),
        "yolo": tr("YOLO data set, for training"),
        "masks": tr("Masks, as the output settings say"),
    }[name]


def choice_text(name: str, value: str) -> str:
    """What a choice of an export setting is called. Raises KeyError for an unknown one."""
    return {
        ("columns", "samhq"): tr("samhq"),
        ("columns", "imagej"): tr("ImageJ (Area, Mean, Circ.)"),
        ("columns", "cellprofiler"): tr("CellProfiler (AreaShape_Area)"),
        ("qupath_object", "detection"): tr("Detections"),
        ("qupath_object", "cell"): tr("Cells"),
        ("qupath_object", "annotation"): tr("Annotations"),
    }[name, value]


def shape_label(name: str) -> str:
    """What a measurement of shape is called. Raises KeyError for an unknown one."""
    words = {
        "perimeter": tr("Perimeter"),
        "perimeter_crofton": tr("Perimeter by Crofton's formula"),
        "feret_diameter_max": tr("Largest Feret diameter"),
        "circularity": tr("Circularity (form factor)"),
        "solidity": tr("Solidity"),
        "eccentricity": tr("Eccentricity"),
        "axis_major_length": tr("Major axis"),
        "axis_minor_length": tr("Minor axis"),
        "aspect_ratio": tr("Aspect ratio"),
        "roundness": tr("Roundness"),
        "orientation": tr("Orientation"),
        "equivalent_diameter_area": tr("Equivalent diameter"),
        "extent": tr("Extent"),
        "euler_number": tr("Euler number"),
        "area_convex": tr("Convex area"),
        "area_filled": tr("Area with holes filled"),
        "area_bbox": tr("Area of the box"),
    }
    return words[name]
