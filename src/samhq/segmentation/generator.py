"""All masks of an image: prompts on a grid, drop the bad masks, drop the duplicates.

With prompts="grid" it gives the masks of the official SamAutomaticMaskGenerator in its order. Two differences
on purpose: a mask without any pixel is always dropped (officially it stays if the stability threshold is 0),
and crops that would hold no pixel are left out (officially they raise an error).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from samhq.errors import SamhqError
from samhq.masks import MaskTable, runs_from_crop
from samhq.monitor import SILENT, Event, Monitor
from samhq.network.checkpoint import LoadedModel
from samhq.network.devices import is_out_of_memory
from samhq.network.preprocess import to_input_frame
from samhq.network.prompt_encoder import Prompts
from samhq.network.sam import ImageFeatures
from samhq.segmentation.boxed import BoxedMask, boxed_mask, full_size
from samhq.segmentation.grids import Crop, crops_of, layer_points
from samhq.segmentation.memory import Batches
from samhq.segmentation.nms import suppress
from samhq.segmentation.postprocess import clean_masks, full_size_chunks
from samhq.segmentation.prompting import (
    CropPrompts,
    SearchMonitor,
    coarse_to_fine,
    covered,
    dark_pixels,
    has_dark_cell,
    prompts_at,
)
from samhq.segmentation.scoring import inclusive_boxes, near_crop_edge, stability
from samhq.settings import SegmentationSettings

__all__ = ["AutomaticMaskGenerator", "check_image"]

FloatArray = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]


def check_image(image: Image) -> None:
    """Raise ValueError unless the array is a (height, width, 3) uint8 picture with at least one pixel."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(
            f"image is {image.dtype} {image.shape}, expected uint8 (height, width, 3) with pixels"
        )


@dataclass(frozen=True, slots=True)
class _Job:
    """What stays the same while one image is segmented."""

    image: Image
    monitor: Monitor
    batches: Batches
    prompts: list[CropPrompts]  # of every crop
    searched: int  # parts of the work that were done before the first prompt
    parts: int  # in all: prompt batches of the whole image, at the size asked for
    prompts_per_part: float
    on_masks: Callable[[MaskTable], None] | None

    @property
    def height(self) -> int:
        return int(self.image.shape[0])

    @property
    def width(self) -> int:
        return int(self.image.shape[1])


@dataclass(slots=True)
class _Progress:
    prompts: int = 0
    objects: int = 0
    crops: list[MaskTable] = field(default_factory=list)  # of finished ones


