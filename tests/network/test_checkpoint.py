"""Model files of every kind, good and bad."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from model_fixtures import STARTER
from samhq.errors import CheckpointError
from samhq.network.checkpoint import LoadedModel, inspect_checkpoint, load_model, sha256_of

Tensors = dict[str, Tensor]
METADATA = {"architecture": "vit_tiny", "image_size": "512"}


@pytest.fixture(scope="module")
def weights() -> Tensors:
    return load_file(STARTER)


def save_pth(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_model(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def test_the_starter_says_what_it_is(starter: LoadedModel) -> None:
    info = starter.info
    assert (info.name, info.architecture, info.image_size) == ("starter", "vit_tiny", 512)
    assert info.sha256 == hashlib.sha256(STARTER.read_bytes()).hexdigest()
    assert info.recommended == {
        "points_per_side": 32,
        "pred_iou_thresh": 0.6,
        "stability_score_thresh": 0.9,
        "box_nms_thresh": 0.3,
    }


def test_inspecting_says_the_same_as_loading(starter: LoadedModel) -> None:
    assert inspect_checkpoint(STARTER) == starter.info


def test_a_loaded_model_is_in_fp32_ready_for_inference_and_without_the_classifier(
    starter: LoadedModel,
) -> None:
    assert not any(module.training for module in starter.model.modules())
    assert not any(p.requires_grad for p in starter.model.parameters())
    assert {p.dtype for p in starter.model.parameters()} == {torch.float32}
    assert not any("head." in name for name, _ in starter.model.image_encoder.named_parameters())


def test_the_weights_are_those_of_the_file(starter: LoadedModel, weights: Tensors) -> None:
    for name, tensor in starter.model.state_dict().items():
        assert torch.equal(tensor, weights[name].to(tensor.dtype)), name


def test_another_precision_can_be_chosen() -> None:
    loaded = load_model(STARTER, dtype=torch.bfloat16)
    assert loaded.model.dtype == torch.bfloat16
    assert loaded.model.mask_decoder.iou_prediction_head.layers[0].weight.dtype == torch.float32


@pytest.mark.parametrize(
    "wrap",
    [
        lambda w: w,
        lambda w: {"model": w, "epoch": 3},
        lambda w: {"state_dict": w},
        lambda w: {f"module.{k}": v for k, v in w.items()},
        lambda w: {k: v for k, v in w.items() if "image_encoder.head." not in k and "norm_head" not in k},
        lambda w: (
            w | {"image_encoder.layers.1.blocks.0.attn.attention_bias_idxs": torch.zeros(49, 49).long()}
        ),
        lambda w: w | {"image_encoder.layers.1.blocks.0.attn.ab": torch.zeros(4, 49, 49)},
    ],
    ids=["plain", "model", "state_dict", "module.", "no classifier", "index table", "bias table"],
)
def test_pth_files_load_however_they_are_wrapped(
    tmp_path: Path, weights: Tensors, starter: LoadedModel, wrap: Callable[[Tensors], Any]
) -> None:
    # The name lies on purpose: only the content counts.
    loaded = load_model(save_pth(wrap(weights), tmp_path / "sam_hq_vit_h.safetensors"))
    assert (loaded.info.architecture, loaded.info.image_size) == ("vit_tiny", 1024)
    assert loaded.info.recommended == {}
    assert loaded.info.parameters == starter.info.parameters
    assert torch.equal(loaded.model.mask_decoder.hf_token.weight, starter.model.mask_decoder.hf_token.weight)


def test_the_old_file_format_of_pytorch_loads(tmp_path: Path, weights: Tensors) -> None:
    path = tmp_path / "old.pth"
    torch.save(weights, path, _use_new_zipfile_serialization=False)
    assert load_model(path).info.architecture == "vit_tiny"


def test_a_plain_sam_file_is_named_as_such(tmp_path: Path, weights: Tensors) -> None:
    hq = ("hf_token", "hf_mlp", "compress_vit_feat", "embedding_encoder", "embedding_maskfeature")
    plain = {k: v for k, v in weights.items() if not any(part in k for part in hq)}
    message = refusal(save_pth(plain, tmp_path / "sam.pth"))
    assert "plain SAM checkpoint (vit_tiny) without the HQ layers; download the SAM-HQ version" in message


def test_missing_unexpected_and_misshaped_entries_are_all_named(tmp_path: Path, weights: Tensors) -> None:
    bad = dict(weights)
    del bad["mask_decoder.hf_token.weight"]
    bad["mask_decoder.surprise"] = torch.zeros(1)
    bad["mask_decoder.iou_token.weight"] = torch.zeros(1, 255)
    bad["mask_decoder.mask_tokens.weight"] = torch.zeros(4, 256, dtype=torch.int64)
    message = refusal(save_pth(bad, tmp_path / "bad.pth"))
    assert "1 missing: mask_decoder.hf_token.weight" in message
    assert "1 unexpected: mask_decoder.surprise" in message
    assert "mask_decoder.iou_token.weight (1, 255) instead of (1, 256)" in message
    assert "mask_decoder.mask_tokens.weight torch.int64" in message


def test_only_the_first_few_of_many_bad_entries_are_named(tmp_path: Path, weights: Tensors) -> None:
    bad = {k: v for k, v in weights.items() if "image_encoder.layers.2" not in k}
    message = refusal(save_pth(bad, tmp_path / "bad.pth"))
    assert message.count("image_encoder.layers.2") == 3
    assert "more" in message


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, weights: Tensors) -> None:
    bad = weights | {"mask_decoder.iou_token.weight": torch.full((1, 256), float("nan"))}
    assert "mask_decoder.iou_token.weight holds numbers" in refusal(save_pth(bad, tmp_path / "nan.pth"))


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = save_pth({"conv1.weight": torch.zeros(3), "fc.bias": torch.zeros(2)}, tmp_path / "resnet.pth")
    assert "2 tensors but no SAM image encoder (first: conv1.weight, fc.bias)" in refusal(path)


def test_an_unknown_vision_transformer_is_refused(tmp_path: Path) -> None:
    tensors = {
        "image_encoder.patch_embed.proj.weight": torch.zeros(384, 3, 16, 16),
        "image_encoder.blocks.0.norm1.weight": torch.zeros(384),
    }
    assert "384 channels and 1 blocks" in refusal(save_pth(tensors, tmp_path / "small.pth"))


@pytest.mark.parametrize("name", ["vit_b", "vit_l", "vit_h"])
def test_the_vision_transformers_are_told_apart_by_their_shapes(tmp_path: Path, name: str) -> None:
    dim, depth = {"vit_b": (768, 12), "vit_l": (1024, 24), "vit_h": (1280, 32)}[name]
    tensors = {f"image_encoder.blocks.{i}.norm1.weight": torch.zeros(dim) for i in range(depth)}
    tensors["image_encoder.patch_embed.proj.weight"] = torch.zeros(dim, 3, 16, 16)
    tensors["mask_decoder.hf_token.weight"] = torch.zeros(1, 256)
    assert f"does not fit {name} (image_size 1024)" in refusal(save_pth(tensors, tmp_path / "cut.pth"))


@pytest.mark.parametrize(
    ("metadata", "fault"),
    [
        (METADATA | {"image_size": "500"}, "image_size '500'"),
        (METADATA | {"image_size": "big"}, "image_size 'big'"),
        (METADATA | {"architecture": "vit_h"}, "says vit_h, its tensors are those of vit_tiny"),
        (METADATA | {"pred_iou_thresh": "7"}, "pred_iou_thresh '7'"),
        (METADATA | {"points_per_side": "many"}, "points_per_side 'many'"),
    ],
)
def test_metadata_that_cannot_be_right_is_refused(
    tmp_path: Path, weights: Tensors, metadata: dict[str, str], fault: str
) -> None:
    path = tmp_path / "x.safetensors"
    save_file(weights, path, metadata=metadata)
    assert fault in refusal(path)


def test_safetensors_without_metadata_is_an_official_model(tmp_path: Path, weights: Tensors) -> None:
    save_file(weights, tmp_path / "x.safetensors")
    assert inspect_checkpoint(tmp_path / "x.safetensors").image_size == 1024


def test_a_file_that_was_cut_off_is_named_as_such(tmp_path: Path, weights: Tensors) -> None:
    whole = save_pth(weights, tmp_path / "whole.pth").read_bytes()
    for name, data in {"a.pth": whole, "b.safetensors": STARTER.read_bytes()}.items():
        for part in (0.5, 0.999):
            (tmp_path / name).write_bytes(data[: int(len(data) * part)])
            assert "cut off" in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "is a web page"),
        (b"<html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"just some text that is no model at all", "not a PyTorch model file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a"),
        (b"PK\x03\x04" + bytes(100), "cut off or not a PyTorch model"),
        (b"\xff" * 8 + b"{}", "damaged or cut off"),
    ],
)
def test_files_that_are_something_else_are_named(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    message = refusal(path)
    assert fault in message
    assert "samhq models download" in message or "git lfs" in message


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    assert "is a folder; choose the model file inside it" in refusal(tmp_path)
    assert "there is no such model file" in refusal(tmp_path / "gone.pth")
    with pytest.raises(CheckpointError, match="cannot be read"):
        sha256_of(tmp_path / "gone.pth")


class _Hostile:
    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.proof,))


@pytest.mark.parametrize("form", ["pytorch", "old pytorch", "plain pickle"])
def test_code_in_a_model_file_is_not_executed(tmp_path: Path, form: str) -> None:
    proof, path = tmp_path / "executed", tmp_path / "hostile.pth"
    content = {"weight": _Hostile(proof)}
    if form == "plain pickle":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "pytorch")
    message = refusal(path)
    assert "program code or objects besides weights, which samhq never runs" in message
    assert not proof.exists()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ([1, 2], "holds a list instead of weights by name"),
        (torch.zeros(3), "holds a Tensor instead of weights by name"),
        ({}, "it is empty"),
        ({"epoch": 3}, "'epoch' is no tensor"),
        ({1: torch.zeros(1)}, "1 is no tensor"),
    ],
)
def test_a_file_without_weights_by_name_is_refused(tmp_path: Path, content: Any, fault: str) -> None:
    assert fault in refusal(save_pth(content, tmp_path / "x.pth"))
