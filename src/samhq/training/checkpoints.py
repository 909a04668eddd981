"""Everything a training run needs to go on, in one file that is there whole or not at all."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from samhq.errors import CheckpointError
from samhq.files import long_path, write_file

__all__ = ["TrainingState", "load_state", "save_state"]

_VERSION = 1


@dataclass(slots=True)
class TrainingState:
    """A run between two steps.

    key: what the run was started with; a checkpoint of another run is refused. step: the next one. elapsed_s: time
    spent so far. weights, averaged, heads: tensors by name. optimizer: its state. history: one row a look.
    """

    key: str
    step: int
    elapsed_s: float
    weights: dict[str, Tensor]
    averaged: dict[str, Tensor]
    heads: dict[str, Tensor]
    optimizer: dict[str, Any]
    best: float = float("-inf")
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    stale: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    generator: Tensor = field(default_factory=torch.get_rng_state)


def save_state(path: Path, state: TrainingState) -> None:
    """Write a checkpoint; the one before stays until this one is complete."""
    content = {name: getattr(state, name) for name in TrainingState.__slots__} | {"version": _VERSION}
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_file(path, lambda stream: stream.write(buffer.getbuffer()))


def load_state(path: Path, *, key: str) -> TrainingState | None:
    """The checkpoint at a path, None if there is none.

    Raises CheckpointError if it is damaged or belongs to another run.
    """
    if not long_path(path).is_file():
        return None
    try:
        with long_path(path).open("rb") as stream:
            content = torch.load(stream, map_location="cpu", weights_only=True)
        version = content.pop("version")
        state = TrainingState(**content)
    except (
        OSError,
        RuntimeError,
        ValueError,
        TypeError,
        KeyError,
        EOFError,
        pickle.UnpicklingError,
    ) as error:
        raise CheckpointError(
            f"{path}: is no checkpoint of a training run ({error}); remove it to start anew"
        ) from error
    if version != _VERSION or state.key != key:
        raise CheckpointError(
            f"{path}: belongs to a training run with other data, settings or another model to start from; give "
            "those again, choose another --out, or remove it to start anew"
        )
    return state
