"""Do the masks hold? The fast path against the plain path, and bf16 against fp32, on varied labelled images.

    python benchmarks/precision.py --images 20 --json benchmarks/results/precision.json

Starter model with its recommended settings. Objects of two tables are paired by their masks' IoU; reported are the
share of objects whose partner has an IoU above 0.98, the difference in counts, and the differences of area A, total
aggregation I and ratio R of the pairs.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import facts
from parity import ROOT, STARTER

from samhq import api
from samhq.filters import filter_objects
from samhq.masks import MaskTable, box_iou
from samhq.measure import measure_objects
from samhq.network.checkpoint import load_model
from samhq.network.shortcuts import ALL, PLAIN
from samhq.segmentation.generator import AutomaticMaskGenerator
from samhq.settings import SegmentationSettings

SAME = 0.98


def chosen_images(shared: Path, count: int) -> list[Path]:
    """As many images as wanted, taken from the sets in turn."""
    sets = [
        sorted((s / "val" / "images").glob("*.png"))
        for s in sorted((shared / "data").iterdir())
        if s.is_dir()
    ]
    turns = [images[i] for i in range(count) for images in sets if i < len(images)]
    return turns[:count]


def pairs(a: MaskTable, b: MaskTable) -> list[tuple[int, int, float]]:
    """Each mask of a with the free mask of b it shares most with: (row, row, IoU)."""
    free = np.ones(len(b), dtype=bool)
    found = []
    boxes = box_iou(a.boxes, b.boxes)
    for i in range(len(a)):
        near = [int(j) for j in np.flatnonzero(free & (boxes[i] > 0.3))]
        if not near:
            continue
        ious = [mask_iou(a.mask(i), b.mask(j)) for j in near]
        best = int(np.argmax(ious))
        free[near[best]] = False
        found.append((i, near[best], ious[best]))
    return found


def mask_iou(a: np.ndarray, b: np.ndarray) -> float:
    both = np.count_nonzero(a & b)
    return both / max(1, np.count_nonzero(a) + np.count_nonzero(b) - both)


def compare(level: np.ndarray, reference: MaskTable, other: MaskTable) -> dict[str, Any]:
    found = pairs(reference, other)
    same = [p for p in found if p[2] > SAME]
    rows = {"reference": len(reference), "other": len(other), "same": len(same)}
    rows["identical"] = sum(p[2] == 1.0 for p in found)
    first, second = (air(level, table) for table in (reference, other))
    left, right = [p[0] for p in found], [p[1] for p in found]
    relative = np.abs(second[right] - first[left]) / np.maximum(np.abs(first[left]), 1e-9)
    rows["air"] = relative.tolist()
    return rows


def air(level: np.ndarray, table: MaskTable) -> np.ndarray:
    """(n, 3): initial area, intensity and ratio of every mask."""
    whole = filter_objects(measure_objects(level, table).histograms, api.settings_with().filter)
    return np.stack([whole.initial_area, whole.initial_intensity, whole.initial_ratio], axis=1)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    total = sum(r["reference"] for r in rows)
    differences = np.array([v for r in rows for v in r["air"]]).reshape(-1, 3)
    return {
        "objects": total,
        "objects_other": sum(r["other"] for r in rows),
        "share_iou_above_0.98": sum(r["same"] for r in rows) / max(1, total),
        "share_identical": sum(r["identical"] for r in rows) / max(1, total),
        "images_with_equal_count": sum(r["reference"] == r["other"] for r in rows),
        "images": len(rows),
        "relative_difference_A_I_R": {
            "median": np.median(differences, axis=0).tolist(),
            "percentile_95": np.percentile(differences, 95, axis=0).tolist(),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--points-per-side", type=int)
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("SAMHQ_SHARED", ROOT.parent / "shared"))
    )
    given = parser.parse_args()
    models = {dtype: load_model(STARTER, dtype=dtype) for dtype in (torch.float32, torch.bfloat16)}
    values = dict(models[torch.float32].info.recommended)
    if given.points_per_side:
        values["points_per_side"] = given.points_per_side
    settings = SegmentationSettings(**values)
    kinds = {"plain": (torch.float32, PLAIN), "fast": (torch.float32, ALL), "bf16": (torch.bfloat16, ALL)}
    rows: dict[str, list[dict[str, Any]]] = {"fast against plain": [], "bf16 against fp32": []}
    for path in chosen_images(given.shared, given.images):
        image = api.read_image(path)
        tables = {}
        for name, (dtype, shortcuts) in kinds.items():
            models[dtype].model.use(shortcuts)
            tables[name] = AutomaticMaskGenerator(models[dtype], settings).generate(image.rgb)
        rows["fast against plain"].append(compare(image.level, tables["plain"], tables["fast"]))
        rows["bf16 against fp32"].append(compare(image.level, tables["fast"], tables["bf16"]))
        shown = {k: {n: v for n, v in r[-1].items() if n != "air"} for k, r in rows.items()}
        print(f"{path.parents[2].name}/{path.name}", shown, flush=True)
    result = {name: summary(found) for name, found in rows.items()} | {"machine": facts()}
    print(json.dumps(result, indent=1))
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
