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
from samhq.network.shortcuts import ALL, Shortcuts

__all__ = ["ImageEncoderViT", "make_neck"]

# Position biases of this many query-key pairs are held at once (fp32: 128 MiB); more go head by head.
_MAX_BIAS = 1 << 25
# Scores that are held at once where attention is done in tiles (fp32: 8 MiB).
_TILE = 1 << 21


class ImageEncoderViT(nn.Module):
    """Pixels to an image embedding and early features."""

    def __init__(self, config: VitConfig, *, image_size: int) -> None:
        super().__init__()
        grid = image_size // PATCH
        self.shortcuts = ALL
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
            x = block(x, self.shortcuts)
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
        window = 0 if is_global else config.window
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads=config.heads, side=window or grid, window=window)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = MLPBlock(dim, 4 * dim)

    def forward(self, x: Tensor, shortcuts: Shortcuts) -> Tensor:
        """(b, h, w, dim) to the same shape."""
        x = x + self.attn(self.norm1(x), shortcuts)
        return cast(Tensor, x + self.mlp(self.norm2(x), fused=shortcuts.fused_gelu))


class Attention(nn.Module):
    """Multi-head attention with a decomposed relative position bias, over a square map or inside its windows."""

    def __init__(self, dim: int, *, heads: int, side: int, window: int = 0) -> None:
        super().__init__()
        self.heads = heads
        self.window = window
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.rel_pos_h = nn.Parameter(torch.zeros(2 * side - 1, dim // heads))
        self.rel_pos_w = nn.Parameter(torch.zeros(2 * side - 1, dim // heads))

    def forward(self, x: Tensor, shortcuts: Shortcuts) -> Tensor:
        """(b, h, w, dim) to the same shape; without windows h and w are the side of the map."""
        tiled = shortcuts.tiled_attention and x.device.type == "cpu"
        if not self.window:
            return cast(Tensor, self.proj(self._attend(self.qkv(x), tiled=tiled)))
        height, width = x.shape[1:3]
        if not shortcuts.pad_late:
            windows = self.proj(self._attend(self.qkv(into_windows(x, self.window)), tiled=tiled))
            return from_windows(windows, height=height, width=width)
        # What is padded is 0 before the projection, so it is the bias after it, and none of the pixels that
        # windows stick out over the image are projected; those that attention gave are cut off before the output.
        windows = into_windows(self.qkv(x), self.window, fill=self.qkv.bias)
        inside = from_windows(self._attend(windows, tiled=tiled), height=height, width=width)
        return cast(Tensor, self.proj(inside))

    def _attend(self, qkv: Tensor, *, tiled: bool) -> Tensor:
        """Projected maps (b, h, w, 3 * dim) to what their pixels attend to, (b, h, w, dim)."""
        b, h, w, _ = qkv.shape
        q, k, v = qkv.reshape(b, h * w, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        # The bias uses the unscaled query, so it is added after the scaling that the attention does.
        places = q.reshape(b, self.heads, h, w, -1)
        rows = torch.einsum("nahwc,hkc->nahwk", places, _relative(self.rel_pos_h, h)).flatten(2, 3)
        columns = torch.einsum("nahwc,wkc->nahwk", places, _relative(self.rel_pos_w, w)).flatten(2, 3)
        if tiled:
            flat = (x.flatten(0, 1) for x in (q, k, v, rows, columns))
            attended = _attend_in_tiles(*flat).reshape(q.shape)
        else:
            step = max(1, _MAX_BIAS // (b * (h * w) ** 2))
            parts = [
                _attend_whole(*(x[:, i : i + step] for x in (q, k, v, rows, columns)))
                for i in range(0, self.heads, step)
            ]
            attended = torch.cat(parts, dim=1)
        return attended.transpose(1, 2).reshape(b, h, w, -1)


def _bias(rows: Tensor, columns: Tensor) -> Tensor:
    """Biases by row (..., n, h) and by column (..., n, w) of the key: (..., n, h * w)."""
    return (rows[..., :, None] + columns[..., None, :]).flatten(-2)


def _attend_whole(q: Tensor, k: Tensor, v: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Attention of (b, heads, n, c) with biases (b, heads, n, h) and (b, heads, n, w), n = h * w."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=_bias(rows, columns))


def _attend_in_tiles(q: Tensor, k: Tensor, v: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The same for maps (m, n, c), without ever holding more scores than the cache does.

    Each query needs its own row of scores only: softmax(q_i k' + bias_i) v for some queries at a time.
    """
    n, c = q.shape[1:]
    maps = max(1, _TILE // n**2)
    queries = min(n, max(1, _TILE // n))
    scaled, turned = q * c**-0.5, k.transpose(1, 2).contiguous()
    attended = torch.empty_like(q)
    for m in range(0, len(q), maps):
        for i in range(0, n, queries):
            tile = slice(m, m + maps), slice(i, i + queries)
            scores = _bias(rows[tile], columns[tile]).baddbmm_(scaled[tile], turned[tile[0]])
            attended[tile] = torch.bmm(scores.softmax(dim=-1), v[tile[0]])
    return attended


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
