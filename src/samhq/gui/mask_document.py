"""The masks of the image on the screen: found, selected, filtered, corrected and written. No widgets."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from samhq.filters import FilteredObjects
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.mask_failures import report
from samhq.gui.mask_state import (
    Binding,
    BoolArray,
    ClickCycle,
    IntArray,
    MaskState,
    Objects,
    Restriction,
    cycle_order,
    is_same_image,
)
from samhq.gui.translate import tr
from samhq.gui.undo import Change
from samhq.masks import MaskTable
from samhq.outlines import Outlines
from samhq.regions import inside_polygon
from samhq.settings import FilterSettings, Settings

if TYPE_CHECKING:
    from samhq.api import ObjectMeasurements
    from samhq.gui.mask_edits import MaskEdits
    from samhq.gui.mask_operations import Edited
    from samhq.gui.mask_prompt import PromptedMask
    from samhq.gui.mask_suggestion import SuggestedFilter
    from samhq.gui.session import OpenImage, Session
    from samhq.gui.work import Expected, Generated, Progressive

__all__ = ["MaskDocument"]

_log = logging.getLogger(__name__)
TAB = "masks"


class MaskDocument(QObject):
    """The masks of the open image with everything a user does to them.

    masks_changed: other masks, also preliminary ones while they are found. selection_changed: what is
    selected or marked as not wanted. filter_changed: `filtered` was computed anew. results_changed: other
    rows in the table. state_changed: generating began or ended.
    """

    masks_changed = pyqtSignal()
    selection_changed = pyqtSignal()
    filter_changed = pyqtSignal()
    results_changed = pyqtSignal()
    state_changed = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.session = session
        self.filtered: FilteredObjects | None = None
        self._state = MaskState()
        self._progressive: Progressive | None = None
        self._job: Job | None = None
        self._asked: Binding | None = None
        self._restriction = Restriction()
        self._opened: OpenImage | None = session.image
        self._written: Objects | None = None
        self._rows: IntArray = np.zeros(0, np.int64)
        self._cycle = ClickCycle()
        self._next_id = 0
        self._undoable = False
        session.image_changed.connect(self._on_image)
        session.filter_changed.connect(self._on_filter)
        session.settings_changed.connect(self._on_settings)

    # ------------------------------------------------------------ what there is

    @property
    def state(self) -> MaskState:
        """Everything that undo restores."""
        return self._state

    @property
    def objects(self) -> Objects | None:
        """The masks with their measurements, None before any were found."""
        return self._state.objects

    @property
    def masks(self) -> MaskTable | None:
        """The masks to show; while they are found, those found so far."""
        if self._progressive is not None:
            return self._progressive.masks
        return self.objects.masks if self.objects is not None else None

    @property
    def outlines(self) -> Outlines | None:
        """Their contours."""
        if self._progressive is not None:
            return self._progressive.outlines
        return self.objects.outlines if self.objects is not None else None

    @property
    def measurements(self) -> ObjectMeasurements | None:
        """Their measurements, None while they are only preliminary."""
        return self.objects.measurements if self.objects is not None and not self.is_preliminary else None

    @property
    def is_preliminary(self) -> bool:
        """Whether the masks shown are those found so far, without numbers."""
        return self._progressive is not None

    @property
    def is_generating(self) -> bool:
        """Whether masks are being found now."""
        return self._job is not None

    @property
    def job(self) -> Job | None:
        """The job that finds masks."""
        return self._job

    @property
    def binding(self) -> Binding | None:
        """What the masks were made from; None if all of them are drawn by hand."""
        return self._state.binding

    @property
    def selected(self) -> BoolArray:
        """(n,) bool, the masks a user chose."""
        return self._state.selected

    @property
    def rejected(self) -> BoolArray:
        """(n,) bool, the masks a user marked as not wanted, examples for a filter."""
        return self._state.rejected

    @property
    def is_current(self) -> bool:
        """Whether the settings in force would find these masks again (corrections apart)."""
        return self.binding is not None and self.binding.fits(self.path, self.session.settings_for_image())

    @property
    def has_unsaved_edits(self) -> bool:
        """Whether corrections by hand would be lost: made, and written neither as export nor as picture."""
        return self._state.edited and self.objects is not self._written

    def set_written(self, objects: Objects) -> None:
        """Take note that these objects were written into files."""
        self._written = objects

    @property
    def path(self) -> Path | None:
        """The image, None without one."""
        return self.session.image.path if self.session.image is not None else None

    @property
    def expected(self) -> Expected | None:
        """What the file of the image has to be still, None without an image."""
        from samhq.gui.work import Expected

        image = self.session.image
        return None if image is None else Expected(image.stamp, (image.image.height, image.image.width))

    @property
    def settings(self) -> Settings:
        """The settings the masks were made with, and the filter and output settings in force."""
        now = self.session.settings_for_image()
        made = (
            self.binding.resolved if self.binding is not None and self.binding.resolved is not None else now
        )
        return made.model_copy(update={"filter": now.filter, "output": now.output, "compute": now.compute})

    @cached_property
    def edits(self) -> MaskEdits:
        """Corrections by hand."""
        from samhq.gui.mask_edits import MaskEdits

        return MaskEdits(self)

    @cached_property
    def prompt(self) -> PromptedMask:
        """The mask that is being made with clicks and a box."""
        from samhq.gui.mask_prompt import PromptedMask

        return PromptedMask(self)

    @cached_property
    def suggestion(self) -> SuggestedFilter:
        """Thresholds found from examples."""
        from samhq.gui.mask_suggestion import SuggestedFilter

        return SuggestedFilter(self)

    # ------------------------------------------------------------ generating

    def generate(self) -> Job | None:
        """Find the masks of the open image; earlier ones stay until the new ones are there."""
        from samhq.gui import work

        image = self.session.image
        if image is None:
            why = tr("Open one first; the sample will do to try it.")
            self.session.fail(tr("There is no image"), why, tr("Open a sample"), self.session.open_sample)
            return None
        if (
            self._job is not None
            and self._asked is not None
            and self._asked.fits(self.path, self.session.settings_for_image())
        ):
            return self._job  # asked for twice
        self.prompt.drop()
        binding = Binding(image.path, self.session.settings_for_image())
        title = tr("Finding masks in {name}", name=image.name)
        arguments = (binding.path, binding.settings, self.expected)
        job = self.session.jobs.submit(title, Lane.ENGINE, work.generate, *arguments, key="generate")
        job.partial.connect(lambda found: self._on_partial(job, found))
        job.done.connect(lambda found: self._on_done(job, binding, found))
        job.failed.connect(lambda error: self._on_failed(job, error))
        job.finished.connect(lambda: self._on_finished(job))
        self._job, self._asked = job, binding
        self.session.clear_error(TAB)
        self.state_changed.emit()
        return job

    def stop(self) -> None:
        """Stop finding masks; those of before come back."""
        if self._job is not None:
            self._job.stop()

    def _on_partial(self, job: Job, found: Progressive) -> None:
        if job is self._job:
            self._progressive = found
            self.masks_changed.emit()

    def _on_done(self, job: Job, binding: Binding, found: Generated) -> None:
        if job is not self._job or not binding.fits(self.path, self.session.settings_for_image()):
            return
        self._progressive = None
        binding = replace(
            binding, resolved=found.settings, elapsed_s=found.elapsed_s, model=dict(found.model)
        )
        before = self._state
        objects = self.new_objects(found.masks, found.outlines, found.measurements)
        none = np.zeros(len(objects), np.bool_)
        self.change(
            MaskState(objects, none, none, binding=binding),
            tr("Generate Masks"),
            first=before.objects is None,
        )
        self.session.speed.learn(found)
        _log.info("%d masks in %.1f s", len(objects), found.elapsed_s)

    def _on_failed(self, job: Job, error: JobError) -> None:
        if job is self._job:
            what = tr("No masks were made")
            report(self, what, error, remedy=tr("Try again"), action=self._again)

    def _again(self) -> None:
        self.generate()

    def _on_finished(self, job: Job) -> None:
        if job is not self._job:
            return
        self._job = self._asked = None
        if self._progressive is not None:  # stopped or failed: what was there before comes back
            self._progressive = None
            self.masks_changed.emit()
        self.state_changed.emit()

    def take_edited(self, state: MaskState, edited: Edited, text: str) -> None:
        """Put the state after a correction in force; what came out of masks in the table is in it as well."""
        self._restriction.extend(edited.replaced, state.ids[edited.ids < 0])
        self.change(state, text)

    def new_objects(
        self,
        masks: MaskTable,
        outlines: Outlines,
        measurements: ObjectMeasurements,
        ids: IntArray | None = None,
    ) -> Objects:
        """Objects with ids that were never used; ids: those to keep, -1 where a new one is wanted."""
        ids = np.full(len(masks), -1, np.int64) if ids is None else ids.copy()
        fresh = np.flatnonzero(ids < 0)
        ids[fresh] = self._next_id + np.arange(len(fresh))
        self._next_id += len(fresh)
        return Objects(masks, outlines, measurements, ids, measurements.object_filter())

    # ------------------------------------------------------------ what the session says

    def _on_image(self, image: OpenImage | None) -> None:
        before, self._opened = self._opened, image
        if is_same_image(before, image):  # read anew, perhaps to be shown in another way: nothing is lost
            self._on_settings(self.session.settings)
            return
        self.stop()
        self._job = self._asked = self._progressive = self._written = None
        self._restriction.clear()
        self.edits.forget()
        if self._undoable:  # steps of masks that are gone
            self.session.undo.clear()
            self._undoable = False
        self.prompt.drop()
        self._put(MaskState())
        self.state_changed.emit()

    def _on_settings(self, _settings: Settings) -> None:
        settings = self.session.settings_for_image()
        if self._asked is not None and not self._asked.fits(self.path, settings):
            self.stop()
        self.state_changed.emit()

    def _on_filter(self, _filter: FilterSettings) -> None:
        self._refilter()
        self.filter_changed.emit()
        self.results_changed.emit()

    def _refilter(self) -> None:
        objects = self.objects
        self.filtered = objects.filter.apply(self.session.filter) if objects is not None else None
        self._cycle.forget()
        self._list_rows()

    # ------------------------------------------------------------ undo

    def change(self, after: MaskState, text: str, *, first: bool = False) -> None:
        """Put another state in force as a step that can be undone; first: as what all steps begin from."""
        before = self._state
        if after.objects is before.objects and after.same_marks(before):
            return
        if first:
            self._put(after)
            return
        self._undoable = True
        self.session.undo.push(Change(self._put, before=before, after=after, text=text))

    def _put(self, state: MaskState) -> None:
        before, self._state = self._state, state
        if state.objects is not before.objects:
            self._restriction.follow(state.ids)
            self._refilter()
            self.masks_changed.emit()
            self.filter_changed.emit()
            self.results_changed.emit()
        self.selection_changed.emit()

    # ------------------------------------------------------------ selecting

    def hits(self, x: int, y: int) -> IntArray:
        """The masks at a pixel in the order of clicks: those that pass the filter first, small ones first."""
        if self.objects is None or self.filtered is None or self.is_preliminary:
            return np.zeros(0, np.int64)
        return cycle_order(self.objects.masks.hit(x, y), self.filtered)

    def click(self, x: int, y: int) -> None:
        """Toggle the smallest mask at a pixel; again at the same place, the next larger one instead."""
        hits = self.hits(x, y)
        if not len(hits):
            self._cycle.forget()
            return
        self._mark(self._state.with_selected(self._cycle.click((x, y), hits.tolist(), self.selected)))

    def cycle(self) -> bool:
        """What another click at the place of the last one would do. Returns False if there was none."""
        place = self._cycle.place
        if place is None:
            return False
        self.click(*place)
        return True

    def deselect_at(self, x: int, y: int) -> None:
        """Deselect the smallest selected mask at a pixel."""
        self._cycle.forget()
        hits = self.hits(x, y)
        chosen = hits[self.selected[hits]]
        if len(chosen):
            selected = self.selected.copy()
            selected[chosen[0]] = False
            self._mark(self._state.with_selected(selected))

    def select_region(
        self, polygon: npt.NDArray[np.float64], *, add: bool = False, remove: bool = False
    ) -> None:
        """Select the masks that pass the filter and have their centroid in a polygon.

        polygon: (k, 2), x and y in pixels from the corner of the image. Alone they take the place of what
        was selected; add and remove join them to it or take them out.
        """
        if self.objects is None or self.filtered is None or self.is_preliminary:
            return
        inside = inside_polygon(self.objects.measurements.centroids + 0.5, np.asarray(polygon, np.float64))
        if remove:
            self.select(self.selected & ~inside)
        else:
            inside &= self.filtered.keep
            self.select(self.selected | inside if add else inside)

    def select_all(self, *, failing: bool = False) -> None:
        """Select every mask that passes the filter; failing: the others too."""
        if self.filtered is not None:
            self.select(np.ones(len(self.selected), np.bool_) if failing else self.filtered.keep.copy())

    def select_none(self) -> None:
        """Deselect every mask."""
        self.select(np.zeros(len(self.selected), np.bool_))

    def invert(self) -> None:
        """Select what is not selected among the masks that pass the filter."""
        if self.filtered is not None:
            self.select(~self.selected & self.filtered.keep)

    def select(self, selected: BoolArray) -> None:
        """Select exactly these masks, (n,) bool."""
        self._cycle.forget()
        if not self.is_preliminary:
            self._mark(self._state.with_selected(selected))

    def select_indices(self, indices: IntArray) -> None:
        """Select exactly the masks with these indices."""
        selected = np.zeros(len(self.selected), np.bool_)
        selected[indices] = True
        self.select(selected)

    def reject(self, indices: IntArray) -> None:
        """Mark masks as not wanted, or, if all of them are, take the marks away."""
        if not len(indices) or self.is_preliminary:
            return
        self._cycle.forget()
        rejected = self.rejected.copy()
        rejected[indices] = not bool(rejected[indices].all())
        self.change(self._state.with_rejected(rejected), tr("Not wanted"))

    def reject_at(self, x: int, y: int) -> None:
        """Mark the smallest mask at a pixel as not wanted, or take its mark away."""
        self.reject(self.hits(x, y)[:1])

    def reject_selected(self) -> None:
        """Mark the selected masks as not wanted."""
        self.reject(np.flatnonzero(self.selected))

    def _mark(self, state: MaskState) -> None:
        self.change(state, tr("Selection"))

    # ------------------------------------------------------------ results

    def calculate(self) -> None:
        """Show the selected masks in the table; with none selected, all that pass the filter."""
        self.set_results(self._state.ids[self.selected] if self.selected.any() else None)

    def set_results(self, ids: IntArray | None) -> None:
        """Restrict the table to masks with these ids, None for no restriction."""
        self._restriction.ids = ids
        self._list_rows()
        self.results_changed.emit()

    @property
    def results(self) -> IntArray | None:
        """The ids the table is restricted to, None for all."""
        return self._restriction.ids

    def chosen(self) -> BoolArray | None:
        """(n,) bool: the masks that the table is about, before the filter; None for all."""
        return None if self.results is None else np.isin(self._state.ids, self.results)

    def rows(self) -> IntArray:
        """Indices of the masks in the table, ascending; the object number is the place here, from 1."""
        return self._rows

    def numbers(self) -> IntArray:
        """(n,) int64 object numbers as in table and export, 0 for masks that are in neither."""
        numbers = np.zeros(len(self.selected), np.int64)
        numbers[self._rows] = np.arange(1, len(self._rows) + 1)
        return numbers

    def _list_rows(self) -> None:
        if self.filtered is None:
            self._rows = np.zeros(0, np.int64)
            return
        chosen = self.chosen()
        shown = self.filtered.keep if chosen is None else self.filtered.keep & chosen
        self._rows = np.flatnonzero(shown)
