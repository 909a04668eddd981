"""The system beside the work: processor, memory and graphics card, looked at once a second."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from dataclasses import dataclass, field

import psutil
from PyQt6.QtCore import QObject, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF, QShowEvent
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from samhq.gui import theme
from samhq.gui.gpu_probe import NO_GPU, GpuProbe, GpuReading, Missing
from samhq.gui.translate import tr

__all__ = ["Gauge", "Sample", "Sparkline", "SystemSampler", "SystemStrip", "why_missing"]

_log = logging.getLogger(__name__)
_EVERY_S = 1.0
_JOIN_S = 0.8
_SAMPLES = 60
_NEARLY_FULL = 0.92
_GB = 1024**3


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the system. cpu_percent: of all processors, 0-100; ram_used, ram_total: bytes."""

    cpu_percent: float | None = None
    ram_used: int | None = None
    ram_total: int | None = None
    processors: int = 0
    gpu: GpuReading = field(default=NO_GPU)


class SystemSampler(QObject):
    """Looks at the system once a second in a thread of its own. sampled(Sample) arrives in the event loop.

    probe: looks at the graphics card; every_s: seconds between two looks.
    """

    sampled = pyqtSignal(object)

    def __init__(
        self, probe: GpuProbe | None = None, *, every_s: float = _EVERY_S, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._probe = probe if probe is not None else GpuProbe(ours=_our_processes)
        self._every_s = every_s
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to look; without effect while it does."""
        if self.running:
            return
        self._halt = threading.Event()
        self._thread = threading.Thread(
            target=self._loop, args=(self._halt,), name="samhq-monitor", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread; within a second, even if the driver hangs. May be called more than once."""
        self._halt.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_JOIN_S)

    def _loop(self, halt: threading.Event) -> None:
        # The first answer of psutil is about no time at all.
        _cpu()
        while not halt.wait(self._every_s if self._every_s < 0.2 else 0.2):
            sample = Sample(_cpu(), *_ram(), psutil.cpu_count() or 0, self._probe.read())
            if halt.is_set():
                break
            try:
                self.sampled.emit(sample)
            except RuntimeError:
                # The window is gone, and this object with it.
                break
            if halt.wait(self._every_s):
                break
        self._probe.close()


def _cpu() -> float | None:
    try:
        return float(psutil.cpu_percent(interval=None))
    except (OSError, psutil.Error, RuntimeError) as error:
        _log.debug("processor: %s", error)
        return None


def _ram() -> tuple[int | None, int | None]:
    try:
        memory = psutil.virtual_memory()
    except (OSError, psutil.Error, RuntimeError) as error:
        _log.debug("memory: %s", error)
        return None, None
    return int(memory.total - memory.available), int(memory.total)


def _our_processes() -> set[int]:
    # The network runs in a process that the window started.
    try:
        children = psutil.Process().children(recursive=True)
    except (OSError, psutil.Error):
        return {os.getpid()}
    return {os.getpid(), *(child.pid for child in children)}


def why_missing(gpu: GpuReading) -> str:
    """Why there is no reading of the graphics card, for a tooltip; empty if there is one."""
    reasons = {
        Missing.NONE: "",
        Missing.UNKNOWN: tr("Not looked at yet."),
        Missing.LIBRARY: tr("The library nvidia-ml-py is missing; install samhq again."),
        Missing.DRIVER: tr("No NVIDIA driver was found. samhq then works on the processor."),
        Missing.DRIVER_NOT_LOADED: tr(
            "The NVIDIA driver is installed but not running; restart the computer."
        ),
        Missing.DRIVER_MISMATCH: tr("The NVIDIA driver was updated; restart the computer."),
        Missing.NO_GPU: tr("There is no NVIDIA graphics card. samhq then works on the processor."),
        Missing.LOST: tr("The graphics card no longer answers; restart the computer."),
        Missing.NOT_TOLD: tr("The graphics card does not tell."),
    }
    text = reasons.get(gpu.missing)
    return text if text is not None else tr("The NVIDIA driver reports: {error}", error=gpu.error)


