"""GeoJSON files for QuPath: one for each image, one feature for each object.

Source of the structure: https://qupath.readthedocs.io/en/stable/docs/advanced/exporting_annotations.html and
QuPath's reader (qupath.lib.io.QuPathTypeAdapters); the geometry follows RFC 7946 with pixels for degrees.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samhq.export.columns import ObjectColumns
from samhq.export.polygons import Polygon, polygons_of
from samhq.export.writer import ImageFileWriter
from samhq.files import write_file
from samhq.results import ImageResult

__all__ = ["GeoJsonWriter"]

_COLOR = (0, 114, 178)
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://samhq/objects")


class GeoJsonWriter(ImageFileWriter):
    """One FeatureCollection for each image, with outlines along the pixels and holes as rings of their own."""

    kind = "GeoJSON files"
    tail = "_sam_hq.geojson"

    def write(self, result: ImageResult, path: Path) -> Path:
        """Write the features of one image, each on a line of its own."""
        features = self._features(result)

        def fill(stream: Any) -> None:
            stream.write(b'{"type": "FeatureCollection", "features": [')
            for number, feature in enumerate(features):
                line = json.dumps(feature, ensure_ascii=False, allow_nan=False)
                stream.write((",\n" if number else "\n").encode() + line.encode("utf-8"))
            stream.write(b"\n]}\n")

        return write_file(path, fill)

    def _features(self, result: ImageResult) -> Iterator[dict[str, Any]]:
        export, record = self.to.settings.export, result.record
        columns = ObjectColumns.of(export, is_sized=self.to.is_sized).measurements(
            result, monitor=self.to.monitor
        )
        of_image = f"{record.segment_key or record.file_sha256}/{record.path}/{record.page}"
        kept = np.flatnonzero(result.filtered.keep)
        for place, polygons in enumerate(polygons_of(result.masks[kept], monitor=self.to.monitor)):
            yield {
                "type": "Feature",
                # The same object gets the same identifier again, whatever the filter.
                "id": str(uuid.uuid5(_SPACE, f"{of_image}/{kept[place]}")),
                "geometry": _geometry(polygons),
                "properties": {
                    "objectType": export.qupath_object,
                    "name": str(place + 1),
                    "classification": {"name": export.class_name, "color": list(_COLOR)},
                    "measurements": _numbers(columns, place),
                },
            }


def _geometry(polygons: tuple[Polygon, ...]) -> dict[str, Any]:
    parts = [[_closed(ring) for ring in (polygon.exterior, *polygon.holes)] for polygon in polygons]
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def _closed(ring: npt.NDArray[np.int64]) -> list[list[int]]:
    corners: list[list[int]] = ring.tolist()
    return [*corners, corners[0]]


def _numbers(columns: dict[str, npt.NDArray[Any]], place: int) -> dict[str, float]:
    """The measurements of one object; JSON has no number for what could not be measured."""
    found = {}
    for name, values in columns.items():
        value = values[place]
        # The shortest text of a float32, not that of the float64 it becomes.
        number = float(str(value)) if values.dtype == np.float32 else value.item()
        if math.isfinite(number):
            found[name] = number
    return found
