from __future__ import annotations

import pytest
import torch

from samhq.errors import SamhqError
from samhq.network.devices import is_out_of_memory
from samhq.segmentation.memory import Batches


def worker(limit: int, sizes: list[int], error: Exception):  # type: ignore[no-untyped-def]
    def work(part: slice) -> list[int]:
        sizes.append(part.stop - part.start)
        if sizes[-1] > limit:
            raise error
        return list(range(part.start, part.stop))

    return work


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        MemoryError(),
    ],
)
def test_the_batch_is_halved_until_it_fits_and_nothing_is_lost(error: Exception) -> None:
    sizes: list[int] = []
    told: list[int] = []
    batches = Batches(8, on_smaller=told.append)
    done = [item for _, part in batches.run(11, worker(3, sizes, error)) for item in part]
    assert done == list(range(11))
    assert sizes == [8, 4, 2, 2, 2, 2, 2, 1]
    assert told == [4, 2]


def test_the_smaller_batch_is_kept_for_the_next_row() -> None:
    sizes: list[int] = []
    batches = Batches(8, on_smaller=lambda _: None)
    work = worker(4, sizes, MemoryError())
    list(batches.run(8, work))
    sizes.clear()
    list(batches.run(8, work))
    assert sizes == [4, 4]


def test_a_single_prompt_that_does_not_fit_is_a_clear_error() -> None:
    batches = Batches(4, on_smaller=lambda _: None)
    with pytest.raises(SamhqError, match="memory ran out for a single prompt"):
        list(batches.run(4, worker(0, [], MemoryError())))


def test_other_errors_are_passed_on() -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        list(Batches(4, on_smaller=lambda _: None).run(4, worker(0, [], RuntimeError("shapes do not match"))))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_no_items_need_no_work() -> None:
    assert list(Batches(4, on_smaller=lambda _: None).run(0, worker(0, [], MemoryError()))) == []
