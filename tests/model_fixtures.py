"""Fixtures for tests that need a network; conftest.py of the folders that use them imports them."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
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


def discs() -> npt.NDArray[np.uint8]:
    """Five bright discs of radius 14 on black, (120, 160, 3)."""
    y, x = np.mgrid[:120, :160]
    image = np.full((120, 160, 3), 20, dtype=np.uint8)
    for cx, cy in ((30, 30), (80, 60), (130, 30), (40, 90), (120, 95)):
        image[(x - cx) ** 2 + (y - cy) ** 2 < 14**2] = (190, 200, 210)
    return image