class Sparkline(QWidget):
    """The last 60 values as a small curve. Values are shares from 0 to 1; None leaves a gap.

    warns: whether a value near 1 is bad news, as it is for memory but not for a busy processor.
    """

    def __init__(self, *, warns: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._warns = warns
        self._values: deque[float | None] = deque(maxlen=_SAMPLES)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.notifier.changed.connect(self._redraw)

    @property
    def values(self) -> tuple[float | None, ...]:
        """What is drawn, oldest first."""
        return tuple(self._values)

    def push(self, share: float | None) -> None:
        """Take one more value; the oldest of more than 60 leaves."""
        self._values.append(None if share is None else min(max(share, 0.0), 1.0))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """About eight letters wide and a line high."""
        metrics = self.fontMetrics()
        return QSize(8 * theme.letter(self), metrics.height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Half of that."""
        return QSize(4 * theme.letter(self), self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the ground, the area and the curve."""
        chosen = theme.colors()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(chosen.border, 1))
        painter.setBrush(chosen.base)
        painter.drawRoundedRect(frame, 2, 2)
        latest = self._values[-1] if self._values else None
        full = self._warns and latest is not None and latest >= _NEARLY_FULL
        color = chosen.warning if full else chosen.accent
        for piece in self._pieces(frame.adjusted(1, 2, -1, -1.5)):
            _draw_piece(painter, piece, color, floor=frame.bottom() - 1)

    def _pieces(self, room: QRectF) -> list[list[QPointF]]:
        pieces: list[list[QPointF]] = [[]]
        step = room.width() / (_SAMPLES - 1)
        start = room.right() - step * (len(self._values) - 1)
        for number, value in enumerate(self._values):
            if value is None:
                pieces.append([])
            else:
                pieces[-1].append(QPointF(start + number * step, room.bottom() - value * room.height()))
        return [piece for piece in pieces if piece]

    def _redraw(self, _: bool = False) -> None:
        self.update()


def _draw_piece(painter: QPainter, piece: list[QPointF], color: QColor, *, floor: float) -> None:
    area = QPolygonF([QPointF(piece[0].x(), floor), *piece, QPointF(piece[-1].x(), floor)])
    filling = QColor(color)
    filling.setAlphaF(0.22)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(filling)
    painter.drawPolygon(area)
    painter.setPen(QPen(color, 1.3))
    painter.drawPolyline(QPolygonF(piece))


class Gauge(QWidget):
    """A name, a curve of the last minute and the value now; "N/A" with the reason where there is none.

    widest: a text that the value will hardly exceed, so that nothing jumps; warns: as for Sparkline.
    keeps_room: for a value that every system has: its place is kept before the first look.
    """

    def __init__(
        self,
        key: str,
        name: str,
        *,
        widest: str,
        warns: bool = False,
        keeps_room: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"{key}_gauge")
        self._title = name
        self._label = QLabel(name)
        theme.set_role(self._label, "muted")
        self.curve = Sparkline(warns=warns)
        self._value = QLabel("")
        self._value.setObjectName(f"{key}_value")
        self._room = self._value.fontMetrics().horizontalAdvance(widest) + 2
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._label)
        row.addWidget(self.curve)
        row.addWidget(self._value)
        row.addStretch(1)
        self.setAccessibleName(name)
        if keeps_room:
            policy = self.curve.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            self.curve.setSizePolicy(policy)
        self._keeps_room = keeps_room

    def show_value(self, share: float | None, text: str, hint: str) -> None:
        """Show a value. share: 0 to 1, or None for "N/A"; hint: the sentence for tooltip and screen reader."""
        self.curve.push(share)
        known = share is not None
        # Without values the curve takes room for nothing.
        self.curve.setVisible(known or any(value is not None for value in self.curve.values))
        self._value.setMinimumWidth(self._room if known or self._keeps_room else 0)
        self._value.setText(text if known else tr("N/A"))
        theme.set_role(self._value, "" if known else "muted")
        self.setToolTip(hint)
        said = self._value.text()
        self.setAccessibleDescription(tr("{value}. {hint}", value=said, hint=hint))

    def label_room(self) -> int:
        """Width of the name."""
        return self._label.sizeHint().width()

    def set_label_room(self, width: int) -> None:
        """Give the name a width, so that curves stand one above the other."""
        self._label.setMinimumWidth(width)

    def text(self) -> str:
        """The value as it is shown."""
        return self._value.text()


