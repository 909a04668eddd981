"""Fixtures for tests that need a network; conftest.py of the folders that use them imports them."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import pytest

from reference import import_official
from samhq.network.checkpoint import LoadedModel, load_model

ROOT = Path(__file__).resolve().parents[1]
STARTER = ROOT / "src" / "samhq" / "models" / "starter.safetensors"


@pytest.fixture(scope="session")
def official() -> ModuleType:
    """The reference library; skips with a reason where it cannot be had."""
    found = import_official(Path(os.environ.get("SAMHQ_SHARED", ROOT.parent / "shared")))
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture(scope="session")
def starter() -> LoadedModel:
    return load_model(STARTER)
