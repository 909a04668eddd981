"""What the batch tab says of a plan, a batch under way and a finished one."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from samhq.gui.batch_look import Look
from samhq.gui.image_list import ImageState
from samhq.gui.session import Session
from samhq.gui.translate import joined, tr

if TYPE_CHECKING:
    from samhq.api import BatchReport, RunPlan

__all__ = ["counts_text", "duration", "finished_text", "plan_lines", "size_text", "skipped_text"]

_SKIPPED_SHOWN = 30
_USUAL_SIDE = 1024
"""Edge of an image of unknown size, for an estimate of the time."""


def plan_lines(plan: RunPlan, session: Session, look: Look | None) -> list[str]:
    """What a start would do, a line for each thing."""
    lines = [tr("{n:,} images in {files:,} files", n=plan.pages, files=plan.images)]
    if plan.pages == plan.images:
        lines = [tr("{n:,} images", n=plan.pages)]
    if plan.done:
        lines.append(tr("{n:,} done before, {m:,} to segment", n=plan.done, m=plan.waiting))
    if plan.waiting:
        seconds = _seconds(plan, session, look)
        lines.append(
            tr("Time: not known before the first image on this computer")
            if seconds is None
            else tr("Time: about {time}", time=duration(seconds))
        )
        lines.append(_disk(plan))
    else:
        lines.append(tr("Everything is segmented; filters need no new start."))
    return [line for line in [*lines, *plan.notices] if line]


def _seconds(plan: RunPlan, session: Session, look: Look | None) -> float | None:
    """How long a start would take: as images of this run took, else as this computer is known to be fast."""
    records = look.view.records if look is not None and plan.done else ()
    taken = [r.elapsed_s for r in records if r.status == "done" and r.elapsed_s > 0]
    if len(taken) >= 3:
        return statistics.median(taken) * plan.waiting
    settings, model = session.settings, session.model
    if model is not None:
        chosen = settings.segmentation.with_recommended(model.info.recommended)
        settings = settings.model_copy(update={"segmentation": chosen})
    each = session.speed.estimate(settings, height=_USUAL_SIDE, width=_USUAL_SIDE)
    return None if each is None else each * plan.waiting


def _disk(plan: RunPlan) -> str:
    needed = size_text(plan.needed_bytes)
    if plan.free_bytes is None:
        return tr("Disk: about {needed} needed", needed=needed)
    free = size_text(plan.free_bytes)
    if plan.free_bytes < plan.needed_bytes:
        return tr(
            "Disk: about {needed} needed, but only {free} free: choose another folder",
            needed=needed,
            free=free,
        )
    return tr("Disk: about {needed} needed, {free} free", needed=needed, free=free)


def skipped_text(skipped: Sequence[tuple[str, str]]) -> str:
    """What is passed over and why, a line each."""
    lines = [tr("{path}: {reason}", path=path, reason=reason) for path, reason in skipped[:_SKIPPED_SHOWN]]
    if len(skipped) > _SKIPPED_SHOWN:
        lines.append(tr("… and {n:,} more, all in the log of the run", n=len(skipped) - _SKIPPED_SHOWN))
    return "\n".join(lines)


def counts_text(look: Look) -> str:
    """Objects kept and found over the whole run."""
    return tr("{kept:,} of {found:,} objects kept", kept=look.kept, found=look.found)


def finished_text(report: BatchReport, states: dict[ImageState, int]) -> str:
    """What a batch did."""
    parts = [
        tr("Finished: {n:,} images segmented in {time}", n=report.segmented, time=duration(report.elapsed_s))
    ]
    if report.skipped:
        parts.append(tr("{n:,} done before", n=report.skipped))
    if states[ImageState.NONE_FOUND]:
        parts.append(tr("{n:,} without objects", n=states[ImageState.NONE_FOUND]))
    if states[ImageState.ALL_FILTERED]:
        parts.append(tr("{n:,} all filtered out", n=states[ImageState.ALL_FILTERED]))
    if states[ImageState.FAILED]:
        parts.append(tr("{n:,} failed", n=states[ImageState.FAILED]))
    return joined(parts)


def duration(seconds: float) -> str:
    """A length of time, rounded as one says it."""
    if seconds < 90:
        return tr("{n:.0f} s", n=max(1, seconds))
    minutes = seconds / 60
    if minutes < 90:
        return tr("{n:.0f} min", n=minutes)
    return tr("{n:.1f} h", n=minutes / 60)


def size_text(size_bytes: int) -> str:
    """A number of bytes in the unit that fits."""
    if size_bytes >= 10**9:
        return tr("{n:.1f} GB", n=size_bytes / 10**9)
    return tr("{n:.0f} MB", n=max(1.0, size_bytes / 10**6))
