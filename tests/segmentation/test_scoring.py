from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import torch

from samhq.segmentation.grids import Crop
from samhq.segmentation.scoring import inclusive_boxes, near_crop_edge, stability


def test_stability_is_the_ratio_of_the_two_areas() -> None:
    logits = torch.tensor([[[2.0, 0.5, -0.5, -2.0]], [[1.0, 1.0, 1.0, -1.0]]])
    # Values equal to a cutoff are outside of both areas.
    np.testing.assert_allclose(stability(logits, offset=1.0).numpy(), [1 / 3, 0.0])


def test_an_empty_mask_has_no_stability() -> None:
    assert torch.isnan(stability(torch.full((1, 3, 3), -9.0), offset=1.0)).all()


def test_boxes_hold_the_first_and_last_pixel() -> None:
    masks = torch.zeros(3, 6, 9, dtype=torch.bool)
    masks[0, 2:5, 3:8] = True
    masks[1, 5, 8] = True
    masks[2] = True
    assert inclusive_boxes(masks).tolist() == [[3, 2, 7, 4], [8, 5, 8, 5], [0, 0, 8, 5]]
    assert inclusive_boxes(masks[:0]).shape == (0, 4)


@pytest.mark.parametrize(
    ("box", "cut"),
    [
        ((50, 50, 70, 70), False),
        ((21, 50, 70, 70), False),  # 21 px from the left edge of the crop
        ((20, 50, 70, 70), True),
        ((50, 50, 79, 70), False),  # 21 px from its right edge
        ((50, 50, 80, 70), True),
        ((50, 0, 70, 70), False),  # at the top edge, which is the image's too
    ],
)
def test_only_inner_edges_of_a_crop_count(box: tuple[int, int, int, int], cut: bool) -> None:
    crop = Crop(100, 0, 200, 100, 1)
    assert near_crop_edge(np.array([box]), crop=crop, height=300, width=400).tolist() == [cut]


def test_scores_boxes_and_edges_are_the_official_ones(official: ModuleType) -> None:
    from segment_anything_hq.utils import amg

    y, x = torch.meshgrid(torch.arange(90.0), torch.arange(70.0), indexing="ij")
    generator = torch.Generator().manual_seed(0)
    middles = torch.rand(40, 2, generator=generator) * torch.tensor([70.0, 90.0])
    radii = 2 + 12 * torch.rand(40, 1, 1, generator=generator)
    logits = 5 - (((x - middles[:, :1, None]) ** 2 + (y - middles[:, 1:, None]) ** 2) / radii**2) * 5
    expected = amg.calculate_stability_score(logits, 0.0, 1.0)
    assert torch.equal(stability(logits, offset=1.0), expected)
    boxes = amg.batched_mask_to_box(logits > 0)
    assert torch.equal(inclusive_boxes(logits > 0), boxes)
    crop = Crop(0, 0, 70, 90, 1)
    cut = amg.is_box_near_crop_edge(boxes, list(crop.box), [0, 0, 400, 300])
    assert near_crop_edge(boxes.numpy(), crop=crop, height=300, width=400).tolist() == cut.tolist()
    assert 0 < int(cut.sum()) < len(cut)
