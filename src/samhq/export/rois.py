"""ROI files of ImageJ: one zip for each image, one region for each object, for the ROI Manager.

The bytes of each region are those of the library roifile. Corners lie on the edges of pixels, so that ImageJ counts
exactly the pixels of the mask. Source of the format: ij.io.RoiDecoder of ImageJ.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samhq.export.columns import ObjectColumns
from samhq.export.extras import optional_library
from samhq.export.polygons import Polygon, polygons_of
from samhq.export.writer import Destination, ImageFileWriter
from samhq.files import write_file
from samhq.results import ImageResult

__all__ = ["RoiWriter"]

# ImageJ keeps corners in 16 bits; larger ones it takes as real numbers only.
_MOST, _WIDEST = 60_535, 32_767
_MOVE, _LINE, _CLOSE = 0, 1, 4  # steps of a path, as java.awt.geom.PathIterator numbers them
_DATE = (1980, 1, 1, 0, 0, 0)  # of all entries: equal regions give equal files


class RoiWriter(ImageFileWriter):
    """One zip of regions for each image.

    An object of one piece without holes is a traced region; any other one a composite. A and R of the object, and
    what else is measured, are properties of its region.
    """

    kind = "ROI files"
    tail = "_sam_hq_rois.zip"

    def __init__(self, to: Destination) -> None:
        super().__init__(to)
        self._roifile: Any = optional_library("roifile", package="roifile", purpose="ImageJ regions")

    def write(self, result: ImageResult, path: Path) -> Path:
        """Write the regions of one image."""
        masks = result.masks[result.filtered.keep]
        chosen = ObjectColumns.of(self.to.settings.export, is_sized=self.to.is_sized)
        columns = chosen.measurements(result, monitor=self.to.monitor)
        page = result.record.page if result.record.pages > 1 else 0

        def fill(stream: Any) -> None:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                for place, polygons in enumerate(polygons_of(masks, monitor=self.to.monitor)):
                    roi = self._roi(polygons, f"{place + 1:04d}")
                    roi.position = page
                    roi.props = _properties(columns, place)
                    entry = zipfile.ZipInfo(f"{roi.name}.roi", _DATE)
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, roi.tobytes())

        return write_file(path, fill)

    def _roi(self, polygons: tuple[Polygon, ...], name: str) -> Any:
        corners = np.concatenate([polygon.exterior for polygon in polygons])
        least, most = corners.min(axis=0), corners.max(axis=0)
        fits = most.max() <= _MOST and (most - least).max() <= _WIDEST
        if fits and len(polygons) == 1 and not polygons[0].holes:
            roi = self._roifile.ImagejRoi.frompoints(corners, name=name)
            roi.roitype = self._roifile.ROI_TYPE.TRACED
        else:
            path = _path(polygons)
            rect = self._roifile.ROI_TYPE.RECT
            roi = self._roifile.ImagejRoi(
                name=name, roitype=rect, shape_roi_size=len(path), multi_coordinates=path
            )
        roi.left, roi.top = (int(v) for v in least)
        roi.right, roi.bottom = (int(v) for v in most)
        return roi


def _path(polygons: tuple[Polygon, ...]) -> npt.NDArray[np.float32]:
    """All rings as one path: steps and where they lead."""
    steps: list[npt.NDArray[np.float32]] = []
    for polygon in polygons:
        for ring in (polygon.exterior, *polygon.holes):
            lines = np.full((len(ring), 3), _LINE, np.float32)
            lines[0, 0] = _MOVE
            lines[:, 1:] = ring
            steps += [lines.ravel(), np.array([_CLOSE], np.float32)]
    return np.concatenate(steps)


def _properties(columns: dict[str, npt.NDArray[Any]], place: int) -> str:
    return "".join(f"{name}: {values[place]!s}\n" for name, values in columns.items())
