"""Stages that overlap: while the network works on one item, others are read, measured and written.

    reader threads  ->  workers, one for each device  ->  preparing threads  ->  one finishing thread
    read(item)          work(item, reading, check)        prepare(found)         finish(item, outcome)

The first worker is the calling thread. Items are begun in their order; with several workers they may end in
another. How much is under way is bounded by number and by memory, so that a slow disk holds the network up
rather than filling the memory.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Pipeline", "Stages", "Stopped", "WorkerFailed"]

Item = TypeVar("Item")
Read = TypeVar("Read")
Found = TypeVar("Found")
Ready = TypeVar("Ready")
Worker = Callable[[Item, Future[Read], Callable[[], None]], Found]

# Items that may wait, beside one for each worker: read but not begun, and worked on but not finished.
_AHEAD, _BEHIND = 1, 2
_BUDGET_BYTES = 1 << 29
# Where threads wait for each other, Windows runs no handler of Ctrl-C in between.
_POLL_S = 0.2


class WorkerFailed(Exception):  # noqa: N818 - carries another error past the border of an item
    """A worker cannot go on, through no fault of the item in its hands.

    error: what ends the pipeline if no other worker is left; otherwise another worker takes the item.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Stopped(BaseException):
    """The pipeline is stopping for a reason that another thread met; nothing is to be told about this one.

    Derived from BaseException as Cancelled is, so that no border of an item swallows it.
    """


@dataclass(frozen=True, slots=True)
class Stages(Generic[Item, Read, Found, Ready]):
    """What is done with each item, stage by stage.

    read: on reader threads. weigh: bytes of memory that a read item takes.
    workers: one for each device, each always called on the same thread, with the item, its reading, whose
        result() raises what read raised, and a function to call now and then in the middle of the work, which
        raises Stopped. May raise WorkerFailed; any other Exception belongs to the item.
    prepare: what is left to compute, on threads of its own.
    finish: always on one thread, for every item begun; outcome.result() raises what an earlier stage raised.
        What finish itself raises stops the pipeline.
    lost: told when a worker failed and others go on.
    """

    read: Callable[[Item], Read]
    weigh: Callable[[Read], int]
    workers: tuple[Worker[Item, Read, Found], ...]
    prepare: Callable[[Found], Ready]
    finish: Callable[[Item, Future[Ready]], None]
    lost: Callable[[Exception], None]


@dataclass(slots=True, eq=False)
class _Unit(Generic[Item, Read]):
    """An item under way. weight: bytes it was counted with, 0 before it is read."""

    item: Item
    reading: Future[Read]
    weight: int = 0


