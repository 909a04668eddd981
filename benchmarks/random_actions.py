"""Random clicking, typing, resizing and dropping on the window for a long time: nothing may break.

    python benchmarks/random_actions.py [--minutes 30] [--actions 2000] [--seed 1] [--json FILE]

Goes on until both the minutes and the actions are reached. Everything happens in a copy of the demo micrographs in
a temporary folder, among broken files, with the real engine. Afterwards it states: exceptions that nobody caught
(goal 0), how long the event loop stood still at most, threads and processes left after the window closed, and how
memory grew over the second half (MB per 1,000 actions, of the window's process).
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import psutil
from heartbeat import Heartbeat
from PyQt6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QTimer, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from samhq import api
from samhq.gui.app import make_window

KEYS = [
    *(getattr(Qt.Key, f"Key_{name}") for name in "ABXZR123"),
    *(
        getattr(Qt.Key, f"Key_{name}")
        for name in (
            "Tab",
            "Escape",
            "Return",
            "Delete",
            "Space",
            "Left",
            "Right",
            "Up",
            "Down",
            "Home",
            "End",
        )
    ),
]
SHORTCUTS = ["1", "2", "3", "4", "Z", "Y", "A"]


class Monkey:
    """Does one random thing after another to a window."""

    def __init__(self, window: QWidget, folder: Path, seed: int) -> None:
        self.window = window
        self.folder = folder
        self.random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.trace: list[str] = []
        self.errors: list[str] = []
        self.actions = [
            (self.click, 40),
            (self.drag, 12),
            (self.type_key, 15),
            (self.type_text, 6),
            (self.wheel, 8),
            (self.shortcut, 8),
            (self.resize, 3),
            (self.drop, 2),
            (self.right_click, 5),
            (self.double_click, 3),
        ]

    def act(self) -> None:
        action = self.random.choices([a for a, _ in self.actions], [w for _, w in self.actions])[0]
        self.done[action.__name__] += 1
        try:
            action()
        except RuntimeError as error:  # the widget went away between choosing and clicking
            if "deleted" not in str(error):
                raise

    def target(self) -> QWidget:
        root = QApplication.activePopupWidget() or QApplication.activeModalWidget() or self.window
        children = [
            w
            for w in root.findChildren(QWidget)
            if w.isVisible() and w.isEnabled() and w.width() > 2 and w.height() > 2
        ]
        return self.random.choice(children) if children else root

    def place(self, widget: QWidget) -> QPoint:
        return QPoint(self.random.randrange(widget.width()), self.random.randrange(widget.height()))

    def note(self, what: str, widget: QWidget) -> None:
        self.trace.append(f"{what} {type(widget).__name__} {widget.objectName()}")
        del self.trace[:-40]

    def click(self) -> None:
        widget = self.target()
        self.note("click", widget)
        keys = self.random.choice(
            [Qt.KeyboardModifier.NoModifier] * 4
            + [Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier]
        )
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, keys, self.place(widget))

    def double_click(self) -> None:
        widget = self.target()
        self.note("double click", widget)
        QTest.mouseDClick(
            widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, self.place(widget)
        )

    def right_click(self) -> None:
        widget = self.target()
        self.note("right click", widget)
        QTest.mouseClick(
            widget, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, self.place(widget)
        )

    def drag(self) -> None:
        widget = self.target()
        self.note("drag", widget)
        button = self.random.choice(
            [Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton]
        )
        QTest.mousePress(widget, button, Qt.KeyboardModifier.NoModifier, self.place(widget))
        for _ in range(self.random.randrange(1, 8)):
            QTest.mouseMove(widget, self.place(widget))
        QTest.mouseRelease(widget, button, Qt.KeyboardModifier.NoModifier, self.place(widget))

    def type_key(self) -> None:
        widget = QApplication.focusWidget() or self.target()
        self.note("key", widget)
        QTest.keyClick(widget, self.random.choice(KEYS))

    def type_text(self) -> None:
        widget = QApplication.focusWidget() or self.target()
        self.note("text", widget)
        QTest.keyClicks(widget, self.random.choice(["0", "17", "-3", "99999999", "abc", "1e9", ".5", "size"]))

    def wheel(self) -> None:
        widget = self.target()
        self.note("wheel", widget)
        place = QPointF(self.place(widget))
        turn = QPoint(0, self.random.choice([-960, -120, 120, 960]))
        none = Qt.KeyboardModifier.NoModifier
        event = QWheelEvent(
            place,
            widget.mapToGlobal(place),
            QPoint(),
            turn,
            Qt.MouseButton.NoButton,
            none,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)

    def shortcut(self) -> None:
        key = self.random.choice(SHORTCUTS)
        self.trace.append(f"Ctrl+{key}")
        QTest.keyClick(self.window, getattr(Qt.Key, f"Key_{key}"), Qt.KeyboardModifier.ControlModifier)

    def resize(self) -> None:
        self.window.resize(self.random.randrange(300, 2200), self.random.randrange(300, 1400))

    def drop(self) -> None:
        path = self.random.choice(sorted(self.folder.rglob("*")))
        self.trace.append(f"drop {path.name}")
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        copy = Qt.DropAction.CopyAction
        # Qt delivers a drop only to what a drag has entered before.
        QApplication.sendEvent(self.window, QDragEnterEvent(QPoint(20, 20), copy, data, left, none))
        QApplication.sendEvent(self.window, QDropEvent(QPointF(20, 20), copy, data, left, none))


def materials(folder: Path) -> None:
    """Micrographs, broken files and configurations to drop."""
    shutil.copytree(api.sample_folder(), folder / "slides")
    (folder / "slides" / "broken.png").write_bytes(b"\x89PNG nothing")
    (folder / "empty").mkdir()
    (folder / "empty.tif").write_bytes(b"")
    (folder / "notes.txt").write_text("no image", encoding="utf-8")
    (folder / "fake.pth").write_bytes(b"no model")
    quick = {"schema_version": 2, "segmentation": {"points_per_side": 6}}
    (folder / "quick.json").write_text(json.dumps(quick), encoding="utf-8")
    (folder / "odd.json").write_text('{"filter": {"min_area": -4, "moon": 1}}', encoding="utf-8")


def keep_dialogs_away(window: QWidget) -> None:
    """A file chooser or question that stays open would end the test: answer each after a while."""
    dialog = QApplication.activeModalWidget()
    if dialog is not None and dialog is not window:
        if isinstance(dialog, QFileDialog):
            dialog.reject()
        else:
            buttons = [
                b
                for b in dialog.findChildren(QWidget)
                if b.inherits("QPushButton") and "Stop" not in b.text()
            ]
            if buttons:
                QTest.mouseClick(buttons[-1], Qt.MouseButton.LeftButton)
    popup = QApplication.activePopupWidget()
    if isinstance(popup, QMenu) and random.random() < 0.3:
        popup.close()


def main() -> None:
    """Run the monkey and print what became of the window."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--actions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        os.environ["HOME"] = os.environ["XDG_CONFIG_HOME"] = name
        os.chdir(name)
        result = run(arguments, Path(name) / "things")
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    sys.exit(1 if result["exceptions"] or result["threads_left"] or result["processes_left"] else 0)


