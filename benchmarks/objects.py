"""Everything after the network, from a thousand to a million objects: filters, tables, pictures, the store.

    python benchmarks/objects.py --sizes 1000,10000,100000,1000000 --json benchmarks/results/objects.json

Makes runs of images with 200 to 2,000 particles each (median about 60 gray levels an object, some inside or
across others) through the same functions that a batch uses; a few images are drawn and stored again and again
under other names. Each step then runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import psutil

from samhq.api import open_overview, open_run
from samhq.export.pictures import annotate, write_picture
from samhq.filters import ObjectHistograms, filter_objects
from samhq.masks import MaskTable, runs_from_crop
from samhq.measure import measure_objects
from samhq.packing import StoredObjects
from samhq.settings import FilterSettings, Settings
from samhq.store import RUN_FILE, ImageRecord, RunStore

OBJECTS_PER_IMAGE = (200, 400, 600, 800, 1000, 1200, 1500, 2000)
OBJECTS_PER_PICTURE = (100, 300, 1000, 3000)
# Four ranges in turn, so that every filter reads the histograms anew; about two thirds of the objects stay.
FILTERS = tuple(
    FilterSettings(min_area=100, min_ratio=37, min_aggregation=low, max_aggregation=90)
    for low in (34, 35, 36, 37)
)
THRESHOLDS = tuple(FilterSettings(min_area=area, min_aggregation=35) for area in (100, 150, 200, 250))
LABELS: tuple[Literal["values", "number", "none"], ...] = ("values", "number", "none")
Measures = dict[str, Any]


# -------------------------------------------------------------------- what is measured on


def draw(objects: int, *, seed: int) -> tuple[np.ndarray, StoredObjects]:
    """An 8-bit image, as gray levels (h, w) uint16, with dark particles of uneven gray and ragged edges."""
    rng = np.random.default_rng(seed)
    height = max(64, round(52 * objects**0.5))
    width = height * 4 // 3
    gray = rng.normal(205, 5, (height, width)).astype(np.float32)
    runs = []
    for _ in range(objects):
        a, b = np.exp(rng.normal(2.4, 0.45, 2)).clip(3, height / 4)
        reach = int(max(a, b) * 1.3) + 2
        x, y, turn = rng.integers(0, width), rng.integers(0, height), rng.uniform(0, np.pi)
        x0, y0, x1, y1 = max(x - reach, 0), max(y - reach, 0), min(x + reach, width), min(y + reach, height)
        dy, dx = np.mgrid[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32)
        u, v = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
        noise = cv2.GaussianBlur(rng.normal(0, 1, dx.shape).astype(np.float32), (0, 0), 2.5)
        mask = np.hypot(u / a, v / b) + noise < 1
        mask[np.clip(y - y0, 0, None), np.clip(x - x0, 0, None)] = True
        shade = rng.normal(rng.uniform(50, 160), 12, dx.shape) + 26 * noise
        gray[y0:y1, x0:x1][mask] = shade[mask]
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        tight = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        runs.append(
            runs_from_crop(tight, x0=x0 + int(columns[0]), y0=y0 + int(rows[0]), height=height, width=width)
        )
    scores = rng.uniform(0.88, 1.0, (2, objects))
    masks = MaskTable.from_runs(
        runs, height=height, width=width, predicted_iou=scores[0], stability_score=scores[1]
    )
    level = np.rint(gray).clip(0, 255).astype(np.uint16) * 257
    return level, StoredObjects(masks, measure_objects(level, masks))


def images(total: int) -> Iterator[StoredObjects]:
    """Images with so many objects together; the last one may have fewer than usual."""
    drawn: dict[int, StoredObjects] = {}
    for wanted in cycle(OBJECTS_PER_IMAGE):
        number = min(wanted, total)
        if number not in drawn:
            drawn[number] = draw(number, seed=number)[1]
        yield drawn[number]
        total -= number
        if not total:
            return


def record_of(number: int, objects: StoredObjects) -> ImageRecord:
    """The record of one image of a run."""
    return ImageRecord(
        path=f"tray {number % 7}/particles {number}.png",
        page=1,
        status="done",
        segment_key="k",
        width=objects.masks.width,
        height=objects.masks.height,
        dtype="uint8",
        bits=8,
        white=255.0,
        objects=len(objects.masks),
        overlap_fraction=objects.measurements.overlap_fraction,
    )


# -------------------------------------------------------------------- what is measured


def clocked(name: str, works: Iterable[Callable[[], Any]]) -> tuple[Measures, list[Any]]:
    """Do pieces of work one after the other. Returns the median times of one, and their results.

    Beside the time on the clock stands that of the processor, which other programs disturb less.
    """
    seconds, cpu_seconds, results = [], [], []
    for work in works:
        started, cpu_started = time.perf_counter(), time.process_time()
        results.append(work())
        seconds.append(time.perf_counter() - started)
        cpu_seconds.append(time.process_time() - cpu_started)
    times = {f"{name}_s": statistics.median(seconds), f"{name}_cpu_s": statistics.median(cpu_seconds)}
    return times, results


def make(folder: Path, objects: int, repeats: int) -> Measures:
    """Step: the run itself, stored image by image."""
    facts = {
        "settings": Settings().to_dict(),
        "input": "particles",
        "model": {"name": "starter", "sha256": "0" * 64},
    }
    stored = list(images(objects))
    with RunStore.write(folder) as store:
        store.begin(facts, current=(), waiting=())
        saves = [partial(store.save, record_of(number, one), one) for number, one in enumerate(stored)]
        times, _ = clocked("store_image", saves)
    levels = [np.diff(one.measurements.histograms.offsets) for one in stored]
    return {
        "images": len(stored),
        "median_levels": float(np.median(np.concatenate(levels))),
        "file_bytes": (folder / RUN_FILE).stat().st_size,
        "bytes_per_object": (folder / RUN_FILE).stat().st_size / objects,
        **times,
    }


def refilter_at_once(folder: Path, objects: int, repeats: int) -> Measures:
    """Step: both stages on all histograms, nothing computed before; image by image as a check."""
    with RunStore.read(folder) as store:
        parts = [s.histograms for r in store.records() if (s := store.histograms(r)) is not None]
    histograms = ObjectHistograms.concatenate(parts)
    works = [lambda: int(filter_objects(histograms, FILTERS[0]).keep.sum())] * repeats
    times, kept = clocked("once", works)
    by_image = sum(int(filter_objects(part, FILTERS[0]).keep.sum()) for part in parts)
    return {**times, "kept": kept[0], "kept_by_image": by_image}


def refilter_from_memory(folder: Path, objects: int, repeats: int) -> Measures:
    """Step: the whole run is in memory, as in the window; another range, another threshold."""
    with closing(open_overview(folder)) as overview:
        overview.update()

        def kept(settings: FilterSettings) -> int:
            return overview.filter(settings).objects_kept

        kept(THRESHOLDS[0])
        ranges, found = clocked("range", [partial(kept, settings) for settings in FILTERS * repeats])
        kept(THRESHOLDS[0])
        thresholds, _ = clocked("threshold", [partial(kept, settings) for settings in THRESHOLDS * repeats])
    return {**ranges, **thresholds, "kept": found[0]}


def refilter_from_a_cold_file(folder: Path, objects: int, repeats: int) -> Measures:
    """Step: from nothing but the file to the filtered run."""

    def filtered() -> int:
        with closing(open_overview(folder)) as overview:
            overview.update()
            return overview.filter(FILTERS[0]).objects_kept

    result: Measures = {}
    each = []
    for _ in range(repeats):
        result["cache_dropped"] = forget_cached(folder / RUN_FILE)
        before = bytes_from_disk()
        times, kept = clocked("cold", [filtered])
        each.append(times)
        result |= {"bytes_from_disk": bytes_from_disk() - before, "kept": kept[0]}
    result |= {name: statistics.median(times[name] for times in each) for name in each[0]}
    return result | clocked("warm", [filtered] * repeats)[0]


def write_tables(folder: Path, objects: int, repeats: int) -> Measures:
    """Step: read every image from the file (warm by now), filter it and write its rows."""
    result: Measures = {}
    with open_run(folder) as run, tempfile.TemporaryDirectory(dir=folder.parent) as out:
        result["kept"] = run.filter(FILTERS[0]).export("csv", out=out).objects_kept
        everything = run.filter()
        no_pictures = Settings.model_validate({"output": {"pictures": False}})
        ways: dict[str, Callable[[], Any]] = {
            "objects_csv": lambda: everything.export("csv", out=out),
            "data_file": lambda: everything.export("txt", out=out),
            "all_tables": lambda: everything.write(out=out, settings=no_pictures),
        }
        for name, way in ways.items():
            result |= clocked(name, [way] * repeats)[0]
        tables = sorted(Path(out).glob("*/*.csv")) + sorted(Path(out).glob("*/*.txt"))
        result["files"] = {
            path.relative_to(out).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": digest(path),
            }
            for path in tables
        }
    return result


def digest(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


STEPS = (make, refilter_at_once, refilter_from_memory, refilter_from_a_cold_file, write_tables)


def draw_picture(folder: Path, objects: int, repeats: int) -> Measures:
    """Annotated pictures with so many objects: drawn, and written as PNG."""
    scenes = [annotated(draw(objects, seed=objects + number)) for number in range(repeats)]
    annotated(draw(5, seed=0))(label="values")  # fonts are loaded once
    result: Measures = {}
    for label in LABELS:
        times, pictures = clocked(f"draw_{label}", [partial(scene, label=label) for scene in scenes])
        result |= {**times, f"sha256_{label}": hashlib.sha256(pictures[0].tobytes()).hexdigest()}
    path = folder / "picture.png"
    result |= clocked("write_png", [partial(write_picture, path, picture) for picture in pictures])[0]
    height, width = pictures[0].shape[:2]
    return {**result, "width": width, "height": height, "png_bytes": path.stat().st_size}


def annotated(scene: tuple[np.ndarray, StoredObjects]) -> Callable[..., np.ndarray]:
    """What draws all objects of a scene on its image; the label is still to be chosen."""
    level, stored = scene
    rgb = np.repeat((level // 257).astype(np.uint8)[..., None], 3, axis=2)
    filtered = filter_objects(stored.measurements.histograms, FilterSettings())
    return partial(annotate, rgb, stored.masks, filtered)


# -------------------------------------------------------------------- how


def forget_cached(path: Path) -> bool:
    """Ask the system to drop what it holds of a file in memory. Returns whether there is a way to ask."""
    if not hasattr(os, "posix_fadvise"):
        return False
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


def bytes_from_disk() -> int:
    """What this process had the disk read so far (Linux; 0 elsewhere): shows how cold a file was."""
    counters = getattr(psutil.Process(), "io_counters", lambda: None)()
    return int(getattr(counters, "read_bytes", 0)) if sys.platform == "linux" else 0


def peak_memory() -> int:
    """Most bytes this process has held so far."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _child(step: Callable[..., Measures], arguments: tuple[Any, ...], answer: Any) -> None:
    held = peak_memory()
    measures = step(*arguments)
    answer.put({**measures, "start_mb": held / 1024**2, "peak_mb": peak_memory() / 1024**2})


