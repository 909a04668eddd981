"""The two-way transformer for many prompts on one image, with its projections on the side of the tokens.

The same numbers as TwoWayTransformer (transformer.py), up to rounding. A prompt has about 8 tokens, an image
thousands of pixels, so what can be done to tokens is not done to pixels. With token t and pixel p of one head:

- A score is (Wq t + bq) . (Wk p + bk) = (Wk' (Wq t + bq)) . p + (Wq t + bq) . bk: the tokens go through both
  projections, and the pixels of each prompt through none. The last term is the same for all pixels and falls out
  where tokens look at pixels; where pixels ask tokens it is not, and is added.
- A weighted sum of values is sum_p a_p (Wv p + bv) = Wv (sum_p a_p p) + bv, because the weights sum to one.
- Tokens written to the image: sum_t a_t Wo v_t + bo = sum_t a_t (Wo v_t + bo / heads), since the weights of
  each head sum to one; one product adds it to the pixels.
- Places are the same for all prompts: what their scores are made of is projected once per image.
- In layer 0 no token has changed the pixels yet: what it makes of them is the same for all prompts.
- Tokens attend to each other and to the pixels a layer wrote, never to pixels of another prompt. So the tokens of
  all prompts go through a layer together, and the pixels prompt by prompt, written and at once looked at, while
  they are in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from samhq.network.transformer import Attention, TwoWayLayer, TwoWayTransformer

__all__ = ["ImageSide", "Seen", "image_side", "look", "two_way"]


@dataclass(frozen=True, slots=True)
class ImageSide:
    """What the transformer makes of an image of n pixels before it sees any prompt; h heads of c channels.

    pixels: (n, dim), embedding and dense prompt.
    keys, values: (h, c, n) and (h, n, c), seen by the tokens of layer 0.
    queries: (h, c, n), scaled, with which the pixels of layer 0 ask the tokens.
    looked_at: (h, c, n), the keys of the places alone, for each later layer and the last look.
    asked_from: (h, c, n), the queries of the places alone, for each later layer; scaled and with the bias.
    """

    pixels: Tensor
    keys: Tensor
    values: Tensor
    queries: Tensor
    looked_at: tuple[Tensor, ...]
    asked_from: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """b prompts after all layers, of which only the first token has had its last look at the pixels.

    first: (b, dim), finished. queries: (b, t, dim), before the last look.
    pixels: what each group of prompts in turn made of the image, (prompts of the group, n, dim) each.
    """

    first: Tensor
    queries: Tensor
    pixels: Sequence[Tensor]


def image_side(transformer: TwoWayTransformer, *, image: Tensor, positions: Tensor) -> ImageSide:
    """Prepare an image. image, positions: (1, dim, g, g) embedding plus dense prompt, and its positions."""
    pixels, places = (x.flatten(2).transpose(1, 2)[0].contiguous() for x in (image, positions))
    first, *later = (cast(TwoWayLayer, layer) for layer in transformer.layers)
    looking, asking = first.cross_attn_token_to_image, first.cross_attn_image_to_token
    lookers = [layer.cross_attn_token_to_image for layer in later] + [transformer.final_attn_token_to_image]
    askers = [layer.cross_attn_image_to_token for layer in later]
    return ImageSide(
        pixels=pixels,
        keys=_columns(looking.k_proj(pixels + places), looking.heads),
        values=_columns(looking.v_proj(pixels), looking.heads).transpose(1, 2).contiguous(),
        queries=_columns(asking.q_proj(pixels + places) * _scale(asking), asking.heads),
        looked_at=tuple(_columns(places @ a.k_proj.weight.T, a.heads) for a in lookers),
        asked_from=tuple(_columns(a.q_proj(places) * _scale(a), a.heads) for a in askers),
    )


def two_way(transformer: TwoWayTransformer, side: ImageSide, tokens: Tensor, *, together: int) -> Seen:
    """All layers of the transformer.

    tokens: (b, t, dim). together: prompts whose pixels are worked on at once.
    """
    layers = [cast(TwoWayLayer, layer) for layer in transformer.layers]
    groups = [slice(i, i + together) for i in range(0, len(tokens), together)]
    pixels = [side.pixels.expand(len(tokens[group]), -1, -1) for group in groups]
    queries = _first_tokens(layers[0], side, tokens)
    for i, layer in enumerate(layers):
        last = i + 1 == len(layers)
        write = _Writing(layer, side, i, queries=queries, placed=queries + tokens)
        if last:
            attention, asking = transformer.final_attn_token_to_image, (queries + tokens)[:, :1]
        else:
            attention = layers[i + 1].cross_attn_token_to_image
            queries = _among_themselves(layers[i + 1], queries, tokens)
            asking = queries + tokens
        looking = _Looking(attention, side.looked_at[i], asking)
        sums = []
        for j, group in enumerate(groups):
            pixels[j] = write(group, pixels[j])
            sums.append(looking.sums(group, pixels[j]))
        seen = looking.values(torch.cat(sums))
        if last:
            first = transformer.norm_final_attn(queries[:, :1] + seen)[:, 0]
        else:
            queries = _after_looking(layers[i + 1], queries, seen)
    return Seen(first=first, queries=queries, pixels=pixels)


def look(
    transformer: TwoWayTransformer, side: ImageSide, *, queries: Tensor, tokens: Tensor, pixels: Tensor
) -> Tensor:
    """The last look of some tokens at the image; no token depends on another one here.

    queries: (b, t, dim) as two_way gives them; tokens: (b, t, dim), the same ones as they came in.
    pixels: (b, n, dim). Returns (b, t, dim).
    """
    looking = _Looking(transformer.final_attn_token_to_image, side.looked_at[-1], queries + tokens)
    seen = looking.values(looking.sums(slice(None), pixels))
    return cast(Tensor, transformer.norm_final_attn(queries + seen))


def _first_tokens(layer: TwoWayLayer, side: ImageSide, tokens: Tensor) -> Tensor:
    """The tokens of layer 0, in which all prompts see the same pixels: one product for all of them."""
    queries = layer.norm1(layer.self_attn(tokens, tokens, tokens))
    attention = layer.cross_attn_token_to_image
    q = _split(attention.q_proj(queries + tokens) * _scale(attention), attention.heads)
    weights = _through_heads(q, side.keys).softmax(dim=-1)
    return _after_looking(layer, queries, _merged(attention, _through_heads(weights, side.values)))


def _among_themselves(layer: TwoWayLayer, queries: Tensor, tokens: Tensor) -> Tensor:
    placed = queries + tokens
    return cast(Tensor, layer.norm1(queries + layer.self_attn(placed, placed, queries)))


def _after_looking(layer: TwoWayLayer, queries: Tensor, seen: Tensor) -> Tensor:
    queries = layer.norm2(queries + seen)
    return cast(Tensor, layer.norm3(queries + layer.mlp(queries)))


class _Looking:
    """Tokens (b, t, dim) that look at pixels. Made for all prompts at once."""

    def __init__(self, attention: Attention, places: Tensor, asking: Tensor) -> None:
        """places: (h, c, n), of ImageSide.looked_at."""
        self.attention, self.places = attention, places
        self.queries = _split(attention.q_proj(asking) * _scale(attention), attention.heads)
        self.projected = _through_heads(self.queries, _by_head(attention.k_proj.weight, attention.heads))

    def sums(self, group: slice, pixels: Tensor) -> Tensor:
        """The pixels (b, n, dim) of a group of prompts, summed under their attention: (b, h, t, dim)."""
        projected = self.projected[group]
        scores = torch.bmm(projected.flatten(1, 2), pixels.transpose(1, 2))
        scores = scores.reshape(*projected.shape[:3], -1).add_(
            _through_heads(self.queries[group], self.places)
        )
        return torch.bmm(scores.softmax(dim=-1).flatten(1, 2), pixels).reshape(projected.shape)

    def values(self, sums: Tensor) -> Tensor:
        """What the tokens get from sums of pixels (b, h, t, dim): (b, t, dim)."""
        values, heads = self.attention.v_proj, self.attention.heads
        projected = _through_heads(sums, _by_head(values.weight, heads).transpose(1, 2))
        return _merged(self.attention, projected + values.bias.reshape(heads, 1, -1))


class _Writing:
    """The end of a layer: pixels ask for its tokens, which are written to them. Made for all prompts at once."""

    def __init__(
        self, layer: TwoWayLayer, side: ImageSide, index: int, *, queries: Tensor, placed: Tensor
    ) -> None:
        """index: of the layer. queries: (b, t, dim) what is written; placed: (b, t, dim) what is asked."""
        attention = layer.cross_attn_image_to_token
        heads, out = attention.heads, attention.out_proj
        v = _split(attention.v_proj(queries), heads)
        self.norm, self.asking = layer.norm4, side.asked_from[index - 1] if index else side.queries
        self.keys = _split(attention.k_proj(placed), heads)
        self.strokes = _through_heads(v, _by_head(out.weight.T, heads)) + out.bias / heads
        # In layer 0 the pixels ask with what was projected for all prompts.
        self.projected = (
            _through_heads(self.keys * _scale(attention), _by_head(attention.q_proj.weight, heads))
            if index
            else None
        )
        self.scratch = torch.empty_like(side.pixels)

    def __call__(self, group: slice, pixels: Tensor) -> Tensor:
        """The pixels (b, n, dim) of a group of prompts, written and normalised."""
        scores = _through_heads(self.keys[group], self.asking)
        if self.projected is not None:
            asked = self.projected[group].flatten(1, 2)
            scores = scores + torch.bmm(asked, pixels.transpose(1, 2)).reshape(scores.shape)
        weights = scores.softmax(dim=2).flatten(1, 2).transpose(1, 2)
        strokes = self.strokes[group].flatten(1, 2)
        # One prompt after the other is written to the same memory, which therefore stays in the cache.
        scratch = self.scratch[None] if len(pixels) == 1 else torch.empty_like(pixels)
        return cast(Tensor, self.norm(torch.baddbmm(pixels, weights, strokes, out=scratch)))


def _through_heads(x: Tensor, matrices: Tensor) -> Tensor:
    """Each head of x (b, h, t, c) times a matrix of its own, (h, c, d): (b, h, t, d)."""
    b, h, t, c = x.shape
    product = torch.bmm(x.transpose(0, 1).reshape(h, b * t, c), matrices)
    return product.reshape(h, b, t, -1).transpose(0, 1)


def _merged(attention: Attention, heads: Tensor) -> Tensor:
    """(b, h, t, c) through the output projection, (b, t, dim)."""
    return cast(Tensor, attention.out_proj(heads.transpose(1, 2).flatten(2)))


def _split(x: Tensor, heads: int) -> Tensor:
    """(b, t, h * c) to (b, h, t, c)."""
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)


def _columns(x: Tensor, heads: int) -> Tensor:
    """(n, h * c) to (h, c, n), each channel in one piece of memory."""
    return _by_head(x.T, heads).contiguous()


def _by_head(matrix: Tensor, heads: int) -> Tensor:
    """(h * c, d) to (h, c, d)."""
    return matrix.reshape(heads, -1, matrix.shape[1])


def _scale(attention: Attention) -> float:
    """1 / sqrt of the channels of a head."""
    return float((attention.q_proj.out_features / attention.heads) ** -0.5)
