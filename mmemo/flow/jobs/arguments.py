"""Settings as plain values in the job table, and back again, checked as if a person had just given them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from mmemo.errors import InputError

T = TypeVar("T")
OLD_JOB = "the job was saved by another version of mmemo: start it anew"
OLD_RUN = "the run was made by another version of mmemo: adapt to the episode again"


class _UnfitError(Exception):
    """Values are not what the settings hold; says which."""


def settings_from(kind: type[T], values: object, hint: str = OLD_JOB) -> T:
    """A settings dataclass from what `to_json` made of it; fields that are missing get their defaults.

    Raises InputError for unknown fields and values of a wrong type, with `hint` for what to do about it, and for what
    the dataclass itself refuses.
    """
    try:
        made: T = _value(kind, values, kind.__name__)
    except _UnfitError as error:
        raise InputError(str(error), hint=hint) from error
    return made


def _value(wanted: Any, value: Any, where: str) -> Any:
    if is_dataclass(wanted):
        return _settings(wanted, value, where)
    origin, parts = get_origin(wanted), get_args(wanted)
    if origin in (Union, UnionType):
        if value is None and type(None) in parts:
            return None
        kinds = [part for part in parts if part is not type(None)]
        assert len(kinds) == 1, "settings are of one type, or None"
        return _value(kinds[0], value, where)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(parts[0], each, where) for each in value)
    if isinstance(wanted, type) and issubclass(wanted, Enum) and value in [each.value for each in wanted]:
        return wanted(value)
    if wanted is Path and isinstance(value, str):
        return Path(value)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is wanted:
        return value
    raise _UnfitError(f"{where} is {value!r}")


def _settings(wanted: Any, values: Any, where: str) -> Any:
    types = get_type_hints(wanted)
    if not isinstance(values, Mapping) or set(values) - set(types):
        raise _UnfitError(f"the settings of {where} are not what they should be")
    try:
        return wanted(**{name: _value(types[name], value, f"{where}.{name}") for name, value in values.items()})
    except TypeError as error:
        raise _UnfitError(f"the settings of {where} are not complete") from error
