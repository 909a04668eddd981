"""Masks that outlines stumble over, and a run of them."""

from __future__ import annotations

import cv2
import numpy as np
from export_samples import record_of

from samhq.masks import MaskTable, runs_from_crop
from samhq.measure import measure_objects
from samhq.packing import StoredObjects
from samhq.results import ImageResult, filter_image
from samhq.settings import FilterSettings, Settings

ODD = {
    "pixel": "#",
    "line": "####",
    "column": "#\n#\n#",
    "slant": "#..\n.#.\n..#",
    "two corners": "##..\n##..\n..##\n..##",
    "hole": "####\n#..#\n####",
    "two pieces": "##.##\n##.##",
    "piece in a hole": "#####\n#...#\n#.#.#\n#...#\n#####",
    "hole that leaks at a corner": "####\n#..#\n#..#\n###.\n",
    "ring that closes at a corner": "###.\n#..#\n#..#\n####",
    "holes that meet at corners": "#####\n##.##\n#.#.#\n##.##\n#####",
    "stairs": "#...\n##..\n.##.\n..##",
    "comb": "#.#.#\n#####\n#.#.#",
}


def drawn(text: str) -> np.ndarray:
    rows = text.strip("\n").split("\n")
    return np.array([[c == "#" for c in row] for row in rows])


def odd_masks() -> dict[str, np.ndarray]:
    """Every odd mask inside its box."""
    return {name: drawn(text) for name, text in ODD.items()}


def blobs(count: int, *, seed: int = 0, size: int = 48) -> list[np.ndarray]:
    """Masks of all kinds: smooth with holes and islands, noise, ellipses."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(count):
        if i % 3 == 0:
            soft = cv2.GaussianBlur(rng.random((size, size)).astype(np.float32), (0, 0), 2.5)
            mask = soft > np.quantile(soft, rng.uniform(0.3, 0.95))
        elif i % 3 == 1:
            mask = rng.random((size // 3, size // 2)) < rng.uniform(0.05, 0.7)
            mask[0, 0] = True
        else:
            picture = np.zeros((size, size), np.uint8)
            axes = (int(rng.integers(1, size // 2)), int(rng.integers(1, size // 3)))
            cv2.ellipse(picture, (size // 2, size // 2), axes, float(rng.integers(180)), 0, 360, 1, -1)
            mask = picture > 0
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        found.append(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return found


def table_of(
    masks: list[np.ndarray], *, height: int = 70, width: int = 90, x: int = 7, y: int = 5
) -> MaskTable:
    runs = [runs_from_crop(mask, x0=x, y0=y, height=height, width=width) for mask in masks]
    return MaskTable.from_runs(runs, height=height, width=width)


def result_of(masks: MaskTable, path: str = "tray/Präparat 1.png", **values) -> ImageResult:
    """An image with these masks, all kept unless values of the filter say otherwise."""
    level = np.tile((np.arange(masks.width) * 257 * 2 % 65536).astype(np.uint16), (masks.height, 1))
    objects = StoredObjects(masks, measure_objects(level, masks))
    return filter_image(record_of(path, objects), objects, FilterSettings(**values))


class Images:
    """Some images in the place of a run's."""

    def __init__(self, *found: ImageResult) -> None:
        self.settings = FilterSettings()
        self._found = {(r.record.path, r.record.page): r for r in found}

    def records(self):
        return [result.record for result in self._found.values()]

    def image(self, record) -> ImageResult:
        return self._found[record.path, record.page]


def settings_of(**values) -> Settings:
    return Settings.model_validate({"export": values})
