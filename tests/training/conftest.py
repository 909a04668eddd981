"""Fixtures of the training tests."""

from __future__ import annotations

import pytest
from training_samples import write_set

from model_fixtures import starter

__all__ = ["discs_folder", "starter"]


@pytest.fixture(scope="session")
def discs_folder(tmp_path_factory):
    """A labelled set of four small pictures."""
    return write_set(tmp_path_factory.mktemp("sets") / "discs")
