"""What is known about a model, without PyTorch, so that a process that never loads it can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ModelInfo"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known about a model file.

    name: the file name without its ending. architecture: vit_tiny, vit_b, vit_l or vit_h.
    image_size: side of the network's square input in pixels. parameters: stored numbers in use.
    sha256: hex digest of the file. recommended: generator settings from its metadata, parsed, under
    the names of SegmentationSettings; empty for official files.
    """

    name: str
    path: Path
    architecture: str
    image_size: int
    parameters: int
    sha256: str
    recommended: dict[str, object]
