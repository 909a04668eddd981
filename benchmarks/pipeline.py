"""How much of a batch's time the network is at work: python benchmarks/pipeline.py --images 200.

Runs real batches (reading, network, measuring, storing) and times each stage on its own thread:
  a stand-in network that sleeps for a fixed time and gives the same masks each time, as a GPU would leave the
  processor to the rest; the same on several devices; the starter model on the processor; and many small images
  with a network that takes no time, for the memory.
Busy is the time inside the network / the time from its first image to the end of the batch, divided by devices.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import platform
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from kill_resume import make_model

import samhq
from samhq import batch
from samhq.configuration import settings_with
from samhq.engine import prepare
from samhq.masks import MaskTable, runs_from_crop
from samhq.monitor import Event, StoppableMonitor
from samhq.planning import Model, Segmenter
from samhq.settings import Settings
from samhq.store import RunStore


class Clock:
    """Seconds spent in each stage, summed over threads, and when the network first and last worked."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: defaultdict[str, int] = defaultdict(int)
        self.network_began = float("inf")
        self._lock = threading.Lock()

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed."""

        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                with self._lock:
                    self.seconds[stage] += time.perf_counter() - began
                    self.calls[stage] += 1
                    if stage == "network":
                        self.network_began = min(self.network_began, began)

        return call

    def timed_model(self, model: Model) -> Model:
        """A model whose segmenters are timed; loading is not."""

        def timed(load: Callable[..., Segmenter]) -> Callable[..., Segmenter]:
            return lambda settings, monitor: self.timed("network", load(settings, monitor))

        return dataclasses.replace(
            model, load=timed(model.load), further=tuple(timed(load) for load in model.further)
        )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time the other stages of every batch meanwhile."""
        read, measure, save = batch._Batch._read, batch.measure_objects, RunStore.save
        batch._Batch._read = self.timed("read", read)
        batch.measure_objects = self.timed("measure", measure)
        RunStore.save = self.timed("store", save)
        try:
            yield
        finally:
            batch._Batch._read, batch.measure_objects, RunStore.save = read, measure, save


def some_masks(size: int, objects: int) -> MaskTable:
    """Overlapping blobs, most of them small, as the network finds them."""
    rng = np.random.default_rng(1)
    runs = []
    for _ in range(objects):
        radius = int(np.clip(rng.lognormal(np.log(size / 90), 0.6), 2, size / 3))
        cx, cy = (int(v) for v in rng.integers(0, size, 2))
        x0, y0, x1, y1 = (
            max(0, cx - radius),
            max(0, cy - radius),
            min(size, cx + radius),
            min(size, cy + radius),
        )
        y, x = np.mgrid[y0:y1, x0:x1]
        inside = (x - cx) ** 2 + (y - cy) ** 2 <= radius**2
        runs.append(runs_from_crop(inside, x0=x0, y0=y0, height=size, width=size))
    return MaskTable.from_runs(runs, height=size, width=size, predicted_iou=rng.uniform(0.7, 1, objects))


