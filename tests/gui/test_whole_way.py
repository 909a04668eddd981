"""One user, one window, all four tabs with mouse and keyboard: from a micrograph to files, with the real engine."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from PyQt6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, QSettings, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDoubleSpinBox,
    QFileDialog,
    QMenu,
    QSpinBox,
    QWidget,
)

from samhq import api
from samhq.gui.app import make_window

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def slides(tmp_path):
    """A folder with two micrographs."""
    folder = tmp_path / "slides"
    folder.mkdir()
    for name in ("histology/nuclei_4.png", "fluorescence/nuclei_1.png"):
        shutil.copy(api.sample_folder() / name, folder)
    return folder


@pytest.fixture
def window(qtbot, tmp_path):
    before = sys.excepthook
    made = make_window(QSettings(str(tmp_path / "memory.ini"), QSettings.Format.IniFormat))
    made.resize(1280, 800)
    made.show()
    made.activateWindow()
    with qtbot.waitActive(made):
        pass
    yield made
    made._may_close = True
    made.close()
    sys.excepthook = before
    made.deleteLater()


class OtherWindows(QObject):
    """Notes what is shown as a window of its own; the main window is to stay the only one."""

    def __init__(self):
        super().__init__()
        self.names = []

    def eventFilter(self, watched, event):  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.names.append(f"{type(watched).__name__} {watched.objectName()}")
        return False


def view(window):
    return window.page(window.session.current_tab).view


def press(qtbot, window, name):
    """Click a button in its middle, as far as it can be seen."""
    button = view(window).findChild(QAbstractButton, name)
    qtbot.waitUntil(button.isEnabled, timeout=60000)
    qtbot.mouseClick(button, LEFT)


def enter(qtbot, window, name, text):
    """Type a number into the control of a setting, taking it from "off" first."""
    tab = view(window)
    off = tab.findChild(QAbstractButton, f"{name}_off")
    if off is not None and off.isChecked():
        qtbot.mouseClick(off, LEFT, pos=QPoint(8, off.height() // 2))
    box = tab.findChild(QDoubleSpinBox, name) or tab.findChild(QSpinBox, name)
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Tab)


def drop(window, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(60, 60), copy, data, LEFT, NONE))
    QApplication.sendEvent(window, QDropEvent(QPointF(60, 60), copy, data, LEFT, NONE))


def go_to(qtbot, window, number):
    qtbot.keyClick(window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)


def answer(monkeypatch, method, path):
    """What the user would choose in the next file dialog."""
    result = str(path) if method == "getExistingDirectory" else (str(path), "")
    monkeypatch.setattr(QFileDialog, method, staticmethod(lambda *a, **k: result))


def choose_parameters(qtbot, window):
    go_to(qtbot, window, 4)
    enter(qtbot, window, "points_per_side", "6")
    assert window.session.settings.segmentation.points_per_side == 32
    assert window.session.unapplied() == [("segmentation", "points_per_side")]
    press(qtbot, window, "apply_button")
    assert window.session.settings.segmentation.points_per_side == 6


def analyse(qtbot, window, monkeypatch, tmp_path, image):
    go_to(qtbot, window, 1)
    drop(window, image)
    qtbot.waitUntil(lambda: window.session.analysis.distribution is not None, timeout=20000)
    level = api.read_image(image, window.session.settings).level
    assert window.session.analysis.distribution.pixels == level.size
    for suffix in ("png", "pdf", "svg"):
        chart = tmp_path / f"chart.{suffix}"
        answer(monkeypatch, "getSaveFileName", chart)
        press(qtbot, window, "save_chart_button")
        qtbot.waitUntil(chart.exists, timeout=30000)
    with Image.open(tmp_path / "chart.png") as picture:
        assert picture.size[0] > 400
    assert (tmp_path / "chart.pdf").read_bytes().startswith(b"%PDF")
    assert b"<svg" in (tmp_path / "chart.svg").read_bytes()


def segment(qtbot, window, monkeypatch, tmp_path):
    go_to(qtbot, window, 2)
    press(qtbot, window, "generate_button")
    document = window.session.masks
    qtbot.waitUntil(lambda: document.masks is not None and not document.is_generating, timeout=60000)
    masks = document.masks
    target = int(np.argmax(masks.areas()))
    ys, xs = np.nonzero(masks.mask(target))
    middle = np.argmin((xs - xs.mean()) ** 2 + (ys - ys.mean()) ** 2)
    canvas = view(window).canvas
    place = canvas.mapFromScene(QPointF(xs[middle] + 0.5, ys[middle] + 0.5))
    qtbot.mouseClick(canvas.viewport(), LEFT, NONE, place)
    chosen = masks.hit(int(xs[middle]), int(ys[middle]))[0]
    assert np.flatnonzero(document.selected).tolist() == [chosen]
    press(qtbot, window, "calculate_button")
    answer(monkeypatch, "getExistingDirectory", tmp_path / "from the window")
    menu = view(window).findChild(QMenu, "export_menu")
    next(a for a in menu.actions() if a.objectName() == "export_csv").trigger()
    qtbot.waitUntil(
        lambda: (
            bool(list((tmp_path / "from the window").rglob("settings.json")))
            or bool(list((tmp_path / "from the window").rglob("images.csv")))
        ),
        timeout=30000,
    )
    table = pd.read_csv(next((tmp_path / "from the window").rglob("objects.csv")))
    assert len(table) == 1
    assert table.loc[0, "area_px"] == masks.areas()[chosen]
    assert table.loc[0, "intensity"] == document.filtered.intensity[chosen]


def batch(qtbot, window, tmp_path, slides):
    drop(window, slides)
    qtbot.waitUntil(lambda: window.session.current_tab == "batch", timeout=5000)
    run = window.session.run
    qtbot.waitUntil(lambda: run.plan is not None, timeout=30000)
    assert run.plan.waiting == 2
    press(qtbot, window, "start_button")
    qtbot.waitUntil(lambda: run.is_running, timeout=5000)
    qtbot.waitUntil(lambda: not run.is_running and not window.session.jobs.is_busy(), timeout=120000)
    qtbot.waitUntil(lambda: run.look is not None and run.look.found > 0, timeout=20000)
    before = run.look.kept
    enter(qtbot, window, "min_area", "400")
    qtbot.waitUntil(lambda: run.look.view.settings.min_area == 400, timeout=5000)
    assert 0 < run.look.kept < before
    press(qtbot, window, "export_button")
    ours = slides.parent / "slides_SAM_HQ_Output_A=400_Agg=0-100"
    qtbot.waitUntil((ours / "settings.json").exists, timeout=60000)
    command = [
        sys.executable,
        "-m",
        "samhq",
        "run",
        str(slides),
        "--points-per-side",
        "6",
        "--min-area",
        "400",
    ]
    subprocess.run([*command, "--out", str(tmp_path / "cli")], check=True, capture_output=True, timeout=120)
    theirs = tmp_path / "cli" / ours.name
    for name in ("objects.csv", "images.csv", "slides_SAM_HQ_Numerical_Data.txt"):
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name
    assert len(pd.read_csv(ours / "objects.csv")) == run.look.kept


def configure(qtbot, window, monkeypatch, tmp_path):
    session = window.session
    chosen = session.settings
    answer(monkeypatch, "getSaveFileName", tmp_path / "mine.json")
    qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert (tmp_path / "mine.json").exists()
    go_to(qtbot, window, 4)
    press(qtbot, window, "reset_button")
    press(qtbot, window, "apply_button")
    session.set_filter(min_area=None)
    assert session.settings.segmentation.points_per_side == 32
    answer(monkeypatch, "getOpenFileName", tmp_path / "mine.json")
    qtbot.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert session.settings == chosen
    assert session.settings.segmentation.points_per_side == 6
    assert session.filter.min_area == 400


def test_from_a_micrograph_to_files_through_all_tabs(qtbot, window, monkeypatch, tmp_path, slides):
    (tmp_path / "from the window").mkdir()
    watcher = OtherWindows()
    QApplication.instance().installEventFilter(watcher)
    choose_parameters(qtbot, window)
    analyse(qtbot, window, monkeypatch, tmp_path, slides / "nuclei_4.png")
    segment(qtbot, window, monkeypatch, tmp_path)
    batch(qtbot, window, tmp_path, slides)
    QApplication.instance().removeEventFilter(watcher)
    assert watcher.names == []
    window.activateWindow()  # offscreen it was lost to nobody
    configure(qtbot, window, monkeypatch, tmp_path)
