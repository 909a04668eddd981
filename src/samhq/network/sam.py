"""SAM-HQ as a whole: what is done once per image, and what is done per prompt."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from samhq.network.architectures import Architecture, TinyVitConfig
from samhq.network.mask_decoder import Attended, MaskDecoderHQ
from samhq.network.preprocess import pixels_from_image
from samhq.network.prompt_encoder import PromptEncoder, Prompts
from samhq.network.shortcuts import ALL, Shortcuts
from samhq.network.tiny_vit import TinyViT
from samhq.network.token_side import ImageSide, image_side
from samhq.network.vit import ImageEncoderViT

__all__ = ["Decoded", "ImageFeatures", "SamHq"]

_CACHED_BYTES = 1 << 25  # of pixels that the decoder keeps from one layer to the next


@dataclass(frozen=True, slots=True)
class ImageFeatures:
    """Everything about an image that does not depend on prompts.

    embedding: (1, 256, g, g). hq_features: (1, 32, 4g, 4g). positions: (1, 256, g, g).
    side: what the decoder's transformer makes of the image for prompts without a mask.
    input_size: (height, width) in the network's input. original_size: (height, width) of the image.
    """

    embedding: Tensor
    hq_features: Tensor
    positions: Tensor
    side: ImageSide
    input_size: tuple[int, int]
    original_size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The masks that were drawn for some prompts.

    prompts: (k,) int64, the prompts they belong to, ascending. predicted_iou: (k,) fp32.
    logits: (k, s/4, s/4) fp32, the masks at low resolution before the cutoff at 0.
    given: how many prompts there were.
    """

    prompts: Tensor
    predicted_iou: Tensor
    logits: Tensor
    given: int


class SamHq(nn.Module):
    """The network. Parameters have their official names, so official weights load strictly."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.shortcuts = ALL
        encoder, image_size = architecture.encoder, architecture.image_size
        self.image_encoder = (
            TinyViT(encoder)
            if isinstance(encoder, TinyVitConfig)
            else ImageEncoderViT(encoder, image_size=image_size)
        )
        self.prompt_encoder = PromptEncoder(image_size=image_size)
        self.mask_decoder = MaskDecoderHQ(early_dim=encoder.early_dim)

    @property
    def image_size(self) -> int:
        """Side of the square input in pixels."""
        return self.architecture.image_size

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.mask_decoder.iou_token.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What the network computes in; scores and logits always come out as fp32."""
        return self.mask_decoder.iou_token.weight.dtype

    def to_precision(self, dtype: torch.dtype) -> SamHq:
        """Compute in another precision; positions and the predicted IoU stay in fp32. Returns self."""
        self.to(dtype)
        self.prompt_encoder.pe_layer.float()
        self.mask_decoder.iou_prediction_head.float()
        return self

    def use(self, shortcuts: Shortcuts) -> SamHq:
        """Take these shortcuts from now on; for tests and benchmarks. Returns self."""
        for module in self.modules():
            if hasattr(module, "shortcuts"):
                setattr(module, "shortcuts", shortcuts)  # noqa: B010 - modules of several classes
        return self

    @torch.inference_mode()
    def encode_image(self, image: npt.NDArray[np.uint8]) -> ImageFeatures:
        """The part of the work that depends on the image alone.

        image: (h, w, 3) uint8 RGB of any size.
        """
        pixels, input_size = pixels_from_image(image, image_size=self.image_size)
        return self.encode_pixels(
            pixels, input_size=input_size, original_size=(image.shape[0], image.shape[1])
        )

    @torch.inference_mode()
    def encode_pixels(
        self, pixels: Tensor, *, input_size: tuple[int, int], original_size: tuple[int, int]
    ) -> ImageFeatures:
        """Like encode_image, from pixels that are resized, normalised and padded: (1, 3, s, s) fp32."""
        embedding, early = self.image_encoder(pixels.to(device=self.device, dtype=self.dtype))
        positions = self.prompt_encoder.dense_positions().to(self.dtype)
        return ImageFeatures(
            embedding=embedding,
            hq_features=self.mask_decoder.hq_features(embedding, early).contiguous(),
            positions=positions,
            side=image_side(
                self.mask_decoder.transformer,
                image=embedding + self.prompt_encoder.no_mask(),
                positions=positions,
            ),
            input_size=input_size,
            original_size=original_size,
        )

    @torch.inference_mode()
    def decode(
        self,
        features: ImageFeatures,
        prompts: Prompts,
        *,
        best_of_three: bool = True,
        hq_only: bool = False,
        min_iou: float = 0.0,
    ) -> Decoded:
        """One mask per prompt, drawn only where its predicted IoU is above min_iou.

        best_of_three: take the best of the masks for ambiguous prompts (the official
        multimask_output=True), else the one for unambiguous prompts.
        hq_only: keep only the HQ part of the mask (the official hq_token_only).
        min_iou: 0 draws every mask. Low-resolution logits agree with the official decoder to a relative
        1e-4 in fp32.
        """
        parts = [
            self._decode_some(features, part, best_of_three=best_of_three, hq_only=hq_only, min_iou=min_iou)
            for part in prompts.parts(self._decoded_at_once(features, len(prompts)))
        ]
        starts = itertools.accumulate((part.given for part in parts), initial=0)
        return Decoded(
            prompts=torch.cat([part.prompts + start for part, start in zip(parts, starts, strict=False)]),
            predicted_iou=torch.cat([part.predicted_iou for part in parts]),
            logits=torch.cat([part.logits for part in parts]),
            given=len(prompts),
        )

    def _decoded_at_once(self, features: ImageFeatures, count: int) -> int:
        """How many prompts go through the decoder together: on a processor what its cache holds."""
        if self.device.type != "cpu" or not self.shortcuts.small_batches:
            return count
        keys = features.side.pixels
        return max(1, _CACHED_BYTES // (keys.numel() * keys.element_size()))

    def _decode_some(
        self,
        features: ImageFeatures,
        prompts: Prompts,
        *,
        best_of_three: bool,
        hq_only: bool,
        min_iou: float,
    ) -> Decoded:
        attended = self._attend(features, prompts)
        iou, token = choose_masks(attended.predicted_iou, best_of_three=best_of_three)
        drawn = everything = torch.arange(len(iou), device=iou.device)
        kept = torch.nonzero(iou > min_iou)[:, 0] if min_iou > 0 else everything
        if self.shortcuts.scores_first:
            drawn = kept
        logits = self.mask_decoder.draw(
            attended, prompts=drawn, tokens=token[drawn], hq_features=features.hq_features, hq_only=hq_only
        )
        if drawn is not kept:
            logits = logits[kept]
        return Decoded(prompts=kept, predicted_iou=iou[kept], logits=logits, given=len(prompts))

    def _attend(self, features: ImageFeatures, prompts: Prompts) -> Attended:
        sparse, dense = self.prompt_encoder(prompts)
        sparse = sparse.to(self.dtype)
        if self.shortcuts.token_side and prompts.masks is None:
            return self.mask_decoder.attend_token_side(sparse, features.side)
        return self.mask_decoder.attend(
            sparse, image=features.embedding + dense, positions=features.positions
        )


def choose_masks(predicted_iou: Tensor, *, best_of_three: bool) -> tuple[Tensor, Tensor]:
    """Which of each prompt's four masks is taken: (b, 4) IoUs to its IoU (b,) and its token (b,)."""
    if not best_of_three:
        return predicted_iou[:, 0], torch.zeros_like(predicted_iou[:, 0], dtype=torch.int64)
    iou, place = predicted_iou[:, 1:].max(dim=1)
    return iou, place + 1
