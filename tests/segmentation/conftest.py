"""Fixtures of the segmentation tests."""

from __future__ import annotations

from model_fixtures import official, starter

__all__ = ["official", "starter"]
