"""The run store: what goes in comes out, one writer, no half images, readable while written."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from samhq import store as store_module
from samhq.errors import SamhqError, StoreError
from samhq.locks import LOCK_FILE, FolderLock
from samhq.masks import MaskTable
from samhq.measure import measure_objects
from samhq.packing import StoredObjects
from samhq.store import RUN_FILE, ImageRecord, RunStore


def some_objects(seed: int = 0, n: int = 6) -> StoredObjects:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n + 1, (20, 30))
    table = MaskTable.from_labels(labels)
    # Two masks that overlap, so that exclusive rows are stored as well.
    table = MaskTable.concatenate([table, table[[0]]])
    return StoredObjects(table, measure_objects(rng.integers(0, 65536, (20, 30)).astype(np.uint16), table))


def record_of(path: str, objects: StoredObjects, **values) -> ImageRecord:
    return ImageRecord(
        path=path, page=1, status="done", width=30, height=20, objects=len(objects.masks), **values
    )


def assert_equal(a: StoredObjects, b: StoredObjects) -> None:
    for name in ("boxes", "predicted_iou", "stability_score", "points", "crop_boxes", "runs", "offsets"):
        one, two = getattr(a.masks, name), getattr(b.masks, name)
        assert one.dtype == two.dtype, name
        assert np.array_equal(one, two), name
    for kind in ("histograms", "exclusive"):
        one, two = getattr(a.measurements, kind), getattr(b.measurements, kind)
        assert np.array_equal(one.levels, two.levels)
        assert np.array_equal(one.counts, two.counts)
        assert np.array_equal(one.offsets, two.offsets)
    assert np.array_equal(a.measurements.exclusive_rows, b.measurements.exclusive_rows)
    assert np.array_equal(a.measurements.centroids, b.measurements.centroids)


def test_everything_comes_back_as_it_was_stored(tmp_path):
    objects = some_objects()
    record = record_of(
        "tief/Präparat 1.tif",
        objects,
        notes=("alpha composited on white", "ü"),
        pixel_size_um=0.25,
        black=3.5,
        overlap_fraction=objects.measurements.overlap_fraction,
    )
    with RunStore.write(tmp_path) as store:
        store.set_facts({"input": "C:\\Proben", "n": [1, 2]})
        store.save(record, objects)
    with RunStore.read(tmp_path) as store:
        assert store.facts() == {"input": "C:\\Proben", "n": [1, 2]}
        assert store.records() == [record]
        assert_equal(store.objects(record), objects)


def test_saving_again_replaces_the_earlier_result(tmp_path):
    with RunStore.write(tmp_path) as store:
        first, second = some_objects(1), some_objects(2, n=3)
        store.save(record_of("a.png", first), first)
        store.save(record_of("a.png", second), second)
        assert [r.objects for r in store.records()] == [len(second.masks)]
        assert_equal(store.objects(store.records()[0]), second)


def test_a_failure_is_noted_and_keeps_the_objects_of_an_earlier_start(tmp_path):
    objects = some_objects()
    with RunStore.write(tmp_path) as store:
        record = record_of("a.png", objects, segment_key="k")
        store.save(record, objects)
        store.fail(ImageRecord(path="a.png", page=1, status="failed", error="is empty"))
        store.fail(ImageRecord(path="b.png", page=1, status="failed", error="is torn"))
        assert [(r.path, r.status, r.error) for r in store.records()] == [
            ("a.png", "failed", "is empty"),
            ("b.png", "failed", "is torn"),
        ]
        assert_equal(store.objects(store.records()[0]), objects)
        store.refresh(record)
        assert store.records()[0] == record


def test_objects_of_other_settings_are_never_given_for_a_record_read_before(tmp_path):
    first, second = some_objects(1), some_objects(2, n=3)
    with RunStore.write(tmp_path) as store:
        store.save(record_of("a.png", first, segment_key="old"), first)
        record = store.records()[0]
        store.save(record_of("a.png", second, segment_key="new"), second)
        with pytest.raises(StoreError, match="is being segmented again"):
            store.objects(record)


def test_an_image_without_objects_is_stored(tmp_path):
    empty = MaskTable.empty(height=20, width=30)
    objects = StoredObjects(empty, measure_objects(np.zeros((20, 30), np.uint16), empty))
    with RunStore.write(tmp_path) as store:
        store.save(record_of("a.png", objects), objects)
        assert_equal(store.objects(store.records()[0]), objects)


def test_a_start_says_which_images_are_current_waiting_or_gone(tmp_path):
    objects = some_objects()
    with RunStore.write(tmp_path) as store:
        for name in ("a.png", "b.png", "c.png"):
            store.save(record_of(name, objects), objects)
        store.begin({"n": 1}, current=[("b.png", 1)], waiting=[("c.png", 1), ("d.png", 1)])
        assert [(r.path, r.status) for r in store.records()] == [
            ("b.png", "done"),
            ("c.png", "waiting"),
            ("d.png", "waiting"),
        ]
        assert store.facts() == {"n": 1}
        assert len(store.records(present_only=False)) == 4
        store.begin({"n": 2}, current=[("a.png", 1), ("b.png", 1)], waiting=[])
        assert [(r.path, r.status) for r in store.records()] == [("a.png", "done"), ("b.png", "done")]


def test_objects_too_large_for_the_file_fail_their_image_only(tmp_path):
    objects = some_objects()
    with RunStore.write(tmp_path) as store:
        store._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 200)
        with pytest.raises(SamhqError, match="cut the image into parts") as caught:
            store.save(record_of("a.png", objects), objects)
        assert not isinstance(caught.value, StoreError)
        assert store.records() == []


def test_a_failed_save_leaves_nothing_behind(tmp_path):
    objects = some_objects()
    with RunStore.write(tmp_path) as store:
        store.save(record_of("a.png", objects), objects)
        with pytest.raises(ValueError, match="record says"):
            store.save(ImageRecord(path="b.png", page=1, status="done", objects=99), objects)
        broken = ImageRecord(path="b.png", page=1, status="odd", objects=len(objects.masks))  # type: ignore[arg-type]
        with pytest.raises(StoreError):
            store.save(broken, objects)
        assert [r.path for r in store.records()] == ["a.png"]


def test_a_second_writer_is_told_who_is_writing(tmp_path):
    with RunStore.write(tmp_path), pytest.raises(StoreError, match=f"process {os.getpid()} on") as caught:
        RunStore.write(tmp_path)
    assert LOCK_FILE in str(caught.value)
    with RunStore.write(tmp_path):
        pass  # free again


def test_reading_needs_no_lock(tmp_path):
    objects = some_objects()
    with RunStore.write(tmp_path) as writer:
        writer.save(record_of("a.png", objects), objects)
        with RunStore.read(tmp_path) as reader:
            assert len(reader.records()) == 1
            writer.save(record_of("b.png", objects), objects)
            assert len(reader.records()) == 2
            with pytest.raises(StoreError, match="for reading only"):
                reader.set_facts({"a": 1})


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from samhq.locks import FolderLock; "
        "FolderLock.acquire(Path(sys.argv[1])); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert (tmp_path / LOCK_FILE).exists()
    FolderLock.acquire(tmp_path).release()
    assert not (tmp_path / LOCK_FILE).exists()


@pytest.mark.parametrize("text", ["", "not json", "[]"])
def test_a_damaged_lock_never_lets_two_in_silently(tmp_path, text):
    (tmp_path / LOCK_FILE).write_text(text, encoding="utf-8")
    if text:
        with pytest.raises(StoreError, match=LOCK_FILE):
            FolderLock.acquire(tmp_path)
    else:
        # Empty: its writer died between creating and writing it.
        FolderLock.acquire(tmp_path).release()


def test_a_lock_of_another_machine_is_respected(tmp_path):
    owner = {"pid": 1, "host": "elsewhere", "since": "today"}
    (tmp_path / LOCK_FILE).write_text(json.dumps(owner), encoding="utf-8")
    with pytest.raises(StoreError, match="process 1 on elsewhere .* since today"):
        FolderLock.acquire(tmp_path)


def test_a_process_number_used_again_does_not_hold_the_lock(tmp_path):
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "started": 1.0}
    (tmp_path / LOCK_FILE).write_text(json.dumps(owner), encoding="utf-8")
    FolderLock.acquire(tmp_path).release()


def test_what_is_no_run_is_named(tmp_path):
    with pytest.raises(StoreError, match="is not a run folder"):
        RunStore.read(tmp_path)
    (tmp_path / RUN_FILE).write_bytes(b"this is no database, but long enough to look like one" * 50)
    with pytest.raises(StoreError, match="damaged or not a run file"):
        RunStore.read(tmp_path)


def test_a_file_of_another_program_is_left_alone(tmp_path):
    connection = sqlite3.connect(tmp_path / RUN_FILE)
    connection.execute("CREATE TABLE precious (x)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        RunStore.write(tmp_path)
    assert not (tmp_path / LOCK_FILE).exists()


def test_a_run_of_a_newer_version_says_so(tmp_path):
    RunStore.write(tmp_path).close()
    connection = sqlite3.connect(tmp_path / RUN_FILE)
    connection.execute("INSERT INTO migration (name) VALUES ('0999_future')")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="0999_future"):
        RunStore.read(tmp_path)


def test_a_full_disk_is_said_and_keeps_what_was_done(tmp_path):
    objects = some_objects()
    with RunStore.write(tmp_path) as store:
        store.save(record_of("a.png", objects), objects)
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="disk is full"):
            for i in range(100):
                store.save(record_of(f"{i}.png", objects), objects)
        assert "a.png" in [r.path for r in store.records()]


def test_a_run_of_an_earlier_version_with_small_pages_goes_on(tmp_path, monkeypatch):
    first, second = some_objects(1), some_objects(2)
    with monkeypatch.context() as earlier:
        earlier.setattr(store_module, "_PAGE_BYTES", 4096)
        with RunStore.write(tmp_path) as store:
            store.save(record_of("a.png", first), first)
    with RunStore.write(tmp_path) as store:
        store.save(record_of("b.png", second), second)
    with RunStore.read(tmp_path) as store:
        for record, expected in zip(store.records(), (first, second), strict=True):
            assert_equal(store.objects(record), expected)
    with contextlib.closing(sqlite3.connect(tmp_path / RUN_FILE)) as connection:
        assert connection.execute("PRAGMA page_size").fetchone() == (4096,)
