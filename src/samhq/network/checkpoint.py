"""Model files: official SAM-HQ .pth and .safetensors, told apart by what is in them.

The architecture is found from the names and shapes of the tensors, never from the file name. Nothing
in a model file is ever executed, and nothing in it is silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from samhq.errors import CheckpointError
from samhq.network.architectures import PATCH, Architecture, architecture, vit_name
from samhq.network.devices import is_out_of_memory
from samhq.network.model_info import ModelInfo
from samhq.network.sam import SamHq
from samhq.network.weights_file import NO_MEMORY, read_weights, sha256_of

__all__ = ["LoadedModel", "ModelInfo", "inspect_checkpoint", "load_model", "sha256_of"]

# Entries that official vit_tiny files may hold and the network does not use: TinyViT's classifier, and
# tables that are computed from the weights.
_UNUSED = ("image_encoder.norm_head.", "image_encoder.head.")
_DERIVED = (".attn.attention_bias_idxs", ".attn.ab")
# The layers that make SAM a SAM-HQ.
_HQ_PREFIXES = tuple(
    f"mask_decoder.{name}."
    for name in ("hf_token", "hf_mlp", "compress_vit_feat", "embedding_encoder", "embedding_maskfeature")
)
_DOWNLOAD = "download an official one with: samhq models download vit_b"
_SHOWN = 3  # how many bad entries an error names


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A network ready for inference, and the file it came from."""

    model: SamHq
    info: ModelInfo

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.model.device


