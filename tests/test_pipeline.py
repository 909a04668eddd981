"""Stages overlap, everything stays bounded, and every end is a clean one."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

import pytest

from samhq.pipeline import Pipeline, Stages, Stopped, WorkerFailed


class Factory:
    """Items are numbers; each stage adds its name, and what happened is noted."""

    def __init__(self, *, workers: int = 1) -> None:
        self.count = workers
        self.finished: dict[int, str] = {}
        self.begun: list[int] = []
        self.lost: list[str] = []
        self.held = 0
        self.most_held = 0
        self.lock = threading.Lock()
        self.on_read = self.on_work = self.on_prepare = self.on_finish = lambda item: None

    def read(self, item: int) -> str:
        with self.lock:
            self.held += 1
            self.most_held = max(self.most_held, self.held)
        self.on_read(item)
        return f"{item} read"

    def worker(self, number: int):
        def work(item: int, reading: Future[str], check) -> str:
            with self.lock:
                self.begun.append(item)
            text = reading.result()
            self.on_work(item)
            check()
            return f"{text} worked"

        return work

    def prepare(self, found: str) -> str:
        self.on_prepare(int(found.split()[0]))
        return f"{found} prepared"

    def finish(self, item: int, outcome: Future[str]) -> None:
        error = outcome.exception()
        self.on_finish(item)
        assert item not in self.finished
        self.finished[item] = f"failed: {error}" if error is not None else outcome.result()
        with self.lock:
            self.held -= 1

    def stages(self, *, weight: int = 1, workers=None) -> Stages[int, str, str, str]:
        return Stages(
            read=self.read,
            weigh=lambda read: weight,
            workers=workers or tuple(self.worker(n) for n in range(self.count)),
            prepare=self.prepare,
            finish=self.finish,
            lost=lambda error: self.lost.append(str(error)),
        )

    def run(self, items: int, **kwargs) -> None:
        budget = kwargs.pop("budget_bytes", 1 << 20)
        Pipeline(range(items), self.stages(**kwargs), budget_bytes=budget).run()


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    assert threading.active_count() == 1


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("items", [0, 1, 2, 30])
def test_every_item_passes_every_stage_once(workers, items):
    factory = Factory(workers=workers)
    factory.run(items)
    assert factory.finished == {n: f"{n} read worked prepared" for n in range(items)}
    assert sorted(factory.begun) == list(range(items))


def test_one_worker_keeps_the_order_and_the_calling_thread():
    factory = Factory()
    threads = set()
    factory.on_work = lambda item: threads.add(threading.current_thread())
    factory.run(20)
    assert list(factory.finished) == list(range(20))
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize("stage", ["on_read", "on_work", "on_prepare"])
def test_a_fault_of_an_item_is_told_to_finish_and_the_rest_goes_on(stage):
    factory = Factory(workers=2)

    def fail(item):
        if item == 3:
            raise ValueError("torn")

    setattr(factory, stage, fail)
    factory.run(8)
    assert len(factory.finished) == 8
    assert factory.finished[3] == "failed: torn"


@pytest.mark.parametrize("workers", [1, 3])
def test_a_slow_end_holds_the_rest_up_instead_of_filling_the_memory(workers):
    factory = Factory(workers=workers)
    factory.on_finish = lambda item: time.sleep(0.01)
    factory.run(40)
    # Ahead, in work, behind; and one for each reader that was just beginning.
    assert factory.most_held <= (workers + 1) + workers + 2 + workers


def test_large_items_are_held_two_at_a_time():
    factory = Factory()
    factory.on_finish = lambda item: time.sleep(0.005)
    factory.run(12, weight=100, budget_bytes=50)
    assert len(factory.finished) == 12
    assert factory.most_held <= 2


def test_what_finish_raises_stops_everything():
    factory = Factory()

    def full(item):
        if item == 2:
            raise OSError("disk full")

    factory.on_finish = full
    with pytest.raises(OSError, match="disk full"):
        factory.run(50)
    assert list(factory.finished) == [0, 1]
    assert len(factory.begun) < 10


def test_after_a_fault_that_ends_all_what_succeeded_is_kept_and_nobody_else_blamed():
    factory = Factory()
    third_began = threading.Event()

    def work(item):
        if item == 3:
            third_began.set()
        if item in (1, 3):
            raise ValueError("unreadable")

    def finish(item):
        if item == 1:
            assert third_began.wait(20)
            raise RuntimeError("the disk is gone")

    factory.on_work, factory.on_finish = work, finish
    with pytest.raises(RuntimeError, match="the disk is gone"):
        factory.run(50)
    assert {0, 2} <= set(factory.finished)
    assert 3 not in factory.finished


@pytest.mark.parametrize("error", [KeyboardInterrupt, Stopped])
@pytest.mark.parametrize("workers", [1, 3])
def test_an_interrupted_worker_stops_all_and_keeps_what_was_done(error, workers):
    factory = Factory(workers=workers)

    passed = set()

    def interrupt(item):
        if item == 5:
            raise error
        if item > 5:
            time.sleep(0.01)

    factory.on_work, factory.on_prepare = interrupt, passed.add
    with pytest.raises(error):
        factory.run(200)
    assert 5 not in factory.finished
    assert set(factory.finished) == passed
    assert len(passed) >= 5 if workers == 1 else len(passed) < 50


def test_the_item_of_a_failed_worker_goes_to_another_even_at_the_very_end():
    factory = Factory()
    others_wait = threading.Event()

    def failing(item, reading, check):
        others_wait.wait(20)
        raise WorkerFailed(RuntimeError("device lost"))

    def good(item, reading, check):
        if item == 5 or len(factory.finished) >= 4:
            others_wait.set()
        return f"{reading.result()} worked"

    factory.run(6, workers=(good, failing))
    assert sorted(factory.finished) == list(range(6))
    assert factory.lost == ["device lost"]


def test_without_any_worker_left_the_last_error_is_raised():
    factory = Factory()

    def failing(item, reading, check):
        raise WorkerFailed(RuntimeError("device lost"))

    with pytest.raises(RuntimeError, match="device lost"):
        factory.run(6, workers=(failing, failing, failing))
    assert factory.finished == {}
    assert len(factory.lost) == 2


def test_reading_goes_on_while_a_worker_is_busy_and_the_end_while_it_works():
    factory = Factory()
    second_read, first_finished = threading.Event(), threading.Event()
    waited = []

    def read(item):
        if item == 1:
            second_read.set()

    def work(item):
        if item == 0:
            waited.append(second_read.wait(20))
        if item == 1:
            waited.append(first_finished.wait(20))

    factory.on_read, factory.on_work = read, work
    factory.on_finish = lambda item: first_finished.set()
    factory.run(4)
    assert waited == [True, True]
