"""Where a training run keeps what it writes beside its model file. Loads no PyTorch."""

from __future__ import annotations

from pathlib import Path

__all__ = ["checkpoint_path", "history_path", "report_path"]


def checkpoint_path(out: Path) -> Path:
    """Where the run that is to write this model keeps its checkpoint."""
    return out.with_name(out.name + ".training")


def history_path(out: Path) -> Path:
    """Where the curves of the run lie, as JSON."""
    return out.with_name(out.name + ".history.json")


def report_path(out: Path) -> Path:
    """Where the report of the run is written."""
    return out.with_name(out.name + ".report.html")
