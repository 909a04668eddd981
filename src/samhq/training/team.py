"""Several processes that train one network on the cores of one computer.

Each works on its part of every batch with one thread; the gradients meet once a step in shared memory. On a few cores
this is faster than as many threads, and much faster where other programs take turns on the cores, because threads
would wait for each other at every operation.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from typing import Any

import torch
from torch import Tensor

from samhq.errors import SamhqError

__all__ = ["Team", "gathered"]

_PATIENCE_S = 900.0  # for a member that judges, or that other programs hold up


class Team:
    """One member's view of the others.

    rank: 0 for the leader. size: how many there are. slots: (2, size, n + 1) shared fp32; used in turns, so that nobody
    overwrites what another still reads.
    """

    def __init__(self, *, rank: int, slots: Tensor, barrier: Barrier) -> None:
        self.rank, self.size = rank, slots.shape[1]
        self._slots, self._barrier = slots, barrier
        self._turn = 0

    def average(self, gradients: Sequence[Tensor], *, elapsed_s: float) -> float:
        """Replace gradients, in place, by their mean over all members. Returns what the leader gave as elapsed_s."""
        slot = self._slots[self._turn]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        slot[self.rank, : len(flat)].copy_(flat)
        slot[self.rank, -1] = elapsed_s
        try:
            self._barrier.wait(_PATIENCE_S)
        except threading.BrokenBarrierError as error:
            raise SamhqError(
                "training: one of its processes has ended; start the same command again to go on"
            ) from error
        mean = slot[:, : len(flat)].mean(0)
        for gradient, part in zip(gradients, torch.split(mean, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))
        self._turn = 1 - self._turn
        return float(slot[0, -1])


class gathered:  # noqa: N801 - a context manager
    """A team of this process and helpers, which run `work(team, *arguments)` until the block ends."""

    def __init__(
        self, size: int, *, numbers: int, work: Callable[..., None], arguments: Sequence[Any]
    ) -> None:
        context = multiprocessing.get_context("spawn")
        slots = torch.zeros(2, size, numbers + 1).share_memory_()  # type: ignore[no-untyped-call]
        barrier = context.Barrier(size)
        self._team = Team(rank=0, slots=slots, barrier=barrier)
        self._helpers: list[BaseProcess] = [
            context.Process(target=_help, args=(rank, slots, barrier, work, tuple(arguments)), daemon=True)
            for rank in range(1, size)
        ]

    def __enter__(self) -> Team:
        self._threads = torch.get_num_threads()
        torch.set_num_threads(1)
        for helper in self._helpers:
            helper.start()
        return self._team

    def __exit__(self, *_: object) -> None:
        for helper in self._helpers:  # they hold nothing that is not in the leader's checkpoint
            helper.terminate()
            helper.join()
        torch.set_num_threads(self._threads)


def _help(
    rank: int, slots: Tensor, barrier: Barrier, work: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    try:
        work(Team(rank=rank, slots=slots, barrier=barrier), *arguments)
    finally:
        barrier.abort()


def _end_with_parent() -> None:
    """A leader that is killed cannot say goodbye."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
