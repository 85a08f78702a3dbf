"""Who may do what where people sign in: a button that is hidden or an endpoint that is not told can still be called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmemo.store.people import ANNOTATOR, LEAD, add_person
from mmemo.store.workspace import Workspace
from mmemo.ui.context import AppContext, by_lead, told
from mmemo.ui.jobs.runner import JobRunner
from mmemo.ui.page import build_page
from mmemo.ui.review.page import review_frame
from mmemo.ui.roles import FOR_ANNOTATORS, FOR_LEADS, role_head, role_of, serve_role
from mmemo.ui.sign_in import People
from tests.serving import serving

PASSWORD = "a long enough one"


@pytest.fixture
def people(tmp_path: Path) -> People:
    path = tmp_path / "people.txt"
    add_person(path, "ada", PASSWORD, LEAD)
    add_person(path, "ben", PASSWORD)
    return People(path)


def request_of(name: str | None, language: str = "en") -> Any:
    import gradio as gr

    app = SimpleNamespace(auth=object(), cookie_id="x", tokens={"t": name})
    made = gr.Request(headers={"accept-language": language}, cookies={"access-token-x": "t"} if name else {})
    made.app = app
    return made


@pytest.mark.parametrize(("name", "done"), [("ada", True), ("ben", False), ("cy", False), (None, False)])
def test_a_handler_for_leads_does_nothing_for_others(people: People, name: str | None, done: bool):
    did: list[str] = []

    @by_lead(people)
    def act(what: str) -> str:
        did.append(what)
        return what

    act("cancel", request_of(name))
    assert did == (["cancel"] if done else [])


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Only a lead may do this. You are signed in as ben, who labels."),
        ("de", "Das darf nur die Leitung. Du bist als ben angemeldet und beschriftest."),
    ],
)
def test_who_labels_is_told_why_in_the_own_language(
    people: People, monkeypatch: pytest.MonkeyPatch, language: str, sentence: str
):
    told_so: list[str] = []
    monkeypatch.setattr("mmemo.ui.context.warn", told_so.append)
    by_lead(people)(lambda: None)(request_of("ben", language))
    assert told_so == [sentence]


@pytest.mark.parametrize(("name", "role"), [("ada", LEAD), ("ben", ANNOTATOR), ("cy", ANNOTATOR), (None, ANNOTATOR)])
def test_the_page_is_told_the_role_of_who_looks(people: People, name: str | None, role: str):
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    app: Any = Starlette()
    app.auth, app.cookie_id, app.tokens = object(), "x", {"t": name}
    serve_role(app, people)
    answer = TestClient(app, cookies={"access-token-x": "t"} if name else {}).get("/role")
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, role, "no-store")
    assert role_of(people, request_of(name)) == role


def test_what_is_for_one_role_is_hidden_until_the_role_is_known(people: People):
    for head in (role_head(people), role_head(People())):
        rule = head.partition("</style>")[0]
        assert f'html:not([data-role="lead"]) .{FOR_LEADS}' in rule and "display: none !important" in rule
        assert f'html:not([data-role="annotator"]) .{FOR_ANNOTATORS}' in rule
    assert "fetch('role'" in role_head(people)


def test_without_sign_in_all_buttons_are_there_and_nothing_is_asked():
    assert "dataset.role = 'lead'" in role_head(People()) and "fetch" not in role_head(People())
    assert role_of(People(), None) == LEAD


def test_what_only_a_lead_may_press_is_marked(tmp_path: Path):
    workspace = Workspace(tmp_path)
    context = AppContext(workspace, workspace.labels(), JobRunner(workspace, lambda _: None))
    with closing(context.jobs), closing(context.labels):
        page = build_page(context).get_config_file()
    marked = {
        one["props"].get("elem_id")
        for one in page["components"]
        if FOR_LEADS in (one["props"].get("elem_classes") or ())
    }
    assert {"mm-cancel", "mm-resume", "mm-dismiss", "mm-promote"} <= marked
    assert f'class="mm-key {FOR_LEADS}" id="mm-retrain"' in review_frame()


def test_without_sign_in_everything_is_allowed():
    @by_lead(People())
    def act(what: str) -> str:
        return what

    assert act("cancel") == "cancel"


def test_a_handler_for_everybody_asks_for_no_role():
    @told
    def act(what: str) -> str:
        return what

    assert act("look", request_of(None)) == "look"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("roles")
    add_person(folder / "people.txt", "ben", PASSWORD)
    flags = ("--no-sample", "--people", str(folder / "people.txt"))
    with serving(Workspace(folder / "workspace").root, *flags, log=folder / "app.log") as address:
        yield address


@pytest.mark.slow
def test_who_labels_cannot_start_stop_or_export_from_a_program(url: str, tmp_path: Path):
    from gradio_client import Client, handle_file

    video = tmp_path / "episode.mp4"
    video.write_bytes(b"none")
    client = Client(url, auth=("ben", PASSWORD), verbose=False)
    asked: dict[str, dict[str, Any]] = {
        "/adapt": {"video": handle_file(str(video))},
        "/cancel": {"number": 1},
        "/export": {"format": "csv", "episode": "", "run": "", "publish": False, "consent": "", "licence": ""},
        "/exported": {"number": 1},
    }
    for name, fields in asked.items():
        with pytest.raises(Exception, match="Only a lead may do this"):
            client.predict(**fields, api_name=name)
    with pytest.raises(Exception, match="There is no job 1"):
        client.predict(number=1, api_name="/job")
    assert {*client.view_api(return_format="dict")["named_endpoints"]} == {*asked, "/job", "/predict"}


@pytest.mark.slow
def test_nobody_gets_in_without_a_password(url: str):
    from gradio_client import Client

    for auth in (None, ("ben", "another one"), ("nobody", PASSWORD)):
        with pytest.raises(Exception, match=r"(?i)log|auth|credential|401"):
            Client(url, auth=auth, verbose=False)
