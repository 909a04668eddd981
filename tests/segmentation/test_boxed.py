"""Masks in their box against masks of the whole image."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from samhq.segmentation.boxed import boxed_mask, full_size
from samhq.segmentation.postprocess import to_original_size
from samhq.segmentation.scoring import stability

SIZES = [
    ((256, 256), (256, 256)),
    ((256, 171), (600, 401)),
    ((97, 256), (37, 98)),  # smaller than the frame: the second step shrinks
    ((1, 256), (3, 1000)),
    ((256, 256), (1, 1)),
]


def sizes(used: tuple[int, int], original: tuple[int, int]) -> dict[str, object]:
    return {"image_size": 256, "input_size": used, "original_size": original}


def blobs(seed: int) -> np.ndarray:
    """Smooth low-resolution logits with some objects, also at the border."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(1, 1, 9, 9, generator=generator) * 5 - 3
    smooth = torch.nn.functional.interpolate(coarse, (64, 64), mode="bicubic")
    return smooth[0, 0].numpy().astype(np.float32)


@pytest.mark.parametrize(("used", "original"), SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_mask_box_and_stability_are_those_of_the_whole_image(
    used: tuple[int, int], original: tuple[int, int], seed: int
) -> None:
    logits = blobs(seed)
    full = to_original_size(torch.from_numpy(logits)[None], **sizes(used, original))[0]  # type: ignore[arg-type]
    found = boxed_mask(logits, full_size(**sizes(used, original)), offset=1.0, min_stability=0.0)  # type: ignore[arg-type]
    expected = (full > 0).numpy()
    # Values this close to a cutoff may round to either side.
    unsure = int(sum(((full - cutoff).abs() < 1e-5).sum() for cutoff in (-1.0, 0.0, 1.0)))
    if found is None:
        assert expected.sum() <= unsure
        return
    drawn = np.zeros(original, dtype=np.bool_)
    x0, y0, x1, y1 = found.box
    drawn[y0:y1, x0:x1] = found.mask
    assert np.count_nonzero(drawn != expected) <= unsure
    for line in (found.mask[0], found.mask[-1], found.mask[:, 0], found.mask[:, -1]):
        assert line.any()
    score = float(stability(full[None], offset=1.0)[0])
    assert found.stability_score == pytest.approx(score, abs=1e-6 + unsure / max(1, expected.sum()))


def test_nothing_above_the_cutoff_is_no_mask() -> None:
    size = full_size(**sizes((256, 256), (300, 300)))  # type: ignore[arg-type]
    assert boxed_mask(np.full((64, 64), -5, np.float32), size, offset=1.0, min_stability=0.0) is None
    # Near the cutoff but never above it: an area for the stability, but no pixel.
    assert boxed_mask(np.full((64, 64), -0.5, np.float32), size, offset=1.0, min_stability=0.0) is None
    assert boxed_mask(np.full((64, 64), np.nan, np.float32), size, offset=1.0, min_stability=0.0) is None


def test_everything_above_the_cutoff_is_the_whole_image() -> None:
    size = full_size(**sizes((256, 128), (300, 150)))  # type: ignore[arg-type]
    found = boxed_mask(np.full((64, 64), 5, np.float32), size, offset=1.0, min_stability=1.0)
    assert found is not None
    assert found.box == (0, 0, 150, 300)
    assert found.mask.all()
    assert found.stability_score == 1


def test_a_mask_in_the_padding_alone_is_no_mask() -> None:
    logits = np.full((64, 64), -10, np.float32)
    logits[40:, 40:] = 10
    size = full_size(**sizes((128, 256), (100, 200)))  # type: ignore[arg-type]
    assert boxed_mask(logits, size, offset=1.0, min_stability=0.0) is None


def test_an_unstable_mask_is_dropped() -> None:
    size = full_size(**sizes((256, 256), (256, 256)))  # type: ignore[arg-type]
    logits = blobs(0)
    found = boxed_mask(logits, size, offset=1.0, min_stability=0.0)
    assert found is not None
    just, above = found.stability_score, np.nextafter(found.stability_score, np.float32(2))
    assert boxed_mask(logits, size, offset=1.0, min_stability=float(just)) is not None
    assert boxed_mask(logits, size, offset=1.0, min_stability=float(above)) is None


def test_a_single_pixel_at_low_resolution_keeps_its_place() -> None:
    logits = np.full((64, 64), -10, np.float32)
    logits[20, 33] = 10
    found = boxed_mask(logits, full_size(**sizes((256, 256), (256, 256))), offset=1.0, min_stability=0.0)  # type: ignore[arg-type]
    assert found is not None
    x0, y0, x1, y1 = found.box
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == (4 * 33 + 2, 4 * 20 + 2)
