"""How one setting is described, and what all groups of settings have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from samhq.validation import allowed_values

__all__ = ["SettingsGroup", "setting"]


def setting(
    default: Any,
    *,
    title: str,
    help: str,  # noqa: A002 - the word users know
    unit: str = "",
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    step: float | None = None,
    advanced: bool = False,
    allowed: str = "",
) -> Any:
    """A field of a group: its default, and all that flags, forms and the manual say about it.

    ge, gt, le: bounds. step: of a spin box. advanced: for experts. allowed: the values in words, where the type
    does not tell.
    """
    return Field(
        default,
        title=title,
        description=help,
        ge=ge,
        gt=gt,
        le=le,
        json_schema_extra={"unit": unit, "step": step, "advanced": advanced, "allowed": allowed},
    )


class SettingsGroup(BaseModel):
    """Base of the groups: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        # true would quietly become 1.
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation is not bool:
            raise ValueError(f"{info.field_name} {str(value).lower()}: allowed is {allowed_values(field)}")
        return value

    @property
    def explicit(self) -> dict[str, Any]:
        """The values somebody set, without the defaults."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}
