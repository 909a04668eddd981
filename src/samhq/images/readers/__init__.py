"""Readers of microscopy files: planes, regions and pyramid levels, through libraries that are loaded when needed."""

from __future__ import annotations

from samhq.images.readers.choose import FORMATS, open_reader, reader_kind
from samhq.images.readers.model import Box, PlaneAt, Reader, Scene, planes_of

__all__ = ["FORMATS", "Box", "PlaneAt", "Reader", "Scene", "open_reader", "planes_of", "reader_kind"]
