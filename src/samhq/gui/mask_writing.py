"""Files of the objects in the table: exports and the marked image, written where the network runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samhq.gui.export_words import format_text
from samhq.gui.jobs import Job, Lane
from samhq.gui.mask_failures import report
from samhq.gui.translate import tr

if TYPE_CHECKING:
    from samhq.gui.mask_document import MaskDocument
    from samhq.gui.mask_state import Objects

__all__ = ["export_objects", "save_marked"]

WhenDone = Callable[[Any], None] | None


def export_objects(
    document: MaskDocument, format_name: str, out: Path | None, *, on_done: WhenDone = None
) -> Job | None:
    """Write the objects of the table in one of MASK_FORMATS into a folder.

    out: where the output folder is made, None for beside the image. on_done: called with an OutputSummary.
    Returns the job, None if there is nothing to write. A failure is reported over the tab.
    """
    from samhq.gui import work

    objects, path = document.objects, document.path
    if objects is None or path is None:
        return None
    title = tr("Exporting: {format}", format=format_text(format_name))
    model = document.binding.model if document.binding is not None else None
    what = (path, document.settings, objects.masks, document.chosen())
    arguments = (*what, format_name, out, document.expected, model)
    job = document.session.jobs.submit(title, Lane.ENGINE, work.export_segmentation, *arguments)
    return _watched(document, objects, job, tr("The export failed"), on_done)


def save_marked(document: MaskDocument, target: Path, *, on_done: WhenDone = None) -> Job | None:
    """Write the picture with the objects of the table outlined. on_done: called with where it was written."""
    from samhq.gui import work

    objects, path = document.objects, document.path
    if objects is None or path is None:
        return None
    arguments = (path, document.settings, objects.masks, document.chosen(), target, document.expected)
    job = document.session.jobs.submit(
        tr("Saving the marked image"), Lane.ENGINE, work.save_marked, *arguments
    )
    return _watched(document, objects, job, tr("The marked image was not saved"), on_done)


def _watched(document: MaskDocument, objects: Objects, job: Job, what: str, on_done: WhenDone) -> Job:
    job.failed.connect(lambda error: report(document, what, error))
    job.done.connect(lambda _: document.set_written(objects))
    if on_done is not None:
        job.done.connect(on_done)
    return job
