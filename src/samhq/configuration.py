"""Configuration files: all settings as one JSON object."""

from __future__ import annotations

import json
from pathlib import Path

from samhq.errors import SettingsError
from samhq.files import write_text
from samhq.settings import GROUPS, Settings, settings_from_dict

__all__ = ["load_settings", "save_settings", "settings_json"]


def settings_json(settings: Settings) -> str:
    """The text of a configuration file."""
    return json.dumps(settings.to_dict(), indent=2, ensure_ascii=False) + "\n"


def load_settings(path: Path) -> Settings:
    """Read a configuration file. Raises SettingsError naming the file, the place and the remedy."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: there is no such configuration file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read as text: {error}") from error
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise SettingsError(f"{path}: is not valid JSON: {error}") from error
    if not isinstance(data, dict):
        raise SettingsError(f"{path}: must hold one JSON object with the groups {', '.join(GROUPS)}")
    return settings_from_dict(data, source=str(path))


def save_settings(settings: Settings, path: Path) -> None:
    """Write a configuration file, whole or not at all."""
    write_text(path, settings_json(settings))


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number a setting can have")
