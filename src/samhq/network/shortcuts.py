"""The shortcuts that make the network fast, each of which can be switched off.

Every one gives the numbers of the plain path up to rounding; tests compare them one by one, and the benchmark
against the official library has a row for each. Users never see them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

__all__ = ["ALL", "PLAIN", "Shortcuts"]


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """Which shortcuts are taken.

    pad_late: window blocks project the pixels first and pad afterwards (vit.py).
    tiled_attention: attention of the image encoder in tiles that stay in the cache (vit.py).
    fused_gelu: a linear layer and its GELU in one kernel (layers.py).
    folded_norms: batch normalisation as part of the convolution before it (tiny_vit.py).
    token_side: projections of attention on the side of the few tokens (token_side.py).
    scores_first: of the last attention only the score, and nothing is drawn of rejected prompts (sam.py).
    small_batches: as many prompts at once as the cache holds (sam.py).
    matrix_drawing: masks drawn pixel after pixel, channels last (drawing.py).
    boxed_masks: masks at full size only inside their box (segmentation/boxed.py).
    """

    pad_late: bool = True
    tiled_attention: bool = True
    fused_gelu: bool = True
    folded_norms: bool = True
    token_side: bool = True
    scores_first: bool = True
    small_batches: bool = True
    matrix_drawing: bool = True
    boxed_masks: bool = True

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Of all shortcuts, in the order in which an image meets them."""
        return tuple(field.name for field in fields(cls))

    def without(self, *names: str) -> Shortcuts:
        """All of these but the named ones."""
        return replace(self, **dict.fromkeys(names, False))

    def only(self, *names: str) -> Shortcuts:
        """Of these only the named ones."""
        return self.without(*(name for name in self.names() if name not in names))


ALL = Shortcuts()
PLAIN = ALL.only()
