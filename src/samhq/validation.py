"""Errors in settings, in words that name the key and what it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from samhq.errors import SettingsError

__all__ = ["allowed_values", "fitting_values", "validated"]

M = TypeVar("M", bound=BaseModel)


def validated(cls: type[M], data: Mapping[str, Any], source: str) -> M:
    """An instance of the model from plain values.

    source: what to call the values in the message, e.g. a file name.
    Raises SettingsError that lists every bad key with its allowed range.
    """
    try:
        return cls.model_validate(data)
    except ValidationError as error:
        by_key: dict[str, str] = {}
        for item in error.errors():
            key = ".".join(_place(item, cls))
            by_key.setdefault(key or str(len(by_key)), _explain(item, cls))
        raise SettingsError(f"{source}: " + "; ".join(by_key.values())) from error


def fitting_values(cls: type[BaseModel], values: Any) -> tuple[dict[str, Any], list[str]]:
    """Those of some values that a group of settings can take, and a sentence about every one it cannot.

    Values that contradict each other are all left out: nobody can say which of them was meant.
    """
    if not isinstance(values, Mapping):
        return {}, [f'{_shown(values)}: is no group of settings, which holds them as {{"NAME": VALUE}}']
    try:
        cls.model_validate(values)
    except ValidationError as error:
        bad: dict[str, str] = {}
        for item in error.errors():
            place = _place(item, cls)
            bad.setdefault(place[0] if place else "", _explain(item, cls))
        left = {name: value for name, value in values.items() if name not in bad}
        if "" in bad:  # the values contradict each other
            return {}, list(bad.values())
        fitting, more = fitting_values(cls, left)
        return fitting, [*bad.values(), *more]
    return dict(values), []


def allowed_values(field: FieldInfo) -> str:
    """The values a setting takes, in words, e.g. "0 to 1" or "dark, bright"."""
    parts = []
    choices = _choices(field.annotation)
    if choices:
        parts.append(", ".join(str(c) for c in choices))
    low, high = _bounds(field)
    if low is not None:
        parts.append(f"{low:g} to {high:g}" if high is not None else f"{low:g} or more")
    if field.annotation is bool:
        parts.append("true or false")
    if str in (field.annotation, *get_args(field.annotation)) and not choices:
        extra = field.json_schema_extra
        parts.append(str(extra.get("allowed") or "text") if isinstance(extra, dict) else "text")
    if not parts:
        parts.append("a number" if float in get_args(field.annotation) else "see the manual")
    if type(None) in get_args(field.annotation):
        parts.append("null")
    return " or ".join(parts)


def _explain(item: Any, cls: type[BaseModel]) -> str:
    place = _place(item, cls)
    name = ".".join(place)
    if item["type"] == "extra_forbidden":
        owner = _owner(place, cls)
        homes = [
            group
            for group, field in owner.model_fields.items()
            if _is_group(field) and place[-1] in _owner([group, place[-1]], owner).model_fields
        ]
        if homes:
            return f'{name}: belongs into the group {homes[0]}: {{"{homes[0]}": {{"{name}": ...}}}}'
        return f"{name}: there is no such setting; known are {', '.join(owner.model_fields)}"
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    field = _owner(place, cls).model_fields.get(place[-1]) if place else None
    if field is not None and _is_group(field):
        return f'{name} {_shown(item["input"])}: is a group; it holds its settings as {{"NAME": VALUE}}'
    if field is not None:
        return f"{name} {_shown(item['input'])}: allowed is {allowed_values(field)}"
    return f"{name} {_shown(item['input'])}: {item['msg'][0].lower()}{item['msg'][1:]}"


def _place(item: Any, cls: type[BaseModel]) -> list[str]:
    """Group and setting of an error; what pydantic appends for members of a union is left out."""
    place = [str(p) for p in item["loc"]]
    if place and place[0] in cls.model_fields and _is_group(cls.model_fields[place[0]]):
        return place[:2]
    return place[:1]


def _owner(place: list[str], cls: type[BaseModel]) -> type[BaseModel]:
    if len(place) > 1:
        annotation = cls.model_fields[place[0]].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return annotation
    return cls


def _is_group(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _choices(annotation: Any) -> tuple[Any, ...]:
    if getattr(annotation, "__origin__", None) is Literal:
        return get_args(annotation)
    return tuple(c for part in get_args(annotation) for c in _choices(part))


def _bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    low: float | None = None
    high: float | None = None
    inner = [m for part in get_args(field.annotation) for m in getattr(part, "__metadata__", ())]
    nested = [m for item in inner for m in getattr(item, "metadata", [item])]
    for item in [*field.metadata, *nested]:
        low = getattr(item, "ge", getattr(item, "gt", low))
        high = getattr(item, "le", high)
    return low, high
