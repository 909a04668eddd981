"""Resident memory over a long batch: python benchmarks/memory.py --images 500.

Runs `samhq.run` over many small images in one process and fits a line through the resident memory
after each image, the first fifth left out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import psutil
from kill_resume import make_images

import samhq
from samhq.monitor import Event, StoppableMonitor


def main() -> None:
    """Run and report peak and slope."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--points-per-side", type=int, default=4)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    process = psutil.Process()
    samples: list[tuple[int, int]] = []

    def note(event: Event) -> None:
        if event.stage == "segment" and not event.parts:
            samples.append((event.done, process.memory_info().rss))

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "slides"
        make_images(source, arguments.images)
        with samhq.run(
            source,
            monitor=StoppableMonitor(note),
            points_per_side=arguments.points_per_side,
            pred_iou_thresh=0.0,
            stability_score_thresh=0.0,
        ) as run:
            objects = run.report.objects if run.report else 0
            run.filter().write(monitor=StoppableMonitor())
            after_export = process.memory_info().rss
    done, rss = np.array(samples).T
    late = done >= arguments.images // 5
    slope, start = np.polyfit(done[late], rss[late] / 1024, 1)
    noise = float(np.std(rss[late] / 1024 - (slope * done[late] + start)))
    result = {
        "images": arguments.images,
        "objects": objects,
        "peak_rss_mb": float(rss.max() / 1024**2),
        "after_export_mb": after_export / 1024**2,
        "slope_kb_per_image": float(slope),
        "growth_kb_over_the_fit": float(slope * (done[late].max() - done[late].min())),
        "noise_kb": noise,
    }
    for name, value in result.items():
        print(f"{name:24} {value:.1f}" if isinstance(value, float) else f"{name:24} {value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
