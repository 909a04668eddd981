"""Copy as command: the command line gets the very settings of the window."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from samhq.cli.main import cli
from samhq.cli.options import chosen_settings
from samhq.gui.commands import aggregate_command, filter_command, run_command
from samhq.settings import Settings

CHOICES = {
    "defaults": {},
    "filter": {
        "filter": {"min_area": 199, "min_ratio": 37.5, "min_aggregation": 35, "overlaps": "exclusive"}
    },
    "off": {"segmentation": {"points_per_side": 8}, "filter": {"min_area": None}},
    "all groups": {
        "image": {"intensity_range": "fixed", "black_point": 10, "white_point": 4000, "page": "all"},
        "segmentation": {"model": "my models/net.pth", "pred_iou_thresh": 0.88, "crop_n_layers": 1},
        "filter": {"polarity": "bright", "max_aggregation": 90.25},
        "output": {"pictures": False, "label": "number", "contact_sheet": True},
        "export": {"shape": "perimeter,solidity", "columns": "imagej"},
        "compute": {"device": "cpu", "threads": 2, "precision": "fp32"},
    },
}


def parsed(line):
    """Settings and arguments that a command line stands for, as click reads it."""
    arguments = shlex.split(line)
    assert arguments.pop(0) == "samhq"
    name, command, rest = cli.resolve_command(click.Context(cli), arguments)
    context = command.make_context(name, rest)
    return chosen_settings(context, None), context.params


@pytest.mark.parametrize("values", CHOICES.values(), ids=list(CHOICES))
def test_run_with_the_copied_command_has_the_same_settings(values):
    settings = Settings().updated(values)
    line = run_command(Path("my slides/größe 1"), settings, out=Path("out put"))
    found, params = parsed(line)
    assert found == settings
    for group, chosen in values.items():
        if group == "segmentation":  # a model may recommend other values than the defaults
            assert getattr(found, group).explicit == getattr(settings, group).explicit
        assert chosen.items() <= getattr(found, group).model_dump().items()
    assert params["source"] == Path("my slides/größe 1")
    assert params["out"] == Path("out put")


def test_the_filter_command_names_run_and_filter_only():
    settings = Settings().updated(CHOICES["all groups"])
    found, params = parsed(filter_command(Path("slides_SAM_HQ_Run"), settings))
    assert params["folder"] == Path("slides_SAM_HQ_Run")
    assert found.filter == settings.filter
    assert found.output == settings.output
    assert found.export == settings.export
    assert found.segmentation == Settings().segmentation


def test_the_aggregate_command_names_sensitivity_and_polarity():
    values = {"analysis": {"bins": 64, "smoothing": 3.5, "log_scale": True}, "filter": {"polarity": "bright"}}
    settings = Settings().updated(values)
    found, params = parsed(aggregate_command(Path("a b.png"), settings, chart=Path("c.pdf")))
    assert found.analysis == settings.analysis
    assert found.filter.polarity == "bright"
    assert params["image"] == Path("a b.png")
    assert params["chart"] == Path("c.pdf")


def test_a_user_of_the_start_script_gets_its_command(monkeypatch):
    monkeypatch.setenv("SAMHQ_COMMAND", "python sam_hq_process.py")
    assert run_command(Path("slides"), Settings()) == "python sam_hq_process.py run slides"
