"""train: teach a model the objects of labelled pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_origin

import click
from pydantic.fields import FieldInfo

from samhq.cli.main import echo_json
from samhq.cli.options import GivenPath, json_option
from samhq.training_settings import TrainingSettings
from samhq.validation import allowed_values, validated

if TYPE_CHECKING:
    from samhq.api import TrainedModel

__all__ = ["train"]


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    """One option for every setting."""
    for name, field in reversed(TrainingSettings.model_fields.items()):
        flag = "--" + name.replace("_", "-")
        function = click.option(flag, name, type=_type(field), default=None, help=_help(field))(function)
    return function


def _type(field: FieldInfo) -> click.ParamType[Any]:
    if get_origin(field.annotation) is Literal:
        from typing import get_args

        return click.Choice([str(choice) for choice in get_args(field.annotation)])
    return {int: click.INT, float: click.FLOAT}.get(field.annotation, click.STRING)  # type: ignore[arg-type, return-value]


def _help(field: FieldInfo) -> str:
    return f"{field.description} [{allowed_values(field)}; default {field.default}]"


@click.command()
@click.argument("data", nargs=-1, required=True, type=GivenPath())
@click.option(
    "--from",
    "start",
    metavar="NAME|FILE",
    default="starter",
    show_default=True,
    help="The model to start from, or scratch for a new network.",
)
@click.option(
    "--out", required=True, type=GivenPath(dir_okay=False), help="The .safetensors file to be written."
)
@click.option(
    "--incomplete",
    metavar="NAME",
    multiple=True,
    help="In this set (or all) some objects have no label: unlabelled ground is then not taught to be empty.",
)
@click.option(
    "--report/--no-report",
    default=True,
    show_default=True,
    help="Write OUT.report.html: curves, pictures before and after with their AP, data, settings, times.",
)
@click.option(
    "--report-pictures",
    type=click.IntRange(min=0),
    default=8,
    show_default=True,
    help="At most so many pictures are segmented before and after, evenly spread over those kept apart.",
)
@json_option
@_options
def train(
    data: tuple[Path, ...],
    start: str,
    out: Path,
    incomplete: tuple[str, ...],
    report: bool,
    report_pictures: int,
    as_json: bool,
    **given: Any,
) -> None:
    """Teach a model the objects of labelled pictures.

    DATA are folders with images/ and labels/ (a number for each object, 0 for the ground), COCO files with their
    pictures, or folders of such sets. After a stop the same command goes on where it was.
    """
    from samhq import api
    from samhq.cli.progress import working

    chosen = {name: value for name, value in given.items() if value is not None}
    settings = validated(TrainingSettings, chosen, "train")
    with working(quiet=as_json) as monitor:
        result = api.train_model(
            list(data),
            start=start,
            out=out,
            settings=settings,
            incomplete=incomplete,
            report=report,
            report_pictures=report_pictures,
            monitor=monitor,
        )
    if as_json:
        echo_json(
            {
                "model": str(result.path),
                "steps": result.steps,
                "trained_on": result.trained_on,
                "judged_on": result.judged_on,
                "compared_on": result.compared_on,
                "compared_learnt": result.compared_learnt,
                "before": dict(result.before),
                "after": dict(result.after),
                "report": str(result.report) if result.report is not None else None,
            }
        )
        return
    for line in _said(result):
        click.echo(line)


def _said(result: TrainedModel) -> Iterator[str]:
    yield f"{result.path}: {result.steps} steps on {result.trained_on} pictures"
    if "iou" in result.after:
        yield (
            f"IoU of {result.judged_on} pictures kept apart: {result.before['iou']:.3f} before, "
            f"{result.after['iou']:.3f} after"
        )
    if "ap50" in result.after:
        which = "learnt from, which say nothing of others" if result.compared_learnt else "kept apart"
        yield (
            f"AP50 of {result.compared_on} pictures {which}: {result.before['ap50']:.3f} before, "
            f"{result.after['ap50']:.3f} after"
        )
    if result.report is not None:
        yield f"Report: {result.report}"
