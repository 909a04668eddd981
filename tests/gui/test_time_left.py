"""How long work will still take, told from its events."""

from __future__ import annotations

import pytest
from PyQt6.QtWidgets import (
    QApplication,
)

from samhq.gui.time_left import TimeLeft, position_of, spoken
from samhq.monitor import Event


def test_an_even_pace_is_told_exactly() -> None:
    left = TimeLeft()
    for done in range(11):
        left.take(Event("segment", done=done, total=100), now=done * 3.0)
    assert left.left_s(30.0) == pytest.approx(90 * 3)
    assert left.left_s(31.5) == pytest.approx(90 * 3 - 1.5)


def test_nothing_is_told_before_something_is_known() -> None:
    left = TimeLeft()
    assert left.left_s(0.0) is None
    left.take(Event("segment", done=0, total=100), now=0.0)
    assert left.left_s(5.0) is None
    left.take(Event("segment", done=1, total=None), now=9.0)
    assert left.left_s(9.0) is None


def test_parts_inside_the_unit_count() -> None:
    assert position_of(Event("segment", done=3, total=10, part=1, parts=4)) == 3.25
    assert position_of(Event("segment", done=10, total=10, part=4, parts=4)) == 10
    left = TimeLeft()
    for part in range(9):
        left.take(Event("segment", part=part, parts=32), now=part * 1.0)
    assert left.left_s(8.0) == pytest.approx(24)


def test_images_that_were_done_before_do_not_spoil_the_estimate() -> None:
    left, now = TimeLeft(), 0.0
    for done in range(1000):
        left.take(Event("segment", done=done, total=2000), now=now)
        now += 0.001
    for done in range(1000, 1004):
        left.take(Event("segment", done=done, total=2000), now=now)
        now += 10
    assert left.left_s(now - 10) == pytest.approx(997 * 10, rel=0.05)


def test_one_slow_image_does_not_upset_it_and_a_new_pace_is_learnt() -> None:
    left, now = TimeLeft(), 0.0
    for done in range(40):
        left.take(Event("segment", done=done, total=1000), now=now)
        now += 20 if done == 30 else 2
    told = left.left_s(now - 2)
    assert told is not None
    assert told < 961 * 2 * 2.5
    for done in range(40, 80):
        left.take(Event("segment", done=done, total=1000), now=now)
        now += 6
    assert left.left_s(now - 6) == pytest.approx(921 * 6, rel=0.05)


def test_work_that_hangs_does_not_count_down_to_nothing() -> None:
    left = TimeLeft()
    for done in range(11):
        left.take(Event("segment", done=done, total=20), now=done * 3.0)
    assert left.left_s(10_000.0) == pytest.approx(10 * 3 - 3)


def test_a_new_stage_begins_anew_and_messages_do_not_disturb() -> None:
    left = TimeLeft()
    for done in range(11):
        left.take(Event("segment", done=done, total=20), now=done * 3.0)
        left.take(Event("segment", message="a warning", level="warning"), now=done * 3.0)
    assert left.left_s(30.0) == pytest.approx(30)
    left.take(Event("export", done=0, total=20), now=31.0)
    assert left.left_s(40.0) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "a few seconds left"),
        (12, "10 s left"),
        (44, "45 s left"),
        (58, "1 min left"),
        (7.4 * 60, "7 min left"),
        (59.6 * 60, "1 h 00 min left"),
        (2 * 3600 + 11 * 60, "2 h 10 min left"),
        (26 * 3600, "26 h left"),
    ],
)
def test_times_are_said_as_one_says_them(qapp: QApplication, seconds: float, text: str) -> None:
    assert spoken(seconds) == text
