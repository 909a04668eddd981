"""kill -9 of the window in the middle of a batch, start again, Resume: the tables must be those of an undisturbed run.

    python benchmarks/kill_window.py [--kills 3] [--images 8]

The window is started on a folder of demo micrographs and told to start; after some images are stored its process is
killed. That is repeated; then it is started a last time, resumes and writes its output. The command line does the
same folder undisturbed. States what differs (goal: nothing) and whether processes outlived the window (goal: none).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from samhq import api

POINTS = 8


def child(folder: Path) -> None:
    """In the process that is killed: a window that starts a batch, and closes when it is done."""
    from PyQt6.QtCore import QSettings, QTimer

    from samhq.gui.app import make_application, make_window

    application = make_application()
    window = make_window(QSettings(str(folder.parent / "memory.ini"), QSettings.Format.IniFormat))
    window.show()
    session = window.session
    session.set_draft("segmentation", "points_per_side", POINTS)
    session.apply_draft()
    session.open_paths([folder])

    def begin() -> None:
        if session.run.plan is None:
            QTimer.singleShot(100, begin)
            return
        print(f"planned: {session.run.plan.done} done before", flush=True)
        session.run.start()
        QTimer.singleShot(200, finish)

    def finish() -> None:
        if session.run.is_running or session.jobs.is_busy():
            QTimer.singleShot(100, finish)
            return
        print("finished", flush=True)
        window.close()

    QTimer.singleShot(0, begin)
    application.exec()


def stored(run: Path) -> int:
    """Images in a run file."""
    try:
        with sqlite3.connect(f"file:{run / 'run.sqlite'}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM objects").fetchone()[0])
    except sqlite3.Error:
        return 0


def start(folder: Path) -> subprocess.Popen[str]:
    """The window in a process of its own."""
    env = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    return subprocess.Popen(
        [sys.executable, __file__, "--child", str(folder)], env=env, stdout=subprocess.PIPE, text=True
    )


def main() -> None:
    """Kill, resume, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--child", type=Path)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        result = trial(Path(name), arguments.kills, arguments.images)
    print(json.dumps(result, indent=2))
    sys.exit(0 if not result["different"] and not result["survivors"] else 1)


def trial(folder: Path, kills: int, images: int) -> dict[str, object]:
    """One folder through the killed window, its twin through the command line."""
    slides = folder / "killed" / "slides"
    slides.mkdir(parents=True)
    samples = api.sample_images()
    for number in range(images):
        sample = samples[number % len(samples)]
        shutil.copy(sample, slides / f"{number:02d}_{sample.name}")
    shutil.copytree(slides, folder / "calm" / "slides")
    run = slides.parent / "slides_SAM_HQ_Run"
    survivors = 0
    at = []
    for kill in range(kills):
        goal = stored(run) + 1 + kill % 2
        window = start(slides)
        while stored(run) < min(goal, images - 1) and window.poll() is None:
            time.sleep(0.02)
        family = psutil.Process(window.pid).children(recursive=True)
        window.send_signal(signal.SIGKILL)
        window.wait()
        at.append(stored(run))
        time.sleep(1)
        survivors += sum(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family)
    last = start(slides)
    said = last.communicate(timeout=1800)[0]
    command = [
        sys.executable,
        "-m",
        "samhq",
        "run",
        str(folder / "calm" / "slides"),
        "--points-per-side",
        str(POINTS),
    ]
    subprocess.run(command, check=True, capture_output=True)
    ours, theirs = (tables(folder / side) for side in ("killed", "calm"))
    return {
        "kills": kills,
        "images_stored_at_each_kill": at,
        "last_window": said.split("\n")[:2],
        "files_compared": sorted(ours),
        "different": sorted(n for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n)),
        "survivors": survivors,
    }


def tables(folder: Path) -> dict[str, bytes]:
    """Tables and pictures of the output, by name."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if "_SAM_HQ_Output_" in p.as_posix() and p.suffix in (".csv", ".txt", ".png")
    }


if __name__ == "__main__":
    main()
