"""What a path is that somebody hands to samhq, and the micrographs that come with it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

from samhq.files import long_path, natural_key
from samhq.images import IMAGE_SUFFIXES
from samhq.store import RUN_FILE

__all__ = ["Kind", "kind_of", "sample_folder", "sample_images"]

Kind = Literal["missing", "folder", "run", "image", "model", "configuration", "other"]
_MODEL_SUFFIXES = (".pth", ".pt", ".safetensors")


def kind_of(path: Path) -> Kind:
    """What a path is, by its suffix or, for folders, by whether a run file lies in it."""
    real = long_path(path)
    if real.is_dir():
        return "run" if (real / RUN_FILE).is_file() else "folder"
    if not real.exists():
        return "missing"
    if path.name == RUN_FILE:
        return "run"
    suffix = path.suffix.lower()
    if suffix in _MODEL_SUFFIXES:
        return "model"
    if suffix == ".json":
        return "configuration"
    return "image" if suffix in IMAGE_SUFFIXES else "other"


def sample_folder() -> Path:
    """The folder with the micrographs that come with samhq."""
    return Path(str(files("samhq"))) / "micrographs"


def sample_images() -> list[Path]:
    """The micrographs that come with samhq, in natural order."""
    found = (p for p in sample_folder().rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
    return sorted(found, key=lambda p: natural_key(p.as_posix()))
