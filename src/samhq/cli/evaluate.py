"""evaluate: how good a model is on labelled pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from samhq.cli.main import echo_json
from samhq.cli.options import GivenPath, chosen_settings, config_option, settings_options
from samhq.errors import SettingsError
from samhq.files import write_text

if TYPE_CHECKING:
    from rich.table import Table

    from samhq.api import Evaluation

__all__ = ["evaluate"]

_PRINT = "-"
_NARROW = 9  # columns for a narrow console: up to F1


@click.command()
@click.argument("model", metavar="MODEL|RUN")
@click.argument("data", type=GivenPath(file_okay=False))
@click.option("--beside", "beside", metavar="MODEL|RUN", multiple=True, help="Another model or run to compare with; "
              "may be given several times.")  # fmt: skip
@click.option("--split", default="val", show_default=True, help="Which part of each set: val, train, ...")
@click.option(
    "--set", "sets", metavar="NAME", multiple=True, help="Take only this set; may be given several times."
)
@click.option(
    "--incomplete",
    metavar="NAME",
    multiple=True,
    help="This set's labels leave objects out (or all): what is found on unlabelled ground is not counted as wrong. "
    "Both numbers are reported.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="At most so many pictures of each set, evenly spread over it.",
)
@click.option(
    "--objects",
    type=click.Choice(["best", "auto", "dark", "bright", "none"]),
    default="best",
    show_default=True,
    help="What the classical method (Otsu + watershed) takes for objects. best: whatever gives it the higher AP, set "
    "by set; auto: what is rarer at the image's edge; none: leave it out.",
)
@click.option(
    "--through-run",
    is_flag=True,
    help="Judge the label pictures that run and export write, in the folder --out.",
)
@click.option(
    "--out",
    type=GivenPath(file_okay=False),
    help="Write evaluation.json, evaluation.md, the worst cases and a contact sheet into this folder.",
)
@click.option(
    "--worst", type=click.IntRange(min=0), default=12, show_default=True, help="How many worst cases."
)
@click.option(
    "--json",
    "as_json",
    is_flag=False,
    flag_value=_PRINT,
    metavar="[FILE]",
    help="Print one machine-readable object, or write it into FILE.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print only errors and the result.")
@config_option
@settings_options("segmentation", "filter", "image", "compute", without=("model", "overlaps"))
@click.pass_context
def evaluate(
    ctx: click.Context,
    model: str,
    data: Path,
    beside: tuple[str, ...],
    split: str,
    sets: tuple[str, ...],
    incomplete: tuple[str, ...],
    limit: int | None,
    objects: str,
    through_run: bool,
    out: Path | None,
    worst: int,
    as_json: str | None,
    quiet: bool,
    config: Path | None,
) -> None:
    """Judge a model (or a finished run) on labelled pictures, beside a classical method.

    DATA is a folder with images/ and labels/ (PNG or TIFF with a number for each object), or COCO JSON, or a
    folder of such sets, each perhaps with train/ and val/.
    """
    from samhq import api
    from samhq.cli.progress import working

    if through_run and out is None:
        raise SettingsError("--through-run: needs a folder for its runs; give one with --out")
    settings = chosen_settings(ctx, config)
    with working(quiet=quiet or as_json == _PRINT) as monitor:
        found = api.evaluate(
            model,
            data,
            beside=beside,
            split=split,
            sets=sets,
            incomplete=incomplete,
            limit=limit,
            objects=None if objects == "none" else objects,  # type: ignore[arg-type]  # a choice of click
            through_run=out if through_run else None,
            settings=settings,
            monitor=monitor,
        )
        written = found.write(out, worst=worst, monitor=monitor) if out is not None else []
    if as_json == _PRINT:
        echo_json(found.to_dict())
        return
    if as_json is not None:
        written.append(write_text(Path(as_json), json.dumps(found.to_dict(), ensure_ascii=False) + "\n"))
    _print(found, written)


def _print(found: Evaluation, written: list[Path]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 250  # a file has no edge
    heads, lines = found.table()
    table = _table(heads, lines)
    if console.measure(table).maximum > console.width:
        table = _table(heads[:_NARROW], [(level, texts[:_NARROW]) for level, texts in lines])
    console.print(table)
    for note in found.notes():
        console.print(f"\n{escape(note)}")
    if written:
        console.print(f"\nWritten  {escape(str(written[0].parent))} ({len(written)} files)")


def _table(heads: list[str], lines: list[tuple[str, list[str]]]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place < 2 else "right", no_wrap=True)
    for level, (name, *texts) in lines:
        bold = level in ("set", "all", "mean")
        first = f"[bold]{escape(name)}[/bold]" if bold else f"  {escape(name)}" if name else ""
        table.add_row(first, *map(escape, texts))
    return table
