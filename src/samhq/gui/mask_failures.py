"""What went wrong with masks, with the button that helps. No widgets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from samhq.gui.jobs import JobError
from samhq.gui.translate import tr
from samhq.gui.work import CHANGED, GONE, ITSELF

if TYPE_CHECKING:
    from collections.abc import Callable

    from samhq.gui.mask_document import MaskDocument

__all__ = ["report"]

_TAB = "masks"


def report(
    document: MaskDocument,
    what: str,
    error: JobError,
    *,
    remedy: str = "",
    action: Callable[[], None] | None = None,
) -> None:
    """Report a failed job over the tab of masks.

    remedy, action: the button that helps, unless the file of the image changed: then that is to open it again.
    """
    from samhq.gui.session import failure_of

    session, image = document.session, document.session.image
    name, _, reason = error.message.rpartition(": ")
    if image is not None and reason == CHANGED:
        path, page = image.path, image.settings.page
        own_page = page if isinstance(page, int) and page != session.settings.image.page else None

        def open_again() -> None:
            session.open_image(path, page=own_page)

        remedy, action = tr("Open it again"), open_again
    failure = failure_of(what, error)
    if reason in (CHANGED, GONE, ITSELF):
        failure = replace(failure, why=_in_words(name, reason))
    session.report_error(_TAB, replace(failure, remedy=remedy, action=action) if action else failure)


def _in_words(name: str, reason: str) -> str:
    if reason == CHANGED:
        return tr("{name}: the file has changed since it was opened; open it again", name=name)
    if reason == GONE:
        return tr("{name}: is no longer there", name=name)
    return tr("{name}: is the image itself; choose another name", name=name)
