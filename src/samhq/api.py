"""The public functions: the one door through which command line, window and scripts reach the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samhq.batch import BatchReport
from samhq.configuration import settings_with
from samhq.distribution import AggregationAnalysis, aggregation
from samhq.editing import (
    Edited,
    add_mask,
    delete_masks,
    merge_masks,
    paint,
    replace_mask,
    split_mask,
)
from samhq.engine import (
    Engine,
    EngineInfo,
    ImageLike,
    ImagePredictor,
    PromptedMask,
    device_and_precision,
    load_engine,
    model_info,
    prepare,
    read_image,
    segment,
)
from samhq.export.folders import (
    OutputState,
    OutputTable,
    output_folders,
    output_picture,
    output_state,
    output_tag,
    read_output_table,
)
from samhq.images import IMAGE_SUFFIXES, FilePlanes, Image, PlaneAt, Reader, Scene, file_planes
from samhq.images import open_file as open_reader
from samhq.inputs import kind_of, sample_folder, sample_images
from samhq.measure import Distribution, ObjectMeasurements, measure_distribution
from samhq.monitor import SILENT, Monitor
from samhq.outlines import Outlines, outlines
from samhq.overview import Counts, RunOverview, RunView
from samhq.places import named_run, run_folder
from samhq.planning import RunPlan
from samhq.results import ImageResult, Outcome
from samhq.runs import FilteredRun, Run, open_overview, open_run, plan_run, run
from samhq.segmentation.grids import workload
from samhq.settings import Settings
from samhq.shape import measure_shapes
from samhq.single import Segmentation, measured
from samhq.store import ImageRecord
from samhq.suggest import SuggestedThreshold, Suggestion, suggest_filter
from samhq.training.own_set import (
    TrainingPicture,
    add_training_picture,
    remove_training_picture,
    training_pictures,
)
from samhq.training.places import checkpoint_path as training_checkpoint

# With "as": other rooms take these names from here for their annotations.
if TYPE_CHECKING:
    from samhq.doctor import Finding
    from samhq.evaluation.evaluate import Evaluation as Evaluation
    from samhq.evaluation.evaluate import Objects
    from samhq.export.formats import ExportFormat as ExportFormat
    from samhq.export.tally import OutputSummary as OutputSummary
    from samhq.network.model_info import ModelInfo as ModelInfo
    from samhq.network.registry import ModelEntry, VerifyResult
    from samhq.training.finetune import TrainedModel as TrainedModel
    from samhq.training_settings import TrainingSettings

__all__ = [
    "IMAGE_SUFFIXES",
    "AggregationAnalysis",
    "BatchReport",
    "Counts",
    "Distribution",
    "Edited",
    "Engine",
    "EngineInfo",
    "FilePlanes",
    "FilteredRun",
    "Image",
    "ImageLike",
    "ImagePredictor",
    "ImageRecord",
    "ImageResult",
    "ObjectMeasurements",
    "Outcome",
    "Outlines",
    "OutputState",
    "OutputTable",
    "PlaneAt",
    "PromptedMask",
    "Reader",
    "Run",
    "RunOverview",
    "RunPlan",
    "RunView",
    "Scene",
    "Segmentation",
    "SuggestedThreshold",
    "Suggestion",
    "TrainingPicture",
    "add_mask",
    "add_training_picture",
    "aggregation",
    "delete_masks",
    "device_and_precision",
    "download_model",
    "evaluate",
    "examine",
    "file_planes",
    "kind_of",
    "list_models",
    "load_engine",
    "measure_distribution",
    "measure_shapes",
    "measured",
    "merge_masks",
    "model_info",
    "models_folder",
    "named_run",
    "open_overview",
    "open_reader",
    "open_run",
    "outlines",
    "output_folders",
    "output_picture",
    "output_state",
    "output_tag",
    "paint",
    "plan_run",
    "read_image",
    "read_output_table",
    "remove_training_picture",
    "replace_mask",
    "resolve_settings",
    "run",
    "run_folder",
    "sample_folder",
    "sample_images",
    "segment",
    "settings_with",
    "split_mask",
    "suggest_filter",
    "train_model",
    "training_checkpoint",
    "training_pictures",
    "verify_model",
    "workload",
]


def models_folder() -> Path:
    """Where downloaded models are kept, and where a user may put files of their own."""
    from samhq.network.registry import models_folder as folder

    return folder()


def list_models() -> list[ModelEntry]:
    """The models samhq knows by name and those in the models folder."""
    from samhq.network.registry import list_models as entries

    return entries()


def download_model(name: str, *, monitor: Monitor = SILENT, force: bool = False) -> Path:
    """Fetch an official model, going on where an earlier download broke off. Raises CheckpointError."""
    from samhq.network.registry import download_model as download

    return download(name, monitor=monitor, force=force)


def verify_model(name: str) -> VerifyResult:
    """Hash a model file again and compare it with what is published or was remembered."""
    from samhq.network.registry import verify_model as verify

    return verify(name)


def evaluate(
    model: str | Path,
    data: str | Path,
    *,
    beside: Sequence[str | Path] = (),
    split: str = "val",
    sets: Sequence[str] = (),
    incomplete: Sequence[str] = (),
    limit: int | None = None,
    objects: Objects | None = "best",
    through_run: str | Path | None = None,
    settings: Settings | None = None,
    monitor: Monitor = SILENT,
    **values: Any,
) -> Evaluation:
    """Judge a model, or a finished run, on labelled pictures: AP, F1, counts, boundaries, A/I/R.

    model, beside: names, checkpoints or run folders. data: a folder of labelled pictures or of such sets; split:
    the part of each set to take. The other arguments, and what is raised: see evaluation.evaluate.
    Returns the numbers; its methods give tables, JSON, Markdown and pictures.
    """
    from samhq.evaluation.evaluate import evaluate as judge

    return judge(
        model,
        data,
        beside=beside,
        split=split,
        sets=sets,
        incomplete=incomplete,
        limit=limit,
        objects=objects,
        through_run=through_run,
        settings=settings,
        monitor=monitor,
        **values,
    )


def resolve_settings(settings: Settings) -> Settings:
    """The settings with the model's recommended values wherever nobody chose one."""
    resolved, _ = prepare(settings)
    return resolved


def examine(folder: str | Path = ".") -> list[Finding]:
    """What samhq doctor reports about this installation. folder: where results would go."""
    from samhq.doctor import examine as look

    return look(Path(folder))


def train_model(
    data: Sequence[str | Path],
    *,
    start: str | Path = "starter",
    out: str | Path,
    settings: TrainingSettings | None = None,
    incomplete: Sequence[str] = (),
    report: bool = True,
    report_pictures: int = 8,
    on_row: Callable[[Mapping[str, Any]], object] | None = None,
    monitor: Monitor = SILENT,
) -> TrainedModel:
    """Train a model on labelled pictures and write it; after a stop the same call goes on.

    data: folders with labelled pictures. start: name or file of a model, or "scratch". out: the .safetensors to be
    written. settings: those of training (samhq.training_settings). incomplete: names of sets in which some objects have
    no label, "all" for every one. report: write OUT.report.html; report_pictures: at most so many pictures are
    segmented before and after. on_row: given every row of the learning curves as it is made.
    Raises ImageReadError, CheckpointError and SettingsError.
    """
    from samhq.training.finetune import train_model as train

    return train(
        data,
        start=start,
        out=out,
        settings=settings,
        incomplete=incomplete,
        report=report,
        report_pictures=report_pictures,
        on_row=on_row,
        monitor=monitor,
    )
