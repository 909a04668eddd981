"""How long the event loop of the window stands still: while a model loads, an image is segmented, a batch runs,
10,000 masks are panned, filtered and selected, and 600,000 objects of a run are filtered.

    python benchmarks/window_stalls.py [--json FILE]

A timer ticks every 2 ms; by how much each tick is late is the stall. Everything is real: the engine in its process,
the demo micrographs, events sent to the shown window (offscreen without a display). For the filters it also states
the milliseconds from a change to the picture, the counts and the table that show it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2
import numpy as np
from heartbeat import Heartbeat
from PyQt6.QtCore import QPoint, QPointF, QSettings, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from samhq import api
from samhq.gui.app import make_window
from samhq.gui.canvas import ImageCanvas
from samhq.gui.window import MainWindow
from samhq.masks import MaskTable

Report = dict[str, object]


def wait(condition: Callable[[], object], seconds: float = 900) -> None:
    """Let the event loop run until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the window did not get there")
        QTest.qWait(5)


def measured(heart: Heartbeat, work: Callable[[], object]) -> Report:
    """Stalls while some work goes on."""
    QTest.qWait(300)
    heart.start()
    work()
    return heart.stop()


def load_model(window: MainWindow) -> None:
    """Look at the model: the process starts, imports PyTorch and reads the weights."""
    seen: list[object] = []
    window.session.model_changed.connect(seen.append)
    window.session.look_at_model()
    wait(lambda: seen)


def generate(window: MainWindow, image: Path) -> None:
    """Open an image and find its masks, with the tab that shows them as they come."""
    window.show_tab("masks")
    window.session.open_paths([image])
    wait(lambda: window.session.image is not None and window.session.image.path == image)
    window.session.masks.generate()
    wait(lambda: not window.session.masks.is_generating)


def batch(window: MainWindow, folder: Path) -> None:
    """A batch from start to the written output."""
    window.session.run.set_source(folder)
    window.show_tab("batch")
    wait(lambda: window.session.run.plan is not None)
    window.session.run.start()
    wait(lambda: not window.session.run.is_running and not window.session.jobs.is_busy())


def crowd(folder: Path, side: int = 100) -> tuple[Path, MaskTable]:
    """An image with side x side round particles, and their masks."""
    step = 40
    image = np.full((side * step, side * step), 220, np.uint8)
    labels = np.zeros(image.shape, np.int32)
    rng = np.random.default_rng(0)
    for number in range(side * side):
        y, x = divmod(number, side)
        middle = (x * step + 20 + int(rng.integers(-3, 4)), y * step + 20 + int(rng.integers(-3, 4)))
        axes = (int(rng.integers(8, 15)), int(rng.integers(8, 15)))
        cv2.ellipse(labels, middle, axes, float(rng.integers(180)), 0, 360, number + 1, -1)
        cv2.ellipse(image, middle, axes, 0, 0, 360, int(rng.integers(30, 150)), -1)
    path = folder / "crowd.png"
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    runs = _masks_of(labels)
    return path, runs


