"""demo: the whole job on the micrographs that come with samhq."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from samhq.api import FilteredRun

__all__ = ["demo"]


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("samhq_demo"),
    show_default=True,
    help="Folder for the micrographs and the results.",
)
def demo(out: Path) -> None:
    """Segment and measure the micrographs that come with samhq; takes a few minutes."""
    from samhq import api
    from samhq.cli.batch import print_result
    from samhq.cli.main import as_typed
    from samhq.cli.progress import working
    from samhq.errors import ExportError
    from samhq.files import explain_os_error

    source = out / "micrographs"
    try:
        shutil.copytree(Path(__file__).parents[1] / "micrographs", source, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        fault = explain_os_error(error, source) if isinstance(error, OSError) else str(error)
        raise ExportError(fault) from error
    settings = api.settings_with(contact_sheet=True)
    with working() as monitor, api.run(source, settings=settings, monitor=monitor) as opened:
        filtered = opened.filter()
        written = filtered.write(settings=settings, monitor=monitor)
        _print_objects(filtered)
        print_result(opened, filtered, written, as_json=False)
    click.echo(as_typed(f"\nNow filter it:  samhq filter {source} --min-area 100 --min-aggregation 35"))


def _print_objects(filtered: FilteredRun) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("image", "objects", "A px (mean)", "I (mean)", "R (mean)", title="Demo micrographs")
    for result in filtered:
        keep = result.filtered.keep
        count = int(keep.sum())
        means = [
            f"{values[keep].mean():.1f}" if count else "-"
            for values in (result.filtered.area, result.filtered.intensity, result.filtered.ratio)
        ]
        table.add_row(result.record.path, str(count), *means)
    Console(highlight=False).print(table)
