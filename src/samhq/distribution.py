"""The aggregation of one image, or of a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samhq.configuration import settings_with
from samhq.engine import ImageLike, as_image
from samhq.errors import SettingsError
from samhq.filters import aggregation_of_levels
from samhq.images import Image
from samhq.measure import Distribution, measure_distribution
from samhq.settings import Settings

__all__ = ["AggregationAnalysis", "aggregation"]


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
    region: npt.NDArray[np.bool_] | None = None,
    settings: Settings | None = None,
    **values: Any,
) -> AggregationAnalysis:
    """Aggregation of an image: map, histogram with peaks and troughs, statistics.

    image: as for segment. region: (h, w) bool, the part of the image that is analysed (the map stays that
    of the whole). settings, values: see settings_with; the group analysis decides bins, smoothing
    and prominence.
    Raises ImageReadError, SettingsError (also for a region of another size or without pixels).
    """
    chosen = settings_with(settings, **values)
    picture = as_image(image, chosen)
    polarity = chosen.filter.polarity
    try:
        distribution = measure_distribution(
            picture.level if region is None else picture.level[_checked(region, picture)],
            polarity=polarity,
            bins=chosen.analysis.bins,
            smoothing=chosen.analysis.smoothing,
            prominence=chosen.analysis.prominence,
        )
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return AggregationAnalysis(
        name=Path(image).name if isinstance(image, str | Path) else "image",
        polarity=polarity,
        aggregation=aggregation_of_levels(polarity)[picture.level],
        distribution=distribution,
    )


def _checked(region: npt.NDArray[np.bool_], image: Image) -> npt.NDArray[np.bool_]:
    if region.shape != image.level.shape or region.dtype != np.bool_:
        raise ValueError(f"region is {region.dtype} {region.shape}, expected bool {image.level.shape}")
    if not region.any():
        raise ValueError("the region holds no pixel of the image")
    return region
