"""Who signed in as annotator sees no button that only answers that a lead may do this.

This is for the eye alone: what may be done is decided where it is done, by `by_lead` and `People.lead`. What is for one
role alone is hidden from the start, and shown once the page knows the role, which it asks for while it is built.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mmemo.errors import InputError
from mmemo.store.people import ANNOTATOR, LEAD
from mmemo.ui.sign_in import People

# Classes of what is there for leads alone, and of what annotators find in its place.
FOR_LEADS, FOR_ANNOTATORS = "mm-for-leads", "mm-for-annotators"
_ADDRESS = "role"
_HIDDEN = (
    f'<style>html:not([data-role="{LEAD}"]) .{FOR_LEADS}, html:not([data-role="{ANNOTATOR}"]) .{FOR_ANNOTATORS} '
    "{ display: none !important; }</style>"
)

# Without an answer the page is that of an annotator, and asks again, each time after twice the rest, up to a minute.
_ASK = f"""(() => {{
  const shown = document.documentElement.dataset;
  const ask = async (rest) => {{
    try {{
      const said = await fetch('{_ADDRESS}', {{cache: 'no-store'}}), role = said.ok ? await said.text() : '';
      if (['{LEAD}', '{ANNOTATOR}'].includes(role)) {{ shown.role = role; return; }}
    }} catch {{ /* asked again below */ }}
    shown.role ||= '{ANNOTATOR}';
    setTimeout(ask, rest, Math.min(2 * rest, 60000));
  }};
  ask(1000);
}})();"""


def role_head(people: People) -> str:
    """What the head of the page holds. Where nobody signs in, everybody is a lead, and nothing is asked."""
    if not people.sign_in:
        return f"{_HIDDEN}<script>document.documentElement.dataset.role = '{LEAD}';</script>"
    return f"{_HIDDEN}<script>{_ASK}</script>"


def role_of(people: People, request: Any) -> str:
    """The role of who asks; somebody who is not signed in may do no more than an annotator."""
    try:
        return people.who(request).role
    except InputError:
        return ANNOTATOR


def serve_role(app: FastAPI, people: People) -> None:
    """Tell a page the role of who looks at it, by the cookie of the request."""

    def answer(request: Request) -> Response:
        return PlainTextResponse(role_of(people, request), headers={"Cache-Control": "no-store"})

    app.router.routes.insert(0, Route(f"/{_ADDRESS}", answer))
