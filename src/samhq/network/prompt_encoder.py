"""Points, boxes and masks as tokens for the mask decoder (Kirillov et al. 2023)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from samhq.network.architectures import PATCH, PROMPT_DIM
from samhq.network.layers import LayerNorm2d

__all__ = ["PromptEncoder", "Prompts"]

BACKGROUND, FOREGROUND, NO_POINT = 0, 1, -1


@dataclass(frozen=True, slots=True)
class Prompts:
    """What b masks are asked for, in pixels of the network's input frame.

    points: (b, n, 2) float x, y; labels: (b, n) int, 1 foreground, 0 background.
    boxes: (b, 4) float xyxy. masks: (b, 1, s/4, s/4) float logits of an earlier prediction.
    At least one of points, boxes and masks is given, and labels exactly with points.
    """

    points: Tensor | None = None
    labels: Tensor | None = None
    boxes: Tensor | None = None
    masks: Tensor | None = None

    def __len__(self) -> int:
        """Number of masks asked for."""
        given = next(t for t in (self.points, self.boxes, self.masks) if t is not None)
        return len(given)

    def parts(self, size: int) -> list[Prompts]:
        """The prompts in order, at most `size` in each part; one part without any if there are none."""
        given = (self.points, self.labels, self.boxes, self.masks)
        return [
            Prompts(*(None if t is None else t[i : i + size] for t in given))
            for i in range(0, max(1, len(self)), max(1, size))
        ]


class PromptEncoder(nn.Module):
    """Prompts to sparse tokens and a dense map."""

    def __init__(self, *, image_size: int) -> None:
        super().__init__()
        self.image_size = image_size
        self.pe_layer = RandomPositions()
        # Background point, foreground point, upper left and lower right corner of a box.
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, PROMPT_DIM) for _ in range(4))
        self.not_a_point_embed = nn.Embedding(1, PROMPT_DIM)
        self.mask_downscaling = nn.Sequential(
            nn.Conv2d(1, 4, kernel_size=2, stride=2),
            LayerNorm2d(4),
            nn.GELU(),
            nn.Conv2d(4, 16, kernel_size=2, stride=2),
            LayerNorm2d(16),
            nn.GELU(),
            nn.Conv2d(16, PROMPT_DIM, kernel_size=1),
        )
        self.no_mask_embed = nn.Embedding(1, PROMPT_DIM)

    def dense_positions(self) -> Tensor:
        """The positional encoding of every embedding pixel, (1, 256, s/16, s/16)."""
        grid = self.image_size // PATCH
        middle = (torch.arange(grid, dtype=torch.float32) + 0.5) / grid
        places = torch.stack([middle.expand(grid, grid), middle[:, None].expand(grid, grid)], dim=-1)
        return cast(Tensor, self.pe_layer(places)).permute(2, 0, 1)[None]

    def no_mask(self) -> Tensor:
        """What stands for a mask prompt where none is given, (1, 256, 1, 1): the same for every pixel."""
        return self.no_mask_embed.weight.reshape(1, PROMPT_DIM, 1, 1)

    def forward(self, prompts: Prompts) -> tuple[Tensor, Tensor]:
        """Encode b prompts.

        Returns sparse tokens (b, t, 256) and a dense map: (b, 256, s/16, s/16) if masks are given,
        else (1, 256, 1, 1), the same for every prompt and pixel.
        """
        parts = []
        if prompts.points is not None and prompts.labels is not None:
            parts.append(self._points(prompts.points, prompts.labels, pad=prompts.boxes is None))
        if prompts.boxes is not None:
            parts.append(self._boxes(prompts.boxes))
        empty = self.no_mask_embed.weight
        sparse = torch.cat(parts, dim=1) if parts else empty.new_zeros(len(prompts), 0, PROMPT_DIM)
        if prompts.masks is None:
            return sparse, self.no_mask()
        masks = prompts.masks.to(device=empty.device, dtype=empty.dtype)
        return sparse, self.mask_downscaling(masks)

    def _points(self, points: Tensor, labels: Tensor, *, pad: bool) -> Tensor:
        if pad:  # without a box the decoder was trained with one more token that is no point
            points = torch.cat([points, points.new_zeros(len(points), 1, 2)], dim=1)
            labels = torch.cat([labels, labels.new_full((len(labels), 1), NO_POINT)], dim=1)
        encoded = self._positions(points)
        labels = labels.to(encoded.device)[..., None]
        encoded = torch.where(labels == NO_POINT, self.not_a_point_embed.weight, encoded)
        for label in (BACKGROUND, FOREGROUND):
            encoded = encoded + (labels == label) * self._embedding(label)
        return encoded

    def _boxes(self, boxes: Tensor) -> Tensor:
        corners = self._positions(boxes.reshape(-1, 2, 2))
        return corners + torch.stack([self._embedding(2), self._embedding(3)], dim=1)

    def _embedding(self, index: int) -> Tensor:
        return cast(Tensor, self.point_embeddings[index].weight)

    def _positions(self, coordinates: Tensor) -> Tensor:
        """(b, n, 2) pixels of the input frame to (b, n, 256)."""
        # Whole numbers mean pixel corners for the network, prompts mean pixel centres. Divided in the
        # precision the caller has and only then rounded to fp32, as the official library does.
        return cast(Tensor, self.pe_layer((coordinates + 0.5) / self.image_size))


class RandomPositions(nn.Module):
    """Places as sines and cosines of random directions (Tancik et al. 2020)."""

    def __init__(self) -> None:
        super().__init__()
        self.positional_encoding_gaussian_matrix: Tensor
        self.register_buffer("positional_encoding_gaussian_matrix", torch.randn(2, PROMPT_DIM // 2))

    def forward(self, places: Tensor) -> Tensor:
        """(..., 2) x and y from 0 to 1, to (..., 256) in fp32."""
        directions = self.positional_encoding_gaussian_matrix
        # Rounded before it is moved: some devices know no float64.
        angles = (2 * places.to(torch.float32).to(directions.device) - 1) @ directions.float()
        angles = 2 * math.pi * angles
        return torch.cat([angles.sin(), angles.cos()], dim=-1)
