"""An output is the same however many pictures are drawn at once, and a fault or a stop leaves no half of it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from export_samples import MODEL

from samhq.errors import ImageReadError
from samhq.export import output
from samhq.export.output import write_output
from samhq.monitor import Cancelled, StoppableMonitor
from samhq.settings import Settings

SETTINGS = Settings.model_validate({"output": {"contact_sheet": True}})


def rgb_of(record) -> np.ndarray:
    seed = sum(record.path.encode())
    return np.random.default_rng(seed).integers(0, 256, (record.height, record.width, 3), dtype=np.uint8)


def write(results, folder, *, read_rgb=rgb_of, monitor=None):
    return write_output(
        results,
        folder,
        name="slides",
        settings=SETTINGS,
        model=MODEL,
        read_rgb=read_rgb,
        monitor=monitor or StoppableMonitor(),
    )


def files_of(folder) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_pictures_drawn_one_by_one_or_together_are_the_same(results, tmp_path, monkeypatch):
    together = write(results, tmp_path / "together")
    monkeypatch.setattr(output, "_PIXELS_AHEAD", 1)
    monkeypatch.setattr(output, "_MOST_THREADS", 1)
    alone = write(results, tmp_path / "alone")
    assert together.files == alone.files == {"pictures": 5, "tables": 3, "contact sheets": 1}
    written = files_of(tmp_path / "together")
    assert len(written) == 10
    assert written == files_of(tmp_path / "alone")


def test_no_more_pictures_are_in_work_than_memory_allows(results, tmp_path, monkeypatch):
    lock = threading.Lock()
    now, most = 0, 0

    def read_rgb(record):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        rgb = rgb_of(record)
        with lock:
            now -= 1
        return rgb

    monkeypatch.setattr(output, "_PIXELS_AHEAD", 20 * 30)  # the size of one image
    write(results, tmp_path, read_rgb=read_rgb)
    assert most == 1


def test_pictures_that_cannot_be_read_are_named_in_the_order_of_the_tables(results, tmp_path):
    def read_rgb(record):
        raise ImageReadError(f"{record.path}: is gone")

    summary = write(results, tmp_path, read_rgb=read_rgb)
    expected = [r.path for r in results.records() if r.status == "done"]
    assert [w.split(": ")[0] for w in summary.warnings] == [f"no picture of {path}" for path in expected]
    assert (tmp_path / "settings.json").exists()


def test_a_fault_while_drawing_leaves_no_tables(results, tmp_path):
    with pytest.raises(ValueError, match="differ in size"):
        write(results, tmp_path, read_rgb=lambda record: np.zeros((5, 5, 3), np.uint8))
    assert not list(tmp_path.glob("*.csv"))
    assert not list(tmp_path.glob("*.txt"))
    assert not (tmp_path / "settings.json").exists()


def test_a_stop_waits_for_what_is_in_work_and_leaves_no_tables(results, tmp_path, monkeypatch):
    monkeypatch.setattr(output, "_MOST_THREADS", 1)  # with more, all five could be in work before the stop
    monitor = StoppableMonitor()
    threads = threading.active_count()

    def read_rgb(record):
        monitor.stop()
        return rgb_of(record)

    with pytest.raises(Cancelled):
        write(results, tmp_path, read_rgb=read_rgb, monitor=monitor)
    assert threading.active_count() == threads
    assert not list(tmp_path.glob("*.csv"))
