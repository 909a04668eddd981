"""Discovering and reading images: files in, measured gray levels and the network's picture out."""

from __future__ import annotations

from samhq.images.discover import IMAGE_SUFFIXES, Discovery, ImageFile, discover
from samhq.images.model import Image, LevelScale
from samhq.images.percentile import percentile_scale
from samhq.images.read import file_sha256, image_from_array, pages_of, read_image

__all__ = [
    "IMAGE_SUFFIXES",
    "Discovery",
    "Image",
    "ImageFile",
    "LevelScale",
    "discover",
    "file_sha256",
    "image_from_array",
    "pages_of",
    "percentile_scale",
    "read_image",
]
