"""Going on with smaller batches when memory runs out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

from samhq.errors import SamhqError
from samhq.network.devices import is_out_of_memory

__all__ = ["Batches"]

T = TypeVar("T")


class Batches:
    """Does work on a row of items in batches, and halves the batch whenever memory runs out.

    The smaller size is kept for later rows of the same object.
    """

    def __init__(self, size: int, *, on_smaller: Callable[[int], None]) -> None:
        """size: items per batch at first. on_smaller: told the new size after each halving."""
        self.size = size
        self._on_smaller = on_smaller

    def run(self, count: int, work: Callable[[slice], T]) -> Iterator[tuple[slice, T]]:
        """Yield (which items, result) until all count items are done.

        Raises SamhqError if memory runs out for a single item.
        """
        start = 0
        while start < count:
            part = slice(start, min(start + self.size, count))
            done = self._attempt(work, part)
            if done is None:
                self._shrink(part.stop - part.start)
                continue
            yield part, done[0]
            start = part.stop

    def _attempt(self, work: Callable[[slice], T], part: slice) -> tuple[T] | None:
        """The result in a tuple, or None if memory ran out."""
        try:
            return (work(part),)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _shrink(self, tried: int) -> None:
        # Only here, with the failed attempt's stack gone, can its tensors be freed.
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if tried == 1:
            raise SamhqError(
                "prompts: memory ran out for a single prompt; close other programs that use it, choose --device cpu, "
                "a smaller model or smaller images"
            )
        self.size = tried // 2
        self._on_smaller(self.size)