class AutomaticMaskGenerator:
    """Segments whole images with one model and one set of settings."""

    def __init__(
        self,
        loaded: LoadedModel,
        settings: SegmentationSettings,
        *,
        points_per_batch: int = 64,
        finder: AutomaticMaskGenerator | None = None,
    ) -> None:
        """points_per_batch: prompts the network draws at once; changes memory and speed only.

        finder: with prompts="discovered" it finds the objects that loaded then draws; see finder_settings.
        """
        if points_per_batch < 1:
            raise ValueError(f"points_per_batch {points_per_batch} must be 1 or more")
        if settings.prompts == "discovered" and finder is None:
            raise ValueError(
                "prompts discovered: there is no generator that finds the objects; give a finder"
            )
        self.finder = finder
        self.model = loaded.model
        self.settings = settings
        self.points_per_batch = points_per_batch

    def generate(
        self,
        image: Image,
        *,
        monitor: Monitor = SILENT,
        on_masks: Callable[[MaskTable], None] | None = None,
    ) -> MaskTable:
        """Segment one image.

        image: (h, w, 3) uint8 RGB. Before each crop and each batch of prompts monitor.check() is asked
        and an Event(stage="segment") reported.
        on_masks: given, after each batch of prompts, all masks found so far without the duplicates inside
        a crop; in pixels of the image, in no particular order. Not given what only the finder has found.
        Raises Cancelled when the monitor says so, and SamhqError when memory runs out even for one prompt.
        """
        check_image(image)
        job, crops = self._plan(image, monitor, on_masks)
        progress = _Progress()
        for number, crop in enumerate(crops):
            progress.crops.append(self._segment_crop(job, crop, number, progress=progress))
        table = MaskTable.concatenate(progress.crops)
        if len(crops) > 1:
            kept = suppress(
                _inclusive(table), self._crop_scores(table), iou_threshold=self.settings.crop_nms_thresh
            )
            table = table[kept]
        if self.settings.min_mask_region_area > 0:
            limit = max(self.settings.box_nms_thresh, self.settings.crop_nms_thresh)
            table = clean_masks(table, min_area=self.settings.min_mask_region_area, iou_threshold=limit)
        monitor.report(Event(stage="segment", part=job.parts, parts=job.parts, objects=len(table)))
        return table

    def _crop_scores(self, table: MaskTable) -> npt.NDArray[np.float32]:
        """By what masks of several crops win against each other: (n,) fp32."""
        boxes = table.crop_boxes.astype(np.int64)
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        if self.settings.prompts == "adaptive":
            return areas.astype(np.float32)  # a smaller crop only adds what the larger ones have not found
        # Those of smaller crops. In fp32 like the reference, so that the same areas are equal.
        return np.float32(1) / areas.astype(np.float32)

    def _plan(
        self, image: Image, monitor: Monitor, on_masks: Callable[[MaskTable], None] | None
    ) -> tuple[_Job, list[Crop]]:
        settings = self.settings
        crops = crops_of(
            height=image.shape[0],
            width=image.shape[1],
            layers=settings.crop_n_layers,
            overlap_ratio=settings.crop_overlap_ratio,
        )
        prompts, searched = self._prompts(image, crops, monitor)
        total = sum(len(part) for part in prompts)

        def on_smaller(size: int) -> None:
            message = f"memory ran out; going on with {size} prompts at once"
            monitor.report(Event(stage="segment", message=message, level="warning"))

        # A search counts as half of the work: how many prompts follow is not known while it goes on.
        to_draw = searched or max(1, -(-total // self.points_per_batch))
        job = _Job(
            image=image,
            monitor=monitor,
            batches=Batches(self.points_per_batch, on_smaller=on_smaller),
            prompts=prompts,
            searched=searched,
            parts=searched + to_draw,
            prompts_per_part=max(1, total) / searched if searched else self.points_per_batch,
            on_masks=on_masks,
        )
        return job, crops

    def _prompts(self, image: Image, crops: list[Crop], monitor: Monitor) -> tuple[list[CropPrompts], int]:
        """What every crop may be asked, and how many parts of work it took to find that out."""
        if self.finder is not None and self.settings.prompts == "discovered":
            search = SearchMonitor(monitor)
            return prompts_at(self.finder.generate(image, monitor=search), crops), search.parts
        grids = layer_points(self.settings)
        dark = dark_pixels(image, self.settings) if self.settings.prompts == "dark-guided" else None
        prompts = []
        for crop in crops:
            points = grids[crop.layer]
            if dark is not None:
                points = points[has_dark_cell(dark[crop.y0 : crop.y1, crop.x0 : crop.x1], points)]
            prompts.append(CropPrompts(points * np.array([crop.width, crop.height])))
        return prompts, 0

    def _segment_crop(self, job: _Job, crop: Crop, number: int, *, progress: _Progress) -> MaskTable:
        """The masks of one crop, in pixels of the image, without duplicates among themselves."""
        prompts = self._open_prompts(job, crop, number, progress=progress)
        if not len(prompts):  # nothing to ask: the crop need not be encoded either
            return MaskTable.empty(height=job.height, width=job.width)
        job.monitor.check()
        features = self._encode(job.image[crop.y0 : crop.y1, crop.x0 : crop.x1])
        found: list[MaskTable] = []

        def segment(asked: CropPrompts, part: slice) -> MaskTable:
            self._tell(job, progress)
            return self._segment_batch(job, crop, features=features, prompts=asked[part])

        for asked in self._rounds(crop, prompts, found, progress=progress):
            for part, table in job.batches.run(len(asked), partial(segment, asked)):
                found.append(table)
                progress.prompts += part.stop - part.start
                progress.objects += len(table)
                if job.on_masks is not None:
                    so_far = self._without_duplicates(MaskTable.concatenate(found))
                    job.on_masks(MaskTable.concatenate([*progress.crops, so_far]))
        table = MaskTable.concatenate(found)
        kept = self._without_duplicates(table)
        progress.objects -= len(table) - len(kept)
        return kept

    def _open_prompts(self, job: _Job, crop: Crop, number: int, *, progress: _Progress) -> CropPrompts:
        """What a crop is asked: with prompts="adaptive" nothing where larger crops have found an object."""
        prompts = job.prompts[number]
        if self.settings.prompts != "adaptive" or not crop.layer:
            return prompts
        whole = Crop(0, 0, job.width, job.height, 0)
        found = MaskTable.concatenate(progress.crops)
        is_open = ~covered(prompts.points + np.array([crop.x0, crop.y0]), found, whole)
        progress.prompts += len(prompts) - int(is_open.sum())
        return prompts[is_open]

    def _rounds(
        self, crop: Crop, prompts: CropPrompts, found: list[MaskTable], *, progress: _Progress
    ) -> Iterator[CropPrompts]:
        """The prompts of a crop, in rounds of which each may depend on what was found (it grows) in those before.

        The rounds do not depend on the size of batches, which must change no result.
        """
        if self.settings.prompts != "adaptive":
            yield prompts
            return
        for chosen in coarse_to_fine(prompts.points / np.array([crop.width, crop.height])):
            asked = prompts[chosen]
            if found:
                # Of overlapping masks only the best: one that holds two objects gives way to one of a single object.
                accepted = self._without_duplicates(MaskTable.concatenate(found))
                asked = asked[~covered(asked.points, accepted, crop)]
            progress.prompts += len(chosen) - len(asked)
            yield asked

    def _without_duplicates(self, table: MaskTable) -> MaskTable:
        return table[
            suppress(_inclusive(table), table.predicted_iou, iou_threshold=self.settings.box_nms_thresh)
        ]

    def _tell(self, job: _Job, progress: _Progress) -> None:
        job.monitor.check()
        part = job.searched + int(progress.prompts / job.prompts_per_part)
        job.monitor.report(Event(stage="segment", part=part, parts=job.parts, objects=progress.objects))

    def _encode(self, image: Image) -> ImageFeatures:
        try:
            return self.model.encode_image(image)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise SamhqError(
                f"image {image.shape[1]}x{image.shape[0]}: memory ran out in the encoder; close other programs that "
                "use it, choose --device cpu or a smaller model"
            ) from error

    @torch.inference_mode()
    def _segment_batch(
        self, job: _Job, crop: Crop, *, features: ImageFeatures, prompts: CropPrompts
    ) -> MaskTable:
        """The acceptable masks of some prompts of a crop."""
        decoded = self.model.decode(
            features,
            _in_frame(prompts, features),
            best_of_three=prompts.boxes is None,  # a box leaves no doubt which object is meant
            min_iou=self.settings.pred_iou_thresh,
        )
        drawn = prompts.points[decoded.prompts.cpu().numpy()]
        iou = decoded.predicted_iou.cpu().numpy()
        acceptable = self._boxed if self.model.shortcuts.boxed_masks else self._whole
        return self._table(job, crop, acceptable(decoded.logits, features), points=drawn, iou=iou)

    def _boxed(self, logits: Tensor, features: ImageFeatures) -> Iterator[tuple[int, BoxedMask]]:
        """The stable masks among low-resolution logits, with their places: each is drawn in its box only."""
        size = full_size(
            image_size=self.model.image_size,
            input_size=features.input_size,
            original_size=features.original_size,
        )
        for row, low in enumerate(logits.cpu().numpy()):
            found = boxed_mask(
                low,
                size,
                offset=self.settings.stability_score_offset,
                min_stability=self.settings.stability_score_thresh,
            )
            if found is not None:
                yield row, found

    def _whole(self, logits: Tensor, features: ImageFeatures) -> Iterator[tuple[int, BoxedMask]]:
        """The same the plain way: all logits at the size of the image."""
        for part, full in full_size_chunks(
            logits,
            image_size=self.model.image_size,
            input_size=features.input_size,
            original_size=features.original_size,
        ):
            score = stability(full, offset=self.settings.stability_score_offset)
            # A mask without pixels has no stability (0/0); it is dropped whatever the threshold.
            good = (score >= self.settings.stability_score_thresh) & (full.amax(dim=(1, 2)) > 0)
            for row in torch.nonzero(good)[:, 0].tolist():
                mask = full[row] > 0
                x0, y0, x1, y1 = inclusive_boxes(mask[None])[0].tolist()
                inside = mask[y0 : y1 + 1, x0 : x1 + 1].cpu().numpy()
                yield part.start + row, BoxedMask(inside, x0, y0, np.float32(score[row].item()))

    def _table(
        self,
        job: _Job,
        crop: Crop,
        found: Iterator[tuple[int, BoxedMask]],
        *,
        points: FloatArray,
        iou: npt.NDArray[np.float32],
    ) -> MaskTable:
        """Masks of a crop, with their rows in points and iou, in pixels of the image; none that its edge cuts."""
        kept = list(found)
        boxes = np.array([mask.box for _, mask in kept], dtype=np.int64).reshape(-1, 4)
        inclusive = boxes - np.array([0, 0, 1, 1])
        whole = np.flatnonzero(~near_crop_edge(inclusive, crop=crop, height=job.height, width=job.width))
        kept = [kept[i] for i in whole]
        rows = np.array([row for row, _ in kept], dtype=np.int64)
        shift = np.array([crop.x0, crop.y0])
        return MaskTable.from_runs(
            [
                runs_from_crop(
                    mask.mask,
                    x0=mask.x0 + crop.x0,
                    y0=mask.y0 + crop.y0,
                    height=job.height,
                    width=job.width,
                )
                for _, mask in kept
            ],
            height=job.height,
            width=job.width,
            boxes=boxes[whole] + np.array([*shift, *shift]),
            predicted_iou=iou[rows],
            stability_score=np.array([mask.stability_score for _, mask in kept], dtype=np.float32),
            points=points[rows] + shift,
            crop_boxes=np.tile(np.array(crop.box), (len(rows), 1)),
        )


def _in_frame(prompts: CropPrompts, features: ImageFeatures) -> Prompts:
    """Prompts in pixels of the network's input."""
    sizes = {"original": features.original_size, "resized": features.input_size}
    points, boxes = to_input_frame(prompts.points, **sizes), prompts.boxes
    return Prompts(
        points=torch.from_numpy(points)[:, None],
        labels=torch.ones(len(points), 1, dtype=torch.int64),
        boxes=None
        if boxes is None
        else torch.from_numpy(to_input_frame(boxes.reshape(-1, 2), **sizes)).reshape(-1, 4),
    )


def _inclusive(table: MaskTable) -> npt.NDArray[np.int32]:
    """Boxes whose last column and row lie inside the mask, which is what the official thresholds mean."""
    return table.boxes - np.array([0, 0, 1, 1], dtype=np.int32)
