"""demo: the whole job on the micrographs that come with samhq."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from samhq.cli.options import GivenPath

if TYPE_CHECKING:
    from samhq.api import FilteredRun

__all__ = ["demo"]


@click.command()
@click.option(
    "--out",
    type=GivenPath(file_okay=False),
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

    source = out / "micrographs"
    _copy_micrographs(source)
    settings = api.settings_with(contact_sheet=True)
    with working() as monitor, api.run(source, settings=settings, monitor=monitor) as opened:
        filtered = opened.filter()
        written = filtered.write(settings=settings, monitor=monitor)
        _print_objects(filtered)
        print_result(opened, filtered, written, as_json=False)
    click.echo(as_typed(f"\nNow filter it:  samhq filter {source} --min-area 100 --min-aggregation 35"))


def _copy_micrographs(folder: Path) -> None:
    """Copy those that are not there yet. Raises ExportError if the folder cannot be written."""
    from samhq.files import long_path, write_bytes

    origin = Path(__file__).parents[1] / "micrographs"
    for file in sorted(path for path in origin.rglob("*") if path.is_file()):
        target = folder / file.relative_to(origin)
        data = file.read_bytes()
        if not long_path(target).is_file() or long_path(target).read_bytes() != data:
            write_bytes(target, data)


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
