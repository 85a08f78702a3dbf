"""Every word that the app says, in each of its languages.

A file here holds the words of one part of the app, with all languages side by side: {"key": {"en": ..., "de": ...}}.
Keys are `part.name`, where `part` is the name of the file. To add a language, add its words to every file and its code
to LANGUAGES. What the library says itself (errors, reports, the account of cues) is English.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import gradio as gr
from gradio.i18n import I18nData
from starlette.requests import HTTPConnection

LANGUAGES = ("en", "de")
_HERE = Path(__file__).parent
_language: ContextVar[str] = ContextVar("language", default=LANGUAGES[0])


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """The words by key and language."""
    found: dict[str, Mapping[str, str]] = {}
    for path in sorted(_HERE.glob("*.json")):
        part = json.loads(path.read_text(encoding="utf-8"))
        strange = [key for key in part if key.partition(".")[0] != path.stem]
        assert not strange, f"keys of {path.name} begin with its name: {strange}"
        found |= part
    return found


def say(key: str, **values: object) -> str:
    """The words of a key in the language of whoever asks, with {values} filled in; text, not HTML."""
    text = words()[key][_language.get()]
    return text.format(**values) if values else text


def spoken() -> str:
    """The language of whoever asks."""
    return _language.get()


def amount(number: int) -> str:
    """1234 as people of the language write it: "1,234", "1.234"."""
    written = f"{number:,}"
    return written.replace(",", ".") if _language.get() == "de" else written


def label(key: str) -> I18nData:
    """The same for a component's label, info, placeholder, title or value: each browser picks its language."""
    assert key in words(), f"no words for {key!r}"
    return I18nData(key)


def translations() -> gr.I18n:
    """All words for the browsers."""
    return gr.I18n(**{language: {key: text[language] for key, text in words().items()} for language in LANGUAGES})


def for_script(part: str) -> dict[str, dict[str, str]]:
    """The words of one part by language, for a script of the page; the keys are without the part's name."""
    mine = {key.partition(".")[2]: text for key, text in words().items() if key.partition(".")[0] == part}
    return {language: {key: text[language] for key, text in mine.items()} for language in LANGUAGES}


def language_of(request: gr.Request | HTTPConnection | None) -> str:
    """The first of the browser's languages that the app speaks, else English."""
    asked = request.headers.get("accept-language", "") if request is not None else ""
    wanted = (part.partition(";")[0].strip().lower().partition("-")[0] for part in asked.split(","))
    return next((language for language in wanted if language in LANGUAGES), LANGUAGES[0])


def language_script() -> str:
    """What holds the browser to the rule of `language_of`: Gradio and the scripts of the page ask it for one language,
    which is the first of its list whether the app speaks it or not. Stands before every other script."""
    return (
        f"<script>(() => {{ const ours = {json.dumps(LANGUAGES)}, base = (one) => one.toLowerCase().split('-')[0];\n"
        "  const wished = (navigator.languages || []).find((one) => ours.includes(base(one))) || ours[0];\n"
        "  Object.defineProperty(navigator, 'language', {get: () => wished, configurable: true}); })();</script>"
    )


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """What is said inside is said in this language."""
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)
