"""The list of images: order, filter, selection, thumbnails; and whether 3,000 images stay smooth."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt
from PyQt6.QtTest import QAbstractItemModelTester

from samhq.filters import ObjectHistograms
from samhq.gui.batch_live import LiveRun
from samhq.gui.image_list import Column, ImageListModel, ImageRows, ImageState
from samhq.gui.thumbnails import Thumbnails, read_thumbnail
from samhq.overview import RunView, _Chunk, _Part, _State
from samhq.settings import ImageSettings
from samhq.store import ImageRecord, StoredHistograms

KEYS = (("a/img1.png", 1), ("a/img2.png", 1), ("b/img10.png", 1), ("b/stack.tif", 1), ("b/stack.tif", 2))


def rows(**changes) -> ImageRows:
    values = {
        "keys": KEYS,
        "states": np.array(
            [
                ImageState.DONE,
                ImageState.FAILED,
                ImageState.DONE,
                ImageState.ALL_FILTERED,
                ImageState.WAITING,
            ],
            np.uint8,
        ),
        "kept": np.array([1, 0, 40, 0, 0]),
        "found": np.array([9, 0, 41, 5, 0]),
        "area": np.array([1234, 0, 77, 0, 0]),
        "ratio": np.array([31.25, np.nan, 60.0, np.nan, np.nan]),
        "pages": np.array([1, 1, 1, 2, 2]),
        "reason": lambda row: {1: "is damaged", 3: "area 5"}[row],
    }
    return ImageRows(**(values | changes))


@pytest.fixture
def model(qapp):
    made = ImageListModel()
    tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal)
    made.set_rows(rows())
    yield made
    del tester


def shown(model, column=Column.IMAGE) -> list[str]:
    return [model.index(row, column).data() for row in range(model.rowCount())]


def keys(model) -> list[tuple[str, int]]:
    return [model.key_at(row) for row in range(model.rowCount())]


def test_every_state_says_what_became_of_the_image(model):
    model.set_running(KEYS[4])
    assert shown(model, Column.STATE) == [
        "1 object",
        "failed\nis damaged",
        "40 objects",
        "all filtered out\narea 5",
        "running",
    ]
    assert model.state_counts()[ImageState.RUNNING] == 1
    model.set_running(None)
    assert shown(model, Column.STATE)[4] == "waiting"


def test_names_numbers_and_pages(model):
    assert shown(model)[0] == "img1.png\na"
    assert shown(model)[3:] == ["stack.tif, page 1\nb", "stack.tif, page 2\nb"]
    assert shown(model, Column.KEPT) == ["1", "", "40", "0", ""]
    assert shown(model, Column.AREA)[0] == "1,234"
    assert shown(model, Column.RATIO) == ["31.2", "", "60.0", "", ""]


@pytest.mark.parametrize(
    ("column", "ascending"),
    [
        (Column.IMAGE, [0, 1, 2, 3, 4]),
        (Column.STATE, [0, 2, 3, 1, 4]),
        (Column.KEPT, [1, 3, 4, 0, 2]),
        (Column.FOUND, [1, 4, 3, 0, 2]),
        (Column.AREA, [1, 3, 4, 2, 0]),
        (Column.RATIO, [0, 2, 1, 3, 4]),
    ],
)
def test_sorting(model, column, ascending):
    model.sort(column)
    assert keys(model) == [KEYS[i] for i in ascending]
    model.sort(column, Qt.SortOrder.DescendingOrder)
    if column is Column.RATIO:  # without a ratio: last in both directions
        assert keys(model) == [KEYS[i] for i in (2, 0, 1, 3, 4)]
    elif column is Column.IMAGE:
        assert keys(model) == list(reversed(KEYS))
    else:
        assert keys(model)[0] == KEYS[ascending[-1]]


def test_text_and_state_filter_together(model):
    told = []
    model.rows_shown.connect(lambda some, total: told.append((some, total)))
    model.set_text("B/")
    assert keys(model) == list(KEYS[2:])
    model.set_state(ImageState.WAITING)
    assert keys(model) == [KEYS[4]]
    assert told[-1] == (1, 5)
    model.set_text("")
    model.set_state(None)
    assert keys(model) == list(KEYS)


def test_an_image_stays_selected_when_the_order_changes(model):
    model.sort(Column.KEPT)
    mark = QPersistentModelIndex(model.index(model.row_of(KEYS[0]), 0))
    assert model.key_at(mark.row()) == KEYS[0]
    model.set_rows(rows(kept=np.array([50, 0, 40, 0, 0])))
    assert mark.isValid()
    assert model.key_at(mark.row()) == KEYS[0]
    assert mark.row() == 4


def test_new_numbers_in_the_same_order_only_repaint(model, qtbot):
    resets, changes = [], []
    model.modelReset.connect(lambda: resets.append(1))
    model.layoutChanged.connect(lambda: resets.append(1))
    model.dataChanged.connect(lambda first, last, *_: changes.append((first.row(), last.row())))
    model.set_rows(rows(kept=np.array([2, 0, 39, 0, 0])))
    assert not resets
    assert changes == [(0, 4)]


def test_more_images_are_shown_when_they_come(model):
    more = (*KEYS, ("c.png", 1))
    model.set_rows(ImageRows.waiting(more))
    assert keys(model) == list(more)
    assert model.rowCount(QModelIndex()) == 6
    assert model.row_of(("nothing.png", 1)) == -1
    assert model.key_at(17) is None


# -------------------------------------------------------------------- thumbnails


def write_png(path: Path, picture) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return path


@pytest.fixture
def pictures(tmp_path) -> Path:
    red = np.zeros((60, 120, 3), np.uint8)
    red[:, :, 2] = 255
    write_png(tmp_path / "red.png", red)
    deep = np.full((50, 50), 800, np.uint16)
    deep[:, 25:] = 1600  # nearly black without a stretch
    write_png(tmp_path / "deep.png", deep)
    stack = np.zeros((2, 40, 40), np.uint8)
    stack[1] = 255
    tifffile.imwrite(tmp_path / "stack.tif", stack)
    (tmp_path / "broken.png").write_bytes(b"nothing")
    return tmp_path


def color(image, x, y) -> tuple[int, int, int]:
    found = image.pixelColor(x, y)
    return found.red(), found.green(), found.blue()


def test_thumbnails_keep_shape_and_colour(pictures):
    image = read_thumbnail(pictures / "red.png", None, ImageSettings(), QSize(40, 40))
    assert (image.width(), image.height()) == (40, 20)
    assert color(image, 20, 10) == (255, 0, 0)


def test_deep_pictures_and_pages_are_shown_as_the_network_sees_them(pictures):
    image = read_thumbnail(pictures / "deep.png", None, ImageSettings(), QSize(40, 40))
    assert color(image, 2, 20)[0] < 20
    assert color(image, 37, 20)[0] > 235
    page = read_thumbnail(pictures / "stack.tif", 2, ImageSettings(), QSize(40, 40))
    assert color(page, 5, 5) == (255, 255, 255)
    assert read_thumbnail(pictures / "broken.png", None, ImageSettings(), QSize(40, 40)) is None
    assert read_thumbnail(pictures / "absent.png", None, ImageSettings(), QSize(40, 40)) is None


def test_a_thumbnail_comes_later_and_stays(qtbot, session, pictures):
    thumbnails = Thumbnails(session.jobs, size=QSize(40, 30))
    model = ImageListModel(thumbnails)
    model.set_root(pictures)
    model.set_rows(ImageRows.waiting([("red.png", 1), ("broken.png", 1)]))
    changed = []
    model.dataChanged.connect(lambda first, last, roles: changed.append(first.row()))
    blank = model.index(0, 0).data(Qt.ItemDataRole.DecorationRole)
    assert blank.toImage().pixelColor(20, 15).alpha() == 0
    assert model.index(1, 0).data(Qt.ItemDataRole.DecorationRole) is not None
    qtbot.waitUntil(lambda: sorted(changed) == [0, 1], timeout=10_000)
    picture = model.index(0, 0).data(Qt.ItemDataRole.DecorationRole).toImage()
    assert color(picture, 20, 15) == (255, 0, 0)
    assert (picture.width(), picture.height()) == (40, 30)
    # One that cannot be read is not tried again and again.
    assert not session.jobs.jobs()
    model.index(1, 0).data(Qt.ItemDataRole.DecorationRole)
    qtbot.wait(50)
    assert not session.jobs.jobs()


def test_a_changed_file_is_read_anew_when_it_is_forgotten(qtbot, session, pictures):
    thumbnails = Thumbnails(session.jobs, size=QSize(40, 40))
    key = (pictures / "red.png", None)
    with qtbot.waitSignal(thumbnails.ready, timeout=10_000):
        assert thumbnails.get(key) is None
    write_png(pictures / "red.png", np.full((40, 40, 3), 255, np.uint8))
    assert color(thumbnails.get(key).toImage(), 20, 20) == (255, 0, 0)
    thumbnails.forget(key)
    with qtbot.waitSignal(thumbnails.ready, timeout=10_000):
        assert thumbnails.get(key) is None
    assert color(thumbnails.get(key).toImage(), 20, 20) == (255, 255, 255)


# -------------------------------------------------------------------- a large run


class LargeOverview:
    """A run of any size in memory, in the place of one that was read from disk."""

    def __init__(self, *, images: int, each: int, levels: int = 60, chunk: int = 160) -> None:
        random = np.random.default_rng(7)
        records, parts = [], []
        for number in range(images):
            records.append(
                ImageRecord(
                    f"tray {number // 100:02d}/img{number}.png", 1, "done", segment_key="k", objects=each
                )
            )
            first = random.integers(1000, 60000, (each, 1))
            level = (first + np.arange(levels) * 60).astype(np.uint16).ravel()
            count = random.integers(1, 60, each * levels).astype(np.uint32)
            histograms = ObjectHistograms(level, count, np.arange(0, each * levels + 1, levels))
            stored = StoredHistograms(histograms, np.zeros(0, np.int64), ObjectHistograms.empty())
            parts.append(_Part((records[-1].path, 1), ("k",), stored))
        chunks = [_Chunk(parts[i : i + chunk]) for i in range(0, images, chunk)]
        self._state = _State(tuple(records), tuple(chunks))

    def update(self, *, monitor) -> bool:
        return False

    def filter(self, settings) -> RunView:
        return RunView(self._state, settings)

    def close(self) -> None:
        pass


def test_a_whole_run_of_3000_images_follows_a_threshold(qtbot, session, tmp_path, record_property):
    """Times are reported, not asserted: the machine may be busy."""
    model = ImageListModel()
    model.sort(Column.KEPT, Qt.SortOrder.DescendingOrder)
    live = LiveRun(session, session)
    live.folder, live._overview = tmp_path, LargeOverview(images=3000, each=200)
    slots: list[float] = []

    def show(look) -> None:
        begin = time.perf_counter()
        model.set_rows(look.rows)
        slots.append(time.perf_counter() - begin)

    live.changed.connect(show)

    def change(**values) -> float:
        begin = time.perf_counter()
        session.set_filter(**values)
        qtbot.waitUntil(
            lambda: live.look is not None and live.look.view.settings == session.filter, timeout=30_000
        )
        return time.perf_counter() - begin

    live.update()
    qtbot.waitUntil(lambda: live.look is not None, timeout=60_000)
    assert (len(live.look.rows), live.look.found) == (3000, 600_000)
    times = {
        "stage 1": [change(min_area=value) for value in (1000.0, 1500.0, 1700.0)],
        "range": [change(min_aggregation=value) for value in (20.0, 30.0, 40.0)],
    }
    kept = model.rows.kept[[model._order[0], model._order[-1]]]
    assert kept[0] >= kept[1]
    assert 0 < live.look.kept < 600_000
    assert model.rowCount() == 3000
    begin = time.perf_counter()
    model.set_text("img29")
    slots.append(time.perf_counter() - begin)
    for name, values in times.items():
        record_property(name, f"{max(values):.3f} s")
        print(f"{name}: {' '.join(f'{v * 1000:.0f}' for v in values)} ms")  # noqa: T201
    print(f"slots of the list: at most {max(slots) * 1000:.0f} ms")  # noqa: T201