def give_back() -> None:
    """Let go of what is only kept for later use: what remains is what the window really holds."""
    gc.collect()
    if sys.platform.startswith("linux"):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def run(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """One session of the monkey. Returns what is to be stated."""
    folder.mkdir()
    materials(folder)
    memory_file = QSettings(str(folder.parent / "memory.ini"), QSettings.Format.IniFormat)
    window = make_window(memory_file)
    monkey = Monkey(window, folder, arguments.seed)
    shown = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: object) -> None:
        monkey.errors.append(f"{kind.__name__}: {error} after {monkey.trace[-5:]}")
        shown(kind, error, trace)

    sys.excepthook = hook
    window.show()
    window.session.load_configuration(folder / "quick.json")
    guard = QTimer()
    guard.timeout.connect(lambda: keep_dialogs_away(monkey.window))
    guard.start(400)
    heart = Heartbeat()
    heart.start()
    process = psutil.Process()
    threads_before = threading.active_count()
    memory: list[tuple[int, float]] = []
    started = time.monotonic()
    number = 0
    while number < arguments.actions or time.monotonic() - started < arguments.minutes * 60:
        monkey.act()
        number += 1
        QTest.qWait(monkey.random.choice([1, 5, 20, 100]))
        if not monkey.window.isVisible():  # it closed the window: a user would start it again
            monkey.window.deleteLater()
            monkey.window = make_window(memory_file)
            sys.excepthook = hook
            monkey.window.show()
        if number % 100 == 0:
            give_back()
            memory.append((number, process.memory_info().rss / 1e6))
            print(
                f"{number} actions, {memory[-1][1]:.0f} MB, {len(monkey.errors)} exceptions",
                file=sys.stderr,
                flush=True,
            )
    pulse = heart.stop()
    guard.stop()
    keep_dialogs_away(monkey.window)
    monkey.window._may_close = True
    monkey.window.close()
    QTest.qWait(2500)
    half = np.array(memory[len(memory) // 2 :])
    slope = float(np.polyfit(half[:, 0], half[:, 1], 1)[0] * 1000) if len(half) > 2 else 0.0
    return {
        "actions": number,
        "minutes": round((time.monotonic() - started) / 60, 1),
        "kinds": dict(monkey.done),
        "exceptions": monkey.errors,
        "event_loop": pulse,
        "threads_left": max(0, threading.active_count() - threads_before),
        "processes_left": len(
            [c for c in process.children(recursive=True) if "resource_tracker" not in " ".join(c.cmdline())]
        ),
        "memory_mb": [round(memory[0][1]), round(memory[-1][1])] if memory else [],
        "memory_mb_per_1000_actions_second_half": round(slope, 2),
    }


if __name__ == "__main__":
    main()
