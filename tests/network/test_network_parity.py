"""The network against the authors' library, tensor by tensor, with random weights."""

from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import Any

import pytest
import torch

from reference import official_model
from samhq.network.architectures import VitConfig, architecture
from samhq.network.layers import from_windows, into_windows
from samhq.network.prompt_encoder import Prompts
from samhq.network.sam import ImageFeatures, SamHq

SIZE = 256  # 16 embedding pixels: windows of 14 and 7 need padding


def assert_close(actual: torch.Tensor, expected: torch.Tensor, *, relative: float) -> None:
    difference = float((actual - expected).abs().max())
    assert actual.shape == expected.shape
    assert difference <= relative * float(expected.abs().max()), difference


@dataclasses.dataclass
class Sides:
    theirs: Any
    ours: SamHq
    features: ImageFeatures
    embedding: torch.Tensor
    early: list[torch.Tensor]


@pytest.fixture(scope="module", params=["vit_b", "vit_tiny"])
def sides(request: pytest.FixtureRequest, official: ModuleType) -> Sides:
    # Four blocks of vit_b hold both kinds: global attention in block 2, windows in the others.
    depth = 4 if request.param == "vit_b" else None
    theirs = official_model(official, request.param, image_size=SIZE, depth=depth)
    made = architecture(request.param, image_size=SIZE)
    if isinstance(made.encoder, VitConfig):
        made = dataclasses.replace(made, encoder=dataclasses.replace(made.encoder, depth=4))
    ours = SamHq(made).eval()
    unused = ("image_encoder.head.", "image_encoder.norm_head.")
    ours.load_state_dict(
        {k: v for k, v in theirs.state_dict().items() if not k.startswith(unused)}, strict=True
    )
    pixels = torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        embedding, early = theirs.image_encoder(pixels)
    features = ours.encode_pixels(pixels, input_size=(SIZE, SIZE), original_size=(SIZE, SIZE))
    return Sides(theirs, ours, features, embedding, early)


def test_the_image_embedding_is_the_official_one(sides: Sides) -> None:
    assert_close(sides.features.embedding, sides.embedding, relative=1e-5)


def test_the_positions_are_the_official_ones(sides: Sides) -> None:
    assert_close(sides.features.positions, sides.theirs.prompt_encoder.get_dense_pe(), relative=1e-6)


def given_prompts(kind: str) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    everything = {
        "points": torch.rand(5, 3, 2, generator=generator, dtype=torch.float64) * SIZE,
        "labels": torch.tensor([[1, 0, 1]] * 5),
        "boxes": torch.rand(5, 4, generator=generator) * SIZE,
        "masks": torch.randn(5, 1, SIZE // 4, SIZE // 4, generator=generator) * 3,
    }
    wanted = {"points": ["points", "labels"], "all": list(everything)}.get(kind, [kind])
    return {name: everything[name] for name in wanted}


@pytest.mark.parametrize("kind", ["points", "boxes", "masks", "all"])
@pytest.mark.parametrize(
    ("multimask", "hq_only"), [(True, False), (False, False), (True, True), (False, True)]
)
def test_masks_and_scores_are_the_official_ones(
    sides: Sides, kind: str, multimask: bool, hq_only: bool
) -> None:
    given = given_prompts(kind)
    with torch.inference_mode():
        encoder, decoder = sides.theirs.prompt_encoder, sides.theirs.mask_decoder
        points = (given["points"], given["labels"]) if "points" in given else None
        sparse, dense = encoder(points=points, boxes=given.get("boxes"), masks=given.get("masks"))
        logits, iou = decoder(
            image_embeddings=sides.embedding,
            image_pe=encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=multimask,
            hq_token_only=hq_only,
            interm_embeddings=sides.early,
        )
    decoded = sides.ours.decode(sides.features, Prompts(**given), best_of_three=multimask, hq_only=hq_only)
    assert_close(decoded.logits, logits[:, 0], relative=1e-5)
    assert_close(decoded.predicted_iou, iou[:, 0], relative=1e-5)


def test_only_prompts_above_the_score_are_drawn_and_unchanged(sides: Sides) -> None:
    prompts = Prompts(**given_prompts("points"))
    everything = sides.ours.decode(sides.features, prompts)
    cut = float(everything.predicted_iou.sort().values[2])
    if cut <= 0:
        pytest.skip("random scores of this model are negative")
    some = sides.ours.decode(sides.features, prompts, min_iou=cut)
    kept = torch.nonzero(everything.predicted_iou > cut)[:, 0]
    assert some.prompts.tolist() == kept.tolist()
    assert 0 < len(some.prompts) < 5
    torch.testing.assert_close(some.logits, everything.logits[kept])


@pytest.mark.parametrize("name", ["vit_tiny", "vit_b", "vit_l", "vit_h"])
def test_every_architecture_has_the_official_names_and_shapes(official: ModuleType, name: str) -> None:
    if name == "vit_tiny":
        theirs = official.sam_model_registry[name]()
    else:
        with torch.device("meta"):
            theirs = official.sam_model_registry[name]()
    with torch.device("meta"):
        ours = SamHq(architecture(name))
    unused = ("image_encoder.head.", "image_encoder.norm_head.")
    wanted = {k: v.shape for k, v in theirs.state_dict().items() if not k.startswith(unused)}
    assert {k: v.shape for k, v in ours.state_dict().items()} == wanted


@pytest.mark.parametrize(("height", "width", "size"), [(16, 16, 14), (14, 14, 7), (5, 9, 4), (1, 1, 7)])
def test_windows_can_be_put_together_again(height: int, width: int, size: int) -> None:
    x = torch.randn(2, height, width, 3)
    assert torch.equal(from_windows(into_windows(x, size), height=height, width=width), x)


def test_new_weights_change_the_attention_bias_at_once() -> None:
    torch.manual_seed(3)
    model = SamHq(architecture("vit_tiny", image_size=64)).eval()
    pixels = torch.randn(1, 3, 64, 64)
    before = model.encode_pixels(pixels, input_size=(64, 64), original_size=(64, 64)).embedding
    with torch.no_grad():
        model.image_encoder.layers[3].blocks[0].attn.attention_biases.normal_()
    after = model.encode_pixels(pixels, input_size=(64, 64), original_size=(64, 64)).embedding
    assert not torch.allclose(before, after)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_near_and_scores_are_fp32(dtype: torch.dtype) -> None:
    torch.manual_seed(4)
    model = SamHq(architecture("vit_tiny", image_size=64)).eval()
    pixels = torch.randn(1, 3, 64, 64)
    prompts = Prompts(points=torch.tensor([[[20.0, 30.0]]]), labels=torch.ones(1, 1, dtype=torch.int64))
    exact = model.decode(model.encode_pixels(pixels, input_size=(64, 64), original_size=(64, 64)), prompts)
    half = model.to_precision(dtype)
    features = half.encode_pixels(pixels, input_size=(64, 64), original_size=(64, 64))
    rough = half.decode(features, prompts)
    assert features.embedding.dtype == dtype
    assert rough.logits.dtype == rough.predicted_iou.dtype == torch.float32
    assert_close(rough.logits, exact.logits, relative=0.1)
    assert_close(rough.predicted_iou, exact.predicted_iou, relative=0.1)
