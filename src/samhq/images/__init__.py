"""Discovering and reading images: files in, measured gray levels and the network's picture out."""

from __future__ import annotations

from samhq.images.discover import IMAGE_SUFFIXES, Discovery, ImageFile, discover
from samhq.images.model import Image, LevelScale
from samhq.images.percentile import percentile_scale
from samhq.images.planes import FilePlanes
from samhq.images.read import (
    file_planes,
    file_sha256,
    image_from_array,
    open_file,
    pages_chosen,
    pages_of,
    read_image,
)
from samhq.images.readers import PlaneAt, Reader, Scene, open_reader

__all__ = [
    "IMAGE_SUFFIXES",
    "Discovery",
    "FilePlanes",
    "Image",
    "ImageFile",
    "LevelScale",
    "PlaneAt",
    "Reader",
    "Scene",
    "discover",
    "file_planes",
    "file_sha256",
    "image_from_array",
    "open_file",
    "open_reader",
    "pages_chosen",
    "pages_of",
    "percentile_scale",
    "read_image",
]
