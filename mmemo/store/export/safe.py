"""Text and names that came from files and people, made safe for the place where they go."""

from __future__ import annotations

import re

# A spreadsheet takes a text that begins so for a formula; full-width forms are read like the plain ones.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LONGEST_NAME = 80
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
# What ends lines or hides text; tabs become spaces.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def cell(value: object) -> object:
    """A value for a table that people open: a text that a spreadsheet would run begins with an apostrophe.

    Numbers stay numbers, None becomes an empty cell.
    """
    if value is None or value != value:
        return ""
    if not isinstance(value, str):
        return value
    text = encodable(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith("'") else text


def encodable(text: str) -> str:
    """The same without what no UTF-8 can hold."""
    return _SURROGATE.sub("\ufffd", text)


def plain(text: str) -> str:
    """One text without control characters and without marks that turn the direction of writing."""
    return encodable(_CONTROL.sub("", text.replace("\t", " ").replace("\r\n", "\n").replace("\r", "\n")))


def file_name(text: str, ending: str = "") -> str:
    """A name for a file on every system: letters, digits, dot, dash and underscore, and no dot in front."""
    stem = _NOT_IN_NAMES.sub("-", text).strip(".-")[:_LONGEST_NAME].rstrip(".-")
    return f"{stem or 'unnamed'}{ending}"
