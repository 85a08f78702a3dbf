"""The words of the app: every language says everything, and the code asks for nothing that is not there."""

from __future__ import annotations

import re
import string
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from mmemo.settings import REPOSITORY
from mmemo.ui.context import told
from mmemo.ui.text import LANGUAGES, amount, for_script, in_language, label, language_of, say, translations, words

UI = REPOSITORY / "mmemo" / "ui"


def asked_keys() -> set[str]:
    """Keys that Python code asks for by name."""
    pattern = re.compile(r'\b(?:say|label)\(\s*"([\w.-]+)"')
    return {key for path in UI.rglob("*.py") for key in pattern.findall(path.read_text(encoding="utf-8"))}


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_language_says_everything():
    assert words()
    missing = {key: text for key, text in words().items() if set(text) != set(LANGUAGES) or not all(text.values())}
    assert missing == {}


def test_languages_fill_in_the_same_values():
    assert {
        key for key, text in words().items() if len({frozenset(holes(text[one])) for one in LANGUAGES}) != 1
    } == set()


def test_what_the_code_asks_for_is_there():
    assert asked_keys() - set(words()) == set()


def test_say_fills_in_and_follows_the_language():
    assert say("page.review") == "Review"
    with in_language("de"):
        assert say("page.review") == "Prüfen"
    assert say("page.review") == "Review"


def test_numbers_are_written_as_people_of_the_language_write_them():
    assert amount(1234567) == "1,234,567"
    with in_language("de"):
        assert (amount(1234567), amount(12)) == ("1.234.567", "12")


def test_an_unknown_key_is_a_bug():
    with pytest.raises(KeyError):
        say("page.nothing")
    with pytest.raises(AssertionError):
        label("page.nothing")


@pytest.mark.parametrize(
    ("header", "language"),
    [("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr, de;q=0.5", "de"), ("fr", "en"), ("", "en"), ("EN-us", "en")],
)
def test_language_of_a_browser(header: str, language: str):
    request: Any = SimpleNamespace(headers={"accept-language": header})
    assert language_of(request) == language


def test_a_handler_speaks_the_language_of_who_asks():
    from gradio.helpers import special_args

    @told
    def handler(name: str) -> str:
        return f"{say('page.team')} {say('page.review')} {name}"

    german = gr.Request(headers={"accept-language": "de"})
    given, *_ = special_args(handler, ["Ann"], request=german)
    assert handler(*given) == "Team Prüfen Ann"
    assert handler("Ann") == "Team Review Ann"


def test_a_handler_gets_what_an_event_brought():
    from gradio.helpers import special_args

    @told
    def handler(name: str, event: gr.EventData) -> str:
        return f"{say('page.review')} {name} {event.act}"

    german = gr.Request(headers={"accept-language": "de"})
    given, *_ = special_args(handler, ["Ann"], request=german, event_data=gr.EventData(None, {"act": "cancel"}))
    assert handler(*given) == "Prüfen Ann cancel"


def test_a_handler_of_any_number_of_fields_speaks_the_language_too():
    import gradio as gr
    from gradio.helpers import special_args

    @told
    def handler(*fields: str) -> str:
        return " ".join((say("page.review"), *fields))

    german = gr.Request(headers={"accept-language": "de"})
    given, *_ = special_args(handler, ["Ann", "Ben"], request=german)
    assert handler(*given) == "Prüfen Ann Ben"
    assert handler("Ann") == "Review Ann"


def test_browsers_and_scripts_get_all_words():
    assert translations().translations_dict["de"]["page.review"] == "Prüfen"
    assert for_script("page")["de"]["review"] == "Prüfen"


def test_keys_are_named_after_their_file():
    assert {key.partition(".")[0] for key in words()} == {path.stem for path in Path(UI / "text").glob("*.json")}
