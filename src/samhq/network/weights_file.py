"""Reading tensors from files that may be anything: damaged, hostile or something else entirely."""

from __future__ import annotations

import hashlib
import logging
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from samhq.errors import CheckpointError
from samhq.files import long_path
from samhq.network.devices import is_out_of_memory

__all__ = ["Weights", "read_weights", "sha256_of"]

_LOG = logging.getLogger(__name__)
_AGAIN = "get the file again, for example with: samhq models download NAME"
_DAMAGED = f"is damaged, cut off or not a PyTorch model file; {_AGAIN}"
NO_MEMORY = "does not fit into memory; close other programs, choose another device or a smaller model"
_WRAPPERS = ("model", "state_dict")


@dataclass(frozen=True, slots=True)
class Weights:
    """Tensors by name, and the text metadata stored with them (only .safetensors has any)."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as hex, read in pieces. Raises CheckpointError if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with long_path(path).open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise CheckpointError(_unreadable(path, error)) from error
    return digest.hexdigest()


def read_weights(path: Path) -> Weights:
    """Read all tensors of a .safetensors or PyTorch file to the CPU, by its content, not its name.

    Raises CheckpointError naming the file, the fault and the remedy. Executes nothing from the file.
    """
    head = _head_of(path)
    _refuse_other_files(path, head)
    if head[8:9] == b"{":
        return _read_safetensors(path)
    return Weights(_read_torch(path, head))


def _head_of(path: Path) -> bytes:
    if long_path(path).is_dir():
        raise CheckpointError(f"{path}: is a folder; choose the model file inside it")
    try:
        with long_path(path).open("rb") as stream:
            return stream.read(512)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{path}: there is no such model file; check the path, or see the known models with: samhq models list"
        ) from error
    except OSError as error:
        raise CheckpointError(_unreadable(path, error)) from error


def _unreadable(path: Path, error: OSError) -> str:
    return f"{path}: cannot be read: {error.strerror or error}; check the disk and your rights to the file"


def _refuse_other_files(path: Path, head: bytes) -> None:
    if not head:
        raise CheckpointError(f"{path}: is empty; {_AGAIN}")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise CheckpointError(
            f"{path}: is a web page, not a model; the download address led to a page, probably an error or a login; "
            f"{_AGAIN}"
        )
    if text.startswith(b"version https://git-lfs"):
        raise CheckpointError(
            f"{path}: is a Git LFS pointer, not the model itself; fetch it with git lfs pull, or {_AGAIN}"
        )


def _read_safetensors(path: Path) -> Weights:
    try:
        with safe_open(long_path(path), framework="pt", device="cpu") as stream:
            metadata = dict(stream.metadata() or {})
            # Cloned, so that no memory map keeps the file open: Windows could not replace it then.
            tensors = {name: stream.get_tensor(name).clone() for name in stream.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        _LOG.info("reading %s failed", path, exc_info=True)
        raise CheckpointError(f"{path}: is damaged or cut off ({_first_line(error)}); {_AGAIN}") from error
    return Weights(tensors, metadata)


def _read_torch(path: Path, head: bytes) -> dict[str, Tensor]:
    try:
        # From a stream: given a path, torch.load goes by the ending of its name.
        with long_path(path).open("rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on odd pickles; what matters is said in the error
            content = torch.load(stream, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        _LOG.info("reading %s failed", path, exc_info=True)
        raise CheckpointError(_pickle_fault(path, error, head=head)) from error
    except (
        RuntimeError,
        MemoryError,
        EOFError,
        OSError,
        LookupError,
        ValueError,
        AttributeError,
        TypeError,
        AssertionError,
    ) as error:  # whatever the unpickler meets in nonsense
        _LOG.info("reading %s failed", path, exc_info=True)
        if is_out_of_memory(error):
            raise CheckpointError(f"{path}: {NO_MEMORY}") from error
        raise CheckpointError(f"{path}: {_DAMAGED}") from error
    return _state_dict_of(content, path)


def _pickle_fault(path: Path, error: pickle.UnpicklingError, *, head: bytes) -> str:
    """Tell objects other than weights, which may be hostile, from damage."""
    # PyTorch writes pickle protocol 2; its unpickler does not even understand a later one.
    other_program = head[:1] == b"\x80" and head[1:2] in (b"\x03", b"\x04", b"\x05")
    if other_program or "Unsupported global" in str(error) or "Unsupported class" in str(error):
        return (
            f"{path}: holds program code or objects besides weights, which samhq never runs; nothing of it was "
            "executed. Use a file with weights only (a state_dict) from a source you trust, for example with: "
            "samhq models download NAME"
        )
    return f"{path}: {_DAMAGED}"


def _state_dict_of(content: object, path: Path) -> dict[str, Tensor]:
    """The tensors by name, also from inside the wrapper that training programs put around them."""
    for key in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"{path}: holds a {type(content).__name__} instead of weights by name (a state_dict); save the "
            "model's state_dict() or choose another file"
        )
    bad = [key for key, value in content.items() if not isinstance(key, str) or not isinstance(value, Tensor)]
    if bad or not content:
        what = f"{bad[0]!r} is no tensor" if bad else "it is empty"
        raise CheckpointError(
            f"{path}: does not hold weights by name (a state_dict): {what}; save the model's state_dict() or "
            "choose another file"
        )
    return {str(key): value for key, value in content.items()}


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
