"""What the parameters tab shows and does, without widgets: the draft, its cost, and trying it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6 import sip
from PyQt6.QtCore import QObject, pyqtSignal

from samhq import api
from samhq.errors import SamhqError
from samhq.filters import filter_objects
from samhq.gui.commands import run_command
from samhq.gui.jobs import Job, JobError, JobRunner, Lane
from samhq.gui.parameter_form import FormModel, Key
from samhq.gui.presets import Preset, with_preset
from samhq.gui.translate import tr
from samhq.settings import Settings

if TYPE_CHECKING:
    from samhq.gui.session import OpenImage, Session
    from samhq.gui.work import Facts, Generated, Progressive

__all__ = ["SECTIONS", "Estimate", "ParametersModel", "Trial", "section_title"]

SECTIONS: dict[str, tuple[Key, ...]] = {
    "detection": (
        ("segmentation", "points_per_side"),
        ("compute", "points_per_batch"),
        ("segmentation", "prompts"),
        ("segmentation", "prompt_min_aggregation"),
        ("segmentation", "prompt_polarity"),
        ("segmentation", "point_grids"),
        ("segmentation", "model"),
    ),
    "quality": (
        ("segmentation", "pred_iou_thresh"),
        ("segmentation", "stability_score_thresh"),
        ("segmentation", "stability_score_offset"),
        ("segmentation", "box_nms_thresh"),
    ),
    "post": (("segmentation", "min_mask_region_area"),),
    "large": (
        ("segmentation", "crop_n_layers"),
        ("segmentation", "crop_nms_thresh"),
        ("segmentation", "crop_overlap_ratio"),
        ("segmentation", "crop_n_points_downscale_factor"),
    ),
    "output": (
        ("output", "output_mode"),
        ("output", "pictures"),
        ("output", "label"),
        ("output", "pixel_size"),
        ("output", "contact_sheet"),
    ),
    "compute": (("compute", "device"), ("compute", "precision"), ("compute", "threads")),
    "image": (
        ("image", "intensity_range"),
        ("image", "black_point"),
        ("image", "white_point"),
        ("image", "black_percentile"),
        ("image", "white_percentile"),
        ("image", "stretch"),
        ("image", "page"),
        ("image", "scene"),
        ("image", "channel_measured"),
        ("image", "channel_shown"),
        ("image", "z_slice"),
        ("image", "time_point"),
    ),
}
"""Settings of the tab by section, in the order of the tab."""

_MEASURE_POINTS = 16
_FACTS, _MEASURE, _TRY = "facts of draft", "measure speed", "try "
_UNSET = object()


def section_title(section: str) -> str:
    """The heading of a section in the language of the window. Raises KeyError for an unknown one."""
    return {
        "detection": tr("Basic Detection"),
        "quality": tr("Quality Control"),
        "post": tr("Post-processing"),
        "large": tr("Large Image"),
        "output": tr("Output Format"),
        "compute": tr("Compute"),
        "image": tr("Image"),
    }[section]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one image costs under the draft.

    name: of the image, empty if none is open and a size was assumed. encodings, prompts: passes of the
    encoder and prompt points. draft_s, in_force_s: seconds on this machine, None before it was measured.
    """

    name: str
    height: int
    width: int
    encodings: int
    prompts: int
    draft_s: float | None
    in_force_s: float | None


@dataclass(slots=True)
class Trial:
    """The image under the settings in force (before) and under the draft (after).

    before, after: what was found, None until then. so_far: what was found until now of the one under way.
    state: "running", "done", "stopped" or "failed". draft: the settings that are tried.
    """

    image: OpenImage
    settings: Settings
    draft: Settings
    before: Generated | None = None
    after: Generated | None = None
    so_far: dict[str, Progressive] = field(default_factory=dict)
    state: str = "running"

    def kept(self, found: Generated) -> int:
        """How many of the masks pass the filter in force."""
        chosen = self.settings.filter
        measured = found.measurements
        exclusive = chosen.overlaps == "exclusive"
        histograms = measured.exclusive_histograms() if exclusive else measured.histograms
        return int(filter_objects(histograms, chosen).keep.sum())


