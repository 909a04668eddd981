"""The four SAM-HQ architectures as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["PATCH", "PROMPT_DIM", "Architecture", "TinyVitConfig", "VitConfig", "architecture"]

PATCH = 16  # pixels of the network's input along one side of one embedding pixel
PROMPT_DIM = 256  # channels of the image embedding and of every prompt token


@dataclass(frozen=True, slots=True)
class VitConfig:
    """A plain vision transformer with windowed attention and a few global blocks.

    embed_dim: channels; depth: blocks; heads: attention heads.
    global_blocks: indices of the blocks that attend over the whole image; the output of the first
    of them feeds the HQ features.
    window: side of an attention window in embedding pixels.
    """

    embed_dim: int
    depth: int
    heads: int
    global_blocks: tuple[int, ...]
    window: int = 14

    @property
    def early_dim(self) -> int:
        """Channels of the early features that the HQ decoder fuses."""
        return self.embed_dim


@dataclass(frozen=True, slots=True)
class TinyVitConfig:
    """TinyViT-5M as SAM-HQ uses it: one convolutional and three windowed stages."""

    dims: tuple[int, int, int, int] = (64, 128, 160, 320)
    depths: tuple[int, int, int, int] = (2, 2, 6, 2)
    heads: tuple[int, int, int, int] = (2, 4, 5, 10)
    windows: tuple[int, int, int, int] = (7, 7, 14, 7)

    @property
    def early_dim(self) -> int:
        """Channels of the early features that the HQ decoder fuses."""
        return self.dims[2]


@dataclass(frozen=True, slots=True)
class Architecture:
    """One network: its official name, its encoder and the side of its square input in pixels."""

    name: str
    encoder: VitConfig | TinyVitConfig
    image_size: int = 1024

    def __post_init__(self) -> None:
        if self.image_size < PATCH or self.image_size % PATCH:
            raise ValueError(f"image_size {self.image_size} is not a positive multiple of {PATCH}")

    @property
    def grid(self) -> int:
        """Side of the image embedding in embedding pixels."""
        return self.image_size // PATCH


_ENCODERS: dict[str, VitConfig | TinyVitConfig] = {
    "vit_tiny": TinyVitConfig(),
    "vit_b": VitConfig(embed_dim=768, depth=12, heads=12, global_blocks=(2, 5, 8, 11)),
    "vit_l": VitConfig(embed_dim=1024, depth=24, heads=16, global_blocks=(5, 11, 17, 23)),
    "vit_h": VitConfig(embed_dim=1280, depth=32, heads=16, global_blocks=(7, 15, 23, 31)),
}


def architecture(name: str, *, image_size: int = 1024) -> Architecture:
    """The official architecture of this name: vit_tiny, vit_b, vit_l or vit_h. Raises KeyError otherwise."""
    return replace(Architecture(name, _ENCODERS[name]), image_size=image_size)


def vit_name(embed_dim: int, depth: int) -> str | None:
    """The official name of the vision transformer with these dimensions, None if there is none."""
    for name, encoder in _ENCODERS.items():
        if isinstance(encoder, VitConfig) and (encoder.embed_dim, encoder.depth) == (embed_dim, depth):
            return name
    return None
