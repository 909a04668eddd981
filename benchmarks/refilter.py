"""Filter many synthetic objects in memory: python benchmarks/refilter.py [--objects 1000000]."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

from samhq.filters import ObjectHistograms, filter_objects
from samhq.settings import FilterSettings


def synthetic(objects: int, *, levels: int, seed: int = 0) -> ObjectHistograms:
    """Objects with about the given median number of distinct levels."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(levels // 2, levels * 3 // 2, objects)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    steps = rng.integers(1, 65535 // (levels * 3 // 2), offsets[-1]).astype(np.int64)
    total = np.cumsum(steps)
    before = np.repeat(np.concatenate(([0], total))[offsets[:-1]], lengths)
    counts = rng.integers(1, 40, offsets[-1]).astype(np.uint32)
    return ObjectHistograms((total - before).astype(np.uint16), counts, offsets)


def main() -> None:
    """Time both stages for growing numbers of objects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--levels", type=int, default=60, help="median distinct gray levels of an object")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    settings = FilterSettings(
        min_area=199, min_intensity=1000, min_ratio=37, min_aggregation=35, max_aggregation=90
    )
    rows = []
    size = 1000
    while size <= arguments.objects:
        histograms = synthetic(size, levels=arguments.levels)
        times = []
        for _ in range(arguments.repeats):
            started = time.perf_counter()
            kept = int(filter_objects(histograms, settings).keep.sum())
            times.append(time.perf_counter() - started)
        rows.append(
            {
                "objects": size,
                "entries": len(histograms.levels),
                "kept": kept,
                "seconds": statistics.median(times),
            }
        )
        print(
            f"{size:>9} objects  {len(histograms.levels):>10} entries  median {rows[-1]['seconds']:.4f} s  kept {kept}"
        )
        size *= 10
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
