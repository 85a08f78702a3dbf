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
_AGAIN = "the job was saved by another version of mmemo: start it anew"


def settings_from(kind: type[T], values: object) -> T:
    """A settings dataclass from what `to_json` made of it; fields that are missing get their defaults.

    Raises InputError for unknown fields, values of a wrong type, and what the dataclass itself refuses.
    """
    made: T = _value(kind, values, kind.__name__)
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
    raise InputError(f"{where} is {value!r}", hint=_AGAIN)


def _settings(wanted: Any, values: Any, where: str) -> Any:
    types = get_type_hints(wanted)
    if not isinstance(values, Mapping) or set(values) - set(types):
        raise InputError(f"the settings of {where} are not what they should be", hint=_AGAIN)
    try:
        return wanted(**{name: _value(types[name], value, f"{where}.{name}") for name, value in values.items()})
    except TypeError as error:
        raise InputError(f"the settings of {where} are not complete", hint=_AGAIN) from error
