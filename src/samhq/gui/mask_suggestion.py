"""Find more like these: a filter proposed from masks that are wanted and masks that are not. No widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from samhq import api
from samhq.errors import SettingsError
from samhq.filters import FilteredObjects
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.mask_state import BoolArray, Objects
from samhq.gui.translate import tr
from samhq.monitor import Monitor
from samhq.settings import FilterSettings

if TYPE_CHECKING:
    from samhq.api import SuggestedThreshold, Suggestion
    from samhq.gui.mask_document import MaskDocument

__all__ = ["SuggestedFilter"]

_THRESHOLDS = ("min_area", "min_intensity", "min_ratio", "min_aggregation", "max_aggregation")


class SuggestedFilter(QObject):
    """A proposed filter, shown on the image before it is used. changed: another proposal, or none.

    filtered: what the proposal would keep and drop.
    """

    changed = pyqtSignal()

    def __init__(self, document: MaskDocument) -> None:
        super().__init__(document)
        self._document = document
        self._job: Job | None = None
        self.proposal: Suggestion | None = None
        self.filtered: FilteredObjects | None = None
        for signal in (document.masks_changed, document.selection_changed, document.filter_changed):
            signal.connect(self.drop)

    @property
    def is_open(self) -> bool:
        """Whether a proposal waits for an answer."""
        return self.proposal is not None

    def ask(self) -> None:
        """Propose a filter that the selected masks pass and the ones that are not wanted do not."""
        document = self._document
        objects = document.objects
        if objects is None or document.is_preliminary:
            return
        if not document.selected.any():
            document.session.notice.emit(tr("Select masks that are as you want them first."))
            return
        job = document.session.jobs.submit(
            tr("Looking for a filter"),
            Lane.LIGHT,
            _suggest,
            objects,
            document.selected,
            document.rejected,
            document.session.filter,
            key="suggest filter",
        )
        job.done.connect(lambda found: self._on_done(job, found))
        job.failed.connect(self._on_failed)
        self._job = job

    def apply(self) -> None:
        """Put the proposal in force, as a step that can be undone."""
        proposal = self.proposal
        if proposal is None:
            return
        before, after = self._document.session.filter, proposal.settings
        values = {name: getattr(after, name) for name in _THRESHOLDS}
        changed = {name: value for name, value in values.items() if value != getattr(before, name)}
        self.drop()
        if changed:
            self._document.session.set_filter(**changed)

    def drop(self) -> None:
        """Forget the proposal."""
        self._job = None
        if self.proposal is not None:
            self.proposal = self.filtered = None
            self.changed.emit()

    def text(self) -> str:
        """What is proposed, and how many masks it would keep; empty without a proposal."""
        proposal, document = self.proposal, self._document
        if proposal is None:
            return ""
        total = len(document.selected)
        lines = [_threshold_text(threshold) for threshold in proposal.thresholds]
        if not lines:
            lines = [tr("No threshold is needed: every mask is like these.")]
        lines.append(tr("{n} of {total} masks would pass.", n=proposal.matches, total=total))
        left = len(proposal.still_passing)
        if left:
            lines.append(tr("{n} that are not wanted cannot be told from the selected ones.", n=left))
        return "\n".join(lines)

    def _on_done(self, job: Job, found: tuple[Suggestion, FilteredObjects]) -> None:
        if job is self._job:
            self._job = None
            self.proposal, self.filtered = found
            self.changed.emit()

    def _on_failed(self, error: JobError) -> None:
        from samhq.gui.session import failure_of

        self._document.session.report_error("masks", failure_of(tr("No filter was found"), error))


def _suggest(
    objects: Objects,
    selected: BoolArray,
    rejected: BoolArray,
    settings: FilterSettings,
    *,
    monitor: Monitor,
    partial: object,
) -> tuple[Suggestion, FilteredObjects]:
    measured = objects.measurements
    is_exclusive = settings.overlaps == "exclusive"
    histograms = measured.exclusive_histograms() if is_exclusive else measured.histograms
    if is_exclusive:  # a mask that lies wholly under others passes no filter
        selected = selected & (np.diff(histograms.offsets) > 0)
        if not selected.any():
            raise SettingsError(
                tr("all pixels of the selected masks belong to other masks (overlaps: exclusive)")
            )
    found = api.suggest_filter(histograms, selected, rejected, settings)
    return found, objects.filter.apply(found.settings)


def _threshold_text(threshold: SuggestedThreshold) -> str:
    texts = {
        "min_area": tr("A at least {value:,.10g} px"),
        "min_intensity": tr("I at least {value:,.10g}"),
        "min_ratio": tr("R at least {value:.10g}"),
        "min_aggregation": tr("aggregation at least {value:.10g}"),
        "max_aggregation": tr("aggregation at most {value:.10g}"),
    }
    return texts[threshold.name].format(value=threshold.value)
