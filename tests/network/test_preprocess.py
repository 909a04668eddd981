from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from samhq.network.preprocess import input_shape, pixels_from_image, to_input_frame

MEAN = np.array([123.675, 116.28, 103.53])
STD = np.array([58.395, 57.12, 57.375])


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (512, 512, (512, 512)),
        (300, 400, (384, 512)),
        (1, 2000, (1, 512)),
        (2000, 1, (512, 1)),
        (1, 1, (512, 512)),
    ],
)
def test_the_longest_side_becomes_the_input_size(height: int, width: int, expected: tuple[int, int]) -> None:
    assert input_shape(height, width, image_size=512) == expected


def test_pixels_are_resized_by_pillow_normalised_and_padded_with_zero() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    pixels, size = pixels_from_image(image, image_size=64)
    resized = np.asarray(Image.fromarray(image).resize((64, 43), Image.Resampling.BILINEAR), dtype=np.float64)
    assert size == (43, 64)
    np.testing.assert_allclose(pixels[0, :, :43].permute(1, 2, 0).numpy(), (resized - MEAN) / STD, atol=1e-5)
    assert torch.all(pixels[0, :, 43:] == 0)


def test_points_follow_the_rounded_size_of_each_side() -> None:
    placed = to_input_frame(np.array([[90.0, 60.0]]), original=(60, 90), resized=(43, 64))
    np.testing.assert_allclose(placed, [[64.0, 43.0]])


@pytest.mark.parametrize("shape", [(60, 90), (91, 33), (64, 64), (700, 1100)])
def test_pixels_and_points_are_the_official_ones(official: ModuleType, shape: tuple[int, int]) -> None:
    from segment_anything_hq.utils.transforms import ResizeLongestSide

    image = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    resize = ResizeLongestSide(64)
    theirs = torch.from_numpy(resize.apply_image(image)).permute(2, 0, 1)
    pixels, size = pixels_from_image(image, image_size=64)
    assert size == tuple(theirs.shape[1:])
    mean, std = (torch.tensor(v, dtype=torch.float32)[:, None, None] for v in (MEAN, STD))
    assert torch.equal(pixels[0, :, : size[0], : size[1]], (theirs - mean) / std)
    points = np.random.default_rng(2).random((9, 2)) * shape[::-1]
    expected = resize.apply_coords(points, shape)
    np.testing.assert_array_equal(to_input_frame(points, original=shape, resized=size), expected)
