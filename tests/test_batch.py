"""Batches: resume, retry, re-segment for a reason, stop at once, never lose what is done.

The network is replaced by a plain threshold, so that every result can be foreseen and tests are quick;
the real network runs in test_end_to_end.py.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from samhq import api
from samhq.batch import Model, run_batch
from samhq.errors import CheckpointError, ImageReadError, SamhqError, StoreError
from samhq.filters import filter_objects
from samhq.masks import MaskTable
from samhq.monitor import Cancelled, Event, StoppableMonitor
from samhq.runlog import LOG_FILE
from samhq.settings import FilterSettings, Settings, settings_from_dict
from samhq.store import RunStore


class Threshold:
    """Masks are the dark connected regions; counts its calls and can stop or fail at one."""

    def __init__(self) -> None:
        self.calls = 0
        self.loads = 0
        self.before_call = lambda number: None

    def __call__(self, rgb, monitor):
        self.calls += 1
        self.before_call(self.calls)
        monitor.check()
        dark = (rgb.mean(axis=2) < 128).astype(np.uint8)
        return MaskTable.from_labels(cv2.connectedComponents(dark)[1])

    def model(self, sha256: str = "a" * 64) -> Model:
        def load(settings, monitor):
            self.loads += 1
            return self

        return Model(name="threshold", architecture="none", sha256=sha256, engine_version=1, load=load)


@pytest.fixture
def network() -> Threshold:
    return Threshold()


@pytest.fixture
def slides(tmp_path) -> Path:
    folder = tmp_path / "slides"
    for number in range(5):
        picture = np.full((40, 50), 250, np.uint8)
        for spot in range(number):
            picture[5:10, 5 + 10 * spot : 10 + 10 * spot] = 30 + spot
        path = folder / f"tray {number % 2}" / f"Präparat {number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return folder


def start(
    slides: Path, network: Threshold, *, settings: Settings | None = None, monitor=None, sha256="a" * 64
):
    return run_batch(
        slides,
        slides.parent / "run",
        settings=settings or Settings(),
        model=network.model(sha256),
        **({"monitor": monitor} if monitor else {}),
    )


def stored(slides: Path) -> dict[str, tuple[str, int]]:
    """What is segmented or failed; images that wait are left out."""
    with RunStore.read(slides.parent / "run") as store:
        return {r.path: (r.status, r.objects) for r in store.records() if r.status != "waiting"}


def waiting(slides: Path) -> int:
    with RunStore.read(slides.parent / "run") as store:
        return sum(r.status == "waiting" for r in store.records())


def test_every_image_is_segmented_once(slides, network):
    report = start(slides, network)
    assert (report.segmented, report.skipped, report.failed) == (5, 0, ())
    assert report.objects == 0 + 1 + 2 + 3 + 4
    assert stored(slides)["tray 1/Präparat 3.png"] == ("done", 3)
    again = start(slides, network)
    assert (again.segmented, again.skipped, again.objects) == (0, 5, 10)
    assert network.calls == 5
    assert network.loads == 1


def test_other_filters_and_outputs_need_no_network(slides, network):
    start(slides, network)
    start(
        slides, network, settings=settings_from_dict({"filter": {"min_area": 5}, "output": {"label": "none"}})
    )
    assert network.calls == 5


def test_other_segmentation_settings_segment_again_and_say_why(slides, network):
    start(slides, network)
    report = start(slides, network, settings=settings_from_dict({"segmentation": {"points_per_side": 16}}))
    assert report.segmented == 5
    assert "points_per_side 32 -> 16" in report.notices[0]
    assert "points_per_side 32 -> 16" in (slides.parent / "run" / LOG_FILE).read_text(encoding="utf-8")


def test_another_model_segments_again_and_says_why(slides, network):
    start(slides, network)
    report = start(slides, network, sha256="b" * 64)
    assert report.segmented == 5
    assert "model threshold -> threshold" in report.notices[0]


def test_results_of_other_settings_never_mix(slides, network):
    start(slides, network)
    monitor = StoppableMonitor()
    network.before_call = lambda number: monitor.stop() if number == 5 + 3 else None
    changed = settings_from_dict({"segmentation": {"points_per_side": 16}})
    with pytest.raises(Cancelled):
        start(slides, network, settings=changed, monitor=monitor)
    assert len(stored(slides)) == 2
    assert waiting(slides) == 3


def test_one_bad_image_is_stored_as_failed_and_tried_again(slides, network):
    bad = slides / "tray 0" / "torn.png"
    bad.write_bytes((slides / "tray 0" / "Präparat 2.png").read_bytes()[:60])
    report = start(slides, network)
    assert report.segmented == 5
    assert [r.path for r in report.failed] == ["tray 0/torn.png"]
    assert report.failed[0].error
    shutil.copyfile(slides / "tray 0" / "Präparat 2.png", bad)
    report = start(slides, network)
    assert (report.segmented, report.skipped, report.failed) == (1, 5, ())


def test_an_image_that_cannot_be_read_for_a_while_needs_no_network_afterwards(slides, network):
    start(slides, network)
    path = slides / "tray 0" / "Präparat 4.png"
    whole = path.read_bytes()
    path.write_bytes(b"")
    assert [r.path for r in start(slides, network).failed] == ["tray 0/Präparat 4.png"]
    path.write_bytes(whole)
    report = start(slides, network)
    assert (report.segmented, report.objects, report.failed) == (0, 10, ())
    assert network.calls == 5


def test_two_inputs_never_share_a_run(slides, network, tmp_path):
    start(slides, network)
    other = tmp_path / "elsewhere" / "slides"
    shutil.copytree(slides, other)
    with pytest.raises(StoreError, match="is the run of another input"):
        run_batch(other, slides.parent / "run", settings=Settings(), model=network.model())
    assert network.calls == 5


def test_a_moved_input_keeps_its_run(slides, network):
    start(slides, network)
    moved = slides.rename(slides.with_name("moved"))
    report = run_batch(moved, moved.parent / "run", settings=Settings(), model=network.model())
    assert (report.segmented, report.skipped) == (0, 5)


def test_files_of_equal_size_and_time_that_change_names_are_noticed(slides, network):
    paths = [slides / "a.tif", slides / "b.tif"]
    for path, dark in zip(paths, (0, 20), strict=True):
        picture = np.full((40, 50), 250, np.uint8)
        picture[:dark, :10] = 10
        tifffile.imwrite(path, picture)
        os.utime(path, ns=(10**18, 10**18))
    assert paths[0].stat().st_size == paths[1].stat().st_size
    start(slides, network)
    assert stored(slides)["b.tif"] == ("done", 1)
    paths[0].rename(slides / "c")
    paths[1].rename(paths[0])
    (slides / "c").rename(paths[1])
    assert start(slides, network).segmented == 2
    assert stored(slides)["a.tif"] == ("done", 1)


def test_a_broken_gpu_stops_the_run_and_fails_no_image(slides, network):
    def fail(number):
        if number == 2:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

    network.before_call = fail
    with pytest.raises(SamhqError, match="the GPU stopped working"):
        start(slides, network)
    assert [status for status, _ in stored(slides).values()] == ["done"]
    assert waiting(slides) == 4


def test_a_network_that_fails_on_one_image_goes_on(slides, network):
    def fail(number):
        if number == 2:
            raise RuntimeError("odd")

    network.before_call = fail
    report = start(slides, network)
    assert report.segmented == 4
    assert "unexpected RuntimeError: odd" in report.failed[0].error
    assert "Traceback" in (slides.parent / "run" / LOG_FILE).read_text(encoding="utf-8")


def test_stopping_keeps_what_is_done_and_the_next_start_goes_on(slides, network):
    monitor = StoppableMonitor()
    network.before_call = lambda number: monitor.stop() if number == 3 else None
    with pytest.raises(Cancelled):
        start(slides, network, monitor=monitor)
    assert len(stored(slides)) == 2
    report = start(slides, network)
    assert (report.segmented, report.skipped) == (3, 2)
    assert network.calls == 3 + 3


def test_a_changed_image_is_segmented_again(slides, network):
    start(slides, network)
    path = slides / "tray 0" / "Präparat 0.png"
    path.write_bytes((slides / "tray 0" / "Präparat 4.png").read_bytes())
    assert start(slides, network).segmented == 1
    assert stored(slides)["tray 0/Präparat 0.png"] == ("done", 4)


def test_a_touched_image_is_not_segmented_again(slides, network):
    start(slides, network)
    for path in slides.rglob("*.png"):
        os.utime(path, ns=(1, 1))
    report = start(slides, network)
    assert (report.segmented, report.skipped, report.objects) == (0, 5, 10)
    assert network.calls == 5
    assert len(stored(slides)) == 5
    assert start(slides, network).skipped == 5


def test_a_removed_image_leaves_the_results(slides, network):
    start(slides, network)
    (slides / "tray 0" / "Präparat 4.png").unlink()
    assert start(slides, network).objects == 6
    assert len(stored(slides)) == 4


def test_pages_are_rows_of_their_own(slides, network):
    stack = np.full((3, 40, 50), 250, np.uint8)
    stack[1, 5:9, 5:9] = 10
    tifffile.imwrite(slides / "stack.tif", stack, photometric="minisblack")
    report = start(slides, network)
    assert "3 pages; choose one with --page" in report.failed[0].error
    report = start(slides, network, settings=settings_from_dict({"image": {"page": "all"}}))
    assert (report.segmented, report.skipped) == (3, 5)
    with RunStore.read(slides.parent / "run") as store:
        pages = {r.page: r.objects for r in store.records() if r.path == "stack.tif"}
    assert pages == {1: 0, 2: 1, 3: 0}
    report = start(slides, network, settings=settings_from_dict({"image": {"page": "all"}}))
    assert (report.segmented, report.skipped) == (0, 8)


def test_a_page_that_is_not_there_fails(slides, network):
    report = start(slides, network, settings=settings_from_dict({"image": {"page": 2}}))
    assert len(report.failed) == 5


def test_percentiles_are_frozen_for_the_run(slides, network):
    chosen = settings_from_dict({"image": {"intensity_range": "percentile"}})
    report = start(slides, network, settings=chosen)
    assert "30 and 250" in report.notices[0]
    with RunStore.read(slides.parent / "run") as store:
        assert {(r.scale_kind, r.black, r.white) for r in store.records()} == {("percentile", 30.0, 250.0)}
        (record,) = [r for r in store.records() if r.path == "tray 0/Präparat 4.png"]
        objects = store.objects(record)
        ratios = filter_objects(objects.measurements.histograms, FilterSettings()).ratio
    assert ratios == pytest.approx([100 * (1 - spot / 220) for spot in range(4)], abs=0.001)
    other_page = settings_from_dict({"image": {"intensity_range": "percentile", "page": 1}})
    assert "30 and 250" in start(slides, network, settings=other_page).notices[-1]
    start(slides, network, settings=chosen)
    # A darker image that comes later must not change the scale of the others.
    (slides / "black.png").write_bytes(cv2.imencode(".png", np.zeros((40, 50), np.uint8))[1].tobytes())
    report = start(slides, network, settings=chosen)
    assert (report.segmented, report.skipped) == (1, 5)


def test_progress_counts_what_is_stored_and_never_goes_back(slides, network):
    events: list[Event] = []
    begun: list[str] = []

    class Telling(Threshold):
        def __call__(self, rgb, monitor):
            for part in range(3):
                monitor.report(Event(stage="segment", part=part, parts=3, objects=7))
            return super().__call__(rgb, monitor)

    def take(event: Event) -> None:
        events.append(event)
        if event.item and event.item not in begun:
            begun.append(event.item)

    start(slides, Telling(), monitor=StoppableMonitor(take))
    segmenting = [e for e in events if e.stage == "segment"]
    assert sorted({e.done for e in segmenting}) == [0, 1, 2, 3, 4, 5]
    assert {e.total for e in segmenting} == {5}
    positions = [e.done + (e.part / e.parts if e.parts else 0) for e in segmenting]
    assert positions == sorted(positions)
    objects = [e.objects for e in segmenting]
    assert objects == sorted(objects)
    assert begun == sorted(stored(slides))
    assert segmenting[-1] == Event(stage="segment", done=5, total=5, objects=10)


def test_the_network_goes_on_while_the_image_before_is_stored(slides, network, monkeypatch):
    save, saved = RunStore.save, []

    def slow_save(store, record, objects=None):
        saved.append(record.path)
        if len(saved) == 1:
            assert second_began.wait(20)
        save(store, record, objects)

    second_began = threading.Event()
    network.before_call = lambda number: second_began.set() if number == 2 else None
    monkeypatch.setattr(RunStore, "save", slow_save)
    assert start(slides, network).segmented == 5
    assert saved == sorted(saved)


def test_a_full_disk_stops_the_network_and_keeps_what_is_stored(slides, network, monkeypatch):
    save = RunStore.save

    def full(store, record, objects=None):
        if record.path.endswith("2.png"):
            raise StoreError("run.sqlite: the disk is full")
        save(store, record, objects)

    monkeypatch.setattr(RunStore, "save", full)
    with pytest.raises(StoreError, match="the disk is full"):
        start(slides, network)
    before = stored(slides)
    assert before == {name: ("done", int(name[-5])) for name in before}
    assert "tray 0/Präparat 2.png" not in before
    monkeypatch.setattr(RunStore, "save", save)
    report = start(slides, network)
    assert (report.segmented, report.skipped) == (5 - len(before), len(before))


def test_a_full_disk_reaches_the_network_in_the_middle_of_an_image(slides, monkeypatch):
    failed, reached = threading.Event(), []

    def full(store, record, objects=None):
        failed.set()
        raise StoreError("run.sqlite: the disk is full")

    class Endless(Threshold):
        def __call__(self, rgb, monitor):
            if self.calls:
                assert failed.wait(20)
                reached.append(rgb)
                for _ in range(2000):
                    monitor.check()
                    time.sleep(0.01)
                raise AssertionError("nobody stopped it")
            return super().__call__(rgb, monitor)

    monkeypatch.setattr(RunStore, "save", full)
    with pytest.raises(StoreError, match="the disk is full"):
        start(slides, Endless())
    assert len(reached) <= 1
    assert stored(slides) == {}


def test_a_second_ctrl_c_stops_at_once_and_keeps_what_is_done(slides, network):
    def interrupt(number):
        if number == 4:
            raise KeyboardInterrupt

    network.before_call = interrupt
    with pytest.raises(KeyboardInterrupt):
        start(slides, network)
    assert len(stored(slides)) == 3
    assert start(slides, network).segmented == 2
    assert threading.active_count() == 1


def test_the_store_is_used_by_one_thread_while_the_network_runs(slides, network, monkeypatch):
    threads = set()
    transaction = RunStore._transaction

    def noted(store):
        threads.add(threading.current_thread().name)
        return transaction(store)

    network.before_call = lambda number: monkeypatch.setattr(RunStore, "_transaction", noted)
    (slides / "torn.png").write_bytes(b"")
    start(slides, network)
    assert threads == {"samhq-write"}


class Devices:
    """Several devices with a network each; counts the images of each and can fail at one."""

    def __init__(self, count: int, *, gather: bool = True) -> None:
        """gather: begin only when every device has an image, so that none comes too late."""
        self.networks = [Threshold() for _ in range(count)]
        self.barrier = threading.Barrier(count, timeout=20)
        self.threads = [set() for _ in range(count)]
        for number, network in enumerate(self.networks):
            network.before_call = self.before(number, gather=gather)

    def before(self, number: int, *, gather: bool):
        def call(count: int) -> None:
            self.threads[number].add(threading.get_ident())
            if gather and count == 1:
                self.barrier.wait()

        return call

    def model(self, sha256: str = "a" * 64) -> Model:
        first, *others = (network.model(sha256) for network in self.networks)
        return dataclasses.replace(first, further=tuple(m.load for m in others))


def tables(run: Path, target: Path) -> dict[str, bytes]:
    with api.open_run(run) as opened:
        opened.filter().write(out=target, settings=settings_from_dict({"output": {"pictures": False}}))
    (folder,) = target.iterdir()
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in (".csv", ".txt")}


@pytest.mark.parametrize("count", [2, 3])
def test_several_devices_share_the_images_and_give_the_same_tables(slides, network, tmp_path, count):
    (slides / "torn.png").write_bytes(b"")
    devices = Devices(count)
    report = start(slides, devices)
    assert (report.segmented, report.skipped, report.objects) == (5, 0, 10)
    assert [r.path for r in report.failed] == ["torn.png"]
    assert sum(n.calls for n in devices.networks) == 5
    assert [n.loads for n in devices.networks] == [1] * count
    assert all(len(threads) == 1 for threads in devices.threads)
    several = tables(slides.parent / "run", tmp_path / "several")
    shutil.rmtree(slides.parent / "run")
    start(slides, network)
    assert tables(slides.parent / "run", tmp_path / "one") == several
    assert len(several) >= 3


def test_more_devices_than_images_load_no_more_than_needed(slides, network):
    start(slides, network)
    (slides / "new.png").write_bytes((slides / "tray 0" / "Präparat 2.png").read_bytes())
    devices = Devices(3, gather=False)
    assert start(slides, devices).segmented == 1
    assert sum(n.loads for n in devices.networks) == 1


def test_a_device_that_fails_leaves_its_image_to_the_others(slides):
    devices = Devices(2, gather=False)

    def fail(number):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    devices.networks[1].before_call = fail
    devices.networks[0].before_call = lambda number: deadline(lambda: devices.networks[1].calls == 1)
    report = start(slides, devices)
    assert (report.segmented, report.failed) == (5, ())
    assert devices.networks[1].calls == 1
    log = (slides.parent / "run" / LOG_FILE).read_text(encoding="utf-8")
    assert "the GPU stopped working" in log
    assert "going on with the other devices" in log


def test_the_last_device_that_fails_stops_the_run(slides):
    devices = Devices(2)

    def fail(number):
        devices.barrier.wait()
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    for network in devices.networks:
        network.before_call = fail
    with pytest.raises(SamhqError, match="the GPU stopped working"):
        start(slides, devices)
    assert stored(slides) == {}
    assert waiting(slides) == 5


def test_a_device_whose_model_cannot_be_loaded_is_done_without(slides, network):
    def load(settings, monitor):
        raise CheckpointError("cuda:1: memory is used up by another program")

    model = dataclasses.replace(network.model(), further=(load,))
    network.before_call = lambda number: time.sleep(0.05)
    report = run_batch(slides, slides.parent / "run", settings=Settings(), model=model)
    assert (report.segmented, report.failed) == (5, ())


def test_stopping_stops_every_device(slides):
    monitor = StoppableMonitor()
    devices = Devices(2)

    def stop(number):
        devices.barrier.wait()
        monitor.stop()

    for network in devices.networks:
        network.before_call = stop
    with pytest.raises(Cancelled):
        start(slides, devices, monitor=monitor)
    assert stored(slides) == {}
    assert threading.active_count() == 1


def deadline(condition) -> None:
    """Wait until a condition holds, for 20 seconds at most."""
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)


def test_two_starts_at_once_do_not_mix(slides, network):
    reached, go_on = threading.Event(), threading.Event()

    def wait(number):
        reached.set()
        go_on.wait(20)

    network.before_call = wait
    first = threading.Thread(target=start, args=(slides, network))
    first.start()
    reached.wait(20)
    with pytest.raises(StoreError, match="is writing to this run"):
        start(slides, Threshold())
    go_on.set()
    first.join()
    assert len(stored(slides)) == 5


def test_an_input_that_disappears_stops_the_run_and_keeps_the_rest(slides, network):
    network.before_call = lambda number: shutil.rmtree(slides) if number == 2 else None
    with pytest.raises(ImageReadError, match="has disappeared"):
        start(slides, network)
    assert 1 <= len(stored(slides)) <= 4


def test_an_empty_folder_is_said_and_leaves_no_run(tmp_path, network):
    (tmp_path / "slides").mkdir()
    with pytest.raises(ImageReadError, match="holds no images"):
        start(tmp_path / "slides", network)
    assert not (tmp_path / "run").exists()


def test_a_model_that_cannot_be_loaded_stops_the_run(slides):
    def load(settings, monitor):
        raise CheckpointError("vit_b.pth: is damaged; download it again")

    model = Model(name="x", architecture="none", sha256="c", engine_version=1, load=load)
    with pytest.raises(CheckpointError, match="is damaged"):
        run_batch(slides, slides.parent / "run", settings=Settings(), model=model)
    assert stored(slides) == {}


def test_a_start_with_nothing_readable_left_loads_no_model(slides, network):
    (slides / "torn.png").write_bytes(b"")
    start(slides, network)
    again = Threshold()
    assert len(start(slides, again).failed) == 1
    assert again.loads == 0


def test_nothing_is_written_into_the_input(slides, network):
    before = {p: p.stat().st_mtime_ns for p in slides.rglob("*")}
    start(slides, network)
    assert {p: p.stat().st_mtime_ns for p in slides.rglob("*")} == before


def test_a_read_only_place_is_named(slides, network, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="access is denied; choose an output folder"):
        start(slides, network)