def _masks_of(labels: np.ndarray) -> MaskTable:
    """As MaskTable.from_labels, which looks at the whole image for every label, but box by box."""
    from samhq.masks import runs_from_crop

    height, width = labels.shape
    runs = []
    for number in range(1, int(labels.max()) + 1):
        y, x = divmod(number - 1, width // 40)
        y0, x0 = y * 40, x * 40
        crop = labels[y0 : y0 + 40, x0 : x0 + 40] == number
        runs.append(runs_from_crop(crop, x0=x0, y0=y0, height=height, width=width))
    return MaskTable.from_runs(runs, height=height, width=width)


def show_crowd(window: MainWindow, path: Path, masks: MaskTable) -> None:
    """Put the masks into the document as a generation would."""
    from samhq.gui.mask_document import Binding
    from samhq.gui.mask_state import MaskState
    from samhq.measure import measure_objects

    window.show_tab("masks")
    window.session.open_paths([path])
    wait(lambda: window.session.image is not None and window.session.image.path == path)
    document = window.session.masks
    image = window.session.image.image
    objects = document.new_objects(masks, api.outlines(masks), measure_objects(image.level, masks))
    none = np.zeros(len(masks), np.bool_)
    document._put(MaskState(objects, none, none, binding=Binding(path, window.session.settings)))
    window.session.undo.clear()
    QTest.qWait(500)


def canvas_of(window: MainWindow) -> ImageCanvas:
    """The canvas of the masks tab."""
    return next(c for c in window.page("masks").findChildren(ImageCanvas) if c.isVisible())


def pan(window: MainWindow, frames: int = 200) -> float:
    """Drag the image about. Returns frames a second."""
    canvas = canvas_of(window)
    target = canvas.viewport()
    middle = QPoint(target.width() // 2, target.height() // 2)
    none = Qt.KeyboardModifier.NoModifier
    for turn in (120, 120, 120):
        event = QWheelEvent(
            QPointF(middle),
            QPointF(middle),
            QPoint(),
            QPoint(0, turn),
            Qt.MouseButton.NoButton,
            none,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(target, event)
    started = time.perf_counter()
    QTest.mousePress(target, Qt.MouseButton.MiddleButton, none, middle)
    for frame in range(frames):
        QTest.mouseMove(target, middle + QPoint(int(90 * np.sin(frame / 9)), int(70 * np.cos(frame / 7))))
        target.repaint()
        QApplication.processEvents()
    QTest.mouseRelease(target, Qt.MouseButton.MiddleButton, none, middle)
    return frames / (time.perf_counter() - started)


def filter_masks(window: MainWindow, steps: int = 60) -> list[float]:
    """Drag two thresholds. Returns the milliseconds from each change until all is shown."""
    times = []
    for step in range(steps):
        before = time.perf_counter()
        if step % 2:
            window.session.set_filter(min_area=200 + 5 * step)
        else:
            window.session.set_filter(min_aggregation=20 + step / 2)
        window.page("masks").repaint()
        QApplication.processEvents()
        canvas_of(window).viewport().repaint()
        times.append((time.perf_counter() - before) * 1000)
    return times


def main() -> None:
    """Measure every phase and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--points", type=int, default=16, help="points per side")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        result = run(Path(name), arguments.points)
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


def run(folder: Path, points: int) -> Report:
    """All phases in one window."""
    slides = folder / "slides"
    shutil.copytree(api.sample_folder(), slides, ignore=shutil.ignore_patterns("*.md"))
    window = make_window(QSettings(str(folder / "memory.ini"), QSettings.Format.IniFormat))
    window.resize(1280, 800)
    window.show()
    window.begin([])
    wait(
        lambda: (
            all(page.view is not None for page in window.pages.values()) and not window.session.jobs.jobs()
        )
    )
    QTest.qWait(2500)  # the start is over: all tabs are made, libraries are loaded
    for lane in list(window.session.jobs._engines):  # the model is to be loaded while it is measured
        window.session.jobs._engines.pop(lane).shut()
    heart = Heartbeat()
    window.session.set_draft("segmentation", "points_per_side", points)
    window.session.apply_draft()
    wait(lambda: not window.session.jobs.is_busy())
    result: Report = {}
    result["idle"] = measured(heart, lambda: QTest.qWait(3000))
    result["model load"] = measured(heart, lambda: load_model(window))
    result["generation"] = measured(heart, lambda: generate(window, slides / "histology" / "nuclei_4.png"))
    result["batch"] = measured(heart, lambda: batch(window, slides))
    path, masks = crowd(folder)
    show_crowd(window, path, masks)
    frames: list[float] = []
    result[f"{len(masks)} masks, pan"] = measured(heart, lambda: frames.append(pan(window)))
    result["frames_per_second"] = round(frames[0], 1)
    times: list[float] = []
    result[f"{len(masks)} masks, filter"] = measured(heart, lambda: times.extend(filter_masks(window)))
    result["filter_ms"] = {"median": round(statistics.median(times), 1), "worst": round(max(times), 1)}
    window._may_close = True
    window.close()
    return result


if __name__ == "__main__":
    sys.exit(main())