def load_model(
    path: Path, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> LoadedModel:
    """Load a SAM-HQ model for inference.

    path: a .pth or .safetensors file with official parameter names, fp32 or half precision.
    dtype: what the network computes in, whatever the file holds.
    Raises CheckpointError naming the file, the fault and the remedy.
    """
    tensors, info, network = _checked(path)
    state = {name: _prepared(tensor) for name, tensor in tensors.items()}
    broken = [name for name, t in state.items() if t.is_floating_point() and not bool(t.isfinite().all())]
    if broken:
        raise CheckpointError(
            f"{path}: {_listed(broken)} holds numbers that are infinite or not a number; the file is damaged, "
            "get it again"
        )
    # The network was laid out without memory; the tensors of the file become its parameters.
    network.load_state_dict(state, strict=True, assign=True)
    network.requires_grad_(False)
    model = _placed(network, device=device, dtype=dtype, path=path)
    return LoadedModel(model=model, info=info)


def _placed(network: SamHq, *, device: torch.device | str, dtype: torch.dtype, path: Path) -> SamHq:
    try:
        return network.to_precision(dtype).to(device).eval()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise CheckpointError(f"{path}: {NO_MEMORY}") from error


def inspect_checkpoint(path: Path) -> ModelInfo:
    """Say what a model file holds, without loading it to a device.

    Raises CheckpointError like load_model, save for numbers that are not finite.
    """
    return _checked(path)[1]


def _checked(path: Path) -> tuple[dict[str, Tensor], ModelInfo, SamHq]:
    """The tensors the network uses, the file's description, and a network without memory to fill."""
    weights = read_weights(path)
    tensors = _without_prefix(weights.tensors)
    found = _find_architecture(tensors, metadata=weights.metadata, path=path)
    tensors = {name: tensor for name, tensor in tensors.items() if not _is_unused(name, found)}
    with torch.device("meta"):
        network = SamHq(found)
    _check_entries(tensors, network.state_dict(), path=path, found=found)
    info = ModelInfo(
        name=path.stem,
        path=path,
        architecture=found.name,
        image_size=found.image_size,
        parameters=sum(t.numel() for t in tensors.values()),
        sha256=sha256_of(path),
        recommended=recommended_settings(weights.metadata, path=path),
    )
    return tensors, info, network


def _without_prefix(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo the "module." that parallel training puts before every name."""
    prefix = "module."
    if tensors and all(name.startswith(prefix) for name in tensors):
        return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return dict(tensors)


def _is_unused(name: str, found: Architecture) -> bool:
    return found.name == "vit_tiny" and (name.startswith(_UNUSED) or name.endswith(_DERIVED))


def _find_architecture(
    tensors: Mapping[str, Tensor], *, metadata: Mapping[str, str], path: Path
) -> Architecture:
    found = _encoder_of(tensors, metadata=metadata, path=path)
    if not any(name.startswith(_HQ_PREFIXES) for name in tensors):
        raise CheckpointError(
            f"{path}: is a plain SAM checkpoint ({found.name}) without the HQ layers; download the SAM-HQ version, "
            f"for example with: samhq models download {found.name}"
        )
    stated = metadata.get("architecture", found.name)
    if stated != found.name:
        raise CheckpointError(
            f"{path}: its metadata says {stated}, its tensors are those of {found.name}; get the file again"
        )
    return found


def _encoder_of(tensors: Mapping[str, Tensor], *, metadata: Mapping[str, str], path: Path) -> Architecture:
    stated = _stated_image_size(metadata, path)
    if "image_encoder.patch_embed.seq.0.c.weight" in tensors:  # its tensors do not depend on the image size
        return architecture("vit_tiny", image_size=stated or 1024)
    patches = tensors.get("image_encoder.patch_embed.proj.weight")
    if patches is None:
        raise CheckpointError(
            f"{path}: holds {len(tensors)} tensors but no SAM image encoder (first: {_listed(list(tensors))}); "
            f"choose a SAM-HQ model file or {_DOWNLOAD}"
        )
    depth = len({name.split(".")[2] for name in tensors if name.startswith("image_encoder.blocks.")})
    name = vit_name(patches.shape[0], depth)
    if name is None:
        raise CheckpointError(
            f"{path}: its image encoder has {patches.shape[0]} channels and {depth} blocks; samhq knows vit_tiny, "
            f"vit_b (768, 12), vit_l (1024, 24) and vit_h (1280, 32); {_DOWNLOAD}"
        )
    positions = tensors.get("image_encoder.pos_embed")
    size = (
        positions.shape[1] * PATCH
        if positions is not None and positions.ndim == 4 and len(positions[0])
        else 1024
    )
    if stated is not None and stated != size:
        raise CheckpointError(
            f"{path}: its metadata says image_size {stated}, its tensors are made for {size}; get the file again"
        )
    return architecture(name, image_size=size)


def _stated_image_size(metadata: Mapping[str, str], path: Path) -> int | None:
    text = metadata.get("image_size")
    if text is None:
        return None
    if not text.strip().isdecimal() or int(text) < PATCH or int(text) % PATCH or int(text) > 1 << 14:
        raise CheckpointError(
            f"{path}: its metadata says image_size {text!r}, which is no multiple of {PATCH} a network can have; "
            "get the file again"
        )
    return int(text)


def _check_entries(
    tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], *, path: Path, found: Architecture
) -> None:
    missing = [name for name in expected if name not in tensors]
    unexpected = [name for name in tensors if name not in expected]
    misshaped = [
        f"{name} {tuple(tensors[name].shape)} instead of {tuple(wanted.shape)}"
        for name, wanted in expected.items()
        if name in tensors and tensors[name].shape != wanted.shape
    ]
    mistyped = [
        f"{name} {tensors[name].dtype}"
        for name, wanted in expected.items()
        if name in tensors and tensors[name].is_floating_point() != wanted.is_floating_point()
    ]
    faults = [
        f"{len(names)} {kind}: {_listed(names)}"
        for kind, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of a wrong shape", misshaped),
            ("of a wrong number format", mistyped),
        )
        if names
    ]
    if faults:
        raise CheckpointError(
            f"{path}: does not fit {found.name} (image_size {found.image_size}): {'; '.join(faults)}; the file is "
            f"damaged or belongs to another program; {_DOWNLOAD}"
        )


def _prepared(tensor: Tensor) -> Tensor:
    return tensor.to(torch.float32).contiguous() if tensor.is_floating_point() else tensor


def recommended_settings(metadata: Mapping[str, str], *, path: Path) -> dict[str, object]:
    """The generator settings in a file's metadata, as the types SegmentationSettings has.

    Raises CheckpointError on a value that the setting cannot have.
    """
    from samhq.errors import SettingsError
    from samhq.settings import SegmentationSettings

    names = [
        n for n in SegmentationSettings.model_fields if n in metadata and n not in ("model", "point_grids")
    ]
    given: dict[str, Any] = {name: metadata[name] for name in names}
    try:
        parsed = SegmentationSettings().with_recommended(given)
    except SettingsError as error:
        raise CheckpointError(
            f"{path}: its metadata recommends settings that samhq cannot use: {error}; get the file again"
        ) from error
    return {name: getattr(parsed, name) for name in names}


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
