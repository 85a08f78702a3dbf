"""The page that asks who it is: in front of the app, in the browser's language, and out of the way afterwards."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from mmemo.ui.entrance import entrance_html, serve_entrance
from mmemo.ui.text import LANGUAGES, words

APP = "what stands behind"


def app(auth: object) -> FastAPI:
    """What gradio makes, as far as it matters here: the app at its address, and who has which cookie."""
    made = FastAPI()
    made.auth, made.cookie_id, made.tokens = auth, "c", {"secret": "ada"}  # type: ignore[attr-defined]
    made.add_api_route("/", lambda: PlainTextResponse(APP), methods=["GET", "HEAD"])
    serve_entrance(made)
    return made


def test_who_is_not_signed_in_is_asked_in_the_own_language():
    client = TestClient(app(object()))
    for asked, language in (("fr, de;q=0.8, en;q=0.7", "de"), ("en-GB", "en"), ("fr", "en")):
        answer = client.get("/?episode=x", headers={"accept-language": asked})
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
        assert f'<html lang="{language}">' in answer.text and words()["entrance.title"][language] in answer.text
        assert APP not in answer.text
    assert client.head("/").status_code == 200


def test_who_is_signed_in_gets_the_app():
    client = TestClient(app(object()), cookies={"access-token-unsecure-c": "secret"})
    assert client.get("/").text == APP
    forged = TestClient(app(object()), cookies={"access-token-unsecure-c": "forged"})
    assert "<form" in forged.get("/").text


def test_without_sign_in_nobody_is_asked():
    assert TestClient(app(None)).get("/").text == APP


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_and_fetches_nothing_from_elsewhere(language: str):
    page = entrance_html(language)
    assert "$" not in page and "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    for key, text in words().items():
        if key.startswith("entrance."):
            assert text[language] in page, key
