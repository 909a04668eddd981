"""models: list, download, describe and verify."""

from __future__ import annotations

import click

from samhq.cli.main import EXIT_FAILED, echo_json, exit_with
from samhq.cli.options import json_option

__all__ = ["models"]


@click.group()
def models() -> None:
    """List, download, describe and verify models."""


@models.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All models samhq knows, and those in its models folder."""
    from samhq import api

    entries = api.list_models()
    if as_json:
        rows = [
            {
                "name": e.name,
                "architecture": e.architecture,
                "installed": e.installed,
                "size_bytes": e.size_bytes,
                "path": str(e.path) if e.path else None,
            }
            for e in entries
        ]
        echo_json(rows)
        return
    width = max(len(e.name) for e in entries)
    for entry in entries:
        state = "installed" if entry.installed else f"samhq models download {entry.name}"
        click.echo(
            f"{entry.name:<{width}}  {entry.architecture:<9}  {entry.size_bytes / 1e6:7.0f} MB  {state}"
        )
    click.echo(f"\nModels folder: {api.models_folder()}")


@models.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Download again even if it is there.")
def download(name: str, force: bool) -> None:
    """Fetch an official SAM-HQ model; goes on where an earlier download broke off."""
    from samhq import api
    from samhq.cli.progress import working

    with working() as monitor:
        path = api.download_model(name, monitor=monitor, force=force)
    info = api.model_info(str(path))
    click.echo(f"{name}: {path}\nsha256 {info.sha256}")


@models.command()
@click.argument("model", metavar="NAME|FILE")
@json_option
def info(model: str, as_json: bool) -> None:
    """What a model file holds: architecture, image size, hash, recommended settings."""
    from samhq import api

    found = api.model_info(model)
    facts = {
        "name": found.name,
        "path": str(found.path),
        "architecture": found.architecture,
        "image_size": found.image_size,
        "parameters": found.parameters,
        "sha256": found.sha256,
        "recommended": dict(found.recommended),
    }
    if as_json:
        echo_json(facts)
        return
    for name, value in facts.items():
        click.echo(f"{name.replace('_', ' '):<13} {value}")


@models.command()
@click.argument("name", required=False)
def verify(name: str | None) -> None:
    """Hash a model file again and compare it with what is published or was remembered."""
    from samhq import api

    names = [name] if name else [e.name for e in api.list_models() if e.installed]
    results = [api.verify_model(n) for n in names]
    for result in results:
        click.echo(f"{'ok' if result.ok else 'WRONG':<6} {result.name}: {result.message}")
    if not all(r.ok for r in results):
        exit_with(EXIT_FAILED)
