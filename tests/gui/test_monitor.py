"""The system strip: real readings, cards that come and go, threads that end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pynvml
import pytest
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from samhq.gui import theme
from samhq.gui.gpu_probe import GpuProbe, GpuReading, Missing
from samhq.gui.monitor import Sample, Sparkline, SystemSampler, SystemStrip, why_missing

GB = 1024**3


class Card:
    """A graphics card of the fake driver."""

    def __init__(self, name: str, total_gb: float, pids: tuple[int, ...] = ()) -> None:
        self.name = name
        self.busy: int | Exception = 0
        self.used = 0
        self.total = int(total_gb * GB)
        self.pids = pids
        self.fault: Exception | None = None


def fake_pynvml(cards: list[Card], *, init: Exception | None = None) -> Any:
    """A module with the functions and the error classes of the real one, over cards of ours."""
    module = ModuleType("pynvml")
    for name in dir(pynvml):
        if name.startswith("NVML"):
            setattr(module, name, getattr(pynvml, name))
    state = SimpleNamespace(started=0, ended=0, init=init)

    def need(index: int) -> Card:
        if not state.started > state.ended:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_UNINITIALIZED)
        if not 0 <= index < len(cards):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        if cards[index].fault is not None:
            raise cards[index].fault
        return cards[index]

    def start() -> None:
        if state.init is not None:
            raise state.init
        state.started += 1

    def end() -> None:
        state.ended += 1

    def rates(index: int) -> Any:
        busy = need(index).busy
        if isinstance(busy, Exception):
            raise busy
        return SimpleNamespace(gpu=busy, memory=0)

    def memory(index: int) -> Any:
        card = need(index)
        return SimpleNamespace(total=card.total, used=card.used, free=card.total - card.used)

    module.state = state  # type: ignore[attr-defined]
    module.nvmlInit = start  # type: ignore[attr-defined]
    module.nvmlShutdown = end  # type: ignore[attr-defined]
    module.nvmlDeviceGetCount = lambda: len(cards)  # type: ignore[attr-defined]
    module.nvmlDeviceGetHandleByIndex = lambda index: (need(index), index)[1]  # type: ignore[attr-defined]
    module.nvmlDeviceGetName = lambda handle: need(handle).name  # type: ignore[attr-defined]
    module.nvmlDeviceGetUtilizationRates = rates  # type: ignore[attr-defined]
    module.nvmlDeviceGetMemoryInfo = memory  # type: ignore[attr-defined]
    module.nvmlDeviceGetComputeRunningProcesses = lambda handle: [  # type: ignore[attr-defined]
        SimpleNamespace(pid=pid, usedGpuMemory=None) for pid in need(handle).pids
    ]
    return module


def error(name: str) -> Exception:
    made = pynvml.NVMLError(getattr(pynvml, f"NVML_ERROR_{name}"))
    assert isinstance(made, Exception)
    return made


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


# ---------------------------------------------------------------- the probe


def test_values_follow_the_card() -> None:
    card = Card("NVIDIA GeForce RTX 4070", 12)
    probe = GpuProbe(lambda: fake_pynvml([card]))
    card.busy, card.used = 91, 5 * GB
    first = probe.read()
    card.busy, card.used = 12, 6 * GB
    second = probe.read()
    assert (first.busy_percent, first.used_bytes, first.total_bytes) == (91, 5 * GB, 12 * GB)
    assert (second.busy_percent, second.used_bytes) == (12, 6 * GB)
    assert (first.name, first.index, first.count, first.missing) == (card.name, 0, 1, Missing.NONE)


def test_a_name_of_bytes_is_read() -> None:
    card = Card("x", 1)
    card.name = b"Tesla \xff"  # type: ignore[assignment]
    assert GpuProbe(lambda: fake_pynvml([card])).read().name.startswith("Tesla")


def test_without_our_processes_the_first_of_several_cards_is_shown() -> None:
    reading = GpuProbe(
        lambda: fake_pynvml([Card("one", 8, (1,)), Card("two", 8, (2,))]), ours=lambda: {77}
    ).read()
    assert (reading.name, reading.count) == ("one", 2)


def test_the_card_in_use_is_shown_once_our_process_runs_there() -> None:
    clock, cards = Clock(), [Card("one", 8), Card("two", 8)]
    probe = GpuProbe(lambda: fake_pynvml(cards), ours=lambda: {77}, clock=clock)
    assert probe.read().name == "one"
    cards[1].pids = (5, 77)
    clock.now += 6
    assert probe.read().name == "two"
    # It stays where it was last seen when the process ends.
    cards[1].pids = ()
    clock.now += 6
    assert probe.read().name == "two"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("LIBRARY_NOT_FOUND", Missing.DRIVER),
        ("DRIVER_NOT_LOADED", Missing.DRIVER_NOT_LOADED),
        ("LIB_RM_VERSION_MISMATCH", Missing.DRIVER_MISMATCH),
        ("UNKNOWN", Missing.ERROR),
    ],
)
def test_a_driver_that_does_not_start_is_named(name: str, reason: Missing) -> None:
    reading = GpuProbe(lambda: fake_pynvml([], init=error(name))).read()
    assert reading.missing is reason
    assert reading.busy_percent is None
    assert reading.total_bytes is None
    assert why_missing(reading)
    if reason is Missing.ERROR:
        assert "Unknown Error" in why_missing(reading)


def test_a_missing_library_is_named() -> None:
    def load() -> Any:
        raise ImportError("No module named 'pynvml'")

    reading = GpuProbe(load).read()
    assert reading.missing is Missing.LIBRARY
    assert "nvidia-ml-py" in why_missing(reading)


def test_a_driver_without_cards_is_named() -> None:
    assert GpuProbe(lambda: fake_pynvml([])).read().missing is Missing.NO_GPU


def test_the_real_library_gives_a_reading_or_a_reason() -> None:
    probe = GpuProbe()
    reading = probe.read()
    probe.close()
    assert bool(why_missing(reading)) == (reading.total_bytes is None and reading.busy_percent is None)


def test_a_card_that_disappears_is_reported_and_found_again() -> None:
    clock, card = Clock(), Card("one", 8)
    module = fake_pynvml([card])
    probe = GpuProbe(lambda: module, clock=clock)
    assert probe.read().missing is Missing.NONE
    card.fault = error("GPU_IS_LOST")
    assert probe.read().missing is Missing.LOST
    assert module.state.started == module.state.ended == 1
    card.fault = None
    assert probe.read().missing is Missing.LOST, "not tried again at once"
    clock.now += 20
    assert probe.read().name == "one"
    probe.close()
    assert module.state.started == module.state.ended == 2


def test_a_card_that_does_not_tell_how_busy_it_is_still_tells_its_memory() -> None:
    card = Card("partitioned", 40)
    card.busy, card.used = error("NOT_SUPPORTED"), 3 * GB
    reading = GpuProbe(lambda: fake_pynvml([card])).read()
    assert reading.busy_percent is None
    assert reading.used_bytes == 3 * GB


@pytest.mark.parametrize(
    "fault", [OSError("boom"), AttributeError("old library"), ValueError("?"), RuntimeError()]
)
def test_no_fault_of_the_library_gets_out(fault: Exception) -> None:
    card = Card("one", 8)
    card.fault = fault
    reading = GpuProbe(lambda: fake_pynvml([card])).read()
    assert reading.missing is Missing.ERROR
    assert (str(fault) or type(fault).__name__) in why_missing(reading)


# ---------------------------------------------------------------- the thread


def monitor_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "samhq-monitor"]


def test_samples_arrive_in_the_event_loop_with_real_values(qtbot: QtBot) -> None:
    sampler = SystemSampler(GpuProbe(lambda: fake_pynvml([Card("one", 8)])), every_s=0.05)
    arrived: list[tuple[Sample, str]] = []
    sampler.sampled.connect(lambda sample: arrived.append((sample, threading.current_thread().name)))
    sampler.start()
    try:
        qtbot.waitUntil(lambda: len(arrived) >= 3, timeout=5000)
    finally:
        sampler.stop()
    sample, thread = arrived[-1]
    assert thread == threading.main_thread().name
    assert sample.cpu_percent is not None
    assert 0 <= sample.cpu_percent <= 100
    assert sample.ram_total == psutil.virtual_memory().total
    assert sample.ram_used is not None
    assert 0 < sample.ram_used < sample.ram_total
    assert sample.gpu.name == "one"


def test_stopping_leaves_no_thread(qtbot: QtBot) -> None:
    sampler = SystemSampler(GpuProbe(lambda: fake_pynvml([])))
    sampler.start()
    sampler.start()
    assert len(monitor_threads()) == 1
    sampler.stop()
    sampler.stop()
    assert not sampler.running
    assert monitor_threads() == []


def test_stopping_does_not_wait_for_a_driver_that_hangs(qtbot: QtBot) -> None:
    released = threading.Event()
    entered = threading.Event()

    def hang() -> Any:
        entered.set()
        released.wait(10)
        raise ImportError

    sampler = SystemSampler(GpuProbe(hang), every_s=0.05)
    told: list[Sample] = []
    sampler.sampled.connect(told.append)
    sampler.start()
    assert entered.wait(3)
    sampler.stop()  # would never come back if it waited for the reading that hangs
    released.set()
    qtbot.waitUntil(lambda: monitor_threads() == [], timeout=3000)
    QApplication.processEvents()
    assert told == []


def test_it_can_be_started_again(qtbot: QtBot) -> None:
    sampler = SystemSampler(GpuProbe(lambda: fake_pynvml([Card("one", 8)])), every_s=0.05)
    for _ in range(2):
        with qtbot.waitSignal(sampler.sampled, timeout=3000):
            sampler.start()
        sampler.stop()
    assert monitor_threads() == []


def test_the_strip_looks_only_while_it_is_shown(qtbot: QtBot) -> None:
    strip = SystemStrip(SystemSampler(GpuProbe(lambda: fake_pynvml([])), every_s=0.05))
    qtbot.addWidget(strip)
    assert monitor_threads() == []
    strip.show()
    assert len(monitor_threads()) == 1
    qtbot.waitUntil(lambda: strip.cpu.text().endswith("%"), timeout=3000)
    strip.stop()
    strip.hide()
    strip.show()
    assert monitor_threads() == []


def test_a_strip_that_is_destroyed_unstopped_takes_its_thread_with_it(qtbot: QtBot) -> None:
    strip = SystemStrip()
    strip.sampler._every_s = 0.05
    strip.show()
    assert len(monitor_threads()) == 1
    strip.deleteLater()
    del strip
    qtbot.waitUntil(lambda: monitor_threads() == [], timeout=3000)


# ---------------------------------------------------------------- what is shown


@pytest.fixture
def strip(qtbot: QtBot) -> SystemStrip:
    made = SystemStrip(SystemSampler(GpuProbe(lambda: fake_pynvml([]))))
    made._stopped = True
    qtbot.addWidget(made)
    return made


def test_values_are_shown_and_described(strip: SystemStrip) -> None:
    gpu = GpuReading("RTX 4070", 1, 2, 91, int(5.2 * GB), 12 * GB)
    strip.show_sample(Sample(63.4, int(7.1 * GB), 24 * GB, 8, gpu))
    shown = [gauge.text() for gauge in (strip.cpu, strip.ram, strip.gpu, strip.vram)]
    assert shown == ["63 %", "7.1/24 GB", "91 %", "5.2/12 GB"]
    assert "8 processors" in strip.cpu.accessibleDescription()
    assert "7.1 of 24.0 GB" in strip.ram.accessibleDescription()
    assert "RTX 4070 (card 2 of 2)" in strip.gpu.toolTip()
    assert "5.2/12 GB" in strip.vram.accessibleDescription()
    assert all(gauge.accessibleName() for gauge in (strip.cpu, strip.ram, strip.gpu, strip.vram))


def test_no_card_is_na_with_the_reason(strip: SystemStrip) -> None:
    strip.show_sample(Sample(1.0, GB, 8 * GB, 2, GpuReading(missing=Missing.DRIVER)))
    for gauge in (strip.gpu, strip.vram):
        assert gauge.text() == "N/A"
        assert "No NVIDIA driver" in gauge.toolTip()
        assert "No NVIDIA driver" in gauge.accessibleDescription()
    assert strip.cpu.text() == "1 %"


def test_a_card_that_goes_leaves_a_gap_in_the_curve(strip: SystemStrip) -> None:
    strip.show_sample(Sample(gpu=GpuReading("one", 0, 1, 50, GB, 8 * GB)))
    strip.show_sample(Sample(gpu=GpuReading(missing=Missing.LOST)))
    assert strip.gpu.text() == "N/A"
    assert strip.gpu.curve.values[-2:] == (0.5, None)


def test_the_strip_leaves_room_for_a_model_and_a_job_at_1024(strip: SystemStrip) -> None:
    gpu = GpuReading("RTX", 0, 1, 100, int(23.9 * GB), 24 * GB)
    strip.show_sample(Sample(100, int(63.9 * GB), 64 * GB, 8, gpu))
    assert strip.sizeHint().width() < 340


def drawn(curve: Sparkline, color: QColor) -> list[tuple[int, int]]:
    image = curve.grab().toImage()

    def near(x: int, y: int) -> bool:
        pixel = image.pixelColor(x, y)
        parts = ((pixel.red(), color.red()), (pixel.green(), color.green()), (pixel.blue(), color.blue()))
        return all(abs(one - other) < 40 for one, other in parts)

    return [(x, y) for x in range(image.width()) for y in range(image.height()) if near(x, y)]


def test_the_curve_keeps_a_minute_and_draws_high_values_high(qtbot: QtBot) -> None:
    theme.apply_theme(QApplication.instance(), "light")  # type: ignore[arg-type]
    curve = Sparkline()
    qtbot.addWidget(curve)
    curve.resize(120, 40)
    for _ in range(100):
        curve.push(0.1)
    assert len(curve.values) == 60
    low = [y for _, y in drawn(curve, theme.colors().accent)]
    for _ in range(60):
        curve.push(0.8)
    high = [y for _, y in drawn(curve, theme.colors().accent)]
    assert min(low) > 28
    assert max(high) < 20
    curve.push(1.7)
    assert curve.values[-1] == 1.0
    assert drawn(curve, theme.colors().accent), "busy is no reason to warn"


def test_nearly_full_memory_is_shown_in_another_colour(qtbot: QtBot) -> None:
    theme.apply_theme(QApplication.instance(), "light")  # type: ignore[arg-type]
    curve = Sparkline(warns=True)
    qtbot.addWidget(curve)
    curve.resize(120, 40)
    for _ in range(10):
        curve.push(0.5)
    assert not drawn(curve, theme.colors().warning)
    curve.push(0.95)
    assert drawn(curve, theme.colors().warning)
    assert not drawn(curve, theme.colors().accent)


def test_the_newest_value_is_at_the_right(qtbot: QtBot) -> None:
    theme.apply_theme(QApplication.instance(), "light")  # type: ignore[arg-type]
    curve = Sparkline()
    qtbot.addWidget(curve)
    curve.resize(120, 40)
    for _ in range(10):
        curve.push(0.5)
    assert min(x for x, _ in drawn(curve, theme.colors().accent)) > 90


def test_our_processes_hold_this_one() -> None:
    from samhq.gui.monitor import _our_processes

    assert os.getpid() in _our_processes()


@pytest.mark.parametrize("name", ["cpu_percent", "virtual_memory"])
def test_a_system_that_does_not_tell_is_na(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, name: str, strip: SystemStrip
) -> None:
    def refuse(*_: object, **__: object) -> Callable[[], None]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, name, refuse)
    sampler = SystemSampler(GpuProbe(lambda: fake_pynvml([])), every_s=0.05)
    with qtbot.waitSignal(sampler.sampled, timeout=3000) as told:
        sampler.start()
    sampler.stop()
    strip.show_sample(told.args[0])
    assert (strip.cpu if name == "cpu_percent" else strip.ram).text() == "N/A"


def test_nothing_moves_when_the_first_look_at_the_system_comes(strip: SystemStrip) -> None:
    before = strip.sizeHint()
    strip.show_sample(Sample(100, int(63.9 * GB), 64 * GB, 8))
    assert strip.sizeHint() == before
