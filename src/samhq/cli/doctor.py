"""doctor: a report about the installation."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from samhq.cli.main import EXIT_FAILED, echo_json, exit_with
from samhq.cli.options import GivenPath, json_option

__all__ = ["doctor"]


@click.command()
@click.argument("folder", type=GivenPath(file_okay=False), default=Path())
@json_option
def doctor(folder: Path, as_json: bool) -> None:
    """Report Python, PyTorch, devices, precision, folders, models and free disk of FOLDER."""
    from samhq import api

    findings = api.examine(folder)
    if as_json:
        echo_json([asdict(f) for f in findings])
    else:
        width = max(len(f.name) for f in findings)
        for finding in findings:
            mark = "ok" if finding.ok else "!!"
            remedy = f"  -> {finding.remedy}" if finding.remedy else ""
            click.echo(f"{mark}  {finding.name:<{width}}  {finding.value}{remedy}")
    if not all(f.ok for f in findings):
        exit_with(EXIT_FAILED)
