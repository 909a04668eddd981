"""The image encoder of vit_b, vit_l and vit_h.

A vision transformer (Dosovitskiy et al. 2021) with windowed attention (Li et al. 2022, "ViTDet") and
decomposed relative positions (Li et al. 2022, "MViTv2"), as in Segment Anything (Kirillov et al. 2023).
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor, nn

from samhq.network.architectures import PATCH, PROMPT_DIM, VitConfig
from samhq.network.layers import LayerNorm2d, MLPBlock, from_windows, into_windows

__all__ = ["ImageEncoderViT", "make_neck"]

# Position biases of this many query-key pairs are held at once (fp32: 128 MiB); more go head by head.
_MAX_BIAS = 1 << 25


class ImageEncoderViT(nn.Module):
    """Pixels to an image embedding and early features."""

    def __init__(self, config: VitConfig, *, image_size: int) -> None:
        super().__init__()
        grid = image_size // PATCH
        self.first_global = config.global_blocks[0]
        self.patch_embed = PatchEmbed(config.embed_dim)
        self.pos_embed = nn.Parameter(torch.zeros(1, grid, grid, config.embed_dim))
        self.blocks = nn.ModuleList(
            Block(config, grid=grid, is_global=i in config.global_blocks) for i in range(config.depth)
        )
        self.neck = make_neck(config.embed_dim)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Encode normalised, padded pixels.

        pixels: (1, 3, s, s) with s the image_size.
        Returns the embedding (1, 256, s/16, s/16) and the output of the first global block,
        (1, embed_dim, s/16, s/16).
        """
        x = self.patch_embed(pixels) + self.pos_embed
        early = x
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i == self.first_global:
                early = x
        return self.neck(x.permute(0, 3, 1, 2)), early.permute(0, 3, 1, 2)


class PatchEmbed(nn.Module):
    """One linear projection of every patch of 16x16 pixels."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, kernel_size=PATCH, stride=PATCH)

    def forward(self, pixels: Tensor) -> Tensor:
        """(b, 3, h, w) to (b, h/16, w/16, dim)."""
        return cast(Tensor, self.proj(pixels)).permute(0, 2, 3, 1)


class Block(nn.Module):
    """One transformer block: attention, inside windows or over the whole image, and an MLP."""

    def __init__(self, config: VitConfig, *, grid: int, is_global: bool) -> None:
        super().__init__()
        dim = config.embed_dim
        self.window = 0 if is_global else config.window
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads=config.heads, side=self.window or grid)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = MLPBlock(dim, 4 * dim)

    def forward(self, x: Tensor) -> Tensor:
        """(b, h, w, dim) to the same shape."""
        x = x + self._attend(self.norm1(x))
        return cast(Tensor, x + self.mlp(self.norm2(x)))

    def _attend(self, x: Tensor) -> Tensor:
        if not self.window:
            return cast(Tensor, self.attn(x))
        height, width = x.shape[1:3]
        windows = self.attn(into_windows(x, self.window))
        return from_windows(windows, height=height, width=width)


class Attention(nn.Module):
    """Multi-head attention over a square map with a decomposed relative position bias."""

    def __init__(self, dim: int, *, heads: int, side: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.rel_pos_h = nn.Parameter(torch.zeros(2 * side - 1, dim // heads))
        self.rel_pos_w = nn.Parameter(torch.zeros(2 * side - 1, dim // heads))

    def forward(self, x: Tensor) -> Tensor:
        """(b, side, side, dim) to the same shape."""
        b, h, w, dim = x.shape
        q, k, v = self.qkv(x).reshape(b, h * w, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        step = max(1, _MAX_BIAS // (b * (h * w) ** 2))
        parts = [
            self._heads(q[:, i : i + step], k[:, i : i + step], v[:, i : i + step], h=h, w=w)
            for i in range(0, self.heads, step)
        ]
        attended = torch.cat(parts, dim=1).transpose(1, 2).reshape(b, h, w, dim)
        return cast(Tensor, self.proj(attended))

    def _heads(self, q: Tensor, k: Tensor, v: Tensor, *, h: int, w: int) -> Tensor:
        b, heads, n, c = q.shape
        # The bias uses the unscaled query, so it is added after the scaling that the kernel does.
        places = q.reshape(b, heads, h, w, c)
        rows = torch.einsum("nahwc,hkc->nahwk", places, _relative(self.rel_pos_h, h))
        columns = torch.einsum("nahwc,wkc->nahwk", places, _relative(self.rel_pos_w, w))
        bias = (rows[..., :, None] + columns[..., None, :]).reshape(b, heads, n, n)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)


def _relative(table: Tensor, side: int) -> Tensor:
    """Position vectors for every pair of places along one side, (side, side, c)."""
    place = torch.arange(side, device=table.device)
    return table[place[:, None] - place[None, :] + side - 1]


def make_neck(dim: int) -> nn.Sequential:
    """The convolutions that turn (b, dim, h, w) features into the (b, 256, h, w) image embedding."""
    return nn.Sequential(
        nn.Conv2d(dim, PROMPT_DIM, kernel_size=1, bias=False),
        LayerNorm2d(PROMPT_DIM),
        nn.Conv2d(PROMPT_DIM, PROMPT_DIM, kernel_size=3, padding=1, bias=False),
        LayerNorm2d(PROMPT_DIM),
    )
