"""config: show and check configuration files."""

from __future__ import annotations

from pathlib import Path

import click

from samhq.cli.main import echo_json
from samhq.cli.options import GivenPath, chosen_settings, config_option, settings_options

__all__ = ["config"]


@click.group()
def config() -> None:
    """Show or check a configuration file."""


@config.command()
@config_option
@settings_options("segmentation", "filter", "image", "output", "compute")
@click.pass_context
def show(ctx: click.Context, config: Path | None) -> None:
    """Print all settings as a configuration file, with what the model recommends filled in.

    Redirect it into a file to begin one of your own.
    """
    from samhq import api

    echo_json(api.resolve_settings(chosen_settings(ctx, config)).to_dict(), indent=2)


@config.command()
@click.argument("file", type=GivenPath(dir_okay=False))
def check(file: Path) -> None:
    """Say whether a configuration file is right; if not, what is wrong in it."""
    from samhq.configuration import load_settings

    load_settings(file)
    click.echo(f"{file}: is a valid configuration")
