"""Every shortcut of the network against the plain path."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from samhq.network.architectures import VitConfig, architecture
from samhq.network.layers import into_windows, linear_gelu
from samhq.network.prompt_encoder import Prompts
from samhq.network.sam import Decoded, ImageFeatures, SamHq
from samhq.network.shortcuts import ALL, PLAIN, Shortcuts

SIZE = 256  # 16 embedding pixels: windows of 14 and 7 need padding
NAMES = Shortcuts.names()


def random_model(name: str) -> SamHq:
    """Random weights, norms and statistics too: at their start values they would hide mistakes."""
    made = architecture(name, image_size=SIZE)
    if isinstance(made.encoder, VitConfig):
        made = dataclasses.replace(made, encoder=dataclasses.replace(made.encoder, depth=4))
    torch.manual_seed(0)
    model = SamHq(made).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(1)
    for key, tensor in model.state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.5, 2, generator=generator)
        elif tensor.is_floating_point() and "gaussian" not in key:
            tensor.add_(torch.randn(tensor.shape, generator=generator) * 0.02)
    return model


@pytest.fixture(scope="module", params=["vit_b", "vit_tiny"])
def model(request: pytest.FixtureRequest) -> Iterator[SamHq]:
    made = random_model(request.param)
    yield made
    made.use(ALL)


def picture() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (190, SIZE, 3), dtype=np.uint8)


def prompts() -> Prompts:
    points = torch.rand(7, 2, 2, generator=torch.Generator().manual_seed(2)) * SIZE
    return Prompts(points=points, labels=torch.tensor([[1, 0]] * 7))


def run(model: SamHq, shortcuts: Shortcuts, **options: object) -> tuple[ImageFeatures, Decoded]:
    model.use(shortcuts)
    features = model.encode_image(picture())
    return features, model.decode(features, prompts(), **options)  # type: ignore[arg-type]


def assert_close(a: torch.Tensor, b: torch.Tensor, *, relative: float = 1e-4) -> None:
    assert a.shape == b.shape
    assert float((a - b).abs().max()) <= relative * float(b.abs().max())


@pytest.mark.parametrize("name", [*NAMES, "all"])
def test_each_shortcut_gives_the_plain_numbers(model: SamHq, name: str) -> None:
    plain_features, plain = run(model, PLAIN)
    features, decoded = run(model, ALL if name == "all" else ALL.only(name))
    assert_close(features.embedding, plain_features.embedding)
    assert_close(features.hq_features, plain_features.hq_features)
    assert_close(decoded.logits, plain.logits)
    assert_close(decoded.predicted_iou, plain.predicted_iou)


@pytest.mark.parametrize("options", [{"best_of_three": False}, {"hq_only": True}])
def test_every_way_to_ask_is_the_same(model: SamHq, options: dict[str, bool]) -> None:
    assert_close(run(model, ALL, **options)[1].logits, run(model, PLAIN, **options)[1].logits)


def test_rejected_prompts_leave_the_others_as_they_are(model: SamHq) -> None:
    everything = run(model, ALL)[1]
    ordered = everything.predicted_iou.sort().values
    limit = float(ordered[2] + ordered[3]) / 2
    for shortcuts in (ALL, PLAIN):
        some = run(model, shortcuts, min_iou=limit)[1]
        expected = torch.nonzero(everything.predicted_iou > limit)[:, 0]
        assert 0 < len(expected) < 7
        assert torch.equal(some.prompts, expected)
        assert_close(some.logits, everything.logits[expected])


def test_no_prompt_survives(model: SamHq) -> None:
    decoded = run(model, ALL, min_iou=1e9)[1]
    assert decoded.logits.shape == (0, SIZE // 4, SIZE // 4)
    assert len(decoded.prompts) == len(decoded.predicted_iou) == 0


def test_small_batches_keep_the_numbers_of_the_prompts(model: SamHq, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(model, ALL)[1]
    monkeypatch.setattr("samhq.network.sam._CACHED_BYTES", 3 * 256 * 256 * 4)
    monkeypatch.setattr("samhq.network.mask_decoder._CACHED_PIXELS", 2 * 256)
    parts = run(model, ALL)[1]
    assert torch.equal(parts.prompts, torch.arange(7))
    assert_close(parts.logits, whole.logits, relative=1e-5)


def test_attention_in_tiles_smaller_than_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("vit_b")
    plain = run(model, PLAIN)[0]
    monkeypatch.setattr("samhq.network.vit._TILE", 1000)  # 3 queries of 256 keys, 5 of 196
    assert_close(run(model, ALL)[0].embedding, plain.embedding)


def test_a_mask_prompt_takes_the_plain_way(model: SamHq) -> None:
    given = Prompts(masks=torch.randn(3, 1, SIZE // 4, SIZE // 4, generator=torch.Generator().manual_seed(4)))
    model.use(PLAIN)
    features = model.encode_image(picture())
    plain = model.decode(features, given)
    model.use(ALL)
    assert_close(model.decode(features, given).logits, plain.logits)


def test_windows_are_padded_with_what_is_asked_for() -> None:
    x = torch.arange(2 * 3 * 5 * 2, dtype=torch.float32).reshape(2, 3, 5, 2)
    fill = torch.tensor([-1.0, -2.0])
    windows = into_windows(x, 4, fill=fill)
    assert windows.shape == (4, 4, 4, 2)
    assert torch.equal(windows[0, :3], x[0, :, :4])
    assert torch.equal(windows[0, 3], fill.expand(4, 2))
    assert torch.equal(windows[1, :3, 0], x[0, :, 4])
    assert torch.equal(windows[1, :, 1:], fill.expand(4, 3, 2))
    assert into_windows(torch.ones(1, 4, 4, 2), 4, fill=fill).eq(1).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_fused_kernel_is_a_linear_layer_and_a_gelu(dtype: torch.dtype) -> None:
    layer = torch.nn.Linear(24, 40).to(dtype)
    x = torch.randn(2, 5, 24, generator=torch.Generator().manual_seed(0)).to(dtype)
    with torch.inference_mode():
        expected = torch.nn.functional.gelu(layer(x)).float()
        assert_close(
            linear_gelu(layer, x).float(), expected, relative=1e-5 if dtype == torch.float32 else 0.02
        )


def test_a_build_without_the_fused_kernel_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samhq.network.layers._has_fused_gelu", lambda dtype: False)
    model = random_model("vit_tiny")
    assert_close(run(model, ALL)[0].embedding, run(model, PLAIN)[0].embedding)


def test_gradients_flow_through_the_encoder_with_all_shortcuts() -> None:
    model = random_model("vit_tiny").requires_grad_(True)
    embedding, _ = model.image_encoder(torch.randn(1, 3, SIZE, SIZE))
    embedding.square().mean().backward()
    assert all(p.grad is not None for p in model.image_encoder.parameters())


def test_a_fused_gelu_leaves_autocast_to_pytorch() -> None:
    layer = torch.nn.Linear(8, 8)
    x = torch.randn(3, 8, generator=torch.Generator().manual_seed(5))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        assert linear_gelu(layer, x).dtype == torch.bfloat16
        assert linear_gelu(layer, x.bfloat16()).dtype == torch.bfloat16
