"""aggregate: the gray-level distribution of one image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from samhq.cli.main import echo_json
from samhq.cli.options import GivenPath, chosen_settings, config_option, json_option, settings_options

if TYPE_CHECKING:
    from samhq.api import AggregationAnalysis

__all__ = ["aggregate"]


@click.command()
@click.argument("image", type=GivenPath())
@click.option("--chart", type=GivenPath(dir_okay=False), help="Write the chart: .png, .pdf or .svg.")
@config_option
@json_option
@settings_options(
    "analysis",
    "filter",
    "image",
    without=("min_area", "min_intensity", "min_ratio", "min_aggregation", "max_aggregation", "overlaps"),
)
@click.pass_context
def aggregate(
    ctx: click.Context,
    image: Path,
    chart: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Aggregation of one image: statistics, histogram peaks and troughs, chart."""
    from samhq import api

    settings = chosen_settings(ctx, config)
    analysis = api.aggregation(image, settings=settings)
    written = analysis.save_chart(chart, log=settings.analysis.log_scale) if chart is not None else None
    if as_json:
        echo_json(_as_json(analysis, written))
    else:
        _print(analysis, written)


def _as_json(analysis: AggregationAnalysis, chart: Path | None) -> dict[str, Any]:
    found = analysis.distribution
    return {
        "image": analysis.name,
        "polarity": analysis.polarity,
        "pixels": found.pixels,
        "mean": found.mean,
        "median": found.median,
        "sd": found.sd,
        "min": found.minimum,
        "max": found.maximum,
        "percentiles": {str(p): value for p, value in found.percentiles.items()},
        "peaks": _points(analysis, "peaks"),
        "troughs": _points(analysis, "troughs"),
        "chart": str(chart) if chart is not None else None,
    }


def _points(analysis: AggregationAnalysis, kind: str) -> list[dict[str, Any]]:
    found = analysis.distribution
    return [
        {"aggregation": float(found.centers[i]), "pixels": int(found.counts[i])} for i in getattr(found, kind)
    ]


def _print(analysis: AggregationAnalysis, chart: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    found = analysis.distribution
    console = Console(highlight=False, soft_wrap=True)
    ground = "0 white, 100 black" if analysis.polarity == "dark" else "0 black, 100 white"
    table = Table(show_header=False, box=None, pad_edge=False, title=f"Aggregation ({ground})")
    table.add_row("pixels", str(found.pixels))
    for name, value in (
        ("mean", found.mean),
        ("median", found.median),
        ("SD", found.sd),
        ("minimum", found.minimum),
        ("maximum", found.maximum),
        *((f"{p} %", value) for p, value in found.percentiles.items()),
    ):
        table.add_row(name, f"{value:.3f}")
    console.print(table)
    for kind in ("peaks", "troughs"):
        rows = Table("no.", "aggregation", "pixels", title=kind.capitalize(), box=None, pad_edge=False)
        for number, point in enumerate(_points(analysis, kind), start=1):
            rows.add_row(str(number), f"{point['aggregation']:.2f}", str(point["pixels"]))
        console.print(rows)
    if chart is not None:
        console.print(f"Chart  {chart}", markup=False)
