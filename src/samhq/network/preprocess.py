"""From an RGB image to the network's square input, and from image pixels to its frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from PIL import Image
from torch import Tensor

__all__ = ["input_shape", "pixels_from_image", "to_input_frame"]

# Mean and standard deviation of ImageNet in 8-bit RGB: what SAM was trained with.
_MEAN = (123.675, 116.28, 103.53)
_STD = (58.395, 57.12, 57.375)


def input_shape(height: int, width: int, *, image_size: int) -> tuple[int, int]:
    """Height and width after the longest side is scaled to image_size; at least one pixel each."""
    scale = image_size / max(height, width)
    return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))


def to_input_frame(
    coordinates: npt.NDArray[np.floating], *, original: tuple[int, int], resized: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """Image pixels (..., 2) x, y to pixels of the network's input.

    original, resized: (height, width) of the image before and after the resize.
    """
    scale = np.array([resized[1] / original[1], resized[0] / original[0]])
    placed: npt.NDArray[np.float64] = np.asarray(coordinates, dtype=np.float64) * scale
    return placed


def pixels_from_image(image: npt.NDArray[np.uint8], *, image_size: int) -> tuple[Tensor, tuple[int, int]]:
    """Resize, normalise and pad an image as SAM expects it.

    image: (h, w, 3) uint8 RGB.
    Returns (1, 3, image_size, image_size) fp32 and the (height, width) the image takes up in it; the
    padding on the right and at the bottom is 0, which is the mean colour.
    """
    height, width = input_shape(image.shape[0], image.shape[1], image_size=image_size)
    # Pillow's bilinear filter averages when it shrinks; other libraries' bilinear filters do not.
    resized = np.array(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    x = torch.from_numpy(resized).permute(2, 0, 1)
    mean, std = (torch.tensor(v, dtype=torch.float32)[:, None, None] for v in (_MEAN, _STD))
    x = F.pad((x - mean) / std, (0, image_size - width, 0, image_size - height))
    return x[None], (height, width)
