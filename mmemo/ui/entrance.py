"""The page that asks for name and password; the app stands behind it, at the same address."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from string import Template

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Match, Route
from starlette.types import Scope

from mmemo.ui.sign_in import signed_in
from mmemo.ui.text import in_language, language_of, say
from mmemo.ui.theme import FAVICON

_PAGE = Path(__file__).with_name("entrance.html")
_SHOWN = ("title", "what", "name", "password", "enter", "forgotten")
_TOLD = ("both", "wrong", "broken", "silent", "cookies", "checking", "enter")


class _Entrance(Route):
    """Answers the address of the app for as long as nobody is signed in; then the app's own route does."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, more = super().matches(scope)
        if match is not Match.NONE and signed_in(Request(scope)) is not None:
            return Match.NONE, {}
        return match, more


def serve_entrance(app: FastAPI) -> None:
    """Ask with a page of the app's own instead of that of gradio, where people sign in with a password."""
    if getattr(app, "auth", None) is not None:
        app.router.routes.insert(0, _Entrance("/", _answer))


def entrance_html(language: str) -> str:
    """The page in a language. It posts to the address `login` of gradio, which sets the cookie."""
    with in_language(language):
        shown = {name: escape(say(f"entrance.{name}")) for name in _SHOWN}
        told = json.dumps({name: say(f"entrance.{name}") for name in _TOLD}, ensure_ascii=False).replace("<", "\\u003c")
    logo = FAVICON.read_text(encoding="utf-8").replace("<svg ", '<svg aria-hidden="true" ')
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(shown, language=language, logo=logo, words=told)


def _answer(request: Request) -> HTMLResponse:
    # A copy of this page must not be shown to somebody who has signed in since.
    return HTMLResponse(entrance_html(language_of(request)), headers={"Cache-Control": "no-store"})
