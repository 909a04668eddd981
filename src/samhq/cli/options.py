"""Flags made from the settings: one option for every setting of a group, none written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import click
from pydantic.fields import FieldInfo

from samhq.configuration import load_settings, read_json
from samhq.errors import SettingsError
from samhq.settings import GROUPS, Settings
from samhq.validation import allowed_values

__all__ = ["GivenPath", "chosen_settings", "config_option", "json_option", "out_option", "settings_options"]

F = TypeVar("F", bound=Callable[..., Any])
_VALUES = "samhq.values"


class GivenPath(click.Path):
    """A path that was really given: an empty one, as of an unset shell variable, is not the current folder."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value as a Path."""
        if value == "":
            self.fail("the path is empty; give a file or folder, the current folder is .", param, ctx)
        return super().convert(value, param, ctx)


def settings_options(*groups: str, without: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Add a flag for every setting of the groups; chosen_settings reads what was given."""

    def decorate(function: F) -> F:
        for group in reversed(groups):
            for name, field in reversed(GROUPS[group].model_fields.items()):
                if name not in without:
                    for option in reversed(_options(group, name, field)):
                        function = option(function)
        return function

    return decorate


def chosen_settings(ctx: click.Context, config: Path | None) -> Settings:
    """The configuration file, if any, with the flags of this call on top."""
    base = load_settings(config) if config is not None else Settings()
    values: Mapping[str, Mapping[str, Any]] = ctx.meta.get(_VALUES, {})
    try:
        return base.updated(values)
    except SettingsError as error:
        raise SettingsError(str(error).removeprefix("settings: ")) from error


config_option = click.option(
    "--config",
    type=GivenPath(dir_okay=False),
    help="Configuration file (JSON); flags given beside it win.",
)
out_option = click.option(
    "--out",
    type=GivenPath(file_okay=False),
    help="Folder in which the result folders are made (default: beside the input).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one machine-readable object.")


def _options(group: str, name: str, field: FieldInfo) -> list[Callable[[F], F]]:
    flag = "--" + name.replace("_", "-")
    text = _help(field)
    if field.annotation is bool:
        return [click.option(f"{flag}/--no-{flag[2:]}", name, help=text, **_kept(group, name))]
    options = [click.option(flag, name, type=_type(name, field), help=text, **_kept(group, name))]
    if type(None) in get_args(field.annotation):
        off = click.option(
            f"--no-{flag[2:]}",
            f"no_{name}",
            is_flag=True,
            help=f"{field.title}: none, whatever the configuration says.",
            **_kept(group, name, value=None),
        )
        options.append(off)
    return options


def _kept(group: str, name: str, **fixed: Any) -> dict[str, Any]:
    """Options of click that put a given value aside, and leave defaults to the settings."""

    def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        source = ctx.get_parameter_source(param.name or "")
        if source is click.core.ParameterSource.COMMANDLINE:
            value = fixed.get("value", value)
            if name == "point_grids" and value is not None:
                value = _grids(value)
            ctx.meta.setdefault(_VALUES, {}).setdefault(group, {})[name] = value

    return {"expose_value": False, "callback": keep, "default": None}


def _grids(path: Path) -> Any:
    grids = read_json(path)
    if not isinstance(grids, list):
        raise SettingsError(f"{path}: must hold a JSON list with one list of points for each crop layer")
    return grids


def _type(name: str, field: FieldInfo) -> click.ParamType[Any] | None:
    if name == "point_grids":
        return GivenPath(dir_okay=False)
    annotation = field.annotation
    members = [a for a in get_args(annotation) if a is not type(None)] or [annotation]
    if getattr(annotation, "__origin__", None) is Literal:
        return click.Choice([str(choice) for choice in get_args(annotation)])
    if annotation is float or float in members:
        return click.FLOAT
    if annotation is int or members == [int]:
        return click.INT
    return click.STRING


def _help(field: FieldInfo) -> str:
    default = "off" if field.default is None else json.dumps(field.default).strip('"')
    return f"{field.description} [{allowed_values(field)}; default {default}]"