def alone(step: Callable[..., Measures], *arguments: Any) -> Measures:
    """A step in a process of its own, with its peak memory."""
    context = multiprocessing.get_context("spawn")
    answer = context.SimpleQueue()
    child = context.Process(target=_child, args=(step, arguments, answer))
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(f"{step.__name__} ended with {child.exitcode}")
    return dict(answer.get())


def measure(sizes: list[int], pictures: list[int], *, repeats: int, place: Path | None) -> Measures:
    """All steps for every size. place: folder in which the runs are made, for a while."""
    rows = []
    for objects in sizes:
        with tempfile.TemporaryDirectory(dir=place) as folder:
            run = Path(folder) / "particles_SAM_HQ_Run"
            row: Measures = {"objects": objects}
            for step in STEPS:
                row[step.__name__] = alone(step, run, objects, repeats)
                print(f"{objects:>9} {step.__name__:26} {_in_words(row[step.__name__])}", flush=True)
            kept = {row[step.__name__]["kept"] for step in STEPS[1:]} | {
                row["refilter_at_once"]["kept_by_image"]
            }
            if len(kept) > 1:
                raise SystemExit(f"the ways to filter disagree on the objects kept: {kept}")
            rows.append(row)
    drawn = []
    with tempfile.TemporaryDirectory(dir=place) as folder:
        for objects in pictures:
            drawn.append({"objects": objects, **alone(draw_picture, Path(folder), objects, repeats)})
            print(f"{objects:>9} {'picture':26} {_in_words(drawn[-1])}", flush=True)
    return {"runs": rows, "pictures": drawn}


def _in_words(measures: Measures) -> str:
    numbers = {k: v for k, v in measures.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    return "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in numbers.items())


def machine() -> Measures:
    """Where and when, as other results are kept."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "load_at_start": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def main() -> None:
    """Measure, print and write down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sizes", type=_numbers, default="1000,10000,100000,1000000", help="objects of a run"
    )
    parser.add_argument(
        "--pictures", type=_numbers, default=list(OBJECTS_PER_PICTURE), help="objects of a picture"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--place", type=Path, help="folder for the runs; that of the system may lie in memory"
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    result = {
        "machine": machine(),
        **measure(given.sizes, given.pictures, repeats=given.repeats, place=given.place),
    }
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