class Pipeline(Generic[Item, Read, Found, Ready]):
    """One passage of some items through the stages."""

    def __init__(
        self,
        items: Iterable[Item],
        stages: Stages[Item, Read, Found, Ready],
        *,
        budget_bytes: int = _BUDGET_BYTES,
    ) -> None:
        """budget_bytes: of memory for items under way, beyond which only what cannot wait is begun."""
        self._left = iter(items)
        self._stages = stages
        self._budget = budget_bytes
        count = len(stages.workers)
        self._readers = ThreadPoolExecutor(count, thread_name_prefix="samhq-read")
        self._preparers = ThreadPoolExecutor(count, thread_name_prefix="samhq-measure")
        self._outcomes: queue.SimpleQueue[tuple[_Unit[Item, Read], Future[Ready]] | None] = (
            queue.SimpleQueue()
        )
        # All below is guarded by this condition, which is told of every change.
        self._changed = threading.Condition()
        self._ahead: deque[_Unit[Item, Read]] = deque()
        self._in_reading = 0
        self._in_work = 0
        self._behind = 0
        self._held_bytes = 0
        self._alive = count
        self._error: BaseException | None = None

    def run(self) -> None:
        """Pass every item through; returns when the last is finished.

        Raises what stopped it: Cancelled or KeyboardInterrupt from a worker, the error of the last worker, or
        what finish raised. Items that a worker was done with by then are finished all the same.
        """
        first, *others = self._stages.workers
        threads = [
            threading.Thread(target=self._work, args=(worker,), name=f"samhq-network-{number}")
            for number, worker in enumerate(others, start=2)
        ]
        finisher = threading.Thread(target=self._finish_all, name="samhq-write")
        for thread in (*threads, finisher):
            thread.start()
        self._work(first)
        self._join(threads)
        self._outcomes.put(None)
        self._join([finisher])
        self._readers.shutdown(cancel_futures=True)
        self._preparers.shutdown()
        if self._error is not None:
            raise self._error

    # ------------------------------------------------------------ workers

    def _work(self, worker: Worker[Item, Read, Found]) -> None:
        """Take one item after the other; the life of a worker's thread."""
        try:
            while (unit := self._take()) is not None and self._one(worker, unit):
                del unit  # its pixels must not stay while the next one is waited for
        except BaseException as error:  # noqa: BLE001 - the thread border: run raises it
            self._stop(error)

    def _take(self) -> _Unit[Item, Read] | None:
        """The next item, read; None when there is none left or the pipeline stops."""
        with self._changed:
            self._read_ahead()
            while not self._may_take():
                self._changed.wait(_POLL_S)
            if self._error is not None or not self._ahead:
                return None
            unit = self._ahead.popleft()
            self._in_work += 1
            self._read_ahead()
        while not wait((unit.reading,), timeout=_POLL_S).done:
            self._check()
        return unit

    def _may_take(self) -> bool:
        """Whether a worker need not wait: there is an item and room for it, or there will be none."""
        if self._error is not None:
            return True
        if not self._ahead:
            return self._in_work == 0  # what is in work may come back from a worker that fails
        if self._in_work + self._behind >= len(self._stages.workers) + _BEHIND:
            return False
        return self._behind == 0 or self._held_bytes <= self._budget

    def _read_ahead(self) -> None:
        """Keep the readers busy: with one item at least, with more while memory allows."""
        while not self._ahead or self._may_read_more():
            item = next(self._left, None) if self._error is None else None
            if item is None:
                return
            unit: _Unit[Item, Read] = _Unit(item, Future())
            self._in_reading += 1
            unit.reading = self._readers.submit(self._read, unit)
            self._ahead.append(unit)

    def _may_read_more(self) -> bool:
        # What is being read has no known weight yet, so that no more wait for a reader.
        count = len(self._stages.workers)
        is_room = len(self._ahead) < count + _AHEAD and self._held_bytes <= self._budget
        return is_room and self._in_reading < count

    def _read(self, unit: _Unit[Item, Read]) -> Read:
        weight = 0
        try:
            read = self._stages.read(unit.item)
            weight = self._stages.weigh(read)
        finally:
            with self._changed:
                unit.weight = weight
                self._held_bytes += weight
                self._in_reading -= 1
                self._read_ahead()
                self._changed.notify_all()
        return read

    def _one(self, worker: Worker[Item, Read, Found], unit: _Unit[Item, Read]) -> bool:
        """Work on one item and pass it on. Returns whether the worker can take another."""
        outcome: Future[Ready]
        try:
            found = worker(unit.item, unit.reading, self._check)
        except WorkerFailed as failure:
            self._retire(unit, failure)
            return False
        except Exception as error:  # noqa: BLE001 - the item border: finish is told
            outcome = Future()
            outcome.set_exception(error)
        else:
            outcome = self._preparers.submit(self._stages.prepare, found)
        unit.reading = Future()  # its pixels are no longer needed here
        with self._changed:
            self._in_work -= 1
            self._behind += 1
            self._changed.notify_all()
        self._outcomes.put((unit, outcome))
        return True

    def _retire(self, unit: _Unit[Item, Read], failure: WorkerFailed) -> None:
        """Give the item of a failed worker to another, or stop without any."""
        with self._changed:
            self._alive -= 1
            self._in_work -= 1
            self._ahead.appendleft(unit)
            is_last = self._alive == 0
            self._changed.notify_all()
        if is_last:
            self._stop(failure.error)
        else:
            self._stages.lost(failure.error)

    # ------------------------------------------------------------ the end of an item

    def _finish_all(self) -> None:
        """Finish one item after the other; the life of the finishing thread."""
        is_broken = has_faults = False
        while (passed := self._outcomes.get()) is not None:
            unit, outcome = passed
            try:
                # After a fault that ends everything, what succeeded is still kept, and no item blamed for it.
                if not is_broken and not (has_faults and outcome.exception() is not None):
                    self._stages.finish(unit.item, outcome)
            except BaseException as error:  # noqa: BLE001 - the thread border: run raises it
                has_faults = True
                is_broken = outcome.exception() is None
                self._stop(error)
            with self._changed:
                self._behind -= 1
                self._held_bytes -= unit.weight
                self._changed.notify_all()
            del passed, unit, outcome

    def _check(self) -> None:
        if self._error is not None:
            raise Stopped

    def _stop(self, error: BaseException) -> None:
        with self._changed:
            if self._error is None:
                self._error = error
            self._changed.notify_all()

    def _join(self, threads: list[threading.Thread]) -> None:
        for thread in threads:
            while thread.is_alive():
                try:
                    thread.join(_POLL_S)
                except KeyboardInterrupt as error:
                    self._stop(error)
