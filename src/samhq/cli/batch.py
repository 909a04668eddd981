"""run, filter, export: the main job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from samhq.cli.main import EXIT_SOME_FAILED, echo_json, exit_with
from samhq.cli.options import (
    GivenPath,
    chosen_settings,
    config_option,
    json_option,
    out_option,
    settings_options,
)
from samhq.errors import SettingsError, StoreError

if TYPE_CHECKING:
    from samhq.api import FilteredRun, Run
    from samhq.export.tally import OutputSummary

__all__ = ["FORMATS", "export", "filter_", "print_result", "run"]

FORMATS = ("csv", "txt", "parquet", "excel", "coco", "yolo", "geojson", "roi", "labels", "masks")
"""What `samhq export` can write."""

# Settings of the group export that mean something to `samhq export` alone.
_OF_FORMATS = ("qupath_object", "class_name", "yolo_pictures")

_quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print only errors and the result.")
_input_option = click.option(
    "--input",
    "source",
    type=GivenPath(),
    help="Where the images are now, if they were moved since the run.",
)


@click.command()
@click.argument("source", metavar="FOLDER|IMAGE", type=GivenPath())
@out_option
@config_option
@json_option
@_quiet_option
@settings_options(
    "segmentation", "filter", "image", "output", "export", "compute", without=("output_mode", *_OF_FORMATS)
)
@click.pass_context
def run(
    ctx: click.Context, source: Path, out: Path | None, config: Path | None, as_json: bool, quiet: bool
) -> None:
    """Find and measure the objects of a folder with subfolders, or of one image.

    A second start goes on where the first one stopped, retries what failed, and only segments again
    what changed; other filters take seconds.
    """
    from samhq import api
    from samhq.cli.progress import working

    settings = chosen_settings(ctx, config)
    with (
        working(quiet=quiet or as_json) as monitor,
        api.run(source, out=out, settings=settings, monitor=monitor) as opened,
    ):
        filtered = opened.filter(settings.filter)
        written = filtered.write(settings=settings, monitor=monitor)
        _finish(opened, filtered, written, as_json=as_json)


@click.command("filter")
@click.argument("folder", metavar="RUN", type=GivenPath())
@out_option
@config_option
@_input_option
@json_option
@_quiet_option
@settings_options("filter", "output", "export", without=("output_mode", *_OF_FORMATS))
@click.pass_context
def filter_(
    ctx: click.Context,
    folder: Path,
    out: Path | None,
    config: Path | None,
    source: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Apply other filters to a finished run: new pictures and tables without the network.

    RUN is a run folder, or the input it belongs to. Without filter flags everything is kept.
    """
    from samhq.cli.progress import working

    settings = chosen_settings(ctx, config)
    with working(quiet=quiet or as_json) as monitor, _open(folder, out) as opened:
        filtered = opened.filter(settings.filter)
        images = _images_at(opened, folder, source)
        written = filtered.write(out=out, settings=settings, source=images, monitor=monitor)
        _finish(opened, filtered, written, as_json=as_json)