def some_images(folder: Path, *, count: int, size: int) -> Path:
    """Noisy pictures with dark spots; five different ones over and over."""
    rng = np.random.default_rng(2)
    folder.mkdir()
    files = []
    for _ in range(min(5, count)):
        picture = rng.normal(200, 8, (size, size)).clip(0, 255).astype(np.uint8)
        for _ in range(12):
            x, y = (int(v) for v in rng.integers(0, size, 2))
            cv2.circle(picture, (x, y), int(rng.integers(size // 40 + 2, size // 12 + 3)), 60, -1)
        files.append(cv2.imencode(".png", picture)[1].tobytes())
    for number in range(count):
        (folder / f"{number:04}.png").write_bytes(files[number % len(files)])
    return folder


def stand_in(masks: MaskTable, *, sleep_s: float, devices: int = 1) -> Model:
    """A network that takes a fixed time and no processor."""

    def load(settings: object, monitor: object) -> Segmenter:
        def segment(rgb: object, monitor: object) -> MaskTable:
            time.sleep(sleep_s)
            return masks

        return segment

    return Model("stand-in", "none", "0" * 64, 1, load, further=(load,) * (devices - 1))


def one_batch(source: Path, run: Path, *, model: Model, settings: Settings | None = None) -> dict[str, Any]:
    """Run a batch and say where its time went."""
    clock = Clock()
    devices = 1 + len(model.further)
    with clock.watching():
        report = batch.run_batch(source, run, settings=settings or Settings(), model=clock.timed_model(model))
        wall = time.perf_counter() - clock.network_began
    images = report.segmented
    each = {stage: clock.seconds[stage] / images for stage in ("read", "network", "measure", "store")}
    after = each["measure"] + each["store"]
    return {
        "images": images,
        "objects": report.objects,
        "devices": devices,
        "wall_s": wall,
        "images_per_s": images / wall,
        "network_busy_share": clock.seconds["network"] / wall / devices,
        "measure_share_of_network": each["measure"] / each["network"],
        "measure_and_store_share_of_network": after / each["network"],
        "one_after_the_other_busy_share": each["network"] / sum(each.values()),
        **{f"{stage}_s_per_image": seconds for stage, seconds in each.items()},
    }


def memory(source: Path, run: Path, *, images: int) -> dict[str, Any]:
    """Growth of resident memory over many small images, the first fifth left out."""
    process = psutil.Process()
    samples: list[tuple[int, int]] = []

    def note(event: Event) -> None:
        if event.stage == "segment" and (not samples or event.done > samples[-1][0]):
            samples.append((event.done, process.memory_info().rss))

    gc.collect()
    model = stand_in(some_masks(64, 20), sleep_s=0)
    batch.run_batch(source, run, settings=Settings(), model=model, monitor=StoppableMonitor(note))
    done, rss = np.array(samples).T
    late = done >= images // 5
    slope = float(np.polyfit(done[late], rss[late] / 1024, 1)[0]) if late.sum() > 1 else 0.0
    return {
        "images": images,
        "first_rss_mb": float(rss[0] / 1024**2),
        "last_rss_mb": float(rss[-1] / 1024**2),
        "peak_rss_mb": float(rss.max() / 1024**2),
        "slope_kb_per_image": slope,
    }


def machine() -> dict[str, Any]:
    """What the numbers belong to."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "samhq": samhq.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "processors": psutil.cpu_count(),
    }


def measured(arguments: argparse.Namespace, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """All batches, one after the other: the name of each and what it gave."""
    # First, because what larger images leave free would hide a leak.
    small = some_images(folder / "small", count=arguments.small_images, size=64)
    yield "memory", memory(small, folder / "run small", images=arguments.small_images)
    masks = some_masks(arguments.size, arguments.objects)
    images = some_images(folder / "images", count=arguments.images, size=arguments.size)
    for devices in dict.fromkeys((1, arguments.devices)):
        model = stand_in(masks, sleep_s=arguments.sleep, devices=devices)
        yield f"stand_in_{devices}", one_batch(images, folder / f"run {devices}", model=model)
    if arguments.starter_images:
        chosen: dict[str, Any] = {"points_per_side": arguments.points_per_side, "device": "cpu"}
        if arguments.small_starter:
            make_model(folder / "small.safetensors")
            chosen |= {"model": str(folder / "small.safetensors"), "pred_iou_thresh": 0.0}
            chosen |= {"stability_score_thresh": 0.0}
        settings, model = prepare(settings_with(**chosen))
        source = some_images(folder / "starter", count=arguments.starter_images, size=arguments.size)
        name = "starter_128" if arguments.small_starter else "starter"
        yield name, one_batch(source, folder / "run starter", model=model, settings=settings)


def main(given: list[str] | None = None) -> int:
    """Run, print, and write the results down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--size", type=int, default=1024, help="edge of an image in pixels")
    parser.add_argument("--objects", type=int, default=300, help="masks of an image, for the stand-in")
    parser.add_argument("--sleep", type=float, default=0.15, help="seconds of the stand-in for an image")
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--starter-images", type=int, default=200, help="0 leaves it out")
    parser.add_argument("--points-per-side", type=int, default=8, help="of the starter")
    parser.add_argument(
        "--small-starter", action="store_true", help="the starter told to look at 128 instead of 512 pixels"
    )
    parser.add_argument("--small-images", type=int, default=1000)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "pipeline.json")
    arguments = parser.parse_args(given)
    result: dict[str, Any] = {
        "machine": machine(),
        "image_px": arguments.size,
        "sleep_s": arguments.sleep,
        "load_average": [round(v, 1) for v in psutil.getloadavg()],
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, values in measured(arguments, Path(folder)):
            result[name] = values
            for key, value in values.items():
                print(
                    f"{name:12} {key:36} {value:.4g}"
                    if isinstance(value, float)
                    else f"{name:12} {key:36} {value}"
                )
            # After each batch, so that a benchmark that is cut off leaves what it has.
            arguments.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
