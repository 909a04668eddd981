"""Trained weights as a model file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from samhq.errors import CheckpointError
from samhq.files import write_bytes
from samhq.network.architectures import Architecture, architecture
from samhq.network.checkpoint import inspect_checkpoint, load_model
from samhq.network.sam import SamHq
from samhq.network.weights_file import read_weights
from samhq.training.plan import Outcome, Plan

__all__ = ["LOGIT_SCALE", "write_model", "write_outcome"]

LOGIT_SCALE = "logit_scale"
"""Under this name the metadata say how much steeper than chances the mask logits are."""


# Entries of official vit_tiny files that the network does not use, but official software wants to find.
_KEPT = ("image_encoder.norm_head.", "image_encoder.head.")


def write_outcome(plan: Plan, outcome: Outcome) -> Path:
    """Write what a run trained as a model file, with the settings that its start recommended; returns its path.

    Dense heads, if there are any, go into a file of their own beside it.
    """
    info = inspect_checkpoint(plan.start)
    extra = {k: v for k, v in read_weights(plan.start).tensors.items() if k.startswith(_KEPT)}
    written = write_model(
        plan.out,
        outcome.weights,
        architecture=architecture(info.architecture, image_size=info.image_size),
        recommended=info.recommended,
        notes={
            "training_steps": str(outcome.steps),
            "trained_from": info.sha256,
            LOGIT_SCALE: str(plan.logit_scale),
        },
        extra=extra,
    )
    if outcome.heads:
        heads = {name: tensor.detach().cpu().contiguous() for name, tensor in outcome.heads.items()}
        write_bytes(plan.out.with_name(plan.out.name + ".heads"), save(heads))
    return written


def write_model(
    path: Path,
    weights: Mapping[str, Tensor],
    *,
    architecture: Architecture,
    recommended: Mapping[str, object],
    notes: Mapping[str, str] | None = None,
    extra: Mapping[str, Tensor] | None = None,
) -> Path:
    """Write fp16 .safetensors with official names, which every command of samhq can load.

    recommended: settings of the generator, under their names. notes: further metadata.
    extra: tensors that the network does not use.
    Raises CheckpointError if the weights do not fit the architecture or are not finite.
    """
    with torch.device("meta"):
        expected = SamHq(architecture).state_dict()
    if set(expected) != set(weights):
        raise CheckpointError(
            f"{path}: the weights do not fit {architecture.name}: {sorted(set(expected) ^ set(weights))[:3]}; this "
            "is a defect, please report it"
        )
    half = {}
    for name, tensor in (dict(weights) | dict(extra or {})).items():
        small = tensor.detach().cpu()
        small = small.to(torch.float16) if small.is_floating_point() else small
        if small.is_floating_point() and not bool(small.isfinite().all()):
            raise CheckpointError(
                f"{path}: {name} became infinite or not a number in training; start again with a lower learning rate"
            )
        half[name] = small.contiguous()
    metadata = {"format": "pt", "architecture": architecture.name, "image_size": str(architecture.image_size)}
    metadata |= {name: str(value) for name, value in recommended.items()} | dict(notes or {})
    written = write_bytes(path, _in_order(save(half, metadata=metadata)))
    load_model(written)  # what was written can be used
    return written


def _in_order(data: bytes) -> bytes:
    """A .safetensors file with its metadata in alphabetical order, so that the same content is the same file.

    The library writes them in an order that changes from process to process.
    Source of the format: https://huggingface.co/docs/safetensors
    """
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)  # the tensors begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + data[end:]