class SystemStrip(QWidget):
    """Processor, memory, graphics card and its memory. Looks from when it is first shown until stop()."""

    def __init__(self, sampler: SystemSampler | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("system_strip")
        self.setAccessibleName(tr("System"))
        self.sampler = sampler if sampler is not None else SystemSampler(parent=self)
        self._stopped = False
        self.cpu = Gauge("cpu", tr("CPU"), widest="100 %", keeps_room=True)
        self.ram = Gauge("ram", tr("RAM"), widest="88.8/88 GB", warns=True, keeps_room=True)
        self.gpu = Gauge("gpu", tr("GPU"), widest="100 %")
        self.vram = Gauge("vram", tr("VRAM"), widest="88.8/88 GB", warns=True)
        # Two above two: one row of four leaves no room for the job at 1024 pixels.
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(1)
        for column, pair in enumerate(((self.cpu, self.ram), (self.gpu, self.vram))):
            label_room = max(gauge.label_room() for gauge in pair)
            for row, gauge in enumerate(pair):
                gauge.set_label_room(label_room)
                grid.addWidget(gauge, row, column)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.show_sample(Sample())
        self.sampler.sampled.connect(self.show_sample)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Begin to look."""
        super().showEvent(event)
        if not self._stopped:
            self.sampler.start()

    def stop(self) -> None:
        """Look no more; the thread has ended afterwards."""
        self._stopped = True
        self.sampler.stop()

    def show_sample(self, sample: Sample) -> None:
        """Show one look at the system."""
        self._show_cpu(sample)
        self._show_ram(sample)
        gpu = sample.gpu
        card = tr("{name} (card {number} of {count})", name=gpu.name, number=gpu.index + 1, count=gpu.count)
        self._show_gpu(gpu, card if gpu.count > 1 else gpu.name)

    def _show_cpu(self, sample: Sample) -> None:
        percent = sample.cpu_percent
        if percent is None:
            self.cpu.show_value(None, "", tr("Not known."))
            return
        hint = tr("All {count} processors: {percent:.0f} % busy", count=sample.processors, percent=percent)
        self.cpu.show_value(percent / 100, tr("{percent:.0f} %", percent=percent), hint)

    def _show_ram(self, sample: Sample) -> None:
        used, total = sample.ram_used, sample.ram_total
        if used is None or not total:
            self.ram.show_value(None, "", tr("Not known."))
            return
        hint = tr(
            "{used:.1f} of {total:.1f} GB memory used by all programs", used=used / _GB, total=total / _GB
        )
        self.ram.show_value(used / total, _memory_text(used, total), hint)

    def _show_gpu(self, gpu: GpuReading, card: str) -> None:
        why = why_missing(gpu) or why_missing(GpuReading(missing=Missing.NOT_TOLD))
        busy, used, total = gpu.busy_percent, gpu.used_bytes, gpu.total_bytes
        if busy is None:
            self.gpu.show_value(None, "", why)
        else:
            hint = tr("{card}: {percent:.0f} % busy", card=card, percent=busy)
            self.gpu.show_value(busy / 100, tr("{percent:.0f} %", percent=busy), hint)
        if used is None or not total:
            self.vram.show_value(None, "", why)
            return
        hint = tr("{card}: {used:.1f} of {total:.1f} GB used", card=card, used=used / _GB, total=total / _GB)
        self.vram.show_value(used / total, _memory_text(used, total), hint)


def _memory_text(used: int, total: int) -> str:
    return tr("{used:.1f}/{total:.0f} GB", used=used / _GB, total=total / _GB)
