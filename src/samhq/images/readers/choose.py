"""Which reader a file needs, and what to say where its library is not installed."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import NamedTuple, cast

from samhq.errors import ImageReadError
from samhq.extras import install_command
from samhq.images.readers.model import Reader

__all__ = ["FORMATS", "open_reader", "reader_kind"]


class Format(NamedTuple):
    """A file format: what it is called, the package that knows it, and the module and class that read it with that."""

    title: str
    package: str
    module: str
    reader: str


FORMATS: dict[str, Format] = {
    "czi": Format("Zeiss CZI files", "pylibCZIrw", "zeiss", "CziReader"),
    "nd2": Format("Nikon ND2 files", "nd2", "nikon", "Nd2Reader"),
    "lif": Format("Leica LIF files", "liffile", "leica", "LifReader"),
    "tiff": Format("TIFF files", "tifffile", "tiled", "TiledReader"),
}
"""By kind, as found in the first bytes of a file; all but "tiff" belong to the extra "microscopy"."""

_BEGINNINGS = {
    "czi": b"ZISRAWFILE",
    "nd2": b"\xda\xce\xbe\x0a",
    "lif": b"\x70\x00\x00\x00",
}


def reader_kind(head: bytes, suffix: str) -> str | None:
    """ "czi", "nd2" or "lif" by the first bytes of a file, None for any other.

    suffix: of its name, which tells an old ND2 file from another JPEG 2000 picture.
    """
    for kind, beginning in _BEGINNINGS.items():
        if head.startswith(beginning):
            return kind
    return "nd2" if suffix.lower() == ".nd2" and head[4:8] == b"jP  " else None


def open_reader(path: Path, kind: str) -> Reader:
    """Open a file with the library for its kind, one of FORMATS.

    Raises ImageReadError naming the extra to install where the library is missing; what the libraries raise
    on damaged files passes through.
    """
    chosen = FORMATS[kind]
    try:
        module = importlib.import_module(f"samhq.images.readers.{chosen.module}")
    except ImportError as error:
        if kind == "tiff" or (error.name or "").startswith("samhq"):
            raise
        raise ImageReadError(
            f"{path.name}: {chosen.title} need the package {chosen.package}, which is not installed; install it with: "
            f"{install_command('microscopy')}"
        ) from error
    return cast(Reader, getattr(module, chosen.reader)(path))
