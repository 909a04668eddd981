"""The log: lines of all threads, filtered, searched, copied and saved, however many there are."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QModelIndex, QPoint, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QSplitter, QTextEdit, QToolButton
from pytestqt.qtbot import QtBot

from samhq.gui import theme
from samhq.gui.log import LogModel, LogPanel, install_log, uninstall_log
from samhq.gui.log_file import KEPT, open_log_file


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.getLogger("samhq.test_log")
    made.setLevel(logging.DEBUG)
    made.propagate = False
    yield made
    for handler in list(made.handlers):
        made.removeHandler(handler)
    made.propagate = True
    made.setLevel(logging.NOTSET)


@pytest.fixture
def model(qapp: QApplication, logger: logging.Logger) -> LogModel:
    made = LogModel()
    logger.addHandler(made.handler)
    return made


@pytest.fixture
def panel(qtbot: QtBot, model: LogModel) -> LogPanel:
    made = LogPanel(model)
    qtbot.addWidget(made)
    made.resize(300, 500)
    made.show()
    return made


def settle(qtbot: QtBot, model: LogModel) -> None:
    qtbot.waitUntil(lambda: not model.handler.has_more, timeout=10_000)
    for _ in range(3):
        QApplication.processEvents()


def rows(model: LogModel) -> list[str]:
    return [str(model.data(model.index(row))) for row in range(model.rowCount())]


# ---------------------------------------------------------------- the model


def test_lines_appear_with_their_time_and_level(
    qtbot: QtBot, model: LogModel, logger: logging.Logger
) -> None:
    logger.info("%s has %d objects", "cells.tif", 12)
    logger.warning("odd")
    logger.error("bad")
    assert model.rowCount() == 0, "nothing happens inside the call that logs"
    settle(qtbot, model)
    first, second, third = rows(model)
    assert first.endswith("cells.tif has 12 objects")
    assert first[2] == first[5] == ":"
    assert second.endswith("Warning: odd")
    assert third.endswith("Error: bad")


def test_levels_have_readable_colours(qtbot: QtBot, model: LogModel, logger: logging.Logger) -> None:
    theme.apply_theme(QApplication.instance(), "light")  # type: ignore[arg-type]
    model.set_filter(level=logging.DEBUG)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logger.log(level, "x")
    settle(qtbot, model)
    colors = theme.colors()
    shown = [model.data(model.index(row), Qt.ItemDataRole.ForegroundRole) for row in range(4)]
    assert shown == [colors.muted, colors.text, colors.warning, colors.error]


def test_a_traceback_is_shown_line_by_line(qtbot: QtBot, model: LogModel, logger: logging.Logger) -> None:
    try:
        raise MemoryError("too large")
    except MemoryError:
        logger.exception("huge.tif failed")
    settle(qtbot, model)
    assert model.rowCount() > 3
    assert "huge.tif failed" in rows(model)[0]
    assert "MemoryError: too large" in rows(model)[-1]
    assert model.text().count("ERROR") == 1


def test_a_broken_record_does_not_stop_the_work(qtbot: QtBot, model: LogModel) -> None:
    model.handler.handle(logging.LogRecord("samhq", logging.INFO, "", 1, "%d objects", ("many",), None))
    settle(qtbot, model)
    assert "many" in rows(model)[0]


def test_lines_of_many_threads_arrive_once_and_in_order(
    qtbot: QtBot, model: LogModel, logger: logging.Logger
) -> None:
    seen: set[str] = set()
    model.rowsInserted.connect(lambda *_: seen.add(threading.current_thread().name))

    def work(name: int) -> None:
        for number in range(300):
            logger.info("%d %d", name, number)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle(qtbot, model)
    assert model.rowCount() == 1200
    for name in range(4):
        mine = [line.text for line in model.shown if line.text.startswith(f"{name} ")]
        assert mine == [f"{name} {number}" for number in range(300)]
    assert seen == {threading.main_thread().name}


def test_the_oldest_lines_go_when_there_are_too_many(qtbot: QtBot, logger: logging.Logger) -> None:
    model = LogModel(limit=100)
    logger.addHandler(model.handler)
    removed: list[int] = []
    model.trimmed.connect(removed.append)
    for number in range(90):
        logger.info("%d", number)
    settle(qtbot, model)
    for number in range(90, 150):
        logger.log(logging.INFO if number % 2 else logging.DEBUG, "%d", number)
    settle(qtbot, model)
    assert model.total <= 100
    assert model.shown[-1].text == "149"
    numbers = [int(line.text) for line in model.shown]
    assert numbers == sorted(numbers)
    assert numbers[0] == 150 - model.total
    assert sum(removed) == 60


def test_the_filter_counts_levels_and_text(qtbot: QtBot, model: LogModel, logger: logging.Logger) -> None:
    logger.debug("Detail")
    logger.info("Cells.tif read")
    logger.warning("cells.tif has 3 pages")
    logger.error("other.tif failed")
    settle(qtbot, model)
    assert model.rowCount() == 3, "details are not shown at first"
    model.set_filter(level=logging.DEBUG)
    assert model.rowCount() == 4
    model.set_filter(needle="CELLS")
    assert [line.text for line in model.shown] == ["Cells.tif read", "cells.tif has 3 pages"]
    model.set_filter(level=logging.WARNING)
    assert [line.text for line in model.shown] == ["cells.tif has 3 pages"]
    logger.warning("cells.tif again")
    logger.warning("elsewhere")
    settle(qtbot, model)
    assert [line.text for line in model.shown] == ["cells.tif has 3 pages", "cells.tif again"]
    assert model.total == 6
    model.set_filter(level=logging.DEBUG, needle="")
    assert model.rowCount() == 6


def test_a_hundred_thousand_lines_arrive_and_can_be_searched(
    qtbot: QtBot, model: LogModel, panel: LogPanel, logger: logging.Logger
) -> None:
    for number in range(99_000):
        logger.info("image_%d.tif has %d objects", number, number % 7)
    deadline = time.monotonic() + 20
    while model.total < 99_000 and time.monotonic() < deadline:
        QApplication.processEvents()
    assert model.rowCount() == 99_000
    logger.info("one more")
    settle(qtbot, model)
    assert model.total == 99_001
    model.set_filter(needle="_777")
    QApplication.processEvents()
    assert 0 < model.rowCount() < 1000


# ---------------------------------------------------------------- the panel


def test_level_and_search_filter_the_list(
    qtbot: QtBot, model: LogModel, panel: LogPanel, logger: logging.Logger
) -> None:
    logger.debug("a detail")
    logger.info("alpha")
    logger.warning("beta")
    settle(qtbot, model)
    panel.level.setCurrentIndex(0)
    assert model.rowCount() == 3
    panel.level.setCurrentIndex(2)
    assert [line.text for line in model.shown] == ["beta"]
    panel.level.setCurrentIndex(0)
    search = panel.findChild(QLineEdit, "log_search")
    assert search is not None
    QTest.keyClicks(search, "ALP")
    qtbot.waitUntil(lambda: model.rowCount() == 1, timeout=2000)
    assert model.shown[0].text == "alpha"
    assert "1 of 3" in panel._count.text()


def fill(qtbot: QtBot, model: LogModel, logger: logging.Logger, count: int) -> None:
    for number in range(count):
        logger.info("line %d", number)
    settle(qtbot, model)


def test_it_follows_the_newest_line_unless_scrolled_up(
    qtbot: QtBot, model: LogModel, panel: LogPanel, logger: logging.Logger
) -> None:
    bar = panel.view.verticalScrollBar()
    assert bar is not None
    fill(qtbot, model, logger, 200)
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()
    bar.setValue(20)
    assert not panel.following
    assert not panel.follow.isChecked()
    fill(qtbot, model, logger, 50)
    assert bar.value() == 20
    panel.follow.click()
    assert bar.value() == bar.maximum()
    fill(qtbot, model, logger, 50)
    assert bar.value() == bar.maximum()
    assert panel.following


def test_what_is_read_stays_in_view_when_old_lines_go(qtbot: QtBot, logger: logging.Logger) -> None:
    model = LogModel(limit=1000)
    logger.addHandler(model.handler)
    panel = LogPanel(model)
    qtbot.addWidget(panel)
    panel.resize(300, 500)
    panel.show()
    fill(qtbot, model, logger, 1000)
    bar = panel.view.verticalScrollBar()
    assert bar is not None
    bar.setValue(600 * bar.singleStep())
    row = panel.view.rowAt(5)
    before = model.shown[row].number
    fill(qtbot, model, logger, 60)
    assert model.shown[0].number > 0
    assert model.shown[panel.view.rowAt(5)].number == before


def test_copy_takes_the_selected_lines_else_all(
    qtbot: QtBot, model: LogModel, panel: LogPanel, logger: logging.Logger
) -> None:
    fill(qtbot, model, logger, 5)
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    panel.findChild(QToolButton, "log_copy").click()
    assert len(clipboard.text().splitlines()) == 5
    place = panel.view.visualRect(model.index(1)).center()
    QTest.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    place = panel.view.visualRect(model.index(3)).center()
    QTest.mouseClick(
        panel.view.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
        pos=QPoint(place),
    )
    QTest.keyClick(panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert [line.rsplit("line ")[1] for line in clipboard.text().splitlines()] == ["1", "3"]
    whole = panel.findChild(QPlainTextEdit, "log_whole")
    assert whole is not None
    assert whole.isVisible()
    assert whole.toPlainText() == "line 1\nline 3"


def test_what_is_shown_is_saved_whole(
    qtbot: QtBot, model: LogModel, panel: LogPanel, logger: logging.Logger, tmp_path: Path
) -> None:
    fill(qtbot, model, logger, 30)
    logger.error("Größe 5 µm²: failed\nbecause")
    settle(qtbot, model)
    panel.model.set_filter(needle="line 1")
    target = tmp_path / "log.txt"
    with qtbot.waitSignal(panel.saved, timeout=5000) as told:
        panel.save(target)
    assert told.args == [target]
    text = target.read_text(encoding="utf-8")
    assert len(text.splitlines()) == 11
    assert all("INFO" in line and "line 1" in line for line in text.splitlines())
    panel.model.set_filter(needle="")
    with qtbot.waitSignal(panel.saved, timeout=5000):
        panel.save(target)
    lines = target.read_text(encoding="utf-8").splitlines()
    assert lines[30].endswith("Größe 5 µm²: failed")
    assert lines[31] == "    because"


def test_a_log_that_cannot_be_saved_says_why(
    qtbot: QtBot, model: LogModel, panel: LogPanel, logger: logging.Logger, tmp_path: Path
) -> None:
    fill(qtbot, model, logger, 1)
    (tmp_path / "file").write_text("x")
    with qtbot.waitSignal(panel.failed, timeout=5000) as told:
        panel.save(tmp_path / "file" / "log.txt")
    assert "file" in told.args[0]


def test_clear_empties_the_list(
    qtbot: QtBot, model: LogModel, panel: LogPanel, logger: logging.Logger
) -> None:
    fill(qtbot, model, logger, 5)
    button = panel.findChild(QToolButton, "log_clear")
    button.click()
    assert model.rowCount(QModelIndex()) == model.total == 0
    assert not button.isEnabled()


def test_the_panel_folds_and_takes_its_width_again(
    qtbot: QtBot, model: LogModel, logger: logging.Logger
) -> None:
    splitter = QSplitter()
    qtbot.addWidget(splitter)
    other = QTextEdit()
    panel = LogPanel(model)
    splitter.addWidget(other)
    splitter.addWidget(panel)
    splitter.resize(1024, 500)
    splitter.show()
    splitter.setSizes([724, 295])
    width = panel.width()
    with qtbot.waitSignal(panel.collapsed_changed) as told:
        panel.fold.click()
    assert told.args == [True]
    assert panel.collapsed
    assert panel.width() < 60
    assert other.width() > 940
    calm = panel.fold.toolTip()
    logger.error("bad")
    settle(qtbot, model)
    assert panel.fold.toolTip() != calm, "an error is told of while the log is folded"
    panel.toggle()
    assert not panel.collapsed
    assert abs(panel.width() - width) <= 2


def test_a_panel_folded_before_it_was_seen_opens_to_a_narrow_column(qtbot: QtBot, model: LogModel) -> None:
    splitter = QSplitter()
    qtbot.addWidget(splitter)
    panel = LogPanel(model)
    panel.set_collapsed(True)
    splitter.addWidget(QTextEdit())
    splitter.addWidget(panel)
    splitter.resize(1280, 500)
    splitter.show()
    panel.toggle()
    assert 250 < panel.width() < 400


def test_an_empty_log_says_why(
    qtbot: QtBot, panel: LogPanel, logger: logging.Logger, model: LogModel
) -> None:
    assert panel._nothing.isVisible()
    first = panel._nothing.text()
    logger.info("something")
    settle(qtbot, model)
    assert not panel._nothing.isVisible()
    panel.level.setCurrentIndex(panel.level.count() - 1)
    assert panel._nothing.isVisible()
    assert panel._nothing.text() != first


def test_every_control_of_the_panel_has_a_name(panel: LogPanel) -> None:
    controls = [*panel.findChildren(QToolButton), panel.level, panel.search, panel.view]
    controls = [control for control in controls if control.objectName().startswith("log_")]
    assert len(controls) >= 9
    assert all(control.accessibleName() for control in controls)


# ---------------------------------------------------------------- where lines go


def test_installing_collects_samhq_and_warnings_of_libraries_once(qtbot: QtBot, tmp_path: Path) -> None:
    model = install_log(tmp_path / "logs")
    try:
        assert install_log(tmp_path / "elsewhere") is model
        model.clear()
        logging.getLogger("samhq.somewhere").info("ours")
        logging.getLogger("library").warning("theirs")
        logging.getLogger("library").info("chatter")
        settle(qtbot, model)
        assert [line.text for line in model.shown] == ["ours", "theirs"]
        (file,) = (tmp_path / "logs").iterdir()
        text = file.read_text(encoding="utf-8")
        assert "samhq.somewhere: ours" in text
        assert text.count("ours") == 1
        assert not (tmp_path / "elsewhere").exists()
    finally:
        uninstall_log()


def test_only_the_latest_log_files_are_kept(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        (tmp_path / f"samhq-20200101-0000{number:02d}-1.log").write_text("x")
    (tmp_path / "mine.log").write_text("x")
    file = open_log_file(tmp_path)
    assert file is not None
    file.close()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == KEPT + 2
    assert "mine.log" in left
    assert "samhq-20200101-000000-1.log" not in left


def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("x")
    assert open_log_file(tmp_path / "file" / "logs") is None
    assert "no log file" in caplog.text


def test_a_disk_that_fills_up_ends_the_file_and_not_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = open_log_file(tmp_path)
    assert file is not None
    logger = logging.getLogger("samhq.test_full")
    logger.addHandler(file)
    try:
        file.stream.close()
        logger.error("one")
        logger.error("two")
    finally:
        logger.removeHandler(file)
        file.close()
    assert capsys.readouterr().err == ""
