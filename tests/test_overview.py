"""A run in memory says what the run on disk says, keeps up with its writer, and is fast."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from samhq import overview
from samhq.errors import StoreError
from samhq.filters import ObjectHistograms
from samhq.masks import MaskTable
from samhq.measure import ObjectMeasurements, measure_distribution, measure_objects
from samhq.monitor import Cancelled, StoppableMonitor
from samhq.overview import RunOverview
from samhq.packing import StoredObjects
from samhq.results import Outcome, RunResults
from samhq.settings import FilterSettings
from samhq.store import RUN_FILE, ImageRecord, RunStore

FACTS = {"settings": {}, "input": "x"}
SIZE = (24, 30)


def objects_of(seed: int, n: int = 6) -> tuple[StoredObjects, np.ndarray]:
    generator = np.random.default_rng(seed)
    table = MaskTable.from_labels(generator.integers(0, n + 1, SIZE))
    if len(table):  # masks that overlap: one below another, and one wholly hidden
        table = MaskTable.concatenate([table, table[[0, 0]]])
    level = np.sort(generator.integers(0, 65536, SIZE), axis=1).astype(np.uint16)
    return StoredObjects(table, measure_objects(level, table)), level


def record_of(path: str, objects: StoredObjects, *, page: int = 1, key: str = "k") -> ImageRecord:
    return ImageRecord(
        path=path,
        page=page,
        status="done",
        segment_key=key,
        width=SIZE[1],
        height=SIZE[0],
        objects=len(objects.masks),
        overlap_fraction=objects.measurements.overlap_fraction,
    )


def save(store: RunStore, path: str, seed: int, *, n: int = 6, page: int = 1, key: str = "k") -> None:
    objects, _ = objects_of(seed, n)
    store.save(record_of(path, objects, page=page, key=key), objects)


@pytest.fixture
def store(tmp_path):
    with RunStore.write(tmp_path / "x_SAM_HQ_Run") as store:
        store.begin(FACTS, current=(), waiting=[("z/10.png", 1), ("z/9.png", 1)])
        for number in range(8):
            save(store, f"a/{number * 3}.png", number, page=1 + number % 2)
        save(store, "empty.png", 1, n=0)
        store.fail(ImageRecord(path="bad.png", page=1, status="failed", error="not an image"))
        yield store


FILTERS = [
    FilterSettings(),
    FilterSettings(min_area=90),
    FilterSettings(min_area=10_000),
    FilterSettings(min_intensity=4000, min_ratio=49.5),
    FilterSettings(min_aggregation=40, max_aggregation=60),
    FilterSettings(max_aggregation=1, polarity="bright", min_ratio=51),
    FilterSettings(overlaps="exclusive", min_area=50, min_aggregation=20),
]


def assert_equals_the_run(view, store: RunStore, settings: FilterSettings) -> None:
    expected = list(RunResults(store, settings))
    assert [r.record for r in expected] == list(view.records)
    assert [r.outcome for r in expected] == list(view.outcomes)
    assert [r.reason for r in expected] == [view.reason(i) for i in range(len(view))]
    assert view.objects_found == sum(len(r.masks) for r in expected)
    assert view.objects_kept == sum(int(r.filtered.keep.sum()) for r in expected)
    for row, result in enumerate(expected):
        keep = result.filtered.keep
        assert view.found[row] == len(keep)
        assert view.kept[row] == keep.sum()
        assert view.area[row] == result.filtered.area[keep].sum()
        assert view.intensity[row] == result.filtered.intensity[keep].sum()
        assert math.isnan(view.ratio[row]) == (view.area[row] == 0)
        for name in result.filtered.__dataclass_fields__:
            one, other = getattr(view.image(row), name), getattr(result.filtered, name)
            np.testing.assert_array_equal(one, other, err_msg=name)


@pytest.mark.parametrize("settings", FILTERS)
@pytest.mark.parametrize("chunk", [1, 200, 10**9])
def test_a_view_equals_the_run_read_image_by_image(store, settings, chunk, monkeypatch):
    monkeypatch.setattr(overview, "_CHUNK", chunk)
    with RunOverview(store.folder) as held:
        assert held.update()
        assert_equals_the_run(held.filter(settings), store, settings)


def test_all_outcomes_are_told_apart(store):
    with RunOverview(store.folder) as held:
        held.update()
        counts = held.filter(FilterSettings(min_area=10_000)).outcome_counts
        assert counts == {
            Outcome.OBJECTS: 0,
            Outcome.NONE_FOUND: 1,
            Outcome.ALL_FILTERED: 8,
            Outcome.FAILED: 1,
            Outcome.WAITING: 2,
        }
        assert held.filter(FilterSettings(min_area=10_000)).dropped == {"min_area": 64}


def test_an_update_reads_only_what_is_new(store, monkeypatch):
    monkeypatch.setattr(overview, "_CHUNK", 1500)
    with RunOverview(store.folder) as held:
        held.update()
        assert not held.update()
        read = []
        plain = RunStore.histograms
        monkeypatch.setattr(RunStore, "histograms", lambda self, r: read.append(r.path) or plain(self, r))
        save(store, "z/9.png", 50)
        save(store, "a/3.png", 51, page=2, key="segmented again")
        store.fail(ImageRecord(path="a/6.png", page=1, status="failed", error="vanished"))
        assert held.update()
        assert sorted(read) == ["a/3.png", "z/9.png"]
        for settings in FILTERS:
            assert_equals_the_run(held.filter(settings), store, settings)


def test_a_view_stays_what_it_was(store):
    with RunOverview(store.folder) as held:
        held.update()
        view = held.filter(FilterSettings(min_area=60))
        kept, total = view.kept.copy(), view.objects_kept
        save(store, "a/0.png", 77, n=2, key="segmented again")
        held.update()
        assert np.array_equal(view.kept, kept)
        assert view.objects_kept == total
        assert not np.array_equal(held.filter(FilterSettings(min_area=60)).kept, kept)


def test_a_new_start_empties_the_view(store):
    with RunOverview(store.folder) as held:
        held.update()
        store.begin(FACTS, current=[("a/0.png", 1)], waiting=[("a/3.png", 2)])
        assert held.update()
        assert [r.status for r in held.records] == ["done", "waiting"]
        assert_equals_the_run(held.filter(FilterSettings()), store, FilterSettings())


def test_a_run_that_begins_is_empty_and_fills(tmp_path):
    folder = tmp_path / "x_SAM_HQ_Run"
    with pytest.raises(StoreError, match="no such folder"):
        RunOverview(folder)
    folder.mkdir()
    (folder / RUN_FILE).touch()  # what a reader sees before the first transaction
    with RunOverview(folder) as held:
        assert not held.update()
        assert len(held.filter(FilterSettings(min_area=4))) == 0
        with RunStore.write(folder) as store:
            assert not held.update()
            store.begin(FACTS, current=(), waiting=[("a.png", 1)])
            assert held.update()
            assert held.filter(FilterSettings()).outcomes == (Outcome.WAITING,)
            save(store, "a.png", 3)
            assert held.update()
            assert held.filter(FilterSettings()).outcomes == (Outcome.OBJECTS,)


def test_an_image_that_is_replaced_while_it_is_read_waits_for_the_next_update(store, monkeypatch):
    with RunOverview(store.folder) as held:
        plain = RunStore.histograms

        def late(self, record):
            if record.path == "a/0.png":
                save(store, "a/0.png", 99, key="new")
                monkeypatch.setattr(RunStore, "histograms", plain)
            return plain(self, record)

        monkeypatch.setattr(RunStore, "histograms", late)
        assert held.update()
        assert held.records[0].status == "waiting"
        assert held.update()
        assert_equals_the_run(held.filter(FilterSettings()), store, FilterSettings())


def test_a_stopped_update_changes_nothing(store):
    monitor = StoppableMonitor()
    monitor.stop()
    with RunOverview(store.folder) as held:
        with pytest.raises(Cancelled):
            held.update(monitor=monitor)
        assert held.records == ()
        assert held.update()


def test_it_reads_while_another_process_writes(tmp_path):
    folder = tmp_path / "x_SAM_HQ_Run"
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from test_overview import *\n"
            "with RunStore.write(Path(sys.argv[1])) as store:\n"
            "    store.begin(FACTS, current=(), waiting=[])\n"
            "    for n in range(60): save(store, f'{n}.png', n)\n",
            str(folder),
        ],
        env={**__import__("os").environ, "PYTHONPATH": str(__import__("pathlib").Path(__file__).parent)},
    )
    deadline = time.monotonic() + 60
    while not (folder / RUN_FILE).exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    seen = []
    with RunOverview(folder) as held:
        while writer.poll() is None and time.monotonic() < deadline:
            held.update()
            seen.append(held.filter(FilterSettings(min_area=80)).objects_found)
        held.update()
        assert held.filter(FilterSettings()).objects_found == 60 * 8
    assert writer.returncode == 0
    assert seen == sorted(seen)


@pytest.mark.parametrize("overlaps", ["keep", "exclusive"])
def test_histograms_count_the_values_that_thresholds_compare(store, overlaps):
    with RunOverview(store.folder) as held:
        held.update()
        settings = FilterSettings(min_area=80, min_aggregation=30, overlaps=overlaps)
        view = held.filter(settings)
        objects = view.objects
        there = objects.initial_area > 0
        for quantity in ("area", "intensity", "ratio"):
            values = getattr(objects, f"initial_{quantity}")
            for scale in ("linear", "log"):
                counts = view.histogram(quantity, bins=17, scale=scale)
                np.testing.assert_array_equal(counts.total, np.histogram(values[there], counts.edges)[0])
                np.testing.assert_array_equal(
                    counts.kept, np.histogram(values[objects.keep], counts.edges)[0]
                )
                assert counts.total.sum() == there.sum()
                assert ((counts.edges[:-1] < counts.centers) & (counts.centers < counts.edges[1:])).all()
        assert view.histogram("ratio").edges[-1] == 100


@pytest.mark.parametrize("polarity", ["dark", "bright"])
def test_pixels_of_objects_are_counted_like_those_of_an_image(store, polarity):
    pixels = []
    for number in range(8):
        objects, level = objects_of(number)
        pixels += [level[objects.masks.mask(i)] for i in range(len(objects.masks))]
    expected = measure_distribution(np.concatenate(pixels), polarity=polarity, bins=50)
    with RunOverview(store.folder) as held:
        held.update()
        centers, counts = held.filter(FilterSettings(polarity=polarity)).pixels(bins=50)
    np.testing.assert_array_equal(centers, expected.centers)
    np.testing.assert_array_equal(counts, expected.counts)


def test_pixels_that_belong_to_two_objects_count_once_if_exclusive(store):
    with RunOverview(store.folder) as held:
        held.update()
        view = held.filter(FilterSettings(overlaps="exclusive"))
        assert view.pixels()[1].sum() == view.objects.initial_area.sum()
        assert view.pixels()[1].sum() < held.filter(FilterSettings()).pixels()[1].sum()


def many_objects(n: int, levels: int, seed: int) -> StoredObjects:
    generator = np.random.default_rng(seed)
    rows = np.sort(generator.integers(0, 256, (n, levels), dtype=np.uint16) * 257, axis=1)
    histograms = ObjectHistograms(
        rows.reshape(-1),
        generator.integers(1, 30, n * levels, dtype=np.uint32),
        np.arange(n + 1, dtype=np.int64) * levels,
    )
    masks = MaskTable.from_runs([np.array([0, 1, 8], np.uint32)] * n, height=3, width=3)
    shared = np.arange(0, n, 10)
    measured = ObjectMeasurements(histograms, shared, histograms[shared], np.zeros((n, 2)), 0.1)
    return StoredObjects(masks, measured)


def test_sixty_thousand_objects_follow_a_drag(tmp_path, monkeypatch):
    monkeypatch.setattr(overview, "_CHUNK", 200_000)
    with RunStore.write(tmp_path / "run") as store:
        store.begin(FACTS, current=(), waiting=())
        for number in range(300):
            objects = many_objects(200, 60, number % 7)
            record = record_of(f"{number}.png", objects)
            store.save(replace(record, width=3, height=3), objects)
    with RunOverview(tmp_path / "run") as held:
        held.update()

        for value in range(1, 4):
            for values in ({"min_aggregation": value}, {"min_area": value}):
                view = held.filter(FilterSettings(**values))
                assert len(view.outcomes) == 300
                assert view.histogram("area").total.sum() == view.objects_found