class ParametersModel(QObject):
    """The draft of a session as a form, and what follows from it.

    changed: draft, estimate, recommendations or settings in force. trial_changed: a trial went on.
    """

    changed = pyqtSignal()
    trial_changed = pyqtSignal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.form = FormModel(session.draft, self)
        self.trial: Trial | None = None
        self.measuring: Job | None = None
        self._facts: Facts | None = None
        self._asked_model = ""
        self._wants_trial = False
        self._jobs: list[Job] = []
        self.form.values_changed.connect(self._give_draft)
        self.form.refreshed.connect(self.changed)
        # Methods, not lambdas: the session outlives this model when the language changes.
        session.draft_changed.connect(self._take_draft)
        session.settings_changed.connect(self._take_draft)
        session.model_changed.connect(self._on_model)
        session.image_changed.connect(self._on_image)
        self.destroyed.connect(partial(_stop_all, session.jobs))
        self._on_model()

    # ------------------------------------------------------------ the draft

    def unapplied(self) -> list[Key]:
        """Settings of this tab in which the draft differs from what is in force."""
        keys = [key for section in SECTIONS.values() for key in section]
        return [key for key in keys if self._differs(*key)]

    def _differs(self, group: str, name: str) -> bool:
        draft = getattr(self.session.draft, group).explicit.get(name, _UNSET)
        in_force = getattr(self.session.settings, group).explicit.get(name, _UNSET)
        if draft is in_force or draft == in_force:
            return False
        # Chosen or not, what holds in the end may be the same.
        default = self.form.default(group, name)
        return bool((default if draft is _UNSET else draft) != (default if in_force is _UNSET else in_force))

    def can_apply(self) -> bool:
        """Whether there is something to apply and nothing that does not fit."""
        return not self.form.pending and bool(self.unapplied())

    def apply(self) -> None:
        """Put the draft in force."""
        if self.can_apply():
            self.session.apply_draft()

    def revert(self) -> None:
        """Make the draft what is in force."""
        self.form.drop_pending()
        self.session.replace_draft(self.session.settings)

    def reset(self) -> None:
        """Make the draft what holds if nobody chooses."""
        self.form.drop_pending()
        self.session.reset_draft_to_defaults()

    def use(self, preset: Preset) -> None:
        """Take the values of a preset into the draft."""
        self.form.drop_pending()
        self.session.replace_draft(with_preset(self.session.draft, preset))

    def command(self) -> str:
        """The command line that runs the draft on the image, or on a folder to be named."""
        image = self.session.image
        return run_command(image.path if image is not None else Path("FOLDER"), self.session.draft)

    def _give_draft(self, _: object) -> None:
        self.session.replace_draft(self.form.settings)

    def _take_draft(self, _: object = None) -> None:
        if self.session.draft is not self.form.settings:
            self.form.show_settings(self.session.draft)
        self._look_at_model()
        self.changed.emit()

    # ------------------------------------------------------------ what the model recommends

    def _on_model(self, _: object = None) -> None:
        self._asked_model = ""
        self._facts = None
        self._look_at_model()
        self._recommend()

    def _look_at_model(self) -> None:
        """Ask what the model of the draft recommends, if it is another than the one in force."""
        from samhq.gui import work

        draft = self.session.draft
        model = draft.segmentation.model
        if model in (self._asked_model, self.session.settings.segmentation.model):
            if self._asked_model not in ("", model):
                self._asked_model, self._facts = "", None
                self._recommend()
            return
        self._asked_model, self._facts = model, None
        self._recommend()
        job = self.session.jobs.submit(tr("Looking at the model"), Lane.ENGINE, work.facts, draft, key=_FACTS)
        job.done.connect(self._while_alive(self._set_facts, model))
        job.failed.connect(self._while_alive(self._facts_failed, model))

    def _set_facts(self, model: str, facts: Facts) -> None:
        if model == self._asked_model:
            self._facts = facts
            self._recommend()

    def _facts_failed(self, model: str, error: JobError) -> None:
        if model == self._asked_model:
            self.form.note_problem("segmentation", "model", error.message)

    def _recommend(self) -> None:
        facts = self._facts
        if facts is None and not self._asked_model:
            facts = self.session.model
        recommended: dict[str, Any] = dict(facts.info.recommended) if facts is not None else {}
        self.form.set_recommended(facts.info.name if facts is not None else "", recommended)

    # ------------------------------------------------------------ what it costs

    def estimate(self) -> Estimate:
        """What one image costs: the one that is open, else one of 1024 x 1024 pixels."""
        image = self.session.image
        height, width = image.image.level.shape if image is not None else (1024, 1024)
        draft = self._resolved(self.session.draft)
        encodings, prompts = api.workload(draft.segmentation, height=height, width=width)
        speed = self.session.speed
        return Estimate(
            name=image.name if image is not None else "",
            height=height,
            width=width,
            encodings=encodings,
            prompts=prompts,
            draft_s=speed.estimate(draft, height=height, width=width),
            in_force_s=speed.estimate(self._resolved(self.session.settings), height=height, width=width),
        )

    def _resolved(self, settings: Settings) -> Settings:
        try:
            recommended = {name: self.form.recommended("segmentation", name) for name in _SEGMENTATION}
            chosen = settings.segmentation.with_recommended(
                {name: value for name, value in recommended.items() if value is not None}
            )
        except SamhqError:
            return settings
        return settings.model_copy(update={"segmentation": chosen})

    def measure_speed(self) -> None:
        """Segment the image, or a sample, with few points to learn how fast this machine is."""
        from samhq.gui import work

        if self.measuring is not None:
            return
        image = self.session.image
        path = image.path if image is not None else api.sample_images()[0]
        few = {"points_per_side": _MEASURE_POINTS, "point_grids": None, "crop_n_layers": 0}
        settings = self.session.draft.updated({"segmentation": few})
        job = self.session.jobs.submit(
            tr("Measuring the speed"), Lane.ENGINE, work.generate, path, settings, key=_MEASURE
        )
        self.measuring = job
        job.done.connect(self._while_alive(self._learn))
        job.failed.connect(self._while_alive(self._report, tr("The speed could not be measured")))
        job.finished.connect(self._while_alive(self._measured))
        self.changed.emit()

    def _measured(self) -> None:
        self.measuring = None
        self.changed.emit()

    def _learn(self, found: Generated) -> None:
        self.session.speed.learn(found)
        self.changed.emit()

    def _while_alive(self, method: Callable[..., None], *arguments: object) -> Callable[..., None]:
        """A slot that does nothing once this model is gone; jobs may outlive it."""

        def call(*more: object) -> None:
            if not sip.isdeleted(self):
                method(*arguments, *more)

        return call

    def _report(self, what: str, error: JobError) -> None:
        from samhq.gui.session import failure_of

        self.session.report_error("parameters", failure_of(what, error))

    # ------------------------------------------------------------ trying out

    def try_out(self) -> None:
        """Segment the image on the screen (else a sample) under the settings in force and under the draft."""
        image = self.session.image
        if image is None:
            self._wants_trial = True
            self.session.open_image(api.sample_images()[0]).failed.connect(
                self._while_alive(self._sample_failed)
            )
            return
        old = self.trial
        self.stop_trial()
        trial = Trial(image, self.session.settings, self.session.draft)
        if (
            old is not None
            and old.before is not None
            and _same_masks(old.image, old.settings, image, trial.settings)
        ):
            trial.before = old.before
        self.trial = trial
        steps = [("before", trial.settings)] if trial.before is None else []
        self._jobs = [self._submit(trial, which, s) for which, s in [*steps, ("after", trial.draft)]]
        self.trial_changed.emit()

    def is_trial_outdated(self) -> bool:
        """Whether the trial is of other settings or another image than now."""
        trial = self.trial
        return trial is not None and not (
            trial.image is self.session.image
            and _same_masks(trial.image, trial.settings, trial.image, self.session.settings)
            and _same_masks(trial.image, trial.draft, trial.image, self.session.draft)
        )

    def stop_trial(self) -> None:
        """End a trial that is under way."""
        for job in self._jobs:
            job.stop()
        self._jobs = []

    def _submit(self, trial: Trial, which: str, settings: Settings) -> Job:
        from samhq.gui import work

        title = tr("Trying the settings in force") if which == "before" else tr("Trying the changed settings")
        job = self.session.jobs.submit(
            title, Lane.ENGINE, work.generate, trial.image.path, settings, key=_TRY + which
        )
        job.partial.connect(self._while_alive(self._partly_tried, trial, which))
        job.done.connect(self._while_alive(self._tried, trial, which))
        job.failed.connect(self._while_alive(self._trial_failed, trial))
        job.cancelled.connect(self._while_alive(self._end_trial, trial, "stopped"))
        return job

    def _partly_tried(self, trial: Trial, which: str, found: Progressive) -> None:
        if trial is self.trial:
            trial.so_far[which] = found
            self.trial_changed.emit()

    def _tried(self, trial: Trial, which: str, found: Generated) -> None:
        self.session.speed.learn(found)
        self.changed.emit()
        if trial is not self.trial:
            return
        setattr(trial, which, found)
        if trial.before is not None and trial.after is not None:
            trial.state = "done"
        self.trial_changed.emit()

    def _trial_failed(self, trial: Trial, error: JobError) -> None:
        if trial is self.trial and trial.state == "running":
            self._report(tr("The settings could not be tried"), error)
            self._end_trial(trial, "failed")

    def _end_trial(self, trial: Trial, state: str) -> None:
        if trial is self.trial and trial.state == "running":
            trial.state = state
            self.stop_trial()
            self.trial_changed.emit()

    def _sample_failed(self, _: JobError) -> None:
        self._wants_trial = False

    def _on_image(self, image: object) -> None:
        if self._wants_trial and image is not None:
            self._wants_trial = False
            self.try_out()
        self.changed.emit()


def _stop_all(jobs: JobRunner, _: object = None) -> None:
    """Stop what nobody waits for any more."""
    if not sip.isdeleted(jobs):
        for key in (_FACTS, _MEASURE, _TRY + "before", _TRY + "after"):
            jobs.stop_all(key)


_SEGMENTATION: Sequence[str] = tuple(Settings().segmentation.model_dump())


def _same_masks(image: OpenImage, settings: Settings, other_image: OpenImage, other: Settings) -> bool:
    """Whether settings give the same masks of the same image."""
    return (
        image is other_image
        and settings.segmentation.explicit == other.segmentation.explicit
        and settings.image == other.image
        and settings.compute == other.compute
    )
