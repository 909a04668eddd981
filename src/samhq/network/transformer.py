"""The two-way transformer of the mask decoder: tokens attend to the image and the image to tokens.

Everything that is the same for all prompts may have batch 1; it grows to the batch of the tokens only
where tokens first change it, so the image side of layer 0 is projected once, not once per prompt.
"""

from __future__ import annotations

from typing import cast

import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor, nn

from samhq.network.layers import MLPBlock

__all__ = ["TwoWayTransformer"]


class TwoWayTransformer(nn.Module):
    """Two layers of two-way attention and a last look of the tokens at the image."""

    def __init__(self, *, dim: int = 256, depth: int = 2, heads: int = 8, hidden: int = 2048) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            TwoWayLayer(dim, heads=heads, hidden=hidden, first=i == 0) for i in range(depth)
        )
        self.final_attn_token_to_image = Attention(dim, heads=heads, inner=dim // 2)
        self.norm_final_attn = nn.LayerNorm(dim)

    def forward(self, tokens: Tensor, *, image: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Let tokens and image attend to each other.

        tokens: (b, t, dim). image: (b or 1, n, dim). positions: (1, n, dim) of the image's pixels.
        Returns the new tokens (b, t, dim) and the new image (b, n, dim).
        """
        queries, keys = tokens, image
        for layer in self.layers:
            queries, keys = layer(queries, keys, query_positions=tokens, key_positions=positions)
        attended = self.final_attn_token_to_image(queries + tokens, keys + positions, keys)
        return self.norm_final_attn(queries + attended), keys


class TwoWayLayer(nn.Module):
    """Tokens among themselves, tokens to image, MLP on tokens, image to tokens."""

    def __init__(self, dim: int, *, heads: int, hidden: int, first: bool) -> None:
        super().__init__()
        self.first = first
        self.self_attn = Attention(dim, heads=heads, inner=dim)
        self.norm1 = nn.LayerNorm(dim)
        self.cross_attn_token_to_image = Attention(dim, heads=heads, inner=dim // 2)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = MLPBlock(dim, hidden, activation=nn.ReLU)
        self.norm3 = nn.LayerNorm(dim)
        self.norm4 = nn.LayerNorm(dim)
        self.cross_attn_image_to_token = Attention(dim, heads=heads, inner=dim // 2)

    def forward(
        self, queries: Tensor, keys: Tensor, *, query_positions: Tensor, key_positions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """queries: (b, t, dim) tokens; keys: (b or 1, n, dim) image. Returns both, keys with batch b."""
        if self.first:  # the tokens of the first layer are still their own positions
            queries = self.self_attn(queries, queries, queries)
        else:
            placed = queries + query_positions
            queries = queries + self.self_attn(placed, placed, queries)
        queries = self.norm1(queries)
        placed_keys = keys + key_positions
        queries = queries + self.cross_attn_token_to_image(queries + query_positions, placed_keys, keys)
        queries = self.norm2(queries)
        queries = self.norm3(queries + self.mlp(queries))
        keys = keys + self.cross_attn_image_to_token(placed_keys, queries + query_positions, queries)
        return queries, self.norm4(keys)


class Attention(nn.Module):
    """Multi-head attention, projected to `inner` channels for the attention itself."""

    def __init__(self, dim: int, *, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(dim, inner)
        self.k_proj = nn.Linear(dim, inner)
        self.v_proj = nn.Linear(dim, inner)
        self.out_proj = nn.Linear(inner, dim)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """q: (b or 1, n, dim); k, v: (b or 1, m, dim). Returns (b, n, dim)."""
        q, k, v = (self._split(p(x)) for p, x in ((self.q_proj, q), (self.k_proj, k), (self.v_proj, v)))
        b = max(len(q), len(k))
        q, k, v = (x.expand(b, -1, -1, -1) for x in (q, k, v))
        attended = F.scaled_dot_product_attention(q, k, v)
        return cast(Tensor, self.out_proj(attended.transpose(1, 2).flatten(2)))

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)
