"""The running job, the model and the system at the bottom of the window."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from samhq.gui import strip
from samhq.gui.bars import JobStrip, ModelChip
from samhq.gui.gpu_probe import GpuReading
from samhq.gui.jobs import JobRunner, Lane
from samhq.gui.monitor import Sample, SystemStrip
from samhq.monitor import Event, Monitor

GB = 1024**3


def child(widget: QWidget, name: str) -> QPushButton:
    found = widget.findChild(QWidget, name)
    assert found is not None, name
    return found  # type: ignore[return-value]


def press(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


class SomeJob(QObject):
    """A job as the strip sees it."""

    progress = pyqtSignal(object)
    finished = pyqtSignal()

    def __init__(self, title: str = "Batch on plate_07") -> None:
        super().__init__()
        self.title = title
        self.stopping = False
        self.on_stop: Callable[[], None] = lambda: None

    def stop(self) -> None:
        self.stopping = True
        self.on_stop()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(strip.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def job_strip(qtbot: QtBot) -> JobStrip:
    made = JobStrip()
    qtbot.addWidget(made)
    made.resize(600, 34)
    made.show()
    return made


def run(job: SomeJob, clock: list[float], *, upto: int, total: int, each_s: float) -> None:
    for done in range(upto + 1):
        job.progress.emit(Event("segment", done=done, total=total, item=f"img_{done}.tif"))
        clock[0] += each_s
    clock[0] -= each_s


def test_nothing_runs_at_first(job_strip: JobStrip) -> None:
    assert job_strip.text() == "Ready"
    assert not child(job_strip, "stop_button").isVisible()
    assert job_strip.findChild(QProgressBar) is not None
    assert not child(job_strip, "job_bar").isVisible()


def test_a_job_is_shown_with_item_count_and_time(job_strip: JobStrip, clock: list[float]) -> None:
    job = SomeJob()
    job_strip.set_job(job)
    assert child(job_strip, "stop_button").isVisible()
    bar = job_strip.findChild(QProgressBar)
    assert bar is not None
    assert (bar.minimum(), bar.maximum()) == (0, 0), "no end is known yet"
    run(job, clock, upto=12, total=100, each_s=5)
    assert job_strip.text() == "Batch on plate_07: img_12.tif 12/100 · 7 min left"
    assert bar.value() / bar.maximum() == pytest.approx(0.12)
    assert "12/100" in job_strip.accessibleDescription()
    assert "plate_07" in child(job_strip, "stop_button").accessibleName()


def test_a_single_image_is_shown_in_percent(job_strip: JobStrip, clock: list[float]) -> None:
    job = SomeJob("Finding masks in cells.png")
    job_strip.set_job(job)
    for part in range(9):
        clock[0] = part * 2.0
        job.progress.emit(Event("segment", item="cells.png", part=part, parts=32))
    assert job_strip.text() == "Finding masks in cells.png 25 % · 50 s left"


def test_a_message_changes_nothing(job_strip: JobStrip, clock: list[float]) -> None:
    job = SomeJob()
    job_strip.set_job(job)
    run(job, clock, upto=12, total=100, each_s=5)
    before = job_strip.text()
    job.progress.emit(Event("segment", message="odd.tif: 3 pages", level="warning"))
    assert job_strip.text() == before


def test_stop_is_said_at_once(job_strip: JobStrip, clock: list[float]) -> None:
    job = SomeJob()
    job_strip.set_job(job)
    run(job, clock, upto=12, total=100, each_s=5)
    button = child(job_strip, "stop_button")
    said: list[str] = []
    job.on_stop = lambda: said.append(button.text())
    press(button)
    assert said == ["Stopping…"]
    assert job.stopping
    assert not button.isEnabled()
    job.progress.emit(Event("segment", done=13, total=100))
    assert button.text() == "Stopping…"
    assert "left" not in job_strip.text()
    job.finished.emit()
    assert job_strip.job is None
    assert job_strip.text() == "Ready"


def test_a_job_that_ends_while_it_is_stopped_frees_the_button_for_the_next(job_strip: JobStrip) -> None:
    first, second = SomeJob("first"), SomeJob("second")
    job_strip.set_job(first)

    def end() -> None:
        first.finished.emit()
        job_strip.set_job(second)

    first.on_stop = end
    button = child(job_strip, "stop_button")
    press(button)
    assert job_strip.job is second
    assert button.isEnabled()
    assert button.text() == "Stop"
    assert not second.stopping


def test_a_stop_from_elsewhere_is_noticed(job_strip: JobStrip, qtbot: QtBot) -> None:
    job = SomeJob()
    job_strip.set_job(job)
    job.stop()
    qtbot.waitUntil(lambda: child(job_strip, "stop_button").text() == "Stopping…", timeout=2000)


def test_an_earlier_job_no_longer_speaks(job_strip: JobStrip) -> None:
    first, second = SomeJob("first"), SomeJob("second")
    job_strip.set_job(first)
    job_strip.set_job(second)
    first.progress.emit(Event("segment", done=5, total=9))
    first.finished.emit()
    assert job_strip.job is second
    assert job_strip.text() == "second"


def test_a_job_that_was_deleted_is_let_go(job_strip: JobStrip, qtbot: QtBot) -> None:
    job = SomeJob()
    job_strip.set_job(job)
    job.deleteLater()
    qtbot.wait(20)
    job_strip.set_job(None)
    assert job_strip.text() == "Ready"


def test_a_real_job_is_shown_and_stopped(job_strip: JobStrip, qtbot: QtBot) -> None:
    running = threading.Event()

    def work(*, monitor: Monitor, partial: object) -> None:
        for done in range(10_000):
            monitor.report(Event("segment", done=done, total=10_000))
            monitor.check()
            running.set()
            time.sleep(0.002)

    runner = JobRunner()
    try:
        job = runner.submit("Counting", Lane.LIGHT, work)
        job_strip.set_job(job)
        qtbot.waitUntil(lambda: "/10000" in job_strip.text(), timeout=5000)
        assert running.is_set()
        with qtbot.waitSignal(job.finished, timeout=1000):
            press(child(job_strip, "stop_button"))
        assert job_strip.text() == "Ready"
    finally:
        runner.close()


def test_the_strip_keeps_its_height(job_strip: JobStrip, clock: list[float]) -> None:
    idle = job_strip.sizeHint().height()
    job = SomeJob()
    job_strip.set_job(job)
    run(job, clock, upto=3, total=9, each_s=5)
    assert job_strip.sizeHint().height() == idle


# ---------------------------------------------------------------- the model chip


def test_the_chip_says_which_model_runs_where(qtbot: QtBot) -> None:
    chip = ModelChip()
    qtbot.addWidget(chip)
    chip.set_model("starter", "vit_tiny", "cuda:0", "float16", "ready")
    chip.resize(chip.sizeHint())
    assert chip.whole_text() == "starter · vit_tiny · cuda:0 · float16"
    assert chip.text().strip() == chip.whole_text()
    for fact in ("starter", "vit_tiny", "cuda:0", "float16", "ready"):
        assert fact in chip.toolTip()
    chip.set_model("starter", "", "", "", "loading")
    assert chip.whole_text() == "starter · loading…"
    chip.set_model("", "", "", "", "unknown")
    assert chip.whole_text() == "No model"


def test_a_long_model_name_gives_way_to_the_facts(qtbot: QtBot) -> None:
    chip = ModelChip()
    qtbot.addWidget(chip)
    name = "sam_hq_vit_h_finetuned_on_bright_field_2024_" * 3 + ".pth"
    chip.set_model(name, "vit_h", "cpu", "float32", "ready")
    assert chip.sizeHint().width() < 480
    chip.resize(chip.sizeHint())
    chip.show()
    assert chip.text().endswith("vit_h · cpu · float32")
    assert "…" in chip.text()
    assert name in chip.toolTip()


def test_a_click_on_the_chip_is_told(qtbot: QtBot) -> None:
    chip = ModelChip()
    qtbot.addWidget(chip)
    chip.show()
    with qtbot.waitSignal(chip.clicked):
        QTest.keyClick(chip, Qt.Key.Key_Space)


def test_the_bottom_of_the_window_fits_1024(qtbot: QtBot, clock: list[float]) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    row.setContentsMargins(8, 3, 8, 3)
    chip, jobs, system = ModelChip(), JobStrip(), SystemStrip()
    system._stopped = True
    row.addWidget(chip)
    row.addWidget(jobs, 1)
    row.addWidget(system)
    chip.set_model("sam_hq_vit_large.pth", "vit_l", "cuda:0", "float16", "ready")
    gpu = GpuReading("RTX", 0, 1, 100, int(23.9 * GB), 24 * GB)
    system.show_sample(Sample(100, int(63.9 * GB), 64 * GB, 8, gpu))
    job = SomeJob("Batch on a_folder_with_a_long_name_as_they_are")
    jobs.set_job(job)
    run(job, clock, upto=1412, total=3000, each_s=5)
    assert window.minimumSizeHint().width() <= 1024
    window.resize(1024, window.sizeHint().height())
    window.show()
    QApplication.processEvents()
    assert window.width() == 1024
    for name in ("job_count", "cpu_value", "ram_value", "gpu_value", "vram_value", "stop_button"):
        part = child(window, name)
        assert part.width() >= part.minimumSizeHint().width(), name
        right = part.mapTo(window, part.rect().topRight()).x()
        assert right <= 1024, name
    assert child(window, "job_title").width() > 90
    assert window.height() < 4 * window.fontMetrics().height()
