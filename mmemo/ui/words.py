"""How the page says what the library reports."""

from __future__ import annotations

from mmemo.errors import MmemoError
from mmemo.ui.text.library import retold


def sentences(error: MmemoError) -> str:
    """What is wrong and what to do as two sentences; a file name at the start keeps its spelling."""
    parts = [retold(part.strip().rstrip(".")) for part in (error.message, error.hint) if part.strip()]
    return " ".join(f"{_capital(part)}." for part in parts)


def _capital(text: str) -> str:
    first = text.split(maxsplit=1)[0]
    return text[:1].upper() + text[1:] if first.isalpha() else text