@click.command()
@click.argument("folder", metavar="RUN", type=GivenPath())
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    required=True,
    help="What to write; may be given several times. Tables: csv, txt, parquet, excel. Masks: coco, yolo, geojson "
    "(QuPath), roi (ImageJ), labels, masks (see --output-mode).",
)
@out_option
@config_option
@_input_option
@json_option
@_quiet_option
@settings_options("filter", "output", "export", without=("pictures", "label", "contact_sheet"))
@click.pass_context
def export(
    ctx: click.Context,
    folder: Path,
    formats: tuple[Any, ...],
    out: Path | None,
    config: Path | None,
    source: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the objects of a run in other formats. Without filter flags everything is written.

    Excel, Parquet and ImageJ regions need `pip install "samhq[exports]"`.
    """
    from samhq.cli.progress import working

    settings = chosen_settings(ctx, config)
    with working(quiet=quiet or as_json) as monitor, _open(folder, out) as opened:
        filtered = opened.filter(settings.filter)
        images = _images_at(opened, folder, source)
        parts = [
            filtered.export(name, out=out, settings=settings, source=images, monitor=monitor)
            for name in dict.fromkeys(formats)
        ]
        warnings = dict.fromkeys(warning for part in parts for warning in part.warnings)
        written = replace(parts[-1], warnings=tuple(warnings))
        _finish(opened, filtered, written, as_json=as_json)


def _images_at(opened: Run, folder: Path, source: Path | None) -> Path | None:
    """Where the images of a run are now, None for where they were. folder: what the user named the run by."""
    from samhq import api

    if source is not None and not source.exists():
        raise SettingsError(f"--input {source}: there is no such file or folder; check the spelling")
    if source is None and opened.folder != api.named_run(folder) and folder.exists():
        return folder  # named by its input: that is where the images are now
    return source


def _open(folder: Path, out: Path | None) -> Run:
    """The run of a run folder, or of the input it belongs to, which may lie in --out or beside the input."""
    from samhq import api

    try:
        return api.open_run(folder)
    except StoreError:
        places = [api.run_folder(folder, out)] if out is not None and folder.exists() else []
        try:
            places.append(api.run_folder(folder))
        except SettingsError:
            if not places:
                raise
        found = [place for place in dict.fromkeys(places) if place.is_dir()]
        if not found:
            raise
        if len(found) > 1:
            raise SettingsError(
                f"{folder}: has two runs, {found[0]} and {found[1]}; name the one you mean"
            ) from None
        return api.open_run(found[0])


def print_result(
    opened: Run, filtered: FilteredRun, written: OutputSummary, *, as_json: bool
) -> list[tuple[str, int, str]]:
    """Print what a run or filter did. Returns (path, page, reason) of every failed image."""
    failed = [(r.path, r.page, r.error) for r in opened.records() if r.status == "failed"]
    if as_json:
        echo_json(_summary(opened, filtered, written, failed))
    else:
        _print(opened, written, failed)
    return failed


def _finish(opened: Run, filtered: FilteredRun, written: OutputSummary, *, as_json: bool) -> None:
    if print_result(opened, filtered, written, as_json=as_json):
        exit_with(EXIT_SOME_FAILED)


def _summary(
    opened: Run, filtered: FilteredRun, written: OutputSummary, failed: list[tuple[str, int, str]]
) -> dict[str, Any]:
    report = opened.report
    return {
        "run_folder": str(opened.folder),
        "output_folder": str(written.folder),
        "images": written.images,
        "segmented": report.segmented if report else 0,
        "skipped": report.skipped if report else 0,
        "outcomes": {str(outcome): count for outcome, count in written.outcomes.items()},
        "objects_kept": written.objects_kept,
        "failed": [{"image": path, "page": page, "reason": reason} for path, page, reason in failed],
        "warnings": [*(report.notices if report else ()), *written.warnings],
        "filter": filtered.settings.model_dump(mode="json"),
    }


def _print(opened: Run, written: OutputSummary, failed: list[tuple[str, int, str]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    table = Table(show_header=False, box=None, pad_edge=False)
    report = opened.report
    if report is not None:
        table.add_row("Segmented now", f"{report.segmented} images in {report.elapsed_s:.1f} s")
        table.add_row("Done before", f"{report.skipped} images")
    for outcome, count in written.outcomes.items():
        if count:
            table.add_row(f"Images: {outcome}", str(count))
    table.add_row("Objects kept", str(written.objects_kept))
    console.print(table)
    warnings = [*(report.notices if report is not None else ()), *written.warnings]
    for warning in warnings[:20]:
        console.print(f"Note: {escape(warning)}")
    if len(warnings) > 20:
        console.print(f"Note: ... and {len(warnings) - 20} more, all in the output of --json")
    if failed:
        images = "1 image" if len(failed) == 1 else f"{len(failed)} images"
        console.print(f"\n{images} failed; the same command tries again:")
        for path, page, reason in failed[:20]:
            console.print(f"  {escape(path)}{f' page {page}' if page > 1 else ''}: {escape(reason)}")
        if len(failed) > 20:
            console.print(f"  ... and {len(failed) - 20} more, all in images.csv")
    console.print(f"\nResults  {escape(str(written.folder))}")
    console.print(f"Run      {escape(str(opened.folder))}")
