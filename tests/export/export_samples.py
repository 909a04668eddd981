"""Results to export: a few images whose objects can be counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samhq.masks import MaskTable
from samhq.measure import measure_objects
from samhq.packing import StoredObjects
from samhq.results import RunResults
from samhq.settings import FilterSettings
from samhq.store import ImageRecord, RunStore

MODEL = {"name": "starter", "architecture": "vit_tiny", "sha256": "0" * 64}
NAMES = (
    "tray/Präparat 2.png",
    "tray/Präparat 10.png",
    '=odd, "name"\t.png',
    "empty.png",
    "torn.png",
    "faint.png",
)


def record_of(path: str, objects: StoredObjects, **values) -> ImageRecord:
    return ImageRecord(
        path=path,
        page=1,
        status="done",
        width=objects.masks.width,
        height=objects.masks.height,
        dtype="uint8",
        bits=8,
        scale_kind="dtype",
        white=255.0,
        objects=len(objects.masks),
        overlap_fraction=objects.measurements.overlap_fraction,
        notes=("a note", "another"),
        file_sha256="f" * 64,
        **values,
    )


def objects_of(level: np.ndarray, *masks: np.ndarray) -> StoredObjects:
    height, width = level.shape
    table = MaskTable.empty(height=height, width=width)
    for mask in masks:
        table = MaskTable.concatenate([table, MaskTable.from_labels(mask.astype(np.uint8))])
    table = replace(table, predicted_iou=np.linspace(0.9, 0.7, len(table)).astype(np.float32))
    return StoredObjects(table, measure_objects(level, table))


def squares(*corners: tuple[int, int], side: int = 4, shape: tuple[int, int] = (20, 30)) -> list[np.ndarray]:
    masks = []
    for x, y in corners:
        mask = np.zeros(shape, bool)
        mask[y : y + side, x : x + side] = True
        masks.append(mask)
    return masks


@pytest.fixture
def store(tmp_path):
    """Six images: two with objects (one overlapping), an odd name, none found, failed, all filtered out."""
    level = np.tile((np.arange(30) * 257 * 8).astype(np.uint16), (20, 1))
    with RunStore.write(tmp_path / "slides_SAM_HQ_Run") as opened:
        for name, masks in zip(
            NAMES,
            [
                squares((1, 1), (3, 3), (20, 10)),
                squares((0, 0)),
                squares((10, 10)),
                [],
                None,
                squares((25, 1), side=2),
            ],
            strict=True,
        ):
            if masks is None:
                opened.save(ImageRecord(path=name, page=1, status="failed", error="ends in the middle"))
                continue
            objects = objects_of(level, *masks)
            opened.save(record_of(name, objects), objects)
        yield opened


@pytest.fixture
def results(store) -> RunResults:
    return RunResults(store, FilterSettings(min_area=5))
