"""kill -9 at random moments of a run, resume, compare the tables with those of an undisturbed run.

python benchmarks/kill_resume.py --kills 200 --images 30

The model is the starter told to look at 128 instead of 512 pixels: the same code, sooner done.
Each round starts `samhq run` afresh on the same small images, kills its process without warning at a
random moment between its start and the end of an undisturbed run, starts the same command again and
compares every table byte by byte.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from safetensors import safe_open
from safetensors.torch import save_file

import samhq

FLAGS = [
    "--points-per-side",
    "2",
    "--pred-iou-thresh",
    "0",
    "--stability-score-thresh",
    "0",
    "--threads",
    "1",
]
FILTER = ["--min-area", "3", "--max-aggregation", "95"]


def make_images(folder: Path, count: int) -> None:
    """Small pictures with dark spots, in subfolders."""
    rng = np.random.default_rng(1)
    for number in range(count):
        picture = rng.normal(210, 6, (64, 64)).clip(0, 255).astype(np.uint8)
        for _ in range(4):
            x, y, radius = (int(v) for v in rng.integers(6, 58, 3))
            cv2.circle(picture, (x, y), 2 + radius % 6, int(rng.integers(20, 120)), -1)
        path = folder / f"tray {number % 3}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def make_model(path: Path) -> None:
    """A copy of the starter for a smaller input."""
    starter = Path(samhq.__file__).parent / "models" / "starter.safetensors"
    with safe_open(starter, "pt") as source:
        metadata = {**source.metadata(), "image_size": "128"}
        save_file({name: source.get_tensor(name) for name in source.keys()}, path, metadata)  # noqa: SIM118


def child(arguments: list[str], log: str) -> None:
    """Run the command line in this process."""
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(target, 1)
    os.dup2(target, 2)
    from samhq.cli import main

    os._exit(main(arguments))


def run(context, source: Path, out: Path, *, kill_after: float | None = None) -> tuple[int | None, float]:
    """Start the command; kill it after some seconds. Returns its exit code and how long it lived."""
    model = ["--model", str(source.parent / "small.safetensors")]
    arguments = ["run", str(source), "--out", str(out), "--quiet", *model, *FLAGS, *FILTER]
    process = context.Process(target=child, args=(arguments, str(out.parent / "log.txt")))
    started = time.monotonic()
    process.start()
    if kill_after is not None:
        process.join(kill_after)
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
    process.join()
    return process.exitcode, time.monotonic() - started


def tables(out: Path) -> dict[str, bytes]:
    """Every table of the output folder, by name."""
    (folder,) = out.glob("*_Output_*")
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in (".csv", ".txt", ".json")}


def images_done(out: Path) -> int:
    """Images in the store of a killed run, read as the next start would."""
    store = next(out.glob("*_Run/run.sqlite"), None)
    if store is None:
        return 0
    connection = sqlite3.connect(store)
    try:
        return connection.execute("SELECT count(*) FROM image WHERE status = 'done'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # killed before the tables were made
    finally:
        connection.close()


def main() -> int:
    """Kill, resume, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--images", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parsed = parser.parse_args()
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(
        ["torch", "samhq.api", "samhq.segmentation.generator", "samhq.network.checkpoint"]
    )
    moments = random.Random(parsed.seed)
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "slides", Path(folder) / "out"
        make_images(source, parsed.images)
        make_model(source.parent / "small.safetensors")
        run(context, source, out)  # warms the fork server and the disk
        shutil.rmtree(out)
        code, seconds = run(context, source, out)
        expected = tables(out)
        rows = expected["objects.csv"].count(b"\r\n") - 1
        print(
            f"undisturbed: exit {code}, {seconds:.1f} s, {len(expected)} tables, {rows} objects", flush=True
        )
        done_at_kill, wrong, alive = Counter(), 0, 0
        for number in range(1, parsed.kills + 1):
            shutil.rmtree(out)
            code, _ = run(context, source, out, kill_after=moments.uniform(0, seconds))
            alive += code != -signal.SIGKILL
            done_at_kill[images_done(out)] += 1
            code, _ = run(context, source, out)
            same = code == 0 and tables(out) == expected
            wrong += not same
            if not same or number % 20 == 0:
                print(f"{number}/{parsed.kills}: {'DIFFERENT' if not same else 'equal so far'}", flush=True)
        print(f"{parsed.kills} kills, {alive} came after the end; tables differ in {wrong}")
        print("images done when killed:", ", ".join(f"{k}: {v}x" for k, v in sorted(done_at_kill.items())))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
