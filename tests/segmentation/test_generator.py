"""The generator as a whole, with the starter model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from model_fixtures import discs
from samhq.masks import MaskTable
from samhq.monitor import Cancelled, Event, StoppableMonitor
from samhq.network.checkpoint import LoadedModel
from samhq.segmentation.generator import AutomaticMaskGenerator
from samhq.segmentation.records import records
from samhq.settings import SegmentationSettings

LOOSE: dict[str, Any] = {"pred_iou_thresh": 0.3, "stability_score_thresh": 0.5, "box_nms_thresh": 0.7}
CENTRES = [[(x / 160, y / 120) for x, y in ((30, 30), (80, 60), (130, 30), (40, 90), (120, 95))]]
ON_DISCS: dict[str, Any] = {"points_per_side": None, "point_grids": CENTRES}


def generate(starter: LoadedModel, image: npt.NDArray[np.uint8], **changes: Any) -> MaskTable:
    batch = changes.pop("points_per_batch", 64)
    where = {} if "points_per_side" in changes else ON_DISCS
    chosen = SegmentationSettings(**{**LOOSE, **where, **changes})
    return AutomaticMaskGenerator(starter, chosen, points_per_batch=batch).generate(image)


def test_boxes_are_tight_and_half_open_and_scores_above_the_thresholds(starter: LoadedModel) -> None:
    table = generate(starter, discs())
    assert len(table) >= 3
    for i, (x0, y0, x1, y1) in enumerate(table.boxes):
        rows, columns = np.nonzero(table.mask(i))
        assert (x0, y0, x1, y1) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert (table.predicted_iou > LOOSE["pred_iou_thresh"]).all()
    assert (table.stability_score >= LOOSE["stability_score_thresh"]).all()
    assert (np.diff(table.predicted_iou) <= 0).all()


def test_the_size_of_the_batch_changes_no_mask(starter: LoadedModel) -> None:
    together, apart = generate(starter, discs()), generate(starter, discs(), points_per_batch=2)
    np.testing.assert_array_equal(together.runs, apart.runs)
    np.testing.assert_allclose(together.predicted_iou, apart.predicted_iou, atol=1e-5)


def test_a_batch_that_does_not_fit_is_halved_with_a_warning(
    starter: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = generate(starter, discs())
    decode = starter.model.decode

    def decode_little(features: Any, prompts: Any, **given: Any) -> Any:
        if len(prompts) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return decode(features, prompts, **given)

    monkeypatch.setattr(starter.model, "decode", decode_little)
    events: list[Event] = []
    generator = AutomaticMaskGenerator(
        starter, SegmentationSettings(**LOOSE, **ON_DISCS), points_per_batch=64
    )
    table = generator.generate(discs(), monitor=StoppableMonitor(events.append))
    np.testing.assert_array_equal(table.runs, whole.runs)
    warnings = [e.message for e in events if e.level == "warning"]
    assert warnings == [f"memory ran out; going on with {n} prompts at once" for n in (2, 1)]


def test_progress_is_reported_before_every_batch(starter: LoadedModel) -> None:
    events: list[Event] = []
    chosen = SegmentationSettings(
        **LOOSE, points_per_side=4, crop_n_layers=1, crop_n_points_downscale_factor=2
    )
    generator = AutomaticMaskGenerator(starter, chosen, points_per_batch=8)
    table = generator.generate(discs(), monitor=StoppableMonitor(events.append))
    assert {e.stage for e in events} == {"segment"}
    assert {e.parts for e in events} == {4}  # 16 points and four crops with 4
    assert [e.part for e in events] == [0, 1, 2, 2, 3, 3, 4]
    assert events[-1].objects == len(table)


def test_the_work_stops_between_batches(starter: LoadedModel) -> None:
    events: list[Event] = []

    def stop_at_second(event: Event) -> None:
        events.append(event)
        if event.part == 1:
            monitor.stop()

    monitor = StoppableMonitor(stop_at_second)
    generator = AutomaticMaskGenerator(
        starter, SegmentationSettings(**LOOSE, points_per_side=4), points_per_batch=4
    )
    with pytest.raises(Cancelled):
        generator.generate(discs(), monitor=monitor)
    assert [e.part for e in events] == [0, 1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (3, 5)])
def test_tiny_and_thin_images_work_with_crops_too(starter: LoadedModel, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 90, dtype=np.uint8)
    table = generate(starter, image, points_per_side=1, crop_n_layers=1, min_mask_region_area=2)
    assert (table.height, table.width) == shape


@pytest.mark.parametrize("value", [0, 255])
def test_empty_images_give_a_valid_table(starter: LoadedModel, value: int) -> None:
    table = generate(starter, np.full((40, 60, 3), value, dtype=np.uint8), points_per_side=2)
    assert all(table.areas() > 0)


def test_masks_without_pixels_are_dropped_whatever_the_thresholds(
    starter: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = starter.model.mask_decoder.draw

    def draw_first_empty(*arguments: Any, **given: Any) -> torch.Tensor:
        logits = draw(*arguments, **given)
        logits[0] = -0.1
        return logits

    monkeypatch.setattr(starter.model.mask_decoder, "draw", draw_first_empty)
    table = generate(starter, discs(), points_per_side=1, pred_iou_thresh=0.0, stability_score_thresh=0.0)
    assert len(table) == 0


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.uint16),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_arrays_that_are_no_rgb_picture_are_refused(starter: LoadedModel, image: Any) -> None:
    with pytest.raises(ValueError, match=r"expected uint8 \(height, width, 3\)"):
        generate(starter, image)


def test_the_three_output_modes_say_the_same(starter: LoadedModel) -> None:
    from pycocotools import mask as coco_mask

    table = generate(starter, discs())
    binary, plain, coco = (records(table, m) for m in ("binary_mask", "uncompressed_rle", "coco_rle"))  # type: ignore[arg-type]
    assert len(binary) == len(table) > 0
    for a, b, c in zip(binary, plain, coco, strict=True):
        mask = a["segmentation"]
        np.testing.assert_array_equal(coco_mask.decode(c["segmentation"]).astype(bool), mask)
        packed = coco_mask.frPyObjects(b["segmentation"], *mask.shape)
        np.testing.assert_array_equal(coco_mask.decode(packed).astype(bool), mask)
        rows, columns = np.nonzero(mask)
        # The official width is last minus first column.
        assert a["bbox"] == [columns.min(), rows.min(), np.ptp(columns), np.ptp(rows)]
        assert a["area"] == mask.sum()
        assert a["crop_box"] == [0, 0, 160, 120]
        rest = {"area", "bbox", "crop_box", "point_coords", "predicted_iou", "stability_score"}
        assert set(a) == set(b) == set(c) == rest | {"segmentation"}
        assert all(a[k] == b[k] == c[k] for k in rest)


def test_an_unknown_output_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="choose binary_mask"):
        records(MaskTable.empty(height=2, width=2), "png")  # type: ignore[arg-type]
