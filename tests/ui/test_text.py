"""The words of the app: every language says everything, and the code asks for nothing that is not there."""

from __future__ import annotations

import ast
import re
import string
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from mmemo.episode.account import DropReason
from mmemo.episode.faces import DetectorSettings
from mmemo.episode.qa import QaKind
from mmemo.settings import REPOSITORY
from mmemo.store.workspace import Workspace
from mmemo.student.recipes import RECIPES
from mmemo.ui.context import AppContext, told
from mmemo.ui.jobs.runner import JobRunner
from mmemo.ui.page import build_page
from mmemo.ui.text import LANGUAGES, amount, for_script, in_language, label, language_of, say, translations, words

UI = REPOSITORY / "mmemo" / "ui"


def asked_keys() -> set[str]:
    """Keys that Python code asks for by name."""
    pattern = re.compile(r'\b(?:say|label)\(\s*"([\w.-]+)"')
    return {key for path in UI.rglob("*.py") for key in pattern.findall(path.read_text(encoding="utf-8"))}


# Where a literal is no words for people: a name, and a value that is the same in every language.
SAME_EVERYWHERE = {"episode/form.py: embedded", "header.py: mmemo", "page.py: mmemo"}
FOR_PROGRAMS = UI / "jobs" / "api.py"  # its fields are on no page, their names are those of the endpoints
SHOWN = ("label", "info", "placeholder", "value", "title")


def literals(path: Path) -> set[str]:
    """`file: text` for every text in the code that a component of gradio is given to show; programs see others."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not re.match(r"gr\.(?!State)[A-Z]", ast.unparse(node.func)):
            continue
        if re.search(r"visible=False|\*\*unseen", ast.unparse(node)):
            continue
        told = [keyword.value for keyword in node.keywords if keyword.arg in SHOWN]
        texts = [re.sub(r"<[^>]*>", "", part.value) for value in (*node.args[:1], *told) for part in shown_parts(value)]
        found |= {f"{path.relative_to(UI).as_posix()}: {text}" for text in texts if re.search(r"[A-Za-z]{2}", text)}
    return found


def shown_parts(value: ast.expr) -> list[ast.Constant]:
    """The texts of an expression that stand in the code: of a literal, an f-string, or the names of choices."""
    if isinstance(value, ast.Constant):
        return [value] if isinstance(value.value, str) else []
    if isinstance(value, ast.JoinedStr | ast.List | ast.Tuple):
        return [part for inner in (getattr(value, "values", None) or value.elts) for part in shown_parts(inner)]
    return []


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


def test_no_words_of_a_component_stand_in_the_code():
    found = {text for path in UI.rglob("*.py") if path != FOR_PROGRAMS for text in literals(path)}
    assert found - SAME_EVERYWHERE == set(), "words for people belong into mmemo/ui/text"
    assert SAME_EVERYWHERE - found == set(), "the list of exceptions holds what is no longer there"


def test_a_component_holds_one_text_that_the_browser_translates(tmp_path: Path):
    """The browser fills in the first marker of a value and leaves any other as it is."""
    jobs = JobRunner(Workspace(tmp_path), lambda _: None)
    context = AppContext(Workspace(tmp_path), Workspace(tmp_path).labels(), jobs)
    with closing(jobs), closing(context.labels):
        config = build_page(context).get_config_file()
    texts = [(one.get("type"), text) for one in config["components"] for text in all_texts(one["props"])]
    assert any("__i18n__" in text for _, text in texts)
    assert [(kind, text) for kind, text in texts if text.count("__i18n__") > 1] == []


def all_texts(value: Any) -> list[str]:
    """Every text inside plain values, as the page gets them."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in all_texts(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in all_texts(inner)]
    return [value] if isinstance(value, str) else []


def test_the_width_that_a_word_tells_is_the_one_that_counts():
    width = str(DetectorSettings().max_width_px)
    assert all(width in words()["episode.min_face_why"][language] for language in LANGUAGES)


def test_the_app_has_words_for_every_outcome_and_suspicion_and_recipe():
    for known in (*DropReason, *(kind for kind in QaKind if kind is not QaKind.OUT_OF_VIDEO)):
        assert words()[f"episode.{known.value}"]["en"] == known.value.replace("_", " ")
        assert words()[f"episode.{known.value}_why"]["en"] == known.meaning
    assert words()["episode.check_out_of_video_why"]["en"] == QaKind.OUT_OF_VIDEO.meaning
    offered = {name: recipe.says for name, recipe in RECIPES.items() if recipe.offered}
    assert {name: words()[f"episode.recipe_{name}"]["en"] for name in offered} == offered


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
