"""The AP of a network in training, from a few pictures and few points: what a curve needs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samhq.evaluation.metrics import THRESHOLDS, exclusive_labels, iou_matrix, match, without_unknown
from samhq.images.read import read_image
from samhq.labels import LabelArray
from samhq.monitor import SILENT, Event, Monitor
from samhq.network.checkpoint import LoadedModel
from samhq.network.model_info import ModelInfo
from samhq.network.sam import SamHq
from samhq.network.shortcuts import ALL
from samhq.segmentation.generator import AutomaticMaskGenerator
from samhq.settings import ImageSettings, SegmentationSettings
from samhq.training.data import PictureFile

__all__ = ["PICTURES", "POINTS_PER_SIDE", "Precision", "Watch"]

PICTURES = 4
"""How many pictures are segmented at a look."""
POINTS_PER_SIDE = 16
"""A quarter of the usual points: a look shall take seconds."""
_SHARE = 0.1  # of the time of training that looks may take


@dataclass(frozen=True, slots=True)
class Precision:
    """ap50, ap: AP at 0.5, and its mean over 0.5:0.95, averaged over pictures. See samhq.evaluation.metrics."""

    ap50: float
    ap: float


@dataclass(frozen=True, slots=True)
class _Shown:
    name: str
    rgb: npt.NDArray[np.uint8]
    labels: LabelArray
    incomplete: bool


class Watch:
    """Segments some pictures with the weights of the moment. latest: what the last look gave."""

    def __init__(self, files: Sequence[PictureFile], info: ModelInfo) -> None:
        self._pictures = [_shown(file) for file in files]
        self._info = info
        chosen = SegmentationSettings().with_recommended(info.recommended)
        side = min(chosen.points_per_side or POINTS_PER_SIDE, POINTS_PER_SIDE)
        self._settings = chosen.model_copy(update={"points_per_side": side, "prompts": "grid"})
        self.latest: Precision | None = None
        self._took_s = self._ended = 0.0

    def is_worth_it(self) -> bool:
        """Whether training went on for long enough since the last look, measured by what that took."""
        return self.latest is None or time.monotonic() - self._ended >= self._took_s / _SHARE

    def look(self, model: SamHq, *, monitor: Monitor = SILENT) -> Precision:
        """Segment the pictures and compare. The network must be in eval mode. Raises Cancelled."""
        started = time.monotonic()
        before = model.shortcuts
        model.use(ALL)  # in fp32 and without autocast, which the fused kernels do not bear
        try:
            generator = AutomaticMaskGenerator(LoadedModel(model, self._info), self._settings)
            found = [self._ap(generator, picture, monitor) for picture in self._pictures]
        finally:
            model.use(before)
        mean = np.mean(found, axis=0)
        self.latest = Precision(float(mean[0]), float(mean.mean()))
        self._ended = time.monotonic()
        self._took_s = self._ended - started
        return self.latest

    def _ap(
        self, generator: AutomaticMaskGenerator, picture: _Shown, monitor: Monitor
    ) -> npt.NDArray[np.float64]:
        found = exclusive_labels(generator.generate(picture.rgb, monitor=_Quiet(monitor)))
        if picture.incomplete:
            found = without_unknown(picture.labels, found)
        iou = iou_matrix(picture.labels, found)
        hits = np.array([len(match(iou, threshold)) for threshold in THRESHOLDS], np.float64)
        return hits / np.maximum(sum(iou.shape) - hits, 1)


class _Quiet:
    """Stops with the outer monitor; the prompts of a look are no progress of the training."""

    def __init__(self, outer: Monitor) -> None:
        self._outer = outer

    def report(self, event: Event) -> None:
        """Pass on what is said, nothing else."""
        if event.message:
            self._outer.report(event)

    def check(self) -> None:
        """Stop when the training shall."""
        self._outer.check()


def _shown(file: PictureFile) -> _Shown:
    rgb = read_image(file.item.image, ImageSettings()).rgb
    return _Shown(file.item.name, rgb, file.item.read((rgb.shape[0], rgb.shape[1])), file.incomplete)
