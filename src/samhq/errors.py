"""The errors a user can meet. Each names the thing, the fault and the remedy."""

from __future__ import annotations

__all__ = [
    "CheckpointError",
    "ExportError",
    "ImageReadError",
    "SamhqError",
    "SettingsError",
    "StoreError",
]


class SamhqError(Exception):
    """Base of every error that is the user's business rather than a defect of the program."""


class SettingsError(SamhqError):
    """A setting, a configuration file or an argument is wrong."""


class ImageReadError(SamhqError):
    """An image cannot be read or holds values that cannot be measured."""


class CheckpointError(SamhqError):
    """A model file cannot be found, read or used."""


class StoreError(SamhqError):
    """A run folder cannot be opened, locked or written."""


class ExportError(SamhqError):
    """An output file or folder cannot be written."""
