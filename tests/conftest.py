"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with labelled pictures and the reference stand-ins, next to the checkout."""
    folder = Path(os.environ.get("SAMHQ_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the shared data folder at {folder} (or SAMHQ_SHARED)")
    return folder
